// Limits in simulated runs: 64 workers, calls of 50 ms to 20 s, and a provider that counts for
// itself. No window of time ever holds more than its limit, also over a restart, and what is
// allowed is used.

#include "tests/simulation_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kWorkers = 64;

// One limit somewhere, and what of the provider's log it is about.
struct Limited {
  std::string text;
  Which which;
  Weight weight;
  milliseconds span;
  int64_t most;
};

// A run of calls of many sizes, which their workers know.
class LimitedRun {
 public:
  LimitedRun(uint64_t seed, int64_t items) : dice(seed), run(items) {
    for (const char* name : {"p", "q"}) run.config.providers[name].limits.concurrency = kWorkers;
    run.config.retry.max_wait = hours(1);
    run.script.plan = [this](const std::string& item) { return PlanOf(std::stoll(item)); };
    run.script.transit = [this] { return milliseconds(dice.Draw(0, 20)); };
    run.script.provider = [this](const SentCall& sent) {
      FakeReply reply{.takes = dice.Time(milliseconds(50), longest)};
      reply.usage = Usage{sent.input_most, 0, 0, 100 + dice.Draw(-spread, spread), 0};
      return reply;
    };
  }

  // Half of the items belong to q when there are two providers.
  FakePlan PlanOf(int64_t item) const {
    FakeCall call;
    call.provider = both && item % 2 == 0 ? "q" : "p";
    call.model = both && item % 3 == 0 ? "n" : "m";
    call.input_most = call.input_estimate = 200 + item * 37 % 400;
    call.output_estimate = 100;
    call.output_most = 100 + spread;
    return {{{call}, 1}};
  }

  // `over`: in percent.
  void CheckLimits(int64_t over = 0) const {
    for (const Limited& each : limited) {
      CAPTURE(each.text);
      CHECK(MostOf(run.script.log, each.which, each.weight, each.span) <=
            each.most * (100 + over) / 100);
    }
  }

