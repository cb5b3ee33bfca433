// What the governor tells people, and what they can change while it works.

#include <doctest/doctest.h>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

const Governor::LaneStatus& StatusOf(const std::vector<Governor::LaneStatus>& all,
                                     const std::string& name) {
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const Governor::LaneStatus& each) { return each.name == name; });
  REQUIRE(found != all.end());
  return *found;
}

TEST_CASE("governor: says why calls wait") {
  Config config = GovernorConfig(AtOnce(1));
  Governor governor(config, 1);
  CHECK(governor.WhyWaiting(kStart).empty());
  governor.Enqueue(1, AskOf());
  CHECK(governor.WhyWaits(1, kStart) == "it is next");
  governor.Enqueue(2, AskOf());
  governor.Enqueue(3, AskOf("p", "n"));
  governor.Enqueue(4, AskOf("p", "n"));
  Granted(governor, kStart);
  CHECK(governor.WhyWaits(1, kStart) == "");
  CHECK(governor.WhyWaits(99, kStart) == "");
  CHECK(governor.WhyWaits(2, kStart) == "p has 1 of 1 calls in the air");
  CHECK(governor.WhyWaiting(kStart) ==
        std::vector<std::string>{"1 call waiting: p has 1 of 1 calls in the air",
                                 "2 calls waiting: p has 1 of 1 calls in the air"});
}

TEST_CASE("governor: says when calls that failed are tried again") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  Granted(governor, kStart);
  auto after = std::get<Governor::Retry>(governor.Ended(1, FailedBy(FailureKind::kServer), kStart));
  CHECK(after.why == "it says server");
  CHECK(governor.waiting() == 1);
  CHECK(governor.WhyWaits(1, after.not_before - milliseconds(1)) == "to be tried again in 1 ms");
  CHECK(governor.WhyWaiting(after.not_before) ==
        std::vector<std::string>{"1 call: to be tried again in 0 ms"});
}

TEST_CASE("governor: says what the budget has to do with it") {
  Config config = GovernorConfig();
  config.budget.max_cost = 100;
  Governor governor(config, 1);
  Governor::Ask ask = AskOf();
  ask.worst = 60;
  governor.Enqueue(1, ask);
  governor.Enqueue(2, ask);
  Granted(governor, kStart);
  CHECK(governor.WhyWaits(2, kStart) ==
        "what is left of the budget of the run is reserved for calls in the air");
}

TEST_CASE("governor: while it is paused nothing goes, and nothing is lost") {
  Config config = GovernorConfig(AtOnce(2));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 4; ++id) governor.Enqueue(id, AskOf());
  CHECK(Granted(governor, kStart) == Ids{1, 2});
  governor.Pause(true);
  CHECK(governor.paused());
  governor.Ended(1, Answered(), kStart);
  governor.Ended(2, FailedBy(FailureKind::kServer), kStart);
  CHECK(governor.Grant(kStart + hours(1)).empty());
  CHECK(governor.NextChance(kStart) == std::nullopt);
  CHECK(governor.OpensAt("p/m", kStart) == std::nullopt);
  CHECK(governor.Room("p/m", kStart) == 0);
  CHECK(governor.WhyWaits(3, kStart) == "the run is paused");
  governor.Pause(false);
  CHECK(Granted(governor, kStart + hours(2)) == Ids{2, 3});
}

TEST_CASE("governor: a limit that is changed holds from the next call on") {
  Config config = GovernorConfig(AtOnce(1));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 9; ++id) governor.Enqueue(id, AskOf());
  CHECK(Granted(governor, kStart) == Ids{1});
  CHECK(*governor.SetLimit("p", "concurrency", "3") == "1");
  CHECK(Granted(governor, kStart) == Ids{2, 3});
  CHECK(*governor.SetLimit("p/m", "concurrency", "4") == "none");
  CHECK(*governor.SetLimit("p", "concurrency", "") == "3");
  CHECK(Granted(governor, kStart) == Ids{4});
  CHECK(*governor.SetLimit("", "concurrency", "6") == "none");
  CHECK(*governor.SetLimit("p/m", "concurrency", "") == "4");
  CHECK(Granted(governor, kStart) == Ids{5, 6});
}

