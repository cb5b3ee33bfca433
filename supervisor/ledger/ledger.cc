#include "supervisor/ledger/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "supervisor/ledger/file_system.h"
#include "supervisor/ledger/record_writer.h"
#include "supervisor/ledger/reserve.h"
#include "supervisor/ledger/schema.h"
#include "supervisor/ledger/sqlite.h"
#include "supervisor/ledger/try_sums.h"

namespace muster {
namespace {

constexpr std::string_view kInMemory = ":memory:";

constexpr int64_t kLogBytes = 32 << 20;

// No ledger has so many calls: room for all that may come.
constexpr int64_t kMostCalls = int64_t{1} << 60;

// SQLite takes a file of one byte for an empty one.
constexpr int64_t kEmptyBytes = 1;

// Bytes in the file; nullopt: there is none.
std::optional<int64_t> SizeOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_size;
}

Result<void> CreateFile(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Fail("ledger {}: cannot be created: {}", path, std::strerror(errno));
  close(fd);
  return {};
}

// Makes sure that there is a file, and that SQLite will not take an emptied ledger for a new one:
// it deletes the log that belongs to an empty database. Never opens an existing file itself, which
// on closing would drop the locks of every connection of this process.
Result<void> PrepareFile(const std::string& path) {
  if (path == kInMemory) return {};
  struct stat info;
  if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return Fail("ledger {}: is not a regular file", path);
  }
  std::optional<int64_t> size = SizeOf(path);
  if (size.value_or(0) <= kEmptyBytes && SizeOf(path + "-wal").value_or(0) > 0) {
    return Fail(
        "ledger {}: {}, but its log {}-wal is there (nothing was changed; restore a copy "
        "of it or use another run directory)",
        path, size ? "damaged: empty" : "gone", path);
  }
  if (size == kEmptyBytes) return Fail("ledger {}: is not a ledger, or cut off", path);
  if (size) return {};
  return CreateFile(path);
}

Result<void> StartLog(Database& database, const std::string& path) {
  Rows mode = database.Query("PRAGMA journal_mode = WAL");
  std::string name = mode.Next() ? mode.Text(0) : "";
  // What goes wrong while the mode is changed is told behind the row that names it.
  if (mode.Next() || mode.failed()) {
    return Fail("ledger {}: cannot be written: {}", path, database.error());
  }
  if (name != "wal" && path != kInMemory) {
    return Fail("ledger {}: its file system does not allow a write-ahead log", path);
  }
  return {};
}

bool Configure(Database& database) {
  return database.Run("PRAGMA synchronous = FULL") && database.Run("PRAGMA temp_store = MEMORY") &&
         database.Run("PRAGMA cache_size = -8000") &&  // KiB
         database.Run("PRAGMA secure_delete = OFF") &&
         database.Run("PRAGMA wal_autocheckpoint = 1000") &&  // pages
         database.Run("PRAGMA journal_size_limit = 16777216");
}

// What a session that died left behind: nothing is running any more, and what was in the air may
// have been answered or not. Doing it twice changes nothing.
bool BringInOrder(Database& database) {
  TrySums sums(&database);
  return sums.LoseAllInTheAir() && sums.Flush() &&
         database.Run("UPDATE items SET status = 0, reason = '' WHERE status IN (1, 2)") &&
         database.Run("UPDATE tries SET outcome = 3, kind = 'supervisor-lost' WHERE outcome = 0") &&
         database.Run("UPDATE attempts SET outcome = 'supervisor-lost' WHERE outcome IS NULL") &&
         database.Run("UPDATE sessions SET lost = 1 WHERE ended_ms IS NULL AND lost = 0");
}

// Recovery and the new session in one transaction; the session's number.
std::optional<int64_t> BeginSession(Database& database, const SessionInfo& session) {
  bool ok = database.Run("BEGIN IMMEDIATE") && BringInOrder(database) &&
            database.Run("INSERT INTO sessions(pid, host, command, started_ms) VALUES(?, ?, ?, ?)",
                         session.pid, session.host, session.command, session.time_ms);
  std::optional<int64_t> number;
  if (ok) number = database.QueryInt("SELECT max(session) FROM sessions");
  if (number && database.Run("COMMIT")) return number;
  if (database.in_transaction()) database.Run("ROLLBACK");
  return std::nullopt;
}

}  // namespace

// The connection, the turn's batch, and whether the ledger may still be written.
struct Ledger::Impl {
  Impl(std::shared_ptr<Database> opened, std::string file, int64_t number)
      : path(std::move(file)),
        log_path(path + "-wal"),
        database(std::move(opened)),
        view(database),
        writer(database.get(), number),
        session(number) {}

  std::string path, log_path;
  std::shared_ptr<Database> database;
  LedgerView view;
  RecordWriter writer;
  std::optional<Reserve> reserve;  // goes before the database is closed, which may need room
  std::vector<record::Record> batch;
  std::string last_error;
  int64_t session;
  int64_t next_call = 1;
  int64_t log_limit = kLogBytes;
  bool gave_room_up = false;
  bool broken = false;  // for good: nothing is written any more

