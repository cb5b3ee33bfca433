#include "tests/torture/ledger_facts.h"

#include <filesystem>

#include "supervisor/ledger/sqlite.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;

// Database, its log and, of the making of the tables, its journal; not the -shm, which is only an
// index over the log.
bool CopyLedger(const std::string& run_dir, const std::string& scratch) {
  std::error_code error;
  fs::remove_all(scratch, error);
  fs::create_directories(scratch, error);
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-journal"}) {
    fs::copy_file(run_dir + "/" + name, scratch + "/" + name, error);
  }
  return fs::exists(scratch + "/ledger.sqlite", error);
}

void ReadItems(Database& database, LedgerFacts& facts) {
  Rows rows = database.Query(
      "SELECT id, status, reason,"
      " (SELECT count(*) FROM attempts a WHERE a.item = i.item AND a.outcome = 'done'),"
      " (SELECT count(*) FROM attempts a WHERE a.item = i.item AND a.outcome IS NULL),"
      " (SELECT count(*) FROM attempts a WHERE a.item = i.item AND a.outcome LIKE 'worker-lost%')"
      " FROM items i ORDER BY item");
  while (rows.Next()) {
    facts.items.push_back({rows.Text(0), static_cast<ItemStatus>(rows.Int(1)), rows.Text(2),
                           rows.Int(3), rows.Int(4), rows.Int(5)});
  }
}

void ReadCalls(Database& database, LedgerFacts& facts) {
  Rows rows = database.Query(
      "SELECT call, id, step, provider, model, ask, rejected, answer FROM calls JOIN items"
      " USING(item)");
  while (rows.Next()) {
    LedgerFacts::Call call;
    call.item = rows.Text(1);
    call.place = call.item + "/" + rows.Text(2);
    call.provider = rows.Text(3);
    call.model = rows.Text(4);
    call.ask = rows.Int(5);
    call.rejected = rows.Int(6) != 0;
    if (!rows.IsNull(7)) call.answer = rows.Text(7);
    facts.calls[rows.Int(0)] = std::move(call);
  }
  Rows tries = database.Query(
      "SELECT call, outcome, kind, session, attempt, worst, cost FROM tries ORDER BY call, number");
  while (tries.Next()) {
    facts.calls[tries.Int(0)].tries.push_back({static_cast<record::TryOutcome>(tries.Int(1)),
                                               tries.Text(2), tries.Int(3), tries.Int(4),
                                               tries.OptionalInt(5), tries.OptionalInt(6)});
  }
}

void ReadRest(Database& database, LedgerFacts& facts) {
  Rows outputs = database.Query(
      "SELECT id, path, text, written FROM outputs JOIN items USING(item) ORDER BY sequence");
  while (outputs.Next()) {
    facts.outputs.push_back(
        {outputs.Text(0), outputs.Text(1), outputs.Text(2), outputs.Int(3) != 0});
  }
  Rows sessions = database.Query("SELECT session, pid, lost, ended_ms, exit_code FROM sessions");
  while (sessions.Next()) {
    facts.sessions[sessions.Int(0)] = {sessions.Int(1), sessions.Int(2) != 0, !sessions.IsNull(3),
                                       sessions.OptionalInt(4)};
  }
  Rows check = database.Query("PRAGMA integrity_check(3)");
  while (check.Next()) facts.integrity += check.Text(0);
}

}  // namespace

Result<std::optional<LedgerFacts>> ReadLedger(const std::string& run_dir,
                                              const std::string& scratch) {
  if (!CopyLedger(run_dir, scratch)) return std::optional<LedgerFacts>();
  auto database = Database::Open(scratch + "/ledger.sqlite", Database::Access::kReadWrite);
  if (!database) return Error{database.error()};
  auto tables = (*database)->QueryInt("SELECT count(*) FROM sqlite_schema");
  if (tables && *tables == 0) return std::optional<LedgerFacts>();  // killed before it was made
  LedgerFacts facts;
  ReadItems(**database, facts);
  ReadCalls(**database, facts);
  ReadRest(**database, facts);
  facts.view_totals = LedgerView(*database).RunTotals();
  if (!(*database)->error().empty()) return Error{(*database)->error()};
  return std::optional(std::move(facts));
}

}  // namespace muster::torture