TEST_CASE("governor: a limit that cannot be is refused, and the error says what there is") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  CHECK(governor.SetLimit("r", "concurrency", "3").error() ==
        "no provider is called \"r\"; there are: p, q");
  CHECK_FALSE(governor.SetLimit("r/m", "concurrency", "3"));
  CHECK_FALSE(governor.SetLimit("key KEY", "concurrency", "3"));
  CHECK_FALSE(governor.SetLimit("p", "colour", "3"));
  CHECK_FALSE(governor.SetLimit("p", "concurrency", "0"));
  for (int64_t id = 1; id <= 20; ++id) governor.Enqueue(id, AskOf());
  CHECK(Granted(governor, kStart).size() == 20);
}

TEST_CASE("governor: the state of every lane that was used") {
  Config config = GovernorConfig(AtOnce(3));
  config.providers["p"].key_env = "KEY";
  Governor governor(config, 1);
  CHECK(governor.LaneStatuses(kStart).empty());
  for (int64_t id = 1; id <= 5; ++id) governor.Enqueue(id, AskOf());
  governor.Enqueue(6, AskOf("q"));
  Granted(governor, kStart);
  auto all = governor.LaneStatuses(kStart);
  CHECK(all.size() == 6);
  CHECK(StatusOf(all, "the run").in_the_air == 4);
  CHECK(StatusOf(all, "the run").slots == std::nullopt);
  CHECK(StatusOf(all, "key KEY").in_the_air == 3);
  CHECK(StatusOf(all, "p").slots == 3);
  CHECK(StatusOf(all, "p").opens == std::nullopt);
  const auto& model = StatusOf(all, "p/m");
  CHECK(model.in_the_air == 3);
  CHECK(model.waiting == 2);
  CHECK(model.why == "p has 3 of 3 calls in the air");
  CHECK(StatusOf(all, "q/m").waiting == 0);
  CHECK(StatusOf(all, "q/m").why == "");
  CHECK(StatusOf(all, "q/m").opens == kStart);
  governor.Ended(1, FailedBy(FailureKind::kAuth), kStart);
  CHECK(StatusOf(governor.LaneStatuses(kStart), "key KEY").stopped ==
        "it says auth (its key is taken from KEY)");
}

TEST_CASE("governor: room is what all of a call's lanes leave, less what waits already") {
  Config config = GovernorConfig(AtOnce(10));
  config.limits = AtOnce(8);
  config.providers["p"].models["m"].limits = AtOnce(6);
  Governor governor(config, 1);
  CHECK(governor.Room("p/m", kStart) == 6);
  CHECK(governor.Room("p/n", kStart) == 8);
  CHECK(governor.OpensAt("p/m", kStart) == kStart);
  for (int64_t id = 1; id <= 3; ++id) governor.Enqueue(id, AskOf("p", "n"));
  Granted(governor, kStart);
  CHECK(governor.Room("p/m", kStart) == 5);
  for (int64_t id = 4; id <= 5; ++id) governor.Enqueue(id, AskOf());
  CHECK(governor.Room("p/m", kStart) == 3);
  Governor free(config = GovernorConfig(), 1);
  CHECK(free.Room("p/m", kStart) == std::nullopt);
}

TEST_CASE("governor: a call waits long where its lane gives no room for a while") {
  Config config = GovernorConfig();
  config.providers["p"].limits.requests_per_minute = 1;
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  governor.Enqueue(2, AskOf());
  CHECK_FALSE(governor.WaitsLong(1, kStart));
  Granted(governor, kStart);
  CHECK_FALSE(governor.WaitsLong(1, kStart));  // it is in the air
  CHECK(governor.WaitsLong(2, kStart));
  CHECK_FALSE(governor.WaitsLong(2, kStart + seconds(60)));
  CHECK_FALSE(governor.WaitsLong(99, kStart));
}

TEST_CASE("governor: a warning about the budget is told once") {
  Config config = GovernorConfig();
  config.budget.max_cost = 1'000;
  Governor governor(config, 1);
  std::vector<std::string> told;
  governor.notice = [&](const std::string& text) { told.push_back(text); };
  Governor::Ask ask = AskOf();
  ask.worst = 100;
  for (int64_t id = 1; id <= 9; ++id) {
    governor.Enqueue(id, ask);
    REQUIRE(Granted(governor, kStart) == Ids{id});
    Governor::End end;
    end.counted = 100;
    governor.Ended(id, end, kStart);
  }
  governor.Grant(kStart);
  REQUIRE(told.size() == 1);
  CHECK(Contains(told[0], "80 % of the budget is used"));
}

}  // namespace
}  // namespace muster
