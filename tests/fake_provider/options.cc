#include "tests/fake_provider/options.h"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <string_view>

namespace fake_provider {

const char kUsage[] =
    "usage: fake-provider [--flag VALUE | --flag=VALUE]...\n"
    "  --port N             listen there on 127.0.0.1 (0: any free port)\n"
    "  --port-file FILE     write the port there when ready\n"
    "  --books FILE         append every request and bill there, as JSON lines\n"
    "  --no-fsync           do not wait for the disk\n"
    "  --script FILE        the faults to make\n"
    "  --key KEY            the only key that is right (sk-test)\n"
    "  --latency-ms N       how long an answer takes (0)\n"
    "  --rpm N              requests a minute, 429 beyond that (0: any number)\n"
    "  --window-ms N        the length of that minute (60000)\n"
    "  --concurrency N      requests at once, 429 beyond that (0: any number)\n"
    "  --input-price N, --cached-price N, --output-price N\n"
    "                       picodollars a token (1250000, 125000, 10000000)\n";

namespace {

using TextSetter = std::function<void(Options&, std::string)>;
using NumberSetter = std::function<void(Options&, int64_t)>;

const std::map<std::string_view, TextSetter>& TextFlags() {
  static const std::map<std::string_view, TextSetter> kFlags = {
      {"--port-file", [](Options& o, std::string v) { o.port_file = std::move(v); }},
      {"--books", [](Options& o, std::string v) { o.books_file = std::move(v); }},
      {"--script", [](Options& o, std::string v) { o.script_file = std::move(v); }},
      {"--key", [](Options& o, std::string v) { o.desk.key = std::move(v); }},
  };
  return kFlags;
}

const std::map<std::string_view, NumberSetter>& NumberFlags() {
  static const std::map<std::string_view, NumberSetter> kFlags = {
      {"--port", [](Options& o, int64_t v) { o.port = static_cast<uint16_t>(v); }},
      {"--latency-ms", [](Options& o, int64_t v) { o.desk.latency_ms = v; }},
      {"--rpm", [](Options& o, int64_t v) { o.desk.limits.requests = v; }},
      {"--concurrency", [](Options& o, int64_t v) { o.desk.limits.concurrency = v; }},
      {"--window-ms",
       [](Options& o, int64_t v) { o.desk.limits.window = std::chrono::milliseconds(v); }},
      {"--input-price", [](Options& o, int64_t v) { o.prices.input = v; }},
      {"--cached-price", [](Options& o, int64_t v) { o.prices.cached = v; }},
      {"--output-price", [](Options& o, int64_t v) { o.prices.output = v; }},
  };
  return kFlags;
}

// "" when all is well.
std::string SetFlag(Options& options, std::string_view name, const std::string& value) {
  if (auto flag = TextFlags().find(name); flag != TextFlags().end()) {
    flag->second(options, value);
    return "";
  }
  auto flag = NumberFlags().find(name);
  if (flag == NumberFlags().end()) return fmt::format("{}: unknown flag", name);
  std::optional<uint64_t> number = ParseNumber(value);
  if (!number) return fmt::format("{}: not a number: '{}'", name, value);
  flag->second(options, static_cast<int64_t>(*number));
  return "";
}

}  // namespace

Result<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--no-fsync") {
      options.fsync = false;
      continue;
    }
    size_t equals = word.find('=');
    if (equals == std::string_view::npos && i + 1 == argc) {
      return Error{fmt::format("{}: unknown flag, or its value is missing", word)};
    }
    std::string value(equals == std::string_view::npos ? argv[++i] : word.substr(equals + 1));
    if (std::string wrong = SetFlag(options, word.substr(0, equals), value); !wrong.empty()) {
      return Error{wrong};
    }
  }
  return options;
}

}  // namespace fake_provider
