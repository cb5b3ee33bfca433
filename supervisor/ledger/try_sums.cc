#include "supervisor/ledger/try_sums.h"

#include <limits>
#include <utility>

namespace muster {
namespace {

// More rows than workers and models of a session usually make are not held.
constexpr size_t kMostHeld = 4'096;

constexpr std::string_view kColumns =
    "session, worker, provider, model, items_done, tries, calls, failed, unknown, unpriced,"
    " unknown_usage, unknown_unbounded, input, cached, cache_write, cache_write_1h, output,"
    " reasoning, simulated, cost, unknown_cost, cache_saving, own_costs, own_cost,"
    " cost_beside_own";

SumRow ReadSum(const Rows& rows) {
  SumRow row;
  row.key = {rows.Int(0), rows.Text(1), rows.Text(2), rows.Text(3)};
  row.items_done = rows.Int(4);
  Totals& totals = row.totals;
  totals.tries = rows.Int(5);
  totals.calls = rows.Int(6);
  totals.failed_tries = rows.Int(7);
  totals.unknown_tries = rows.Int(8);
  totals.unpriced = rows.Int(9);
  totals.unknown_usage = rows.Int(10);
  totals.unknown_unbounded = rows.Int(11);
  totals.usage.input = rows.Int(12);
  totals.usage.cached = rows.Int(13);
  totals.usage.cache_write = rows.Int(14);
  totals.usage.cache_write_1h = rows.Int(15);
  totals.usage.output = rows.Int(16);
  totals.usage.reasoning = rows.Int(17);
  totals.simulated = rows.Int(18) != 0;
  totals.cost = rows.Int(19);
  totals.unknown_cost = rows.Int(20);
  totals.cache_saving = rows.Int(21);
  totals.own_costs = rows.Int(22);
  totals.own_cost = rows.Int(23);
  totals.cost_beside_own = rows.Int(24);
  return row;
}

// What an ended try counts beyond having been sent; as the scans count (view_tries.cc).
Totals TotalsOf(const record::TryEnded& ended, std::optional<Picodollars> worst) {
  using record::TryOutcome;
  bool unknown = ended.outcome == TryOutcome::kUnknown;
  bool costless = !unknown && !ended.cost;
  Totals totals;
  totals.calls = ended.outcome == TryOutcome::kAnswered;
  totals.failed_tries = ended.outcome == TryOutcome::kFailed;
  totals.unknown_tries = unknown;
  totals.unpriced = costless && !worst;
  totals.unknown_usage = costless && worst;
  totals.unknown_unbounded = unknown && !worst;
  if (ended.usage) totals.usage = *ended.usage;
  totals.cost = ended.cost.value_or(0);
  if (unknown || costless) totals.unknown_cost = worst.value_or(0);
  totals.cache_saving = ended.cache_saving.value_or(0);
  totals.own_costs = ended.own_cost.has_value();
  totals.own_cost = ended.own_cost.value_or(0);
  if (ended.own_cost) totals.cost_beside_own = ended.cost.value_or(0);
  return totals;
}

// Every count of a sum. In a damaged file they can be any numbers: what is made of them ends at the
// limits of the type, as sums of money do.
constexpr int64_t Totals::*kCounts[] = {
    &Totals::calls,          &Totals::tries,        &Totals::failed_tries,
    &Totals::unknown_tries,  &Totals::unpriced,     &Totals::unknown_usage,
    &Totals::cost,           &Totals::unknown_cost, &Totals::unknown_unbounded,
    &Totals::cache_saving,   &Totals::own_costs,    &Totals::own_cost,
    &Totals::cost_beside_own};
constexpr int64_t Usage::*kTokens[] = {&Usage::input,  &Usage::cached,    &Usage::cache_write,
                                       &Usage::output, &Usage::reasoning, &Usage::cache_write_1h};

int64_t Negative(int64_t number) {
  return number == std::numeric_limits<int64_t>::min() ? std::numeric_limits<int64_t>::max()
                                                       : -number;
}

}  // namespace

void ForEachSum(Database& database, std::optional<int64_t> session,
                const std::function<void(const SumRow&)>& take) {
  static const std::string kSql =
      fmt::format("SELECT {} FROM sums WHERE session BETWEEN ? AND ?", kColumns);
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  Rows rows = database.Query(kSql, session.value_or(0), session.value_or(kLast));
  while (rows.Next()) take(ReadSum(rows));
}

void AddTotals(Totals& to, const Totals& more) {
  for (auto count : kCounts) to.*count = AddMoney(to.*count, more.*count);
  for (auto part : kTokens) to.usage.*part = AddMoney(to.usage.*part, more.usage.*part);
  to.simulated |= more.simulated;
}

void TakeTotals(Totals& from, const Totals& less) {
  Totals negative = less;
  for (auto count : kCounts) negative.*count = Negative(less.*count);
  for (auto part : kTokens) negative.usage.*part = Negative(less.usage.*part);
  AddTotals(from, negative);
}

void TrySums::Started(int64_t session, const record::TryStarted& started) {
  SumKey key{session, started.worker, started.provider, started.model};
  Totals& totals = Find(key).totals;
  totals.tries = AddMoney(totals.tries, 1);
  totals.simulated |= started.simulated;
  in_the_air_.insert_or_assign({started.call, started.number}, Sent{std::move(key), started.worst});
}

bool TrySums::Ends(const record::TryEnded& ended) {
  auto sent = in_the_air_.find({ended.call, ended.number});
  if (sent != in_the_air_.end()) {
    Sum& sum = Find(sent->second.key);
    sum.more_than_counts = true;
    AddTotals(sum.totals, TotalsOf(ended, sent->second.worst));
    in_the_air_.erase(sent);
    return database_.error().empty();
  }
  // It ended before, or was written by a transaction that was undone: the row has what counted.
  auto before = FindCounted(database_, ended.call, ended.number);
  if (!before) return database_.error().empty();  // whoever writes the row says so
  Sum& sum = Find(before->key);
  sum.more_than_counts = true;
  Totals& totals = sum.totals;
  int64_t tries = totals.tries;
  TakeTotals(totals, before->totals);
  totals.tries = tries;
  AddTotals(totals, TotalsOf(ended, before->worst));
  return database_.error().empty();
}

void TrySums::ItemDone(int64_t session, const std::string& worker) {
  int64_t& done = Find({session, worker, "", ""}).items_done;
  done = AddMoney(done, 1);
}

bool TrySums::LoseAllInTheAir() {
  std::vector<Sent> lost;
  {
    Rows rows = database_.Query(
        "SELECT t.session, t.worker, c.provider, c.model, t.worst FROM tries t"
        " JOIN calls c USING(call) WHERE t.outcome = 0");
    while (rows.Next()) {
      lost.push_back(
          {{rows.Int(0), rows.Text(1), rows.Text(2), rows.Text(3)}, rows.OptionalInt(4)});
    }
    if (rows.failed()) return false;
  }
  record::TryEnded ended;
  ended.outcome = record::TryOutcome::kUnknown;
  for (const Sent& sent : lost) {
    Sum& sum = Find(sent.key);
    sum.more_than_counts = true;
    AddTotals(sum.totals, TotalsOf(ended, sent.worst));
  }
  return database_.error().empty();
}

TrySums::Sum& TrySums::Find(const SumKey& key) {
  auto [at, added] = sums_.try_emplace(key);
  Sum& sum = at->second;
  if (added) {
    static const std::string kSql = fmt::format(
        "SELECT {} FROM sums WHERE session = ? AND worker = ? AND provider = ? AND model = ?",
        kColumns);
    Rows rows = database_.Query(kSql, key.session, key.worker, key.provider, key.model);
    if (rows.Next()) {
      SumRow row = ReadSum(rows);
      sum.items_done = row.items_done;
      sum.totals = row.totals;
      sum.stored = true;
    }
  }
  if (!std::exchange(sum.changed, true)) changed_.push_back(&*at);
  return sum;
}

bool TrySums::Write(const SumKey& key, const Sum& sum) {
  static const std::string kSql = fmt::format(
      "INSERT OR REPLACE INTO sums({}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
      " ?, ?, ?, ?, ?, ?, ?, ?)",
      kColumns);
  const Totals& t = sum.totals;
  return database_.Run(kSql, key.session, key.worker, key.provider, key.model, sum.items_done,
                       t.tries, t.calls, t.failed_tries, t.unknown_tries, t.unpriced,
                       t.unknown_usage, t.unknown_unbounded, t.usage.input, t.usage.cached,
                       t.usage.cache_write, t.usage.cache_write_1h, t.usage.output,
                       t.usage.reasoning, t.simulated, t.cost, t.unknown_cost, t.cache_saving,
                       t.own_costs, t.own_cost, t.cost_beside_own);
}

// What most changes come to: a try was sent, or an item is done.
bool TrySums::WriteCounts(const SumKey& key, const Sum& sum) {
  return database_.Run(
      "UPDATE sums SET items_done = ?, tries = ?, simulated = ?"
      " WHERE session = ? AND worker = ? AND provider = ? AND model = ?",
      sum.items_done, sum.totals.tries, sum.totals.simulated, key.session, key.worker, key.provider,
      key.model);
}

bool TrySums::Flush() {
  for (auto* entry : changed_) {
    auto& [key, sum] = *entry;
    bool whole = !sum.stored || sum.more_than_counts;
    if (!(whole ? Write(key, sum) : WriteCounts(key, sum))) return false;
    sum.stored = true;
    sum.changed = sum.more_than_counts = false;
  }
  changed_.clear();
  if (sums_.size() > kMostHeld) sums_.clear();
  return true;
}

void TrySums::Forget() {
  changed_.clear();
  sums_.clear();
}

}  // namespace muster
