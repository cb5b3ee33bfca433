#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fake_provider/books.h"
#include "tests/fake_provider/desk.h"
#include "tests/fake_provider/result.h"

namespace fake_provider {

// The command line.
struct Options {
  uint16_t port = 0;      // 0: the kernel chooses
  std::string port_file;  // "": none, likewise below
  std::string books_file;
  std::string script_file;
  bool fsync = true;
  std::vector<std::string> limits;  // as given, each one --limit; desk.limits has them as rules
  Desk::Settings desk{.key = "sk-test", .latency_ms = 0, .limits = {}, .answers = {}};
  std::string address = "127.0.0.1";
};

Result<Options> ParseOptions(int argc, char** argv);

extern const char kUsage[];

}  // namespace fake_provider
