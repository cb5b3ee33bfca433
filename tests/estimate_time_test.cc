#include "supervisor/plan/estimate_time.h"

#include <doctest/doctest.h>

#include "supervisor/plan/limit_text.h"
#include "tests/estimate_testing.h"

namespace muster {
namespace {

using std::chrono::seconds;

// 100 calls of 200 + 100 tokens and 2 seconds each, of 50 items.
const std::vector<CallLoad> kLoad{{"p", "m", 100, 20'000, 10'000, 200'000}};
constexpr WorkTime kWork{50, 200'000, 4'000};

TimeEstimate TimeWith(const std::string& from, const std::string& to, int64_t workers = 50) {
  return TimeUnderLimits(LoadTrees(from, to), kLoad, kWork, workers);
}

TimeEstimate TimeWithLimits(const std::string& limits, int64_t workers = 50) {
  return TimeWith("p: {api", "p: {limits: " + limits + ", api", workers);
}

TEST_CASE("time: without limits the workers hold it, or the longest item") {
  CHECK(TimeWith("", "", 4).time == seconds(50));  // 200 s of work by 4
  CHECK(TimeWith("", "", 4).held_by == "4 workers");
  CHECK(TimeWith("", "", 1).time == seconds(200));
  CHECK(TimeWith("", "", 1).held_by == "1 worker");
  CHECK(TimeWith("", "", 1'000).held_by == "50 workers");  // no more than there are items
  TimeEstimate longest = TimeUnderLimits(LoadTrees(), kLoad, {50, 200'000, 60'000}, 50);
  CHECK(longest.time == seconds(60));
  CHECK(longest.held_by == "the longest item");
  TimeEstimate nothing = TimeUnderLimits(LoadTrees(), {}, {}, 4);
  CHECK(nothing.time.count() == 0);
  CHECK(nothing.held_by.empty());
}

TEST_CASE("time: each limit by itself, and the slowest is named") {
  struct Row {
    const char* limits;
    Milliseconds time;
    const char* held_by;
  };
  for (const Row& row : {
           // 200 s of calls, 10 at once.
           Row{"{concurrency: 10}", seconds(20), "p's 10 calls at once"},
           {"{concurrency: 1}", seconds(200), "p's 1 call at once"},
           // 30 go at once, at 60, at 120, the last 10 at 180 s; they take 2 s.
           {"{requests_per_minute: 30}", seconds(182), "p's 30 requests a minute"},
           // 30,000 tokens in shares of 7,000: the fifth begins after four minutes.
           {"{tokens_per_minute: 7000}", seconds(242), "p's 7,000 tokens a minute"},
           {"{input_tokens_per_minute: 10000}", seconds(62), "p's 10,000 input tokens a minute"},
           {"{output_tokens_per_minute: 5000}", seconds(62), "p's 5,000 output tokens a minute"},
           {"{rates: [{per: 1h, requests: 60}]}", seconds(3'602), "p's 60 requests an hour"},
           {"{rates: [{per: 90s, tokens: 29999}]}", seconds(92), "p's 29,999 tokens in 90s"},
           {"{min_delay: 3s}", seconds(99 * 3 + 2), "p's 3s between calls"},
           {"{concurrency: 10, requests_per_minute: 30}", seconds(182), "p's 30 requests a minute"},
           {"{concurrency: 1, requests_per_minute: 30}", seconds(200), "p's 1 call at once"},
           // All go at once: what holds it is that each worker does one item after the other.
           {"{requests_per_minute: 100}", seconds(4), "50 workers"},
       }) {
    CAPTURE(row.limits);
    TimeEstimate time = TimeWithLimits(row.limits);
    CHECK(time.time == row.time);
    CHECK(time.held_by == row.held_by);
  }
}

TEST_CASE("time: limits of the run, of a key and of a model count for their calls only") {
  CHECK(TimeWith("providers:\n", "limits: {requests_per_minute: 50}\nproviders:\n").held_by ==
        "the run's 50 requests a minute");
  CHECK(TimeWith("p: {api", "p: {models: {m: {limits: {concurrency: 2}}}, api").held_by ==
        "p/m's 2 calls at once");
  CHECK(TimeWith("p: {api", "p: {models: {n: {limits: {concurrency: 1}}}, api").held_by ==
        "50 workers");
  Config config = LoadTrees("p: {api", "p: {key_env: K, api");
  config.keys["K"].limits.concurrency = 4;
  CHECK(TimeUnderLimits(config, kLoad, kWork, 50).held_by == "key K's 4 calls at once");
  config.keys.clear();
  config.keys["OTHER"].limits.concurrency = 1;
  CHECK(TimeUnderLimits(config, kLoad, kWork, 50).held_by == "50 workers");
}

TEST_CASE("time: two models of a provider share its limits") {
  Config config = LoadTrees("p: {api", "p: {limits: {concurrency: 10}, api");
  std::vector<CallLoad> loads = kLoad;
  loads.push_back({"p", "n", 100, 0, 0, 400'000});
  CHECK(TimeUnderLimits(config, loads, {50, 0, 0}, 50).time == seconds(60));
}

TEST_CASE("time: numbers that no clock can hold do not wrap around") {
  std::vector<CallLoad> loads{{"p", "m", 1'000'000'000'000, 0, 0, 0}};
  Config config = LoadTrees("p: {api", "p: {limits: {rates: [{per: 31d, requests: 1}]}, api");
  CHECK(TimeUnderLimits(config, loads, {1, 0, 0}, 1).time > std::chrono::hours(1'000'000));
}

TEST_CASE("time: an item takes its steps one after the other, a for_each by its concurrency") {
  Config config = LoadTrees("for_each: item.files", "for_each: item.files\n    concurrency: 3");
  ItemTime time(config);
  for (int i = 0; i < 7; ++i) time.Add(0, 2'000);
  CHECK(time.ms() == 3 * 2'000);  // 3 + 3 + 1
  time.Add(1, 500);
  CHECK(time.ms() == 3 * 2'000 + 500);
}

TEST_CASE("time: a guess is a second and 30 tokens a second, the mock's is its own latency") {
  // parts: two answers of 1,000 tokens, 1 + 33.333 s each; whole: 50 tokens, 1 + 1.666 s.
  Estimate estimate = EstimateTrees(LoadTrees(), 1);
  CHECK(estimate.steps[0].ms == 2 * 34'333);
  CHECK(estimate.steps[1].ms == 2'666);
  CHECK(estimate.time.time == Milliseconds(2 * 34'333 + 2'666));
  Config mock = LoadTrees("p: {api: openai-chat, base_url: 'http://127.0.0.1:1'",
                          "p: {api: mock, mock: {latency: 100ms..300ms}");
  CHECK(EstimateTrees(mock).time.time == Milliseconds(3 * 200));
}

TEST_CASE("limits in words") {
  Limits limits;
  CHECK(LimitsText(limits) == "");
  limits.concurrency = 1, limits.requests_per_minute = 1, limits.tokens_per_minute = 2'000'000;
  limits.rates = {{seconds(1), 5, {}, {}, {}}, {std::chrono::days(1), {}, {}, {}, 7}};
  limits.min_delay = Milliseconds(250), limits.warmup = true;
  CHECK(LimitsText(limits) ==
        "1 call at once, 1 request a minute, 2,000,000 tokens a minute, 5 requests a second, 7 "
        "output tokens a day, 250ms between calls, the first call alone");
}

}  // namespace
}  // namespace muster
