#include "supervisor/governor/governor.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

const Time kNow{hours(1'000)};

Config MakeConfig(Limits limits = {}) {
  Config config;
  config.providers["p"].limits = limits;
  config.providers["q"] = {};
  return config;
}

Limits Slots(int64_t concurrency) {
  Limits limits;
  limits.concurrency = concurrency;
  return limits;
}

std::vector<int64_t> Granted(Governor& governor, Time now) {
  std::vector<int64_t> ids;
  for (const auto& verdict : governor.Grant(now)) {
    if (auto* granted = std::get_if<Governor::Granted>(&verdict)) ids.push_back(granted->id);
  }
  return ids;
}

std::vector<int64_t> Refused(Governor& governor, Time now) {
  std::vector<int64_t> ids;
  for (const auto& verdict : governor.Grant(now)) {
    if (auto* stopped = std::get_if<Governor::Stopped>(&verdict)) ids.push_back(stopped->id);
  }
  return ids;
}

using Ids = std::vector<int64_t>;

TEST_CASE("governor: within a lane, first come first served") {
  Config config = MakeConfig(Slots(2));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 5; ++id) governor.Ask(id, "p", "m");
  CHECK(Granted(governor, kNow) == Ids{1, 2});
  CHECK(governor.in_the_air() == 2);
  CHECK(governor.waiting() == 3);
  governor.Ended(2, std::nullopt, kNow);
  CHECK(Granted(governor, kNow) == Ids{3});
  governor.Forget(4);
  governor.Ended(1, std::nullopt, kNow);
  CHECK(Granted(governor, kNow) == Ids{5});
}

TEST_CASE("governor: a lane without room does not hold another") {
  Config config = MakeConfig(Slots(1));
  Governor governor(config, 1);
  for (int64_t id : {1, 2, 3}) governor.Ask(id, "p", "m");
  for (int64_t id : {4, 5}) governor.Ask(id, "q", "m");
  CHECK(Granted(governor, kNow) == Ids{1, 4, 5});
  CHECK(governor.lanes_used() == 2);
}

TEST_CASE("governor: limits of the run hold over all lanes") {
  Config config = MakeConfig();
  config.limits = Slots(3);
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 8; ++id) governor.Ask(id, id % 2 ? "p" : "q", "m");
  CHECK(Granted(governor, kNow).size() == 3);
  CHECK(Granted(governor, kNow).empty());
  CHECK(governor.NextChance(kNow) == std::nullopt);
}

TEST_CASE("governor: a call that is gone gives its slot back, waiting or in the air") {
  Config config = MakeConfig(Slots(1));
  Governor governor(config, 1);
  governor.Ask(1, "p", "m");
  governor.Ask(2, "p", "m");
  Granted(governor, kNow);
  CHECK_FALSE(governor.IsWaiting(1));
  CHECK(governor.IsWaiting(2));
  governor.Forget(1);
  governor.Forget(1);
  CHECK(governor.in_the_air() == 0);
  CHECK(Granted(governor, kNow) == Ids{2});
  governor.Forget(2);
  CHECK(governor.in_the_air() == 0);
  CHECK(governor.waiting() == 0);
}

