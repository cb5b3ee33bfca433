#include "supervisor/ledger/schema.h"

#include <sys/stat.h>

#include <array>
#include <string_view>

namespace muster {
namespace {

constexpr int64_t kApplicationId = 0x6d757374;  // "must"

// Larger files are not read through at every start.
constexpr int64_t kQuickCheckBytes = 64 << 20;

// SQLite keeps the texts as they stand here; CheckSchema compares them.
constexpr std::array<std::string_view, 19> kSchema{
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",

    "CREATE TABLE sessions(session INTEGER PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL,"
    " command TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER, exit_code INTEGER,"
    " lost INTEGER NOT NULL DEFAULT 0)",

    "CREATE TABLE items(item INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " position INTEGER NOT NULL, status INTEGER NOT NULL DEFAULT 0 CHECK(status BETWEEN 0 AND 7),"
    " reason TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0,"
    " worker_deaths INTEGER NOT NULL DEFAULT 0, extra_asks INTEGER NOT NULL DEFAULT 0,"
    " work_ms INTEGER NOT NULL DEFAULT 0, lane TEXT NOT NULL DEFAULT '')",
    "CREATE INDEX items_by_lane ON items(status, lane, position)",
    "CREATE INDEX items_by_position ON items(position)",

    "CREATE TABLE item_fields(item INTEGER PRIMARY KEY, fields_hash TEXT NOT NULL,"
    " fields TEXT NOT NULL)",

    "CREATE TABLE attempts(item INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " session INTEGER NOT NULL, worker TEXT NOT NULL, node TEXT NOT NULL DEFAULT '',"
    " started_ms INTEGER NOT NULL, ended_ms INTEGER, outcome TEXT, evidence TEXT,"
    " PRIMARY KEY(item, attempt)) WITHOUT ROWID",
    "CREATE INDEX attempts_open ON attempts(item) WHERE outcome IS NULL",

    "CREATE TABLE calls(call INTEGER PRIMARY KEY, item INTEGER NOT NULL, step TEXT NOT NULL,"
    " ask INTEGER NOT NULL, request_hash TEXT NOT NULL, provider TEXT NOT NULL,"
    " model TEXT NOT NULL, rejected INTEGER NOT NULL DEFAULT 0, reject_reason TEXT, answer BLOB,"
    " UNIQUE(item, step, ask, request_hash))",

    "CREATE TABLE tries(call INTEGER NOT NULL, number INTEGER NOT NULL, session INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, worker TEXT NOT NULL, started_ms INTEGER NOT NULL,"
    " ended_ms INTEGER, outcome INTEGER NOT NULL DEFAULT 0 CHECK(outcome BETWEEN 0 AND 3),"
    " simulated INTEGER NOT NULL, input_estimate INTEGER NOT NULL,"
    " output_estimate INTEGER NOT NULL, worst INTEGER, cost INTEGER, cache_saving INTEGER,"
    " own_cost INTEGER, input INTEGER, cached INTEGER, cache_write INTEGER,"
    " cache_write_1h INTEGER, output INTEGER, reasoning INTEGER,"
    " total_ms INTEGER, first_byte_ms INTEGER, http_status INTEGER, kind TEXT, message TEXT,"
    " served_model TEXT, request_id TEXT, tier TEXT, partial BLOB,"
    " PRIMARY KEY(call, number)) WITHOUT ROWID",
    "CREATE INDEX tries_by_time ON tries(started_ms)",
    "CREATE INDEX tries_in_the_air ON tries(call) WHERE outcome = 0",
    "CREATE INDEX tries_unknown ON tries(call) WHERE outcome = 3",

    "CREATE TABLE sums(session INTEGER NOT NULL, worker TEXT NOT NULL, provider TEXT NOT NULL,"
    " model TEXT NOT NULL, items_done INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " calls INTEGER NOT NULL, failed INTEGER NOT NULL, unknown INTEGER NOT NULL,"
    " unpriced INTEGER NOT NULL, unknown_usage INTEGER NOT NULL,"
    " unknown_unbounded INTEGER NOT NULL, input INTEGER NOT NULL, cached INTEGER NOT NULL,"
    " cache_write INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL,"
    " reasoning INTEGER NOT NULL, simulated INTEGER NOT NULL, cost INTEGER NOT NULL,"
    " unknown_cost INTEGER NOT NULL, cache_saving INTEGER NOT NULL, own_costs INTEGER NOT NULL,"
    " own_cost INTEGER NOT NULL, cost_beside_own INTEGER NOT NULL,"
    " PRIMARY KEY(session, worker, provider, model)) WITHOUT ROWID",

    "CREATE TABLE outputs(sequence INTEGER PRIMARY KEY, item INTEGER NOT NULL,"
    " output INTEGER NOT NULL, written INTEGER NOT NULL DEFAULT 0, path TEXT NOT NULL,"
    " text TEXT NOT NULL, UNIQUE(item, output))",
    "CREATE INDEX outputs_unwritten ON outputs(sequence) WHERE written = 0",
    "CREATE INDEX outputs_by_path ON outputs(path, output)",

    "CREATE TABLE results(item INTEGER PRIMARY KEY, result TEXT NOT NULL)",

    "CREATE TABLE notes(note INTEGER PRIMARY KEY, session INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, text TEXT NOT NULL)",
};

Error Damaged(const std::string& path, std::string_view why) {
  return Fail("ledger {}: damaged: {} ({})", path, why, kLedgerAdvice);
}

Error Unreadable(const Database& database, const std::string& path) {
  if (database.failure() == SqlFailure::kNotADatabase) {
    return Fail("ledger {}: is not a ledger ({})", path, database.error());
  }
  return Damaged(path, database.error());
}

bool SetHeader(Database& database) {
  static const std::string kSetId = fmt::format("PRAGMA application_id = {}", kApplicationId);
  static const std::string kSetVersion = fmt::format("PRAGMA user_version = {}", kLedgerVersion);
  return database.Run(kSetId) && database.Run(kSetVersion);
}

bool WriteSchema(Database& database) {
  static const std::string kSetPage = fmt::format("PRAGMA page_size = {}", kLedgerPageBytes);
  if (!database.Run(kSetPage) || !database.Run("BEGIN EXCLUSIVE")) return false;
  for (std::string_view statement : kSchema) {
    if (!database.Run(statement)) return false;
  }
  return SetHeader(database) && database.Run("COMMIT");
}

// In the rollback journal, before WAL: until its one transaction is durable the file is empty.
Result<void> CreateSchema(Database& database, const std::string& path) {
  if (WriteSchema(database)) return {};
  Error error = Fail("ledger {}: cannot be created: {}", path, database.error());
  if (database.in_transaction()) database.Run("ROLLBACK");
  return error;
}

Result<void> CheckHeader(Database& database, const std::string& path) {
  auto id = database.QueryInt("PRAGMA application_id");
  auto version = database.QueryInt("PRAGMA user_version");
  if (!id || !version) return Unreadable(database, path);
  if (*id != kApplicationId) {
    return Fail("ledger {}: is a database of another program, or damaged ({})", path,
                kLedgerAdvice);
  }
  if (*version != kLedgerVersion) {
    return Fail("ledger {}: has version {}, this muster knows version {} ({})", path, *version,
                kLedgerVersion, kLedgerAdvice);
  }
  return {};
}

Result<void> QuickCheck(Database& database, const std::string& path) {
  Rows rows = database.Query("PRAGMA quick_check(1)");
  if (!rows.Next()) return Unreadable(database, path);
  std::string verdict = rows.Text(0);
  if (verdict != "ok") return Damaged(path, verdict);
  return {};
}

int64_t BytesOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? int64_t{info.st_size} : 0;
}

// What is missing of the last page may be in the log; without one SQLite reads it as zeros.
Result<void> CheckWholePages(const std::string& path) {
  int64_t size = BytesOf(path);
  if (size % kLedgerPageBytes == 0 || BytesOf(path + "-wal") > 0) return {};
  return Damaged(path, fmt::format("cut off after {} bytes", size));
}

int64_t SizeInBytes(Database& database) {
  int64_t pages = database.QueryInt("PRAGMA page_count").value_or(0);
  return pages * database.QueryInt("PRAGMA page_size").value_or(0);
}

}  // namespace

Result<void> CheckSchema(Database& database, const std::string& path) {
  if (auto header = CheckHeader(database, path); !header) return header;
  Rows rows = database.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
  size_t count = 0;
  bool same = true;
  for (; rows.Next(); ++count) {
    same = same && count < kSchema.size() && rows.View(0) == kSchema[count];
  }
  if (rows.failed()) return Unreadable(database, path);
  if (!same || count != kSchema.size()) return Damaged(path, "its tables are not a ledger's");
  return CheckWholePages(path);
}

Result<void> PrepareSchema(Database& database, const std::string& path) {
  auto pages = database.QueryInt("PRAGMA page_count");
  if (!pages) return Unreadable(database, path);
  if (*pages == 0) return CreateSchema(database, path);
  auto schema = CheckSchema(database, path);
  if (!schema) return schema;
  if (SizeInBytes(database) > kQuickCheckBytes) return {};
  return QuickCheck(database, path);
}

}  // namespace muster