  bool InPlace();
  void BoundLog();
  bool WriteBatch();
  CommitOutcome Outcome() const;
  CommitOutcome AfterFailure();
  CommitOutcome Break(std::string why);
};

// Checkpoints that are due are tried after each commit, and the log then starts over, but readers
// that overlap can keep it from doing so. Beyond this size they are waited for, briefly; in vain,
// and the next time is at twice the size.
void Ledger::Impl::BoundLog() {
  int64_t size = SizeOf(log_path).value_or(0);
  if (size <= log_limit) return;
  database->Query("PRAGMA wal_checkpoint(TRUNCATE)").Next();
  database->ClearError();
  bool emptied = SizeOf(log_path).value_or(0) < size;
  log_limit = emptied ? kLogBytes : 2 * size;
}

// Whether the files are still those that were opened; what is written to others would be lost.
bool Ledger::Impl::InPlace() {
  if (path == kInMemory) return true;
  if (database->HasMoved()) {
    // Closing must not touch the log of whatever is there now.
    database->CheckpointOnClose(false);
    Break("ledger " + path + ": was deleted or replaced while in use");
  } else if (!SizeOf(log_path)) {
    Break("ledger " + path + ": its log " + log_path + " was deleted while in use");
  }
  return !broken;
}

bool Ledger::Impl::WriteBatch() {
  if (!database->Run("BEGIN IMMEDIATE")) return false;
  for (const record::Record& record : batch) {
    if (!writer.Write(record)) return false;
  }
  return writer.Finish() && database->Run("COMMIT");
}

CommitOutcome Ledger::Impl::Outcome() const {
  return reserve && gave_room_up ? CommitOutcome::kLastRoom : CommitOutcome::kCommitted;
}

// After a failed WriteBatch: undoes it and decides whether it may be tried again.
CommitOutcome Ledger::Impl::AfterFailure() {
  SqlFailure failure = database->failure();
  last_error = "ledger " + database->error();
  if (database->in_transaction()) database->Run("ROLLBACK");
  writer.Forget();
  bool undone = !database->in_transaction();
  database->ClearError();
  if (failure == SqlFailure::kNoSpace && undone) return CommitOutcome::kNoSpace;
  // Closing would flush again what could not be flushed; the log is read at the next start.
  database->CheckpointOnClose(false);
  return Break(std::move(last_error));
}

CommitOutcome Ledger::Impl::Break(std::string why) {
  broken = true;
  last_error = std::move(why);
  return CommitOutcome::kBroken;
}

Result<Ledger> Ledger::Open(const std::string& path, const SessionInfo& session) {
  if (auto prepared = PrepareFile(path); !prepared) return Error{prepared.error()};
  bool shared = path != kInMemory && OnSharedFileSystem(path);
  auto database =
      Database::Open(path, shared ? Database::Access::kExclusive : Database::Access::kReadWrite);
  if (!database) return Fail("ledger {} (nothing was changed)", database.error());
  Database& db = **database;
  if (auto schema = PrepareSchema(db, path); !schema) return Error{schema.error()};
  if (auto log = StartLog(db, path); !log) return Error{log.error()};
  if (!Configure(db)) return Fail("ledger {}", db.error());
  auto last_call = db.QueryInt("SELECT coalesce(max(call), 0) FROM calls");
  if (!last_call) return Fail("ledger {}", db.error());
  if (*last_call >= kMostCalls) {
    return Fail("ledger {}: damaged: a call has number {} ({})", path, *last_call, kLedgerAdvice);
  }
  std::optional<int64_t> number = BeginSession(db, session);
  if (!number) return Fail("ledger {}", db.error());
  db.CheckpointOnClose(true);
  auto impl = std::make_unique<Impl>(*database, path, *number);
  impl->next_call = *last_call + 1;
  return Ledger(std::move(impl));
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

void Ledger::Add(record::Record record) { impl_->batch.push_back(std::move(record)); }

CommitOutcome Ledger::Commit() {
  Impl& self = *impl_;
  if (self.broken) return CommitOutcome::kBroken;
  if (self.batch.empty()) return self.Outcome();
  if (!self.InPlace()) return CommitOutcome::kBroken;
  if (!self.view.error().empty()) return self.Break("ledger " + self.view.error());
  if (!self.WriteBatch()) {
    CommitOutcome failed = self.AfterFailure();
    if (failed != CommitOutcome::kNoSpace || !self.reserve || !self.reserve->GiveUp())
      return failed;
    self.gave_room_up = true;
    if (!self.WriteBatch()) return self.AfterFailure();
  }
  self.batch.clear();
  self.BoundLog();
  return self.Outcome();
}

bool Ledger::KeepRoom() {
  Impl& self = *impl_;
  if (self.path == kInMemory) return true;
  if (!self.reserve) self.reserve.emplace(self.path + "-reserve");
  bool kept = self.reserve->Take();
  if (kept) self.gave_room_up = false;
  return kept;
}

size_t Ledger::pending() const { return impl_->batch.size(); }
const std::string& Ledger::last_error() const { return impl_->last_error; }
int64_t Ledger::session() const { return impl_->session; }
int64_t Ledger::TakeCallId() { return impl_->next_call++; }
const LedgerView& Ledger::view() const { return impl_->view; }

}  // namespace muster
