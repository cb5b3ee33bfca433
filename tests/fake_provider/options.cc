#include "tests/fake_provider/options.h"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <sstream>
#include <string_view>

namespace fake_provider {

const char kUsage[] =
    "usage: fake-provider [--flag VALUE | --flag=VALUE]...\n"
    "  --port N             listen there (0: any free port)\n"
    "  --address IP         on this address of this machine (127.0.0.1)\n"
    "  --port-file FILE     write the port there when ready\n"
    "  --books FILE         append every request and bill there, as JSON lines\n"
    "  --no-fsync           do not wait for the disk\n"
    "  --script FILE        the faults to make\n"
    "  --key KEY            the only key that is right (sk-test)\n"
    "  --latency-ms N       how long an answer takes (0)\n"
    "  --rpm N              requests a minute, 429 beyond that (0: any number)\n"
    "  --concurrency N      requests at once, 429 beyond that (0: any number)\n"
    "  --limit MODEL:NAME=N,...\n"
    "                       more limits, on one model or (*) on all together: requests, tokens,\n"
    "                       input_tokens, output_tokens, concurrency, per=5s, kind=bucket\n"
    "  --window DURATION    the length of a minute: of every limit without a per (60s)\n"
    "  --window-ms N        the same in milliseconds\n"
    "  --kind KIND          of limits without one: sliding (an exact log) or bucket (sliding)\n"
    "  --count-max-tokens   a request counts the tokens it may be answered until it is\n"
    "  --no-limit-headers   no x-ratelimit headers\n"
    "  --no-retry-after     no Retry-After and retry-after-ms on a 429\n"
    "  --no-try-again       nor a word about it in its message\n"
    "  --job-ms N           how long a job takes (200)\n"
    "  --jobs-at-once N     unfinished jobs, 429 beyond that (0: any number)\n"
    "  --credits N          what jobs may use up, 402 beyond that (any number)\n"
    "  --answers body|prompt\n"
    "                       what an answer follows from: the bytes of the request (body), or what\n"
    "                       it asks, the same over every API (prompt)\n"
    "  --models A,B         the only models there are (what has a name of the API's own)\n"
    "  --input-price N, --cached-price N, --cache-write-price N, --cache-write-1h-price N,\n"
    "  --output-price N     picodollars a token (1250000, 125000, 1562500, 2500000, 10000000)\n";

namespace {

// What is wrong with the value; "" when all is well.
using TextSetter = std::function<std::string(Options&, std::string)>;
using NumberSetter = std::function<void(Options&, int64_t)>;
using Switch = void (*)(Options&);

// A setter that takes any text.
template <class Set>
TextSetter Any(Set set) {
  return [set](Options& options, std::string value) {
    set(options) = std::move(value);
    return std::string();
  };
}

std::string SetWindow(Options& options, const std::string& value) {
  Result<Clock::duration> window = ParseDuration(value);
  if (!window.ok()) return window.error();
  options.desk.limits.defaults.window = window.value();
  return "";
}

std::string SetKind(Options& options, const std::string& value) {
  Result<MeterKind> kind = ParseMeterKind(value);
  if (!kind.ok()) return kind.error();
  options.desk.limits.defaults.kind = kind.value();
  return "";
}

std::string SetAnswers(Options& options, const std::string& value) {
  if (value != "body" && value != "prompt") return "expected body or prompt";
  options.desk.answers.by_prompt = value == "prompt";
  return "";
}

std::string SetModels(Options& options, const std::string& value) {
  std::stringstream names(value);
  for (std::string name; std::getline(names, name, ',');) {
    if (name.empty()) return "expected names with commas between";
    options.desk.answers.models.push_back(name);
  }
  return "";
}

std::string KeepLimit(Options& options, const std::string& value) {
  options.limits.push_back(value);
  return "";
}

const std::map<std::string_view, TextSetter>& TextFlags() {
  static const std::map<std::string_view, TextSetter> kFlags = {
      {"--address", Any([](Options & o) -> auto& { return o.address; })},
      {"--port-file", Any([](Options & o) -> auto& { return o.port_file; })},
      {"--books", Any([](Options & o) -> auto& { return o.books_file; })},
      {"--script", Any([](Options & o) -> auto& { return o.script_file; })},
      {"--key", Any([](Options & o) -> auto& { return o.desk.key; })},
      {"--limit", KeepLimit},
      {"--answers", SetAnswers},
      {"--models", SetModels},
      {"--window", SetWindow},
      {"--kind", SetKind},
  };
  return kFlags;
}

const std::map<std::string_view, NumberSetter>& NumberFlags() {
  static const std::map<std::string_view, NumberSetter> kFlags = {
      {"--port", [](Options& o, int64_t v) { o.port = static_cast<uint16_t>(v); }},
      {"--latency-ms", [](Options& o, int64_t v) { o.desk.latency_ms = v; }},
      {"--rpm", [](Options& o, int64_t v) { o.desk.limits.defaults.requests = v; }},
      {"--concurrency", [](Options& o, int64_t v) { o.desk.limits.defaults.concurrency = v; }},
      {"--window-ms",
       [](Options& o, int64_t v) { o.desk.limits.defaults.window = std::chrono::milliseconds(v); }},
      {"--job-ms", [](Options& o, int64_t v) { o.desk.answers.jobs.ms = v; }},
      {"--jobs-at-once", [](Options& o, int64_t v) { o.desk.answers.jobs.at_once = v; }},
      {"--credits", [](Options& o, int64_t v) { o.desk.answers.jobs.credits = v; }},
      {"--input-price", [](Options& o, int64_t v) { o.desk.answers.prices.input = v; }},
      {"--cached-price", [](Options& o, int64_t v) { o.desk.answers.prices.cached = v; }},
      {"--cache-write-price", [](Options& o, int64_t v) { o.desk.answers.prices.cache_write = v; }},
      {"--cache-write-1h-price",
       [](Options& o, int64_t v) { o.desk.answers.prices.cache_write_1h = v; }},
      {"--output-price", [](Options& o, int64_t v) { o.desk.answers.prices.output = v; }},
  };
  return kFlags;
}

const std::map<std::string_view, Switch>& Switches() {
  static const std::map<std::string_view, Switch> kFlags = {
      {"--no-fsync", [](Options& o) { o.fsync = false; }},
      {"--count-max-tokens", [](Options& o) { o.desk.limits.count_max_tokens = true; }},
      {"--no-limit-headers", [](Options& o) { o.desk.limits.headers = false; }},
      {"--no-retry-after", [](Options& o) { o.desk.limits.retry_after = false; }},
      {"--no-try-again", [](Options& o) { o.desk.limits.try_again = false; }},
  };
  return kFlags;
}

// "" when all is well.
std::string SetFlag(Options& options, std::string_view name, const std::string& value) {
  if (auto flag = TextFlags().find(name); flag != TextFlags().end()) {
    std::string wrong = flag->second(options, value);
    return wrong.empty() ? "" : fmt::format("{}: {}", name, wrong);
  }
  auto flag = NumberFlags().find(name);
  if (flag == NumberFlags().end()) return fmt::format("{}: unknown flag", name);
  std::optional<uint64_t> number = ParseNumber(value);
  if (!number) return fmt::format("{}: not a number: '{}'", name, value);
  flag->second(options, static_cast<int64_t>(*number));
  return "";
}

// Makes rules of the limits, once it is known how long a minute is.
std::string ResolveLimits(Options& options) {
  LimitSettings& settings = options.desk.limits;
  if (settings.defaults.window <= Clock::duration()) return "--window-ms: expected 1 or more";
  settings.rules = {settings.defaults};  // --rpm and --concurrency
  for (const std::string& text : options.limits) {
    Result<LimitRule> rule = ParseLimitRule(text, settings.defaults);
    if (!rule.ok()) return rule.error();
    settings.rules.push_back(rule.value());
  }
  return "";
}

}  // namespace

Result<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (auto found = Switches().find(word); found != Switches().end()) {
      found->second(options);
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
  if (std::string wrong = ResolveLimits(options); !wrong.empty()) return Error{wrong};
  return options;
}

}  // namespace fake_provider
