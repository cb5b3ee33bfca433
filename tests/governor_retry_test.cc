// What follows from each kind of failure: another try, and when; or none.

#include <doctest/doctest.h>

#include <algorithm>

#include "supervisor/governor/governor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

const Time kNow{hours(1'000)};

Config MakeConfig() {
  Config config;
  config.providers["p"] = {};
  config.providers["q"] = {};
  return config;
}

std::vector<int64_t> Granted(Governor& governor, Time now) {
  std::vector<int64_t> ids;
  for (const auto& verdict : governor.Grant(now)) {
    if (auto* granted = std::get_if<Governor::Granted>(&verdict)) ids.push_back(granted->id);
  }
  return ids;
}

using Ids = std::vector<int64_t>;

TEST_CASE("governor: a longer wait than max_wait stops the lane instead") {
  for (FailureKind kind : {FailureKind::kRateLimited, FailureKind::kOverloaded}) {
    CAPTURE(Name(kind));
    Config config = MakeConfig();
    Governor governor(config, 1);
    governor.Ask(1, "p", "m");
    Granted(governor, kNow);
    int64_t just = config.retry.max_wait.count();
    CHECK(
        std::holds_alternative<Governor::Retry>(governor.Ended(1, MakeFailure(kind, just), kNow)));
    CHECK(Granted(governor, kNow + milliseconds(just)) == Ids{1});
    auto after = governor.Ended(1, MakeFailure(kind, just + 1), kNow);
    REQUIRE(std::holds_alternative<Governor::StopLane>(after));
    CHECK(std::get<Governor::StopLane>(after).newly);
    CHECK(governor.StoppedLanes().size() == 1);
  }
}

// The waits before the tries of one call, until the governor gives up or `most` came.
std::vector<milliseconds> Waits(Governor& governor, const Failure& failure, size_t most = 1'000) {
  std::vector<milliseconds> waits;
  Time now = kNow;
  governor.Ask(1, "p", "m");
  while (waits.size() < most) {
    REQUIRE(Granted(governor, now) == Ids{1});
    auto after = governor.Ended(1, failure, now);
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

Failure Overloaded() { return MakeFailure(FailureKind::kOverloaded); }

TEST_CASE("governor: back-off is fully jittered below a doubling ceiling, and tries are counted") {
  Config config = MakeConfig();
  config.retry.attempts = 9;
  std::vector<milliseconds> longest(8), shortest(8, hours(1));
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Governor governor(config, seed);
    auto waits = Waits(governor, Overloaded());
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
  Config config = MakeConfig();
  config.retry.attempts = 1;
  Governor governor(config, 1);
  CHECK(Waits(governor, Overloaded()).empty());
}

TEST_CASE("governor: 429s do not use up a call's tries, but not without end") {
  Config config = MakeConfig();
  config.retry.attempts = 3;
  Governor governor(config, 1);
  auto waits = Waits(governor, MakeFailure(FailureKind::kRateLimited));
  CHECK(waits.size() == 30);
  for (milliseconds wait : waits) CHECK(wait <= config.retry.most);
}

TEST_CASE("governor: what each kind of failure means") {
  struct Row {
    FailureKind kind;
    size_t consequence;  // index in Governor::Consequence
  };
  for (Row row : {Row{FailureKind::kNetwork, 1},
                  {FailureKind::kOverloaded, 1},
                  {FailureKind::kRateLimited, 1},
                  {FailureKind::kBadReply, 1},
                  {FailureKind::kBadRequest, 2},
                  {FailureKind::kTooLarge, 2},
                  {FailureKind::kInternal, 2},
                  {FailureKind::kQuota, 3},
                  {FailureKind::kAuth, 3},
                  {FailureKind::kTls, 3},
                  {FailureKind::kModelNotFound, 3}}) {
    CAPTURE(Name(row.kind));
    Config config = MakeConfig();
    Governor governor(config, 1);
    governor.Ask(1, "p", "m");
    Granted(governor, kNow);
    CHECK(governor.Ended(1, MakeFailure(row.kind), kNow).index() == row.consequence);
    CHECK(governor.StoppedLanes().size() == (row.consequence == 3 ? 1 : 0));
    CHECK(governor.in_the_air() == 0);
  }
}

TEST_CASE("governor: a provider that nobody reached through all tries of a call is stopped") {
  Config config = MakeConfig();
  config.retry.attempts = 2;
  auto last = [&](bool answered_between) {
    Governor governor(config, 1);
    governor.Ask(1, "p", "m");
    governor.Ask(2, "p", "m");
    Granted(governor, kNow);
    governor.Ended(1, MakeFailure(FailureKind::kNetwork), kNow);
    if (answered_between) governor.Ended(2, std::nullopt, kNow);
    Granted(governor, kNow + hours(1));
    return governor.Ended(1, MakeFailure(FailureKind::kNetwork), kNow + hours(1)).index();
  };
  CHECK(last(false) == 3);
  CHECK(last(true) == 2);
}

}  // namespace
}  // namespace muster
