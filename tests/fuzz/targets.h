#pragma once

// What is fuzzed: everything that reads bytes a provider sends, and the tables and expressions that
// users get from others. Each target takes any bytes and
// aborts where a promise does not hold. libFuzzer drives one of them (libfuzzer.cc, make fuzz); the
// test suite replays the inputs kept in tests/corpus (fuzz_corpus_test.cc).

#include <string_view>

namespace muster::fuzz {

// The framings: whole and in pieces they give the same events.
void FuzzStreams(std::string_view bytes);
// The first byte chooses the API, the second status and content type; the rest is the body. What is
// an answer reads again as one; counts are never negative and parts never more than their wholes.
void FuzzReplies(std::string_view bytes);
// Waits in headers, messages and error objects: never negative, never over the cap.
void FuzzWaits(std::string_view bytes);
// What answers are parsed by, repairs and all: a value that comes out is JSON of bounded depth.
void FuzzParse(std::string_view bytes);
// The first byte chooses CSV, its delimiter, or JSON Lines; the rest is the file. What is read from
// CSV and written again reads as the same.
void FuzzTables(std::string_view bytes);
// The first byte chooses what bare words mean. What passes the check has a value or an error, and
// what does not pass it has none.
void FuzzExpressions(std::string_view bytes);

struct Target {
  std::string_view name;  // of its folder in tests/corpus
  void (*run)(std::string_view bytes);
};
inline constexpr Target kTargets[] = {{"streams", FuzzStreams}, {"replies", FuzzReplies},
                                      {"waits", FuzzWaits},     {"parse", FuzzParse},
                                      {"tables", FuzzTables},   {"expressions", FuzzExpressions}};

// Ends the program, with a word on standard error, where `holds` does not.
void Must(bool holds, const char* what);

}  // namespace muster::fuzz
