#include "supervisor/governor/budget.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <vector>

namespace muster {
namespace {

using Room = Budget::Room;

constexpr Picodollars kDollar = kPicodollarsPerDollar;

Config Capped(std::optional<Picodollars> run, std::optional<Picodollars> item = std::nullopt,
              std::optional<Picodollars> p = std::nullopt) {
  Config config;
  config.budget.max_cost = run;
  config.budget.max_cost_per_item = item;
  config.providers["p"].max_cost = p;
  config.providers["q"] = {};
  return config;
}

Budget::Claim ClaimOf(Picodollars worst, const std::string& provider = "p",
                      const std::string& item = "i") {
  return {provider, item, worst};
}

TEST_CASE("budget: what exactly fills the cap goes, one picodollar more does not") {
  Budget budget{Capped(10 * kDollar)};
  budget.AddBooked("p", 4 * kDollar);
  CHECK(budget.Ask(ClaimOf(6 * kDollar)).room == Room::kYes);
  auto full = budget.Ask(ClaimOf(6 * kDollar + 1));
  CHECK(full.room == Room::kNever);
  CHECK(full.why.find("the budget of the run") != std::string::npos);
  CHECK(full.why.find("$10.00") != std::string::npos);
  CHECK(full.why.find("the next call can cost") != std::string::npos);
}

TEST_CASE("budget: what the calls in the air may cost keeps others waiting, not for ever") {
  Budget budget{Capped(10 * kDollar)};
  budget.Reserve(ClaimOf(6 * kDollar));
  CHECK(budget.Ask(ClaimOf(4 * kDollar)).room == Room::kYes);
  auto later = budget.Ask(ClaimOf(5 * kDollar));
  CHECK(later.room == Room::kLater);
  CHECK(later.why == "what is left of the budget of the run is reserved for calls in the air");
  budget.Settle(ClaimOf(6 * kDollar), kDollar);
  CHECK(budget.Ask(ClaimOf(9 * kDollar)).room == Room::kYes);
  CHECK(budget.Ask(ClaimOf(9 * kDollar + 1)).room == Room::kNever);
}

TEST_CASE("budget: without a cap everything goes, also what nobody can bound") {
  Budget budget{Capped(std::nullopt)};
  CHECK_FALSE(budget.capped());
  CHECK(budget.Ask({"p", "i", std::nullopt}).room == Room::kYes);
  budget.Reserve({"p", "i", std::nullopt});
  budget.Settle({"p", "i", std::nullopt}, 1'000 * kDollar);
  CHECK(budget.Ask(ClaimOf(1'000'000 * kDollar)).room == Room::kYes);
  CHECK(budget.TakeWarning() == "");
}

TEST_CASE("budget: with any cap, what nobody can bound is refused") {
  for (const Config& config : {Capped(kDollar), Capped({}, kDollar), Capped({}, {}, kDollar)}) {
    Budget budget{config};
    CHECK(budget.capped());
    auto answer = budget.Ask({"p", "i", std::nullopt});
    CHECK(answer.room == Room::kUnbounded);
    CHECK_FALSE(answer.why.empty());
  }
}

TEST_CASE("budget: a provider's cap holds for it alone") {
  Budget budget{Capped({}, {}, 10 * kDollar)};
  budget.AddBooked("p", 8 * kDollar);
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "q")).room == Room::kYes);
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p")).room == Room::kNever);
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p")).whose == Budget::Whose::kProvider);
  budget.Reserve(ClaimOf(2 * kDollar));
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p")).room == Room::kLater);
}

TEST_CASE("budget: an item's cap holds for it alone, over all its calls") {
  Budget budget{Capped({}, 10 * kDollar)};
  CHECK(budget.items_capped());
  CHECK_FALSE(budget.knows("a"));
  budget.AddBookedForItem("a", 8 * kDollar);
  CHECK(budget.knows("a"));
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p", "b")).room == Room::kYes);
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p", "a")).room == Room::kNever);
  CHECK(budget.Ask(ClaimOf(3 * kDollar, "p", "a")).whose == Budget::Whose::kItem);
  budget.Reserve(ClaimOf(kDollar, "p", "a"));
  CHECK(budget.Ask(ClaimOf(2 * kDollar, "q", "a")).room == Room::kLater);
  budget.Settle(ClaimOf(kDollar, "p", "a"), kDollar);
  CHECK(budget.Ask(ClaimOf(2 * kDollar, "q", "a")).room == Room::kNever);
  budget.ForgetItem("a");
  CHECK_FALSE(budget.knows("a"));
}

TEST_CASE(
    "budget: a call that costs nothing goes under a full cap, but not over an overdrawn one") {
  Budget budget{Capped(kDollar)};
  budget.AddBooked("p", kDollar);
  CHECK(budget.Ask(ClaimOf(0)).room == Room::kYes);
  CHECK(budget.Ask(ClaimOf(1)).room == Room::kNever);
  budget.AddBooked("p", 1);
  CHECK(budget.Ask(ClaimOf(0)).room == Room::kNever);
}

TEST_CASE("budget: another cap counts from now on") {
  Budget budget{Capped(kDollar)};
  budget.AddBooked("p", kDollar);
  CHECK(budget.Ask(ClaimOf(1)).room == Room::kNever);
  budget.SetCap(2 * kDollar);
  CHECK(budget.cap() == 2 * kDollar);
  CHECK(budget.Ask(ClaimOf(kDollar)).room == Room::kYes);
  budget.SetCap(std::nullopt);
  CHECK_FALSE(budget.capped());
  CHECK(budget.Ask(ClaimOf(100 * kDollar)).room == Room::kYes);
  budget.SetCap(kDollar / 2);
  CHECK(budget.Ask(ClaimOf(1)).room == Room::kNever);
}

