#include "supervisor/plan/measured.h"

#include <limits>

#include "supervisor/ledger/schema.h"
#include "supervisor/ledger/sqlite.h"

namespace muster {
namespace {

// Outcome 1 is answered, 2 failed. The first ask stands for its call.
constexpr std::string_view kSums =
    "SELECT substr(c.step, 1, instr(c.step || '[', '[') - 1), c.provider, c.model,"
    " sum(t.outcome = 1 AND c.ask = 1), sum(t.outcome = 1),"
    " sum(t.outcome = 1 AND t.input IS NOT NULL), sum(t.outcome = 1 AND t.cost IS NOT NULL),"
    " sum(iif(t.outcome = 1, t.input, 0)), sum(iif(t.outcome = 1, t.cached, 0)),"
    " sum(iif(t.outcome = 1, t.cache_write, 0)), sum(iif(t.outcome = 1, t.cache_write_1h, 0)),"
    " sum(iif(t.outcome = 1, t.output, 0)), sum(iif(t.outcome = 1, t.reasoning, 0)), sum(t.cost),"
    " sum(iif(t.outcome = 1, t.total_ms, 0))"
    " FROM tries t JOIN calls c USING(call) WHERE t.outcome IN (1, 2)"
    " GROUP BY 1, 2, 3";

Measured ReadSums(const Rows& rows) {
  Measured measured;
  measured.calls = rows.Int(3);
  measured.answers = rows.Int(4);
  measured.with_usage = rows.Int(5);
  measured.priced = rows.Int(6);
  measured.usage = {.input = rows.Int(7),
                    .cached = rows.Int(8),
                    .cache_write = rows.Int(9),
                    .output = rows.Int(11),
                    .reasoning = rows.Int(12),
                    .cache_write_1h = rows.Int(10)};
  measured.cost = rows.Int(13);
  measured.total_ms = rows.Int(14);
  return measured;
}

}  // namespace

// sum ÷ over for one answer, × answers ÷ calls for one call, × the calls asked about; rounded.
int64_t Measured::Scale(int64_t sum, int64_t over, int64_t calls_asked) const {
  __extension__ using Wide = __int128;
  // Divided twice where the product of all would not fit; what that loses is less than one.
  Wide of_all = static_cast<Wide>(sum) * answers / over;
  Wide scaled = (of_all * calls_asked + calls / 2) / calls;
  constexpr Wide kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(scaled < kMost ? scaled : kMost);
}

std::optional<Usage> Measured::UsageOf(int64_t calls_asked) const {
  if (calls == 0 || with_usage == 0) return std::nullopt;
  auto scale = [&](int64_t sum) { return Scale(sum, with_usage, calls_asked); };
  return Usage{.input = scale(usage.input),
               .cached = scale(usage.cached),
               .cache_write = scale(usage.cache_write),
               .output = scale(usage.output),
               .reasoning = scale(usage.reasoning),
               .cache_write_1h = scale(usage.cache_write_1h)};
}

std::optional<Picodollars> Measured::CostOf(int64_t calls_asked) const {
  if (calls == 0 || priced < answers) return std::nullopt;
  return Scale(cost, answers, calls_asked);
}

int64_t Measured::MsOf(int64_t calls_asked) const {
  return calls == 0 ? 0 : Scale(total_ms, answers, calls_asked);
}

Result<MeasuredLedger> MeasuredLedger::Open(const std::string& path) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return Fail("ledger {}", database.error());
  if (auto schema = CheckSchema(**database, path); !schema) return Error{schema.error()};
  return MeasuredLedger(*std::move(database));
}

MeasuredLedger::MeasuredLedger(std::shared_ptr<Database> database)
    : database_(std::move(database)) {}

Result<Measurements> MeasuredLedger::Read() const {
  Measurements all;
  Rows rows = database_->Query(kSums);
  while (rows.Next()) {
    Measured measured = ReadSums(rows);
    if (measured.calls > 0) all.steps[{rows.Text(0), rows.Text(1), rows.Text(2)}] = measured;
  }
  if (rows.failed()) return Fail("the ledger cannot be read: {}", database_->error());
  all.items = database_
                  ->QueryInt(
                      "SELECT count(DISTINCT c.item) FROM tries t JOIN calls c USING(call)"
                      " WHERE t.outcome = 1")
                  .value_or(0);
  return all;
}

std::set<std::string> MeasuredLedger::AnsweredSteps(const std::string& item) const {
  std::set<std::string> steps;
  Rows rows = database_->Query(
      "SELECT DISTINCT c.step FROM items i JOIN calls c USING(item)"
      " WHERE i.id = ? AND c.answer IS NOT NULL AND c.rejected = 0",
      item);
  while (rows.Next()) steps.insert(rows.Text(0));
  return steps;
}

}  // namespace muster