TEST_CASE("governor: a 429 with Retry-After closes its lane until then, for everyone") {
  Config config = MakeConfig();
  Governor governor(config, 1);
  governor.Ask(1, "p", "m");
  governor.Ask(2, "p", "m");
  Granted(governor, kNow);
  auto after = governor.Ended(1, MakeFailure(FailureKind::kRateLimited, 7'000), kNow);
  REQUIRE(std::holds_alternative<Governor::Retry>(after));
  CHECK(std::get<Governor::Retry>(after).not_before == kNow + seconds(7));
  governor.Ended(2, std::nullopt, kNow + seconds(1));
  governor.Ask(3, "p", "m");
  governor.Ask(4, "q", "m");
  CHECK(Granted(governor, kNow + milliseconds(6'999)) == Ids{4});
  CHECK(governor.NextChance(kNow + seconds(2)) == kNow + seconds(7));
  CHECK(governor.OpensAt("p", kNow) == kNow + seconds(7));
  CHECK(Granted(governor, kNow + seconds(7)) == Ids{1, 3});
}

TEST_CASE("governor: calls that are tried again keep their order") {
  Config config = MakeConfig(Slots(4));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 6; ++id) governor.Ask(id, "p", "m");
  CHECK(Granted(governor, kNow) == Ids{1, 2, 3, 4});
  for (int64_t id : {1, 2, 3, 4}) {
    governor.Ended(id, MakeFailure(FailureKind::kRateLimited, 5'000), kNow);
  }
  CHECK(Granted(governor, kNow + seconds(5)) == Ids{1, 2, 3, 4});
}

TEST_CASE(
    "governor: a stopped provider refuses who waits, who asks later and who would try again") {
  Config config = MakeConfig(Slots(3));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 4; ++id) governor.Ask(id, "p", "m");
  Granted(governor, kNow);
  governor.Ended(1, MakeFailure(FailureKind::kRateLimited, 600'000), kNow);
  auto first = governor.Ended(2, MakeFailure(FailureKind::kAuth), kNow);
  auto second = governor.Ended(3, MakeFailure(FailureKind::kAuth), kNow);
  CHECK(std::get<Governor::StopLane>(first).newly);
  CHECK_FALSE(std::get<Governor::StopLane>(second).newly);
  governor.Ask(5, "p", "n");
  CHECK(Refused(governor, kNow) == Ids{1, 4, 5});
  CHECK(governor.waiting() == 0);
  governor.Ask(6, "q", "m");
  CHECK(Granted(governor, kNow) == Ids{6});
}

TEST_CASE("governor: an unknown model stops that model of that provider") {
  Config config = MakeConfig();
  Governor governor(config, 1);
  governor.Ask(1, "p", "m");
  Granted(governor, kNow);
  governor.Ended(1, MakeFailure(FailureKind::kModelNotFound), kNow);
  governor.Ask(2, "p", "m");
  governor.Ask(3, "p", "n");
  governor.Ask(4, "q", "m");
  auto verdicts = governor.Grant(kNow);
  REQUIRE(verdicts.size() == 3);
  CHECK(std::get<Governor::Stopped>(verdicts[0]).id == 2);
  CHECK(std::get<Governor::Granted>(verdicts[1]).id == 3);
  CHECK(std::get<Governor::Granted>(verdicts[2]).id == 4);
}

TEST_CASE("governor: no 60 seconds hold more than the limit, primed or not, over random calls") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t most) {
      return std::uniform_int_distribution<int64_t>(0, most)(random);
    };
    Limits limits = Slots(1 + draw(9));
    limits.requests_per_minute = 1 + draw(40);
    Config config = MakeConfig(limits);
    std::vector<Time> sent;
    Time now = kNow;
    int64_t next = 1;
    for (int session = 0; session < 3; ++session) {
      Governor governor(config, seed);
      for (Time when : sent) {
        if (now - when < seconds(61)) governor.Prime("p", when);
      }
      std::set<int64_t> in_the_air;
      for (int step = 0; step < 1'500; ++step) {
        if (draw(2) == 0) governor.Ask(next++, "p", "m");
        for (int64_t id : Granted(governor, now)) {
          sent.push_back(now);
          in_the_air.insert(id);
        }
        REQUIRE(static_cast<int64_t>(in_the_air.size()) <= *limits.concurrency);
        REQUIRE(governor.in_the_air() == in_the_air.size());
        if (!in_the_air.empty() && draw(1) == 0) {
          int64_t id = *in_the_air.begin();
          in_the_air.erase(id);
          bool fails = draw(4) == 0;
          auto failure =
              fails ? std::optional(MakeFailure(FailureKind::kOverloaded)) : std::nullopt;
          draw(5) == 0 ? governor.Forget(id) : void(governor.Ended(id, failure, now));
        }
        auto chance = governor.NextChance(now);
        now = draw(3) == 0 && chance ? *chance : now + milliseconds(draw(800));
      }
    }
    CHECK(MostWithin(sent, seconds(60)) <= static_cast<size_t>(*limits.requests_per_minute));
    CHECK(sent.size() > 20);
  }
}

TEST_CASE("governor: the next chance it names is one") {
  Config config = MakeConfig();
  config.providers["p"].limits.requests_per_minute = 2;
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 7; ++id) governor.Ask(id, "p", "m");
  Time now = kNow;
  size_t granted = Granted(governor, now).size();
  while (granted < 7) {
    auto next = governor.NextChance(now);
    REQUIRE(next);
    REQUIRE(*next > now);
    CHECK(governor.Grant(*next - milliseconds(1)).empty());
    now = *next;
    size_t more = Granted(governor, now).size();
    CHECK(more > 0);
    granted += more;
  }
}

TEST_CASE("governor: says why calls wait") {
  Config config = MakeConfig(Slots(1));
  Governor governor(config, 1);
  CHECK(governor.WhyWaiting(kNow).empty());
  governor.Ask(1, "p", "m");
  governor.Ask(2, "p", "m");
  Granted(governor, kNow);
  auto lines = governor.WhyWaiting(kNow);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("1 call waiting: p has 1 of 1") != std::string::npos);
}

}  // namespace
}  // namespace muster
