#pragma once

// What is fuzzed: everything that reads bytes which others wrote: a provider, a worker, a user, a
// disk. Each target takes any bytes and aborts where a promise does not hold. libFuzzer drives one
// of them (libfuzzer.cc, make fuzz); the test suite replays the inputs kept in tests/corpus
// (fuzz_corpus_test.cc).

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

// The first byte chooses the pieces, or that the rest is sent as frames instead of read as some.
// Whole and in pieces it is the same frames, or the same mistake; written again, what came.
void FuzzFrames(std::string_view bytes);

// What ParseJson takes is what nlohmann's parser takes, but for depth, keys that come twice and
// NUL; its value is the same, and so is what is written of it.
void FuzzJson(std::string_view bytes);
// What supervisor and worker say to each other, as a message to either: it says nothing that its
// JSON does not, and is the same when it is sent on.
void FuzzMessages(std::string_view bytes);
// A template over names that look like templates and paths: it renders or has a mistake, as its
// check says; simple ones, sections too, come to what they do word for word; no value is rendered
// again, and none leads to another folder.
void FuzzTemplates(std::string_view bytes);
// A config as YAML: it has mistakes, each with its place in the file,
// or is one that travels to workers and stays the same.
void FuzzConfig(std::string_view bytes);
// Texts on their way to terminals, HTML, CSV, metrics and file names: nothing gets there that means
// something else.
void FuzzEscapers(std::string_view bytes);
// A ledger and its log, damaged as the bytes say (ledger.cc): refused with a reason that names the
// file, or read without end or contradiction. Damage to the log alone costs at most its last
// commits.
void FuzzLedger(std::string_view bytes);

struct Target {
  std::string_view name;  // of its folder in tests/corpus
  void (*run)(std::string_view bytes);
  bool on_disk = false;  // it writes files to read them
};
inline constexpr Target kTargets[] = {
    {"streams", FuzzStreams},     {"replies", FuzzReplies},     {"waits", FuzzWaits},
    {"parse", FuzzParse},         {"tables", FuzzTables},       {"expressions", FuzzExpressions},
    {"frames", FuzzFrames},       {"json", FuzzJson},           {"messages", FuzzMessages},
    {"templates", FuzzTemplates}, {"config", FuzzConfig, true}, {"escapers", FuzzEscapers},
    {"ledger", FuzzLedger, true},
};

// Ends the program, with a word on standard error, where `holds` does not.
void Must(bool holds, const char* what);

}  // namespace muster::fuzz
