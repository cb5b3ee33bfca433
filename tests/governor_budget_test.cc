// What the budget keeps waiting, and what it stops.

#include <doctest/doctest.h>

#include <random>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using Time = Governor::Time;

Governor::Ask Worst(Picodollars worst, const std::string& provider = "p") {
  Governor::Ask ask = AskOf(provider);
  ask.worst = worst;
  return ask;
}

TEST_CASE("governor: a used budget stops the run once the calls in the air have ended") {
  Config config = GovernorConfig();
  config.budget.max_cost = 100;
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 4; ++id) governor.Enqueue(id, Worst(40));
  CHECK(Granted(governor, kStart) == Ids{1, 2});
  Governor::End end;
  end.counted = 10;
  governor.Ended(1, end, kStart);
  CHECK(Granted(governor, kStart) == Ids{3});
  end.counted = 40;
  governor.Ended(2, end, kStart);
  CHECK(governor.Grant(kStart).empty());
  CHECK(governor.why_stop() == "");
  governor.Ended(3, end, kStart);
  CHECK(Dropped(governor, kStart) == Ids{4});
  CHECK(Contains(governor.why_stop(), "the budget of the run"));
}

TEST_CASE("governor: every try reserves anew") {
  Config config = GovernorConfig();
  config.budget.max_cost = 100;
  Governor governor(config, 1);
  governor.Enqueue(1, Worst(40));
  Time now = kStart;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(Granted(governor, now) == Ids{1});
    Governor::End end = FailedBy(FailureKind::kTimeout);
    end.counted = 40;
    CHECK(std::holds_alternative<Governor::Retry>(governor.Ended(1, end, now)));
    now += minutes(2);
  }
  CHECK(Dropped(governor, now) == Ids{1});
}

TEST_CASE("governor: a provider's used budget stops it alone") {
  Config config = GovernorConfig();
  config.providers["p"].max_cost = 100;
  Governor governor(config, 1);
  governor.budget().AddBooked("p", 90);
  governor.Enqueue(1, Worst(20));
  governor.Enqueue(2, Worst(20, "q"));
  Ids granted, stopped;
  for (int turn = 0; turn < 2; ++turn) {
    auto verdicts = governor.Grant(kStart);
    for (int64_t id : IdsOf<Governor::Granted>(verdicts)) granted.push_back(id);
    for (int64_t id : IdsOf<Governor::Stopped>(verdicts)) stopped.push_back(id);
  }
  CHECK(granted == Ids{2});
  CHECK(stopped == Ids{1});
  CHECK(governor.why_stop() == "");
}

TEST_CASE("governor: what a provider's calls in the air may cost holds no other provider") {
  Config config = GovernorConfig();
  config.providers["p"].max_cost = 100;
  Governor governor(config, 1);
  governor.Enqueue(1, Worst(60));
  governor.Enqueue(2, Worst(60));
  governor.Enqueue(3, Worst(60, "q"));
  CHECK(Granted(governor, kStart) == Ids{1, 3});
}

TEST_CASE("governor: what an item's calls in the air may cost holds no other item") {
  Config config = GovernorConfig();
  config.budget.max_cost_per_item = 100;
  Governor governor(config, 1);
  governor.Enqueue(1, Worst(60));
  governor.Enqueue(2, Worst(60));
  Governor::Ask other = Worst(60);
  other.item = "j";
  governor.Enqueue(3, other);
  CHECK(Granted(governor, kStart) == Ids{1, 3});
  governor.Ended(1, Answered(), kStart);
  CHECK(Granted(governor, kStart) == Ids{2});
}

TEST_CASE("governor: an item over its budget, or a call without bounds, fails alone") {
  Config config = GovernorConfig();
  config.budget.max_cost_per_item = 100;
  Governor governor(config, 1);
  governor.Enqueue(1, Worst(200));
  governor.Enqueue(2, Worst(50));
  Governor::Ask unbounded = AskOf();
  governor.Enqueue(3, unbounded);
  auto verdicts = governor.Grant(kStart);
  CHECK(IdsOf<Governor::Refused>(verdicts) == Ids{1, 3});
  CHECK(IdsOf<Governor::Granted>(verdicts) == Ids{2});
  CHECK(governor.StoppedLanes().empty());
  CHECK(governor.waiting() == 0);
}

TEST_CASE("governor: 64 calls at once, tried again or lost, never pass the budget") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t least, int64_t most) {
      return std::uniform_int_distribution<int64_t>(least, most)(random);
    };
    Config config = GovernorConfig();
    config.budget.max_cost = draw(10'000, 50'000);
    Governor governor(config, seed);
    Picodollars spent = 0, at_worst = 0;
    GovernorWorld world(governor, [&](int64_t, Time) {
      Governor::End end;
      int64_t fate = draw(0, 9);
      if (fate == 0) end = FailedBy(FailureKind::kTimeout);
      if (fate == 1) end = FailedBy(FailureKind::kServer);
      end.counted = fate == 0 ? 500 : draw(0, 500);
      spent += end.counted;
      at_worst += 500;
      return GovernorWorld::Reply{milliseconds(draw(10, 3'000)), end};
    });
    world.KeepBusy(64, Worst(500));
    for (int i = 0; i < 4'000 && governor.why_stop().empty(); ++i) {
      world.RunUntil(world.now + milliseconds(100));
      REQUIRE(spent <= *config.budget.max_cost);  // what is in the air counts from the start
    }
    CHECK(at_worst > *config.budget.max_cost);
    CHECK(spent > *config.budget.max_cost - 500);
    CHECK(Contains(governor.why_stop(), "the budget of the run"));
    CHECK(world.given_up.empty());
  }
}

}  // namespace
}  // namespace muster
