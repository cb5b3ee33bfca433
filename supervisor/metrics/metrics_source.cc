#include "supervisor/metrics/metrics_source.h"

#include <chrono>

#include "supervisor/control/control_client.h"
#include "supervisor/ledger/records.h"
#include "supervisor/ledger/sqlite.h"
#include "supervisor/run_status.h"

namespace muster {
namespace {

// A supervisor that is busy is not waited for: what it says goes stale in a second anyway.
constexpr std::chrono::milliseconds kPatience{1'000};

// Row by row instead of grouped: SQLite would sort all tries first.
constexpr std::string_view kTries =
    "SELECT c.provider, c.model, t.outcome, t.input, t.cached, t.cache_write, t.output,"
    " t.reasoning, t.cost, t.worst, t.total_ms, t.cache_write_1h FROM tries t JOIN calls c "
    "USING(call)";

void AddDuration(ModelFigures& figures, int64_t took_ms) {
  for (size_t i = 0; i < kDurationBoundsMs.size(); ++i) {
    figures.within[i] += took_ms <= kDurationBoundsMs[i];
  }
  ++figures.timed;
  figures.total_ms += took_ms;
}

void AddUnknown(ModelFigures& figures, const Rows& row) {
  ++figures.unknown;
  figures.unknown_cost = AddMoney(figures.unknown_cost, row.Int(9));
}

void AddTry(ModelFigures& figures, const Rows& row, bool live) {
  figures.usage += Usage{.input = row.Int(3),
                         .cached = row.Int(4),
                         .cache_write = row.Int(5),
                         .output = row.Int(6),
                         .reasoning = row.Int(7),
                         .cache_write_1h = row.Int(11)};
  figures.cost = AddMoney(figures.cost, row.Int(8));
  switch (static_cast<record::TryOutcome>(row.Int(2))) {
    case record::TryOutcome::kAnswered:
      ++figures.answered;
      figures.unpriced += row.IsNull(8);
      if (!row.IsNull(10)) AddDuration(figures, row.Int(10));
      return;
    case record::TryOutcome::kFailed:
      ++figures.failed;
      return;
    case record::TryOutcome::kSent:
      if (!live) return AddUnknown(figures, row);
      ++figures.in_the_air;
      return;
    case record::TryOutcome::kUnknown:
      return AddUnknown(figures, row);
  }
}

}  // namespace

Result<LedgerFigures> ReadLedgerFigures(const std::string& run_dir, bool live) {
  std::string path = run_dir + "/ledger.sqlite";
  auto view = LedgerView::Open(path);
  if (!view) return Error{view.error()};
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return Error{database.error()};
  LedgerFigures figures;
  figures.items = view->CountItems();
  Rows rows = (*database)->Query(kTries);
  while (rows.Next()) AddTry(figures.models[{rows.Text(0), rows.Text(1)}], rows, live);
  const std::string& error = rows.failed() ? (*database)->error() : view->error();
  if (!error.empty()) return Fail("ledger {}: {}", path, error);
  return figures;
}

// Who is there first, then the books: a run that ends meanwhile is then shown as it was.
RunFigures ReadRunFigures(const std::string& run_dir) {
  RunFigures figures;
  figures.live = IsRunLocked(run_dir);
  if (figures.live) {
    auto status = AskRun(run_dir, {{"do", "status"}}, kPatience);
    if (status && !Member(*status, "error")) figures.status = *std::move(status);
  }
  auto ledger = ReadLedgerFigures(run_dir, figures.live);
  if (ledger) figures.ledger = *std::move(ledger);
  return figures;
}

}  // namespace muster
