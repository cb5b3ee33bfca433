#pragma once

// How bad-worker (bad_worker.cc) is told to misbehave.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

// A way to misbehave, when it does so unless told otherwise, and its usual value.
struct Kind {
  std::string_view name, when, value;
};

inline constexpr Kind kKinds[] = {
    {"segv", "item", ""},             // dies by SIGSEGV
    {"abort", "item", ""},            // by SIGABRT
    {"kill9", "item", ""},            // by SIGKILL; @mid-frame: with half of a `called` written
    {"exit", "item", "3"},            // exits with code VALUE, without bye
    {"exit0", "item", ""},            // exits with code 0, without bye
    {"hang", "item", ""},             // stops its loop for good: not alive, reads nothing
    {"stop", "item", ""},             // SIGSTOPs itself
    {"mute", "item", ""},             // closes its output and lives on
    {"slow", "item", "1000"},         // sleeps VALUE milliseconds
    {"slow-start", "start", "1000"},  // the same before hello
    {"alloc", "item", "200M"},        // touches VALUE bytes and keeps them
    {"garbage", "item", ""},          // random bytes that are no frame
    {"huge-length", "item", ""},      // the header 0xFFFFFFFF
    {"no-newline", "item", ""},       // a frame without its newline
    {"unknown-type", "item", ""},     // a message that nobody knows
    {"printf-flood", "item", "8M"},   // VALUE bytes to stderr
    {"grandchild", "item", ""},       // leaves a child that holds its pipes, and exits with code 3
    {"daemon", "item", ""},           // leaves a process of another session and its child; goes on
    {"boot-fail", "start", ""},       // says that it can never start
    {"other-build", "start", ""},     // says hello as another build
    {"ignores-term", "start", ""},    // blocks TERM, and does not exit at the end of its input
    {"early", "call", ""},            // says called without waiting for go
    {"duplicate", "called", ""},      // says called twice
    {"wrong-item", "called", ""},     // says called about another item
    {"wrong-attempt", "called", ""},  // about another attempt
};

// "200M" in bytes.
inline size_t ParseSize(const std::string& text) {
  char* unit = nullptr;
  size_t size = std::strtoull(text.c_str(), &unit, 10);
  if (*unit == 'K') return size << 10;
  if (*unit == 'M') return size << 20;
  return size;
}

// One thing to do wrong: at `when`, with `value`.
struct Fault {
  std::string kind, value, when;
};

struct Options {  // bad_worker.cc says what they mean
  std::vector<Fault> faults;
  std::optional<size_t> cut;  // dies after so many bytes of its output
  std::string once, only;
  std::chrono::milliseconds latency{0};
  size_t answer_size = 200;
};

[[noreturn]] inline void BadUsage(const std::string& word) {
  fmt::print(stderr, "bad-worker: what is {}?\n", word);
  std::exit(2);
}

// KIND[=VALUE][@WHEN]
inline void AddFault(const std::string& text, Options* options) {
  Fault fault;
  size_t at = text.find('@');
  std::string head = text.substr(0, at);
  if (at != text.npos) fault.when = text.substr(at + 1);
  if (fault.when == "after-go") fault.when = "go";
  if (head == "cut") {
    options->cut = ParseSize(fault.when);
    return;
  }
  size_t equals = head.find('=');
  fault.kind = head.substr(0, equals);
  if (equals != head.npos) fault.value = head.substr(equals + 1);
  for (const Kind& kind : kKinds) {
    if (kind.name != fault.kind) continue;
    if (fault.when.empty()) fault.when = kind.when;
    if (fault.value.empty()) fault.value = kind.value;
    options->faults.push_back(fault);
    return;
  }
  BadUsage(text);
}

inline Options ParseOptions(const std::vector<std::string>& words) {
  Options options;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    std::string value = word.substr(std::min(word.find('='), word.size() - 1) + 1);
    if (word.starts_with("--misbehave=")) {
      AddFault(value, &options);
    } else if (word.starts_with("--latency=")) {
      options.latency = std::chrono::milliseconds(std::stoll(value));
    } else if (word.starts_with("--answer-size=")) {
      options.answer_size = ParseSize(value);
    } else if (word == "--once" && i + 1 < words.size()) {
      options.once = words[++i];
    } else if (word == "--only" && i + 1 < words.size()) {
      options.only = words[++i];
    } else if (word != "--pipe") {
      BadUsage(word);
    }
  }
  return options;
}

}  // namespace muster