TEST_CASE("budget: it warns once at its share of the cap, and once more under another cap") {
  Config config = Capped(10 * kDollar);
  config.budget.warn_at = 0.75;
  Budget budget{config};
  budget.AddBooked("p", 7 * kDollar);
  CHECK(budget.TakeWarning() == "");
  budget.AddBooked("q", kDollar);
  CHECK(budget.TakeWarning() == "80 % of the budget is used: $8.00 of $10.00");
  budget.AddBooked("q", kDollar);
  CHECK(budget.TakeWarning() == "");
  budget.SetCap(20 * kDollar);
  CHECK(budget.TakeWarning() == "");
  budget.SetCap(9 * kDollar);
  CHECK(budget.TakeWarning() == "100 % of the budget is used: $9.00 of $9.00");
}

TEST_CASE("budget: amounts too large to add count as too large, not as small") {
  Budget budget{Capped(kDollar)};
  budget.AddBooked("p", INT64_MAX);
  budget.AddBooked("p", INT64_MAX);
  CHECK(budget.Ask(ClaimOf(1)).room == Room::kNever);
  Budget fresh{Capped(kDollar)};
  fresh.Reserve(ClaimOf(1));
  CHECK(fresh.Ask(ClaimOf(INT64_MAX)).room == Room::kLater);
}

// ---- never over a cap, whatever comes back ----

// One worker's call: what it may cost, and what it will.
struct Flying {
  Budget::Claim claim;
  Picodollars counted = 0;
};

// The same sums kept in the dullest way: a list of what ended and of what is in the air.
struct Ledger64 {
  std::vector<std::pair<Budget::Claim, Picodollars>> booked;
  std::array<std::optional<Flying>, 64> air;

  using Whose = bool (*)(const Budget::Claim&, const Budget::Claim&);
  Picodollars Sum(const Budget::Claim& claim, Whose same, bool with_air) const {
    Picodollars sum = 0;
    for (const auto& [whose, amount] : booked) sum += same(claim, whose) ? amount : 0;
    for (const auto& each : air) {
      if (with_air && each && same(claim, each->claim)) sum += *each->claim.worst;
    }
    return sum;
  }
};

bool OfRun(const Budget::Claim&, const Budget::Claim&) { return true; }
bool OfProvider(const Budget::Claim& a, const Budget::Claim& b) { return a.provider == b.provider; }
bool OfItem(const Budget::Claim& a, const Budget::Claim& b) { return a.item == b.item; }

void RunToTheEnd(uint64_t seed) {
  std::mt19937_64 random(seed);
  auto draw = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random);
  };
  auto maybe = [&](int64_t most) {
    return draw(0, 2) == 0 ? std::nullopt : std::optional<Picodollars>(draw(1, most));
  };
  Config config = Capped(draw(1, 20'000), maybe(2'000), maybe(15'000));
  Budget budget{config};
  Ledger64 ledger;
  const std::tuple<Ledger64::Whose, std::optional<Picodollars>, Budget::Whose> caps[] = {
      {OfItem, config.budget.max_cost_per_item, Budget::Whose::kItem},
      {OfProvider, config.providers["p"].max_cost, Budget::Whose::kProvider},
      {OfRun, config.budget.max_cost, Budget::Whose::kRun}};
  for (int step = 0; step < 400; ++step) {
    std::optional<Flying>& worker = ledger.air[static_cast<size_t>(draw(0, 63))];
    if (worker) {
      budget.Settle(worker->claim, worker->counted);
      ledger.booked.emplace_back(worker->claim, worker->counted);
      worker.reset();
      continue;
    }
    Budget::Claim claim = ClaimOf(draw(0, 9) == 0 ? 0 : draw(1, 1'500), draw(0, 1) ? "p" : "q",
                                  "item " + std::to_string(draw(1, 8)));
    Room expected = Room::kYes;
    Budget::Whose full = Budget::Whose::kRun;
    for (const auto& [whose, cap, account] : caps) {
      if (!cap || (whose == OfProvider && claim.provider == "q") || expected != Room::kYes)
        continue;
      if (ledger.Sum(claim, whose, true) + *claim.worst <= *cap) continue;
      bool in_the_air = ledger.Sum(claim, whose, true) > ledger.Sum(claim, whose, false);
      expected = in_the_air ? Room::kLater : Room::kNever;
      full = account;
    }
    REQUIRE(budget.Ask(claim).room == expected);
    REQUIRE(budget.Ask(claim).whose == full);
    if (expected != Room::kYes) continue;
    budget.Reserve(claim);
    // Unknown outcomes count at worst, free ones not at all.
    int64_t fate = draw(0, 4);
    worker = Flying{claim, fate == 0 ? *claim.worst : fate == 1 ? 0 : draw(0, *claim.worst)};
    for (const auto& [who, cap, account] : caps) {
      if (!cap || (who == OfProvider && claim.provider == "q")) continue;
      REQUIRE(ledger.Sum(claim, who, true) <= *cap);
    }
  }
}

TEST_CASE("budget: 64 workers never pass any cap, over a thousand random runs") {
  for (uint64_t seed = 1; seed <= 1'000; ++seed) {
    CAPTURE(seed);
    RunToTheEnd(seed);
  }
}

}  // namespace
}  // namespace muster
