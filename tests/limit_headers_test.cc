#include "worker/replies/limit_headers.h"

#include <doctest/doctest.h>

#include <climits>
#include <random>
#include <string>
#include <vector>

#include "worker/replies/retry_after.h"

namespace muster {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kNow = 1'762'000'000'000;  // 2025-11-01T12:26:40Z

// "requests 59/60 in 1000": what is left of the limit, and when it is full; "?" where not said.
std::string Shown(const std::vector<LimitSeen>& limits) {
  std::string text;
  for (const LimitSeen& seen : limits) {
    text += (text.empty() ? "" : ", ") + std::string(Name(seen.unit)) + " " +
            std::to_string(seen.remaining) + "/" + std::to_string(seen.limit) + " in " +
            (seen.full_in_ms ? std::to_string(*seen.full_in_ms) : "?");
  }
  return text;
}

std::string OpenAi(const Headers& headers) {
  return Shown(OpenAiLimits(HttpReply{200, headers, "", kNow}));
}

std::string Anthropic(const Headers& headers, int64_t now_ms = kNow) {
  return Shown(AnthropicLimits(HttpReply{200, headers, "", now_ms}));
}

// The three headers of the request limit; nullptr: not there.
Headers OfRequests(const char* limit, const char* remaining, const char* reset) {
  Headers headers{{"content-type", "application/json"}};
  if (limit) headers.emplace_back("x-ratelimit-limit-requests", limit);
  if (remaining) headers.emplace_back("x-ratelimit-remaining-requests", remaining);
  if (reset) headers.emplace_back("x-ratelimit-reset-requests", reset);
  return headers;
}

TEST_CASE("OpenAI's limits are read from its headers") {
  Headers headers = OfRequests("60", "59", "1s");
  headers.emplace_back("x-ratelimit-limit-tokens", "150000");
  headers.emplace_back("x-ratelimit-remaining-tokens", "149984");
  headers.emplace_back("x-ratelimit-reset-tokens", "6m0s");
  CHECK(OpenAi(headers) == "requests 59/60 in 1000, tokens 149984/150000 in 360000");
  CHECK(OpenAi({}) == "");
}

TEST_CASE("of tokens and project-tokens the one with less left counts") {
  auto with = [](const char* all_left, const char* project_left) {
    return OpenAi({{"x-ratelimit-limit-tokens", "150000"},
                   {"x-ratelimit-remaining-tokens", all_left},
                   {"x-ratelimit-reset-tokens", "6s"},
                   {"x-ratelimit-limit-project-tokens", "60000"},
                   {"x-ratelimit-remaining-project-tokens", project_left},
                   {"x-ratelimit-reset-project-tokens", "3s"}});
  };
  CHECK(with("149984", "57000") == "tokens 57000/60000 in 3000");
  CHECK(with("12", "57000") == "tokens 12/150000 in 6000");
  CHECK(with("-27689", "0") == "tokens -27689/150000 in 6000");
  CHECK(with("many", "57000") == "tokens 57000/60000 in 3000");
  CHECK(with("12", "many") == "tokens 12/150000 in 6000");
}

TEST_CASE("a reset is read in every form servers send, and nonsense is not") {
  struct Row {
    const char* reset;
    const char* in;
  };
  for (const Row& row : std::vector<Row>{{"12ms", "12"},
                                         {"547ms", "547"},
                                         {"1s", "1000"},
                                         {"33.023s", "33023"},
                                         {"6m0s", "360000"},
                                         {"1m12s", "72000"},
                                         {"2m52.8s", "172800"},
                                         {"1h30m", "5400000"},
                                         {"24h0m0s", "86400000"},
                                         {"850\u00b5s", "1"},
                                         {"850us", "1"},
                                         {"120ns", "1"},
                                         {"0s", "0"},
                                         {"64", "64000"},
                                         {"7.5", "7500"},
                                         {"0", "0"},
                                         {"99999999999h", "315360000000"},
                                         {"1e308", "315360000000"},
                                         {"-1", "?"},
                                         {"-1s", "?"},
                                         {"NaN", "?"},
                                         {"inf", "?"},
                                         {"1e999", "?"},
                                         {"1s5", "?"},
                                         {"1s,2s", "?"},
                                         {"1 parsec", "?"},
                                         {"s", "?"},
                                         {"1s tomorrow", "?"},
                                         {"2025-11-01T12:27:10Z", "?"},
                                         {"", "?"},
                                         {nullptr, "?"}}) {
    CAPTURE(row.reset);
    CHECK(OpenAi(OfRequests("60", "59", row.reset)) == std::string("requests 59/60 in ") + row.in);
  }
}

TEST_CASE("limits that are none give no entry, absurd numbers are cut") {
  struct Row {
    const char* limit;
    const char* remaining;
    const char* shown;
  };
  const std::string most = std::to_string(kMostOfALimit);
  const std::string cut = "requests " + most + "/" + most + " in ?";
  const std::string cut_below = "requests -" + most + "/60 in ?";
  for (const Row& row :
       std::vector<Row>{{"60", "0", "requests 0/60 in ?"},
                        {"60", "-27689", "requests -27689/60 in ?"},
                        {"60", "61", "requests 60/60 in ?"},
                        {"9223372036854775807", "9223372036854775807", cut.c_str()},
                        {"60", "-9223372036854775808", cut_below.c_str()},
                        {"60", "9223372036854775808", ""},
                        {"9223372036854775808", "5", ""},
                        {"99999999999999999999999999", "5", ""},
                        {"0", "0", ""},
                        {"-1", "-1", ""},
                        {"-60", "5", ""},
                        {"NaN", "5", ""},
                        {"60", "NaN", ""},
                        {"inf", "5", ""},
                        {"1e9", "5", ""},
                        {"60.5", "5", ""},
                        {"0x40", "5", ""},
                        {"+60", "5", ""},
                        {"60, 60", "5", ""},
                        {"", "5", ""},
                        {"60", "", ""},
                        {nullptr, "5", ""},
                        {"60", nullptr, ""}}) {
    CAPTURE(row.limit);
    CAPTURE(row.remaining);
    CHECK(OpenAi(OfRequests(row.limit, row.remaining, nullptr)) == row.shown);
  }
}

TEST_CASE("a header that comes twice counts only where it says the same") {
  Headers headers = OfRequests("60", "59", "1s");
  headers.emplace_back("x-ratelimit-limit-requests", "60");
  CHECK(OpenAi(headers) == "requests 59/60 in 1000");
  headers.emplace_back("x-ratelimit-reset-requests", "2s");
  CHECK(OpenAi(headers) == "requests 59/60 in ?");
  headers.emplace_back("x-ratelimit-remaining-requests", "7");
  CHECK(OpenAi(headers) == "");
}

// Anthropic's three headers of one unit.
Headers OfUnit(const std::string& unit, const char* limit, const char* remaining,
               const char* reset) {
  const std::string prefix = "anthropic-ratelimit-" + unit;
  return {
      {prefix + "-limit", limit}, {prefix + "-remaining", remaining}, {prefix + "-reset", reset}};
}

TEST_CASE("Anthropic's limits are read from its headers, each unit apart") {
  Headers all;
  for (const char* unit : {"requests", "tokens", "input-tokens", "output-tokens"}) {
    for (auto& header : OfUnit(unit, "1000", "990", "2025-11-01T12:27:10Z")) all.push_back(header);
  }
  all.emplace_back("anthropic-priority-input-tokens-limit", "5");
  all.emplace_back("anthropic-ratelimit-unified-limit", "5");
  CHECK(Anthropic(all) ==
        "requests 990/1000 in 30000, tokens 990/1000 in 30000, input-tokens 990/1000 in 30000, "
        "output-tokens 990/1000 in 30000");
  CHECK(Anthropic(OfUnit("output-tokens", "0", "0", "2025-11-01T12:27:10Z")) == "");
  CHECK(Anthropic({}) == "");
  CHECK(OpenAi(all) == "");
}

TEST_CASE("Anthropic's reset is a time, compared with the reply's") {
  struct Row {
    const char* reset;
    const char* in;
  };
  for (const Row& row : std::vector<Row>{{"2025-11-01T12:26:41Z", "1000"},
                                         {"2025-11-01T12:26:40.5Z", "1000"},
                                         {"2025-11-01T12:26:41.000000Z", "1000"},
                                         {"2025-11-01T12:26:41+00:00", "1000"},
                                         {"2025-11-01T13:26:41+01:00", "1000"},
                                         {"2025-11-01T06:56:41-05:30", "1000"},
                                         {"2025-11-01T12:26:40Z", "0"},
                                         {"2025-11-01T12:26:39Z", "0"},
                                         {"1970-01-01T00:00:00Z", "0"},
                                         {"0000-01-01T00:00:00Z", "0"},
                                         {"9999-12-31T23:59:60Z", "315360000000"},
                                         {"2025-11-01T12:26:41", "?"},
                                         {"2025-11-01 12:26:41Z", "?"},
                                         {"2025-11-31T12:26:41Z", "?"},
                                         {"2025-13-01T12:26:41Z", "?"},
                                         {"2025-11-01T24:26:41Z", "?"},
                                         {"2025-11-01T12:60:41Z", "?"},
                                         {"2025-11-01T12:26:61Z", "?"},
                                         {"2025-11-01T12:26:41.Z", "?"},
                                         {"2025-11-01T12:26:41+24:00", "?"},
                                         {"2025-11-01T12:26:41+01:0", "?"},
                                         {"2025-11-01T12:26:41Zx", "?"},
                                         {"-025-11-01T12:26:41Z", "?"},
                                         {"2025-11-01T12:26", "?"},
                                         {"2025-1-1T12:26:41Z", "?"},
                                         {"1762000001", "?"},
                                         {"1s", "?"},
                                         {"", "?"}}) {
    CAPTURE(row.reset);
    CHECK(Anthropic(OfUnit("requests", "50", "49", row.reset)) ==
          std::string("requests 49/50 in ") + row.in);
  }
  Headers headers = OfUnit("requests", "50", "49", "2025-11-01T12:26:41Z");
  CHECK(Anthropic(headers, 0) == "requests 49/50 in ?");
  headers.emplace_back("date", "Sat, 01 Nov 2025 12:26:31 GMT");  // its clock before ours
  CHECK(Anthropic(headers) == "requests 49/50 in 10000");
}

TEST_CASE("whatever the headers hold, an entry is within its bounds") {
  std::mt19937 random(7);
  const std::string alphabet = "0123456789-+.:TZmshun, e\u00b5";
  auto text = [&] {
    std::string made;
    for (size_t left = random() % 24; left > 0; --left)
      made += alphabet[random() % alphabet.size()];
    return made;
  };
  size_t entries = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string limit = i % 2 ? text() : "60", remaining = i % 3 ? "5" : text(), reset = text();
    Headers headers = OfRequests(limit.c_str(), remaining.c_str(), reset.c_str());
    Headers more = OfUnit("tokens", limit.c_str(), remaining.c_str(), reset.c_str());
    headers.insert(headers.end(), more.begin(), more.end());
    HttpReply reply{429, headers, "", kNow};
    for (const auto& limits : {OpenAiLimits(reply), AnthropicLimits(reply)}) {
      for (const LimitSeen& seen : limits) {
        ++entries;
        REQUIRE(seen.limit > 0);
        REQUIRE(seen.limit <= kMostOfALimit);
        REQUIRE(seen.remaining >= -kMostOfALimit);
        REQUIRE(seen.remaining <= seen.limit);
        REQUIRE(seen.full_in_ms.value_or(0) >= 0);
        REQUIRE(seen.full_in_ms.value_or(0) <= kLongestRetryAfterMs);
      }
    }
  }
  CHECK(entries > 10'000);
}

TEST_CASE("a reply's limits are read whatever its status, but of the mock's there are none") {
  for (int64_t status : {200, 429, 503}) {
    HttpReply reply{status, OfRequests("60", "0", "1s"), "{}"};
    for (const char* api : {"openai-responses", "openai-chat"}) {
      CHECK(Shown(FindChatApi(api)->ReadReply(reply).limits) == "requests 0/60 in 1000");
    }
    CHECK(FindChatApi("mock")->ReadReply(reply).limits.empty());
  }
}

}  // namespace
}  // namespace muster
