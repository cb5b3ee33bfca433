// What the ledger keeps of a try beyond its tokens and cost: cache writes for an hour, the service
// tier, the provider's own figure, the beginning of an answer that broke off.

#include "supervisor/ledger/schema.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

using record::TryOutcome;

// The one column `name` of the tries of a file, by call.
std::vector<std::optional<std::string>> Column(const std::string& path, const std::string& name) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  REQUIRE(database);
  std::vector<std::optional<std::string>> values;
  std::string sql = "SELECT " + name + " FROM tries ORDER BY call";
  Rows rows = (*database)->Query(sql);
  while (rows.Next()) {
    values.push_back(rows.IsNull(0) ? std::nullopt : std::optional(rows.Text(0)));
  }
  REQUIRE_FALSE(rows.failed());
  return values;
}

record::TryEnded BrokenOff(int64_t call, std::optional<std::string> partial) {
  record::TryEnded ended = EndTry(call, TryOutcome::kUnknown);
  ended.partial = std::move(partial);
  return ended;
}

TEST_CASE("ledger: tier, own figure and cache writes for an hour are kept with the try") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger");
  CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"), StartTry(1, "a"), StartTry(2, "b"));
  record::TryEnded answered = Answered(1, "x", 70);
  answered.usage = Usage{.input = 100,
                         .cached = 20,
                         .cache_write = 30,
                         .output = 5,
                         .reasoning = 1,
                         .cache_write_1h = 7};
  answered.tier = "flex";
  answered.own_cost = 68;
  CommitAll(ledger, answered, EndTry(2, TryOutcome::kFailed, 0));
  std::string path = dir / "ledger";
  CHECK(Column(path, "tier") == std::vector<std::optional<std::string>>{"flex", ""});
  CHECK(Column(path, "own_cost") == std::vector<std::optional<std::string>>{"68", std::nullopt});
  CHECK(Column(path, "cache_write_1h") ==
        std::vector<std::optional<std::string>>{"7", std::nullopt});
  CHECK(ledger.view().RunTotals().usage == *answered.usage);
  CHECK(ledger.view().ItemTotals("a").usage == *answered.usage);
}

TEST_CASE("ledger: providers' own figures are summed beside ours of the same tries") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a"), StartTry(2, "b"), StartTry(3, "c"));
  record::TryEnded one = Answered(1, "x", 70), two = Answered(2, "y", std::nullopt);
  one.own_cost = (Picodollars{5} << 32) + 9;
  two.own_cost = 11;
  CommitAll(ledger, one, two, Answered(3, "z", 1'000));
  Totals run = ledger.view().RunTotals();
  CHECK(run.own_costs == 2);
  CHECK(run.own_cost == (Picodollars{5} << 32) + 20);
  CHECK(run.cost_beside_own == 70);
  CHECK(run.cost == 1'070);
  Totals item = ledger.view().ItemTotals("c");
  CHECK(item.own_costs == 0);
  CHECK(item.own_cost == 0);
}

TEST_CASE("ledger: of an answer that broke off the first 64 KB are kept, whole characters") {
  struct Case {
    std::string name, given;
    std::optional<size_t> kept;  // bytes
  };
  const size_t most = record::kMostPartialBytes;
  const std::vector<Case> cases{
      {"none", "", std::nullopt},
      {"short", "once upon", 9},
      {"just", std::string(most, 'x'), most},
      {"one more", std::string(most + 1, 'x'), most},
      {"cut in two", std::string(most - 1, 'x') + "é and more", most - 1},
      {"cut in four", std::string(most - 3, 'x') + "😀 and more", most - 3},
      {"ends with it", std::string(most - 4, 'x') + "😀 and more", most},
      {"no UTF-8", std::string(most + 9, '\x80'), most - 3},
      {"holds a zero", std::string("a\0b", 3), 3}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    TempDir dir;
    Ledger ledger = OpenAt(dir / "ledger");
    CommitAll(ledger, MakeItem(1, "a"), StartTry(1, "a"));
    CommitAll(ledger, BrokenOff(1, c.given));
    auto kept = Column(dir / "ledger", "partial");
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].has_value() == c.kept.has_value());
    if (c.kept) CHECK((*kept[0] == c.given.substr(0, *c.kept)));
  }
}

TEST_CASE("ledger: what is kept of a broken answer is never an answer") {
  Ledger ledger = ThreeItems();
  CommitAll(ledger, StartTry(1, "a"));
  CommitAll(ledger, BrokenOff(1, "half an answer"));
  auto call = ledger.view().FindCall("a", "chat", 1, "hash");
  REQUIRE(call);
  CHECK_FALSE(call->answer);
  CHECK(call->tries == 1);
}

TEST_CASE("ledger: one of version 2 is refused by its version, and not changed") {
  TempDir dir;
  {
    WriteBytes(dir / "old", "");
    auto database = Database::Open(dir / "old", Database::Access::kReadWrite);
    REQUIRE(database);
    REQUIRE((*database)->Run("CREATE TABLE tries(call INTEGER, cache_write INTEGER)"));
    REQUIRE((*database)->Run("PRAGMA application_id = 1836413812"));  // "must"
    REQUIRE((*database)->Run("PRAGMA user_version = 2"));
  }
  CHECK(kLedgerVersion == 5);
  std::string before = ReadBytes(dir / "old");
  auto ledger = Ledger::Open(dir / "old", TestSession());
  REQUIRE_FALSE(ledger);
  CHECK_MESSAGE(
      ledger.error().find("has version 2, this muster knows version 5") != std::string::npos,
      ledger.error());
  auto view = LedgerView::Open(dir / "old");
  REQUIRE_FALSE(view);
  CHECK_MESSAGE(view.error().find("has version 2") != std::string::npos, view.error());
  CHECK((ReadBytes(dir / "old") == before));
}

}  // namespace
}  // namespace muster
