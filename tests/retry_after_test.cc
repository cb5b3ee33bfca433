#include "worker/replies/retry_after.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace muster {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kNow = 1'762'000'000'000;  // Sat, 01 Nov 2025 12:26:40 GMT

std::optional<int64_t> Wait(const Headers& headers, int64_t now_ms = kNow) {
  return RetryAfterMs(HttpReply{429, headers, ""}, now_ms);
}

TEST_CASE("retry-after is read in every form servers send, and nonsense is not") {
  struct Row {
    const char* value;
    std::optional<int64_t> ms;
  };
  for (const Row& row : std::vector<Row>{
           {"7", 7'000},
           {"1.5", 1'500},
           {"0.0001", 1},
           {"0", 0},
           {"0.0", 0},
           {"1e2", 100'000},
           {"1e308", kLongestRetryAfterMs},
           {"315360000", kLongestRetryAfterMs},
           {"99999999999999999999", kLongestRetryAfterMs},
           {"-5", std::nullopt},
           {"-0.5", std::nullopt},
           {"NaN", std::nullopt},
           {"nan", std::nullopt},
           {"inf", std::nullopt},
           {"infinity", std::nullopt},
           {"1e999", std::nullopt},
           {"0x10", std::nullopt},
           {"7 seconds", std::nullopt},
           {"7,8", std::nullopt},
           {"", std::nullopt},
           {"soon", std::nullopt},
           {"Sat, 01 Nov 2025 12:27:10 GMT", 30'000},
           {"Sat, 01 Nov 2025 12:27:10", 30'000},
           {"Sat, 01 Nov 2025 12:27:10 UTC", 30'000},
           {"Sat, 01 Nov 2025 12:27:10 +0000", 30'000},
           {"Saturday, 01-Nov-25 12:27:10 GMT", 30'000},
           {"Sat Nov  1 12:27:10 2025", 30'000},
           {"Sat, 01 Nov 2025 12:26:00 GMT", 0},
           {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
           {"Fri, 01 Nov 2199 12:27:10 GMT", kLongestRetryAfterMs},
           {"Sat, 01 Nov 2025 12:27:10 PST", std::nullopt},
           {"Sat, 01 Nov 2025 12:27", std::nullopt},
           {"2025-11-01T12:27:10Z", std::nullopt},
       }) {
    CAPTURE(row.value);
    CHECK(Wait({{"retry-after", row.value}}) == row.ms);
  }
}

TEST_CASE("a date needs to know what time it is") {
  CHECK(Wait({{"retry-after", "Sat, 01 Nov 2025 12:27:10 GMT"}}, 0) == std::nullopt);
  CHECK(Wait({{"retry-after", "9"}}, 0) == 9'000);
}

TEST_CASE("retry-after-ms goes before retry-after, and the first that makes sense counts") {
  CHECK(Wait({{"retry-after", "7"}, {"retry-after-ms", "350"}}) == 350);
  CHECK(Wait({{"retry-after-ms", "350.2"}}) == 351);
  CHECK(Wait({{"retry-after-ms", "1e308"}}) == kLongestRetryAfterMs);
  CHECK(Wait({{"retry-after-ms", "-1"}, {"retry-after", "7"}}) == 7'000);
  CHECK(Wait({{"retry-after-ms", "NaN"}, {"retry-after", "7"}}) == 7'000);
  CHECK(Wait({{"retry-after", "soon"}, {"retry-after", "8"}}) == 8'000);
  CHECK(Wait({{"retry-after", "5"}, {"retry-after", "8"}}) == 5'000);
  CHECK(Wait({{"retry-after-ms", "Sat, 01 Nov 2025 12:27:10 GMT"}}) == std::nullopt);
  CHECK(Wait({}) == std::nullopt);
}

TEST_CASE("a reply's own date is its time, ours stands in for it") {
  HttpReply reply{429, {{"date", "Sat, 01 Nov 2025 12:26:40 GMT"}}, "", 5};
  CHECK(TimeOfReplyMs(reply) == kNow);
  reply.headers[0].second = "yesterday";
  CHECK(TimeOfReplyMs(reply) == 5);
  reply.headers.clear();
  CHECK(TimeOfReplyMs(reply) == 5);
}

TEST_CASE("a span is all of its text") {
  CHECK(SpanMs("1m12s") == 72'000);
  CHECK(SpanMs("1.5") == 1'500);
  CHECK(SpanMs("99999999999999h") == kLongestRetryAfterMs);
  for (const char* text : {"", "s", "1s5", "1s 5", "5 parsecs", "1s soon", "-1s", "-1", "nan"}) {
    CAPTURE(text);
    CHECK(SpanMs(text) == std::nullopt);
  }
}

TEST_CASE("the wait in a message is found in every spelling, and only there") {
  struct Row {
    const char* message;
    std::optional<int64_t> ms;
  };
  for (const Row& row : std::vector<Row>{
           {"Rate limit reached. Please try again in 1.2s. Visit https://x.y.", 1'200},
           {"Please try again in 350ms.", 350},
           {"PLEASE TRY AGAIN IN 20S", 20'000},
           {"try again in 6m0s.", 360'000},
           {"try again in 2m52.8s, thank you", 172'800},
           {"try again in 1h30m.", 5'400'000},
           {"try again in 1.5 seconds", 1'500},
           {"Please retry after 37 seconds.", 37'000},
           {"Please retry after 1 second.", 1'000},
           {"Please retry in 34.07s.", 34'070},
           {"try again in 0s", 0},
           {"try again in 99999999999999h", kLongestRetryAfterMs},
           {"try again in a moment", std::nullopt},
           {"try again in 5", std::nullopt},
           {"try again in 3s 5", 3'000},
           {"try again in 5 parsecs", std::nullopt},
           {"try again in -5s", std::nullopt},
           {"try again in", std::nullopt},
           {"Limit 500, used 500 in 60s", std::nullopt},
           {"", std::nullopt},
       }) {
    CAPTURE(row.message);
    CHECK(RetryAfterInText(row.message) == row.ms);
  }
}

}  // namespace
}  // namespace muster
