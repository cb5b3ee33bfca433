// What follows from each kind of failure: another try, and when; or none.

#include <doctest/doctest.h>

#include <algorithm>

#include "supervisor/governor/governor.h"
#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Time = Governor::Time;

TEST_CASE("governor: a 429 with Retry-After closes its model until then, for everyone") {
  Config config = GovernorConfig();
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  governor.Enqueue(2, AskOf());
  Granted(governor, kStart);
  auto after = governor.Ended(1, FailedBy(FailureKind::kRateLimited, 7'000), kStart);
  REQUIRE(std::holds_alternative<Governor::Retry>(after));
  CHECK(std::get<Governor::Retry>(after).not_before == kStart + seconds(7));
  governor.Ended(2, Answered(), kStart + seconds(1));
  governor.Enqueue(3, AskOf());
  governor.Enqueue(4, AskOf("q"));
  governor.Enqueue(5, AskOf("p", "n"));
  CHECK(Granted(governor, kStart + milliseconds(6'999)) == Ids{4, 5});
  CHECK(governor.NextChance(kStart + seconds(2)) == kStart + seconds(7));
  CHECK(governor.OpensAt("p/m", kStart) == kStart + seconds(7));
  CHECK(Granted(governor, kStart + seconds(7)) == Ids{1, 3});
}

TEST_CASE("governor: a 429 without Retry-After closes it too, for a jittered while") {
  std::set<Time> waits;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Config config = GovernorConfig();
    Governor governor(config, seed);
    governor.Enqueue(1, AskOf());
    Granted(governor, kStart);
    auto after =
        std::get<Governor::Retry>(governor.Ended(1, FailedBy(FailureKind::kRateLimited), kStart));
    governor.Enqueue(2, AskOf());
    if (after.not_before > kStart) {
      CHECK(Granted(governor, after.not_before - milliseconds(1)).empty());
    }
    CHECK(after.not_before <= kStart + config.retry.base);
    CHECK(Granted(governor, after.not_before) == Ids{1, 2});
    waits.insert(after.not_before);
  }
  CHECK(waits.size() > 30);
}

TEST_CASE("governor: calls that are tried again keep their order") {
  Config config = GovernorConfig(AtOnce(4));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 6; ++id) governor.Enqueue(id, AskOf());
  CHECK(Granted(governor, kStart) == Ids{1, 2, 3, 4});
  for (int64_t id : {3, 1, 4, 2}) {
    governor.Ended(id, FailedBy(FailureKind::kRateLimited, 5'000), kStart);
  }
  CHECK(Granted(governor, kStart + seconds(5)) == Ids{1, 2, 3, 4});
}

TEST_CASE("governor: a longer wait than max_wait stops the model instead, and says when to come") {
  for (FailureKind kind : {FailureKind::kRateLimited, FailureKind::kOverloaded}) {
    CAPTURE(Name(kind));
    Config config = GovernorConfig();
    Governor governor(config, 1);
    governor.tell_time = [](Time) { return "14:05"; };
    governor.Enqueue(1, AskOf());
    Granted(governor, kStart);
    int64_t just = config.retry.max_wait.count();
    CHECK(std::holds_alternative<Governor::Retry>(governor.Ended(1, FailedBy(kind, just), kStart)));
    CHECK(Granted(governor, kStart + milliseconds(just)) == Ids{1});
    governor.Enqueue(2, AskOf());
    governor.Enqueue(3, AskOf("p", "n"));
    auto after = governor.Ended(1, FailedBy(kind, just + 1), kStart + milliseconds(just));
    REQUIRE(std::holds_alternative<Governor::StopLane>(after));
    CHECK(std::get<Governor::StopLane>(after).why ==
          "it says " + std::string(Name(kind)) +
              "; it asks to wait 15m00s, longer than max_wait (15m00s); come back in 15m01s "
              "(14:05)");
    CHECK(governor.StoppedLanes().size() == 1);
    CHECK(Dropped(governor, kStart + milliseconds(just)) == Ids{2});
    CHECK(governor.in_the_air() == 1);  // the other model's
  }
}

// The waits before the tries of one call, until the governor gives up or `most` came.
std::vector<milliseconds> Waits(Governor& governor, const Governor::End& end,
                                size_t most = 100'000) {
  std::vector<milliseconds> waits;
  Time now = kStart;
  governor.Enqueue(1, AskOf());
  while (waits.size() < most) {
    REQUIRE(Granted(governor, now) == Ids{1});
    auto after = governor.Ended(1, end, now);
    if (!std::holds_alternative<Governor::Retry>(after)) {
      CHECK(std::holds_alternative<Governor::GiveUp>(after));
      break;
    }
    Time next = std::get<Governor::Retry>(after).not_before;
    waits.push_back(std::chrono::duration_cast<milliseconds>(next - now));
    now = next;
  }
  return waits;
}

TEST_CASE("governor: back-off is fully jittered below a doubling ceiling, and tries are counted") {
  Config config = GovernorConfig();
  config.retry.attempts = 9;
  std::vector<milliseconds> longest(8), shortest(8, hours(1));
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Governor governor(config, seed);
    auto waits = Waits(governor, FailedBy(FailureKind::kOverloaded));
    REQUIRE(waits.size() == 8);
    for (size_t i = 0; i < 8; ++i) {
      milliseconds ceiling = std::min(config.retry.base * (1 << i), config.retry.most);
      CHECK(waits[i] >= milliseconds(0));
      CHECK(waits[i] <= ceiling);
      longest[i] = std::max(longest[i], waits[i]);
      shortest[i] = std::min(shortest[i], waits[i]);
    }
  }
  for (size_t i = 0; i < 8; ++i) {
    milliseconds ceiling = std::min(config.retry.base * (1 << i), config.retry.most);
    CHECK(longest[i] > ceiling * 9 / 10);
    CHECK(shortest[i] < ceiling / 10);
  }
}

TEST_CASE("governor: with one attempt nothing is tried again") {
  Config config = GovernorConfig();
  config.retry.attempts = 1;
  Governor governor(config, 1);
  CHECK(Waits(governor, FailedBy(FailureKind::kOverloaded)).empty());
}

TEST_CASE("governor: 429s do not use up a call's tries, but not without end") {
  Config config = GovernorConfig();
  config.retry.attempts = 3;
  config.retry.give_up_after = minutes(10);
  Governor governor(config, 1);
  auto waits = Waits(governor, FailedBy(FailureKind::kRateLimited));
  CHECK(waits.size() > 10);
  milliseconds sum{0};
  for (milliseconds wait : waits) {
    CHECK(wait <= config.retry.most);
    sum += wait;
  }
  CHECK(sum > config.retry.give_up_after);
  CHECK(sum <= config.retry.give_up_after + config.retry.most);
}

TEST_CASE("governor: other failures end with give_up_after too, however many tries are left") {
  Config config = GovernorConfig();
  config.retry.attempts = 100;
  config.retry.give_up_after = minutes(10);
  Governor governor(config, 1);
  auto waits = Waits(governor, FailedBy(FailureKind::kServer));
  CHECK(waits.size() > 10);
  CHECK(waits.size() < 99);
}

TEST_CASE("governor: a 429 between two failures costs no attempt") {
  Config config = GovernorConfig();
  config.retry.attempts = 2;
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  Time now = kStart;
  auto fail = [&](FailureKind kind) {
    REQUIRE(Granted(governor, now += minutes(2)) == Ids{1});
    return governor.Ended(1, FailedBy(kind), now);
  };
  CHECK(std::holds_alternative<Governor::Retry>(fail(FailureKind::kServer)));
  for (int i = 0; i < 5; ++i) {
    CHECK(std::holds_alternative<Governor::Retry>(fail(FailureKind::kRateLimited)));
  }
  auto last = fail(FailureKind::kServer);
  REQUIRE(std::holds_alternative<Governor::GiveUp>(last));
  CHECK(std::get<Governor::GiveUp>(last).why == "it says server (tried 2 times)");
}

TEST_CASE("governor: what each kind of failure means") {
  enum { kRetry = 1, kGiveUp = 2, kStopLane = 3 };  // index in Governor::Consequence
  struct Row {
    FailureKind kind;
    size_t consequence;
  };
  for (Row row : {Row{FailureKind::kNetwork, kRetry},
                  {FailureKind::kTimeout, kRetry},
                  {FailureKind::kServer, kRetry},
                  {FailureKind::kOverloaded, kRetry},
                  {FailureKind::kRateLimited, kRetry},
                  {FailureKind::kBadReply, kRetry},
                  {FailureKind::kBadRequest, kGiveUp},
                  {FailureKind::kTooLarge, kGiveUp},
                  {FailureKind::kInternal, kGiveUp},
                  {FailureKind::kQuota, kStopLane},
                  {FailureKind::kAuth, kStopLane},
                  {FailureKind::kTls, kStopLane},
                  {FailureKind::kBadSchema, kStopLane},
                  {FailureKind::kModelNotFound, kStopLane}}) {
    CAPTURE(Name(row.kind));
    Config config = GovernorConfig();
    Governor governor(config, 1);
    governor.Enqueue(1, AskOf());
    Granted(governor, kStart);
    CHECK(governor.Ended(1, FailedBy(row.kind), kStart).index() == row.consequence);
    CHECK(governor.StoppedLanes().size() == (row.consequence == kStopLane ? 1 : 0));
    CHECK(governor.in_the_air() == 0);
    CHECK(governor.waiting() == (row.consequence == kRetry ? 1 : 0));
  }
}

TEST_CASE("governor: a provider that nobody reached through all tries of a call is stopped") {
  Config config = GovernorConfig();
  config.retry.attempts = 2;
  auto last = [&](bool answered_between) {
    Governor governor(config, 1);
    governor.Enqueue(1, AskOf());
    governor.Enqueue(2, AskOf());
    Granted(governor, kStart);
    governor.Ended(1, FailedBy(FailureKind::kNetwork), kStart);
    if (answered_between) governor.Ended(2, Answered(), kStart);
    Granted(governor, kStart + hours(1));
    return governor.Ended(1, FailedBy(FailureKind::kNetwork), kStart + hours(1));
  };
  CHECK(std::holds_alternative<Governor::StopLane>(last(false)));
  CHECK(std::holds_alternative<Governor::GiveUp>(last(true)));
}

TEST_CASE("governor: tokens that a refused call did not use are free again") {
  Limits limits;
  limits.tokens_per_minute = 1'000;
  Config config = GovernorConfig(limits);
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf("p", "m", {900, 0}));
  Granted(governor, kStart);
  governor.Ended(1, FailedBy(FailureKind::kRateLimited, 1'000), kStart);
  CHECK(Granted(governor, kStart + seconds(1)) == Ids{1});
}

}  // namespace
}  // namespace muster