  Dice dice;
  TestRun run;
  bool both = false;
  milliseconds longest{20'000};
  int64_t spread = 0;  // of answers' lengths, tokens; what of them is not known before
  std::vector<Limited> limited;
};

// Draws a limit for one of the places that can have one.
void LimitSomething(LimitedRun& test) {
  struct Place {
    const char* name;
    Limits* limits;
    Which which;
  };
  Config& config = test.run.config;
  const Place places[] = {{"run", &config.limits, Everything},
                          {"p", &config.providers["p"].limits, OfProvider("p")},
                          {"q", &config.providers["q"].limits, OfProvider("q")},
                          {"p/n", &config.providers["p"].models["n"].limits, OfModel("p", "n")},
                          {"key K", &config.keys["K"].limits, Everything}};
  const Place& place = places[test.dice.Draw(0, 4)];
  bool minute = test.dice.Chance(0.4);
  RateLimit rate;
  rate.per = seconds(minute ? 60 : test.dice.Draw(5, 120));
  int64_t calls = test.dice.Draw(10, 60);  // of average size, that it lets through
  Limited limited{fmt::format("{} in {}", place.name, rate.per.count()), place.which, OneRequest,
                  rate.per, calls};
  Limits& own = *place.limits;
  switch (test.dice.Draw(0, 3)) {
    case 0:
      (minute ? own.requests_per_minute : rate.requests) = limited.most;
      break;
    case 1:
      (minute ? own.tokens_per_minute : rate.tokens) = limited.most = calls * 500;
      limited.weight = AllTokens;
      break;
    case 2:
      (minute ? own.input_tokens_per_minute : rate.input_tokens) = limited.most = calls * 400;
      limited.weight = InputTokens;
      break;
    default:
      (minute ? own.output_tokens_per_minute : rate.output_tokens) = limited.most = calls * 100;
      limited.weight = OutputTokens;
  }
  if (!minute) own.rates.push_back(rate);
  // Of two limits of one kind and minute the second replaces the first.
  std::erase_if(test.limited, [&](const Limited& other) { return other.text == limited.text; });
  test.limited.push_back(limited);
}

TEST_CASE(
    "simulation: no window holds more than any of its limits, also over kill -9 and restart") {
  ForEachSeed(6, [](uint64_t seed) {
    LimitedRun test(seed, 120);
    test.both = true;
    for (const char* name : {"p", "q"}) test.run.config.providers[name].key_env = "K";
    for (int64_t n = test.dice.Draw(1, 4); n > 0; --n) LimitSomething(test);
    for (int64_t kills = test.dice.Draw(0, 3); kills > 0; --kills) {
      auto when = test.dice.Time(milliseconds(100), milliseconds(100'000));
      test.run.Run({.workers = kWorkers, .seed = seed, .set_up = KilledAfter(when)});
      test.run.clock.Advance(test.dice.Time(milliseconds(0), milliseconds(30'000)));
    }
    auto last = test.run.Run({.workers = kWorkers, .seed = seed});
    CHECK(last.end.exit_code == kAllDone);
    CHECK(test.run.Count(ItemStatus::kDone) == 120);
    CHECK(last.in_the_air == 0);
    test.CheckLimits();
    test.run.CheckBooks(last, true);
  });
}

// How much of the limit was used up to the last full window before the end of the work, of 1. A
// window is reckoned as long as the governor makes it for the sake of messages' travel.
double ShareUsed(const std::vector<SentCall>& log, const Limited& limited) {
  auto window = limited.span + std::min(milliseconds(500), limited.span / 100);
  auto windows = (log.back().at - log.front().at) / window;
  REQUIRE(windows > 0);
  auto end = log.front().at + windows * window;
  int64_t used = SumOf(
      log, [&](const SentCall& sent) { return sent.at < end && limited.which(sent); },
      limited.weight);
  return static_cast<double>(used) / static_cast<double>(windows * limited.most);
}

TEST_CASE("simulation: at least 95 % of what a limit allows is used while there is work") {
  for (int unit = 0; unit < 4; ++unit) {
    for (seconds span : {seconds(5), seconds(60)}) {
      CAPTURE(unit);
      CAPTURE(span.count());
      LimitedRun test(static_cast<uint64_t>(unit) + 1, 300);
      test.longest = span == seconds(5) ? seconds(5) : seconds(20);
      int64_t calls = span == seconds(5) ? 25 : 60;  // that a span lets through
      RateLimit rate;
      rate.per = span;
      Limited limited{"p", OfProvider("p"), OneRequest, span, calls};
      if (unit == 0) rate.requests = calls;
      if (unit == 1) rate.tokens = limited.most = calls * 500, limited.weight = AllTokens;
      if (unit == 2) rate.input_tokens = limited.most = calls * 400, limited.weight = InputTokens;
      if (unit == 3) rate.output_tokens = limited.most = calls * 100, limited.weight = OutputTokens;
      test.run.config.providers["p"].limits.rates.push_back(rate);
      test.limited.push_back(limited);
      auto trace = test.run.Run({.workers = kWorkers});
      CHECK(trace.end.exit_code == kAllDone);
      test.CheckLimits();
      CHECK(ShareUsed(trace.log, limited) > 0.95);
    }
  }
}

TEST_CASE("simulation: the lengths of answers are learned, and limits then passed by little") {
  ForEachSeed(10, [](uint64_t seed) {
    LimitedRun test(seed, 200);
    test.spread = 60;
    Limits& limits = test.run.config.providers["p"].limits;
    limits.tokens_per_minute = 20'000;
    limits.output_tokens_per_minute = 3'500;
    test.limited.push_back({"tokens", OfProvider("p"), AllTokens, minutes(1), 20'000});
    test.limited.push_back({"output", OfProvider("p"), OutputTokens, minutes(1), 3'500});
    auto trace = test.run.Run({.workers = kWorkers, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    test.CheckLimits(25);  // at first there is only a guess to go by
    auto& log = test.run.script.log;
    std::erase_if(log, [&](const SentCall& sent) { return sent.at < trace.began + seconds(20); });
    test.CheckLimits(5);
  });
}

TEST_CASE("simulation: a restart costs no more of a limit than the time it takes") {
  ForEachSeed(5, [](uint64_t seed) {
    LimitedRun test(seed, 240);
    test.run.config.providers["p"].limits.requests_per_minute = 60;
    test.limited.push_back({"p", OfProvider("p"), OneRequest, minutes(1), 60});
    auto when = test.dice.Time(seconds(30), seconds(120));
    test.run.Run({.workers = kWorkers, .set_up = KilledAfter(when)});
    test.run.clock.Advance(seconds(3));
    auto last = test.run.Run({.workers = kWorkers});
    CHECK(last.end.exit_code == kAllDone);
    test.CheckLimits();
    CHECK(ShareUsed(test.run.script.log, test.limited[0]) > 0.9);
  });
}

TEST_CASE("simulation: limits over hours and days hold over all sessions, and say when to go on") {
  for (auto [span, most] : {std::pair(milliseconds(hours(5)), 40), {milliseconds(hours(24)), 55}}) {
    CAPTURE(most);
    LimitedRun test(1, 100);
    test.run.config.retry.max_wait = minutes(15);
    RateLimit rate;
    rate.per = span;
    rate.requests = most;
    test.run.config.providers["p"].limits.rates.push_back(rate);
    test.limited.push_back({"p", OfProvider("p"), OneRequest, span, most});
    int sessions = 0;
    SessionTrace trace;
    for (; sessions < 40; ++sessions) {
      trace = test.run.Run({.workers = kWorkers});
      if (trace.end.exit_code == kAllDone) break;
      CHECK(trace.end.exit_code == kStopped);
      CHECK(trace.end.stopped_by.find("come back in") != std::string::npos);
      CHECK(test.run.Count(ItemStatus::kFailed) == 0);
      test.run.clock.Advance(span / 7);
    }
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(sessions >= 7);
    test.CheckLimits();
    test.run.CheckBooks(trace);
  }
}

TEST_CASE("simulation: calls in the air stay under every lane's number, workers dying or not") {
  ForEachSeed(15, [](uint64_t seed) {
    LimitedRun test(seed, 100);
    test.both = true;
    Config& config = test.run.config;
    config.guard.worker_deaths = 9;
    int64_t all = test.dice.Draw(4, 30), p = test.dice.Draw(2, 20), n = test.dice.Draw(1, 5);
    config.limits.concurrency = all;
    config.providers["p"].limits.concurrency = p;
    config.providers["p"].models["n"].limits.concurrency = n;
    double faults = seed % 3 == 0 ? 0.02 : 0;
    test.run.script.fault = [&](const Point&) {
      return test.dice.Chance(faults) ? Fault::kDie : Fault::kNone;
    };
    auto trace = test.run.Run({.workers = kWorkers, .seed = seed});
    CHECK(trace.end.exit_code == kAllDone);
    CHECK(trace.in_the_air == 0);
    auto of = [&](const Which& which) {
      std::vector<SentCall> log;
      std::copy_if(trace.log.begin(), trace.log.end(), std::back_inserter(log), which);
      return static_cast<int64_t>(MostInTheAir(log));
    };
    CHECK(of(Everything) <= all);
    CHECK(of(OfProvider("p")) <= p);
    CHECK(of(OfModel("p", "n")) <= n);
    if (faults == 0) CHECK(of(Everything) == std::min(all, p + 64));
  });
}

}  // namespace
}  // namespace muster
