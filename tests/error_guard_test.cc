#include "supervisor/governor/error_guard.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace muster {
namespace {

Guard MakeGuard(std::optional<int64_t> in_a_row, std::optional<double> rate = std::nullopt) {
  Guard guard;
  guard.consecutive_errors = in_a_row;
  guard.error_rate = rate;
  return guard;
}

TEST_CASE("error guard: without settings nothing stops the run") {
  ErrorGuard guard{Guard()};
  for (int i = 0; i < 10'000; ++i) guard.FailedForGood("no");
  CHECK(guard.verdict() == "");
}

TEST_CASE("error guard: so many in a row stop it, and an answer begins the row anew") {
  ErrorGuard guard{MakeGuard(3)};
  for (int i = 0; i < 20; ++i) {
    guard.FailedForGood("no");
    guard.FailedForGood("no");
    guard.Answered();
  }
  CHECK(guard.verdict() == "");
  guard.FailedForGood("no");
  guard.FailedForGood("no");
  CHECK(guard.verdict() == "");
  guard.FailedForGood("the last straw");
  CHECK(guard.verdict() == "3 calls in a row failed, the last one: the last straw");
}

TEST_CASE("error guard: the first verdict stands") {
  ErrorGuard guard{MakeGuard(1)};
  guard.FailedForGood("one");
  std::string verdict = guard.verdict();
  guard.Answered();
  guard.FailedForGood("two");
  CHECK(guard.verdict() == verdict);
}

TEST_CASE("error guard: a share is not judged before fifty calls have ended") {
  ErrorGuard guard{MakeGuard(std::nullopt, 0.5)};
  for (int i = 0; i < 49; ++i) guard.FailedForGood("no");
  CHECK(guard.verdict() == "");
  guard.FailedForGood("no");
  CHECK(guard.verdict() == "50 of the latest 50 calls failed, the last one: no");
}

TEST_CASE("error guard: the share is that of the latest fifty calls, as a list of all says") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> share(0, 1);
    double rate = 0.02 + 0.9 * share(random), trouble = rate * (0.5 + 0.6 * share(random));
    ErrorGuard guard{MakeGuard(std::nullopt, rate)};
    std::vector<bool> all;
    bool stopped = false;
    for (int i = 0; i < 500; ++i) {
      all.push_back(share(random) < trouble);
      all.back() ? guard.FailedForGood("no") : guard.Answered();
      auto failed = all.size() < 50 ? 0 : std::count(all.end() - 50, all.end(), true);
      stopped = stopped || (all.back() && failed > 0 && static_cast<double>(failed) / 50 >= rate);
      REQUIRE(guard.verdict().empty() == !stopped);
    }
  }
}

}  // namespace
}  // namespace muster
