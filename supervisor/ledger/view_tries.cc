// What a ledger says of its tries: sums, money, when each was sent. The rest of LedgerView is in
// view.cc.

#include <compare>
#include <limits>

#include "supervisor/ledger/sqlite.h"
#include "supervisor/ledger/try_sums.h"
#include "supervisor/ledger/view.h"

namespace muster {
namespace {

using SentTry = LedgerView::SentTry;

constexpr int64_t kTriesAPage = 512;

// Money is summed in two halves, because SQLite's sum() fails when it overflows. Of an unknown try,
// and of one that ended without a cost, the worst case counts; Books::Sum (books.cc) and the
// running sums (try_sums.cc) count alike.
constexpr std::string_view kTotalColumns =
    "count(*), sum(t.outcome = 1), sum(t.outcome = 2), sum(t.outcome = 3),"
    " sum(t.outcome IN (1, 2) AND t.cost IS NULL AND t.worst IS NULL),"
    " sum(t.outcome IN (1, 2) AND t.cost IS NULL AND t.worst IS NOT NULL),"
    " sum(t.outcome = 3 AND t.worst IS NULL),"
    " sum(t.input), sum(t.cached), sum(t.cache_write), sum(t.cache_write_1h), sum(t.output),"
    " sum(t.reasoning),"
    " max(t.simulated), sum(t.cost >> 32), sum(t.cost & 4294967295),"
    " sum(iif(t.outcome = 3 OR (t.outcome <> 0 AND t.cost IS NULL), t.worst >> 32, 0)),"
    " sum(iif(t.outcome = 3 OR (t.outcome <> 0 AND t.cost IS NULL), t.worst & 4294967295, 0)),"
    " sum(t.cache_saving >> 32), sum(t.cache_saving & 4294967295),"
    " count(t.own_cost), sum(t.own_cost >> 32), sum(t.own_cost & 4294967295),"
    " sum(iif(t.own_cost IS NULL, 0, t.cost >> 32)),"
    " sum(iif(t.own_cost IS NULL, 0, t.cost & 4294967295)) ";

Picodollars JoinHalves(int64_t high, int64_t low) {
  return AddMoney(PriceOf(high, Picodollars{1} << 32), low);
}

// Reads kTotalColumns, the first of which is `at`.
Totals ReadTotals(const Rows& rows, int at = 0) {
  Totals totals;
  totals.tries = rows.Int(at);
  totals.calls = rows.Int(at + 1);
  totals.failed_tries = rows.Int(at + 2);
  totals.unknown_tries = rows.Int(at + 3);
  totals.unpriced = rows.Int(at + 4);
  totals.unknown_usage = rows.Int(at + 5);
  totals.unknown_unbounded = rows.Int(at + 6);
  totals.usage.input = rows.Int(at + 7);
  totals.usage.cached = rows.Int(at + 8);
  totals.usage.cache_write = rows.Int(at + 9);
  totals.usage.cache_write_1h = rows.Int(at + 10);
  totals.usage.output = rows.Int(at + 11);
  totals.usage.reasoning = rows.Int(at + 12);
  totals.simulated = rows.Int(at + 13) != 0;
  totals.cost = JoinHalves(rows.Int(at + 14), rows.Int(at + 15));
  totals.unknown_cost = JoinHalves(rows.Int(at + 16), rows.Int(at + 17));
  totals.cache_saving = JoinHalves(rows.Int(at + 18), rows.Int(at + 19));
  totals.own_costs = rows.Int(at + 20);
  totals.own_cost = JoinHalves(rows.Int(at + 21), rows.Int(at + 22));
  totals.cost_beside_own = JoinHalves(rows.Int(at + 23), rows.Int(at + 24));
  return totals;
}

Totals OneTotals(Rows&& rows) { return rows.Next() ? ReadTotals(rows) : Totals(); }

Picodollars Booked(const Totals& totals) { return AddMoney(totals.cost, totals.unknown_cost); }

// Where a page of tries ended.
struct TryPlace {
  int64_t started_ms, call, number;
  auto operator<=>(const TryPlace&) const = default;
};

SentTry ReadSent(const Rows& rows) {
  SentTry sent;
  sent.started_ms = rows.Int(0);
  sent.provider = rows.Text(3);
  sent.model = rows.Text(4);
  sent.ended = !rows.IsNull(5);
  sent.ended_ms = rows.Int(5);
  sent.input = rows.Int(6);
  sent.output = rows.Int(7);
  return sent;
}

// The tries behind `last`, which moves to the end of the page.
std::vector<SentTry> TryPage(Database& database, TryPlace* last) {
  std::vector<SentTry> page;
  Rows rows = database.Query(
      "SELECT t.started_ms, t.call, t.number, c.provider, c.model, t.ended_ms,"
      " coalesce(t.input, iif(t.outcome = 2, 0, t.input_estimate)),"
      " coalesce(t.output, iif(t.outcome = 2, 0, t.output_estimate))"
      " FROM tries t JOIN calls c USING(call) WHERE (t.started_ms, t.call, t.number) > (?, ?, ?)"
      " ORDER BY t.started_ms, t.call, t.number LIMIT ?",
      last->started_ms, last->call, last->number, kTriesAPage);
  while (rows.Next()) {
    TryPlace place{rows.Int(0), rows.Int(1), rows.Int(2)};
    if (place <= *last) {
      database.SetError("damaged: its tries are out of order");
      return {};
    }
    *last = place;
    page.push_back(ReadSent(rows));
  }
  return page;
}

}  // namespace

std::optional<CountedTry> FindCounted(Database& database, int64_t call, int64_t number) {
  static const std::string kSql = fmt::format(
      "SELECT t.session, t.worker, c.provider, c.model, t.worst, {} FROM tries t"
      " JOIN calls c USING(call) WHERE t.call = ? AND t.number = ?",
      kTotalColumns);
  Rows rows = database.Query(kSql, call, number);
  if (!rows.Next() || rows.Int(5) == 0) return std::nullopt;
  return CountedTry{{rows.Int(0), rows.Text(1), rows.Text(2), rows.Text(3)},
                    rows.OptionalInt(4),
                    ReadTotals(rows, 5)};
}

Totals LedgerView::RunTotals() const {
  Totals all;
  ForEachSum(*database_, std::nullopt, [&](const SumRow& row) { AddTotals(all, row.totals); });
  return all;
}

Totals LedgerView::SessionTotals(int64_t session) const {
  Totals all;
  ForEachSum(*database_, session, [&](const SumRow& row) { AddTotals(all, row.totals); });
  return all;
}

Totals LedgerView::ItemTotals(const std::string& item) const {
  static const std::string kSql = fmt::format(
      "SELECT {} FROM items i JOIN calls c USING(item) JOIN tries t USING(call) WHERE i.id = ?",
      kTotalColumns);
  return OneTotals(database_->Query(kSql, item));
}

std::map<std::string, Picodollars> LedgerView::BookedByProvider() const {
  std::map<std::string, Picodollars> booked;
  ForEachSum(*database_, std::nullopt, [&](const SumRow& row) {
    if (row.totals.tries == 0) return;
    Picodollars& sum = booked[row.key.provider];
    sum = AddMoney(sum, Booked(row.totals));
  });
  return booked;
}

Picodollars LedgerView::BookedForItem(const std::string& item) const {
  return Booked(ItemTotals(item));
}

std::vector<WorkerTotals> LedgerView::TotalsByWorker() const {
  std::map<std::string, WorkerTotals> workers;
  ForEachSum(*database_, std::nullopt, [&](const SumRow& row) {
    WorkerTotals& worker = workers[row.key.worker];
    worker.items_done = AddMoney(worker.items_done, row.items_done);
    AddTotals(worker.totals, row.totals);
  });
  std::vector<WorkerTotals> all;
  for (auto& [name, totals] : workers) {
    totals.worker = name;
    all.push_back(std::move(totals));
  }
  return all;
}

std::vector<UnknownTry> LedgerView::UnknownTries() const {
  std::vector<UnknownTry> unknown;
  Rows rows = database_->Query(
      "SELECT i.id, c.step, c.provider, c.model, t.started_ms, t.worst FROM tries t"
      " JOIN calls c USING(call) JOIN items i USING(item) WHERE t.outcome = 3"
      " ORDER BY t.call, t.number");
  while (rows.Next()) {
    unknown.push_back(
        {rows.Text(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Int(4), rows.OptionalInt(5)});
  }
  return unknown;
}

void LedgerView::ForEachTrySince(int64_t since_ms,
                                 const std::function<void(const SentTry&)>& take) const {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::min();
  TryPlace last{since_ms, kNone, kNone};  // before the first of that millisecond
  while (true) {
    std::vector<SentTry> page = TryPage(*database_, &last);
    if (page.empty()) return;
    for (const SentTry& sent : page) take(sent);
  }
}

}  // namespace muster
