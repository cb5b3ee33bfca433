#include "supervisor/ledger/sqlite.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cstring>

namespace muster {
namespace {

// How long a statement waits for another connection's lock. In WAL only recovery after a crash and
// exclusive locking hold one.
constexpr int kBusyMilliseconds = 500;

// The path as a file: URI, so that no character of it means anything to SQLite.
std::string UriOf(const std::string& path, std::string_view query) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (unsigned char c : path) {
    bool plain = c < 0x80 && (std::isalnum(c) || std::strchr("/._-~", c));
    uri += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02x}", c);
  }
  return uri.append(query);
}

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

sqlite3_destructor_type Keep(bool copy) { return copy ? SQLITE_TRANSIENT : SQLITE_STATIC; }

// To find out how much of a log is whole, SQLite takes a buffer and copies it into the -shm file,
// also where it has not filled it (walIndexRecover): what it takes must not hold anything of ours,
// keys least of all.
constexpr int kBuffer = 16 << 10;
sqlite3_mem_methods own_memory;  // SQLite's

void* TakeMemory(int size) {
  void* taken = own_memory.xMalloc(size);
  if (taken && size >= kBuffer) std::memset(taken, 0, static_cast<size_t>(size));
  return taken;
}

bool Configure() {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // which it would count under a lock
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &own_memory);
  sqlite3_mem_methods clean = own_memory;
  clean.xMalloc = TakeMemory;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &clean) == SQLITE_OK;
}

// Before the first connection.
void ConfigureLibrary() { [[maybe_unused]] static const bool once = Configure(); }

// Opens and reads the first page; the code of SQLite, with the handle also on failure. `before` is
// executed before that first look at the file.
int Connect(const std::string& name, int flags, sqlite3** handle, const char* before = "") {
  int code = sqlite3_open_v2(name.c_str(), handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return code;
  sqlite3_extended_result_codes(*handle, 1);
  sqlite3_busy_timeout(*handle, kBusyMilliseconds);
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  code = sqlite3_exec(*handle, before, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return code;
  return sqlite3_exec(*handle, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
}

int ConnectReadOnly(const std::string& path, sqlite3** handle) {
  constexpr int kFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  int code = Connect(UriOf(path, "?mode=ro"), kFlags, handle);
  int kind = code & 0xff;
  if (kind != SQLITE_CANTOPEN && kind != SQLITE_READONLY) return code;
  // In a folder that cannot be written SQLite has no place for its -shm; without a log there is
  // nobody to share with either.
  if (!Exists(path) || Exists(path + "-wal")) return code;
  sqlite3_close(*handle);
  return Connect(UriOf(path, "?mode=ro&immutable=1"), kFlags, handle);
}

int ConnectReadWrite(const std::string& path, bool exclusive, sqlite3** handle) {
  if (path == ":memory:") return Connect(path, SQLITE_OPEN_READWRITE, handle);
  return Connect(UriOf(path, "?mode=rw"), SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, handle,
                 exclusive ? "PRAGMA locking_mode = EXCLUSIVE" : "");
}

std::string Describe(sqlite3* handle, int code) {
  if (!handle) return sqlite3_errstr(code);
  std::string text = sqlite3_errmsg(handle);
  int system = sqlite3_system_errno(handle);
  int kind = code & 0xff;
  if (system != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN)) {
    text += fmt::format(" ({})", std::strerror(system));
  }
  return text;
}

// The errno behind a failed write to the log, which SQLite keeps per file.
int LogErrno(sqlite3* handle) {
  sqlite3_file* log = nullptr;
  int number = 0;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

bool IsSpaceErrno(int number) { return number == ENOSPC || number == EDQUOT || number == EFBIG; }

}  // namespace

Rows::Rows(Database* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement), failed_(!statement) {}

Rows::~Rows() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Rows::Next() {
  if (failed_) return false;
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    failed_ = true;
    database_->RecordError(code);
  }
  return false;
}

bool Rows::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Rows::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<int64_t> Rows::OptionalInt(int column) const {
  return IsNull(column) ? std::nullopt : std::optional(Int(column));
}

std::string_view Rows::View(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (!bytes) return {};
  return {static_cast<const char*>(bytes),
          static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::shared_ptr<Database>> Database::Open(const std::string& path, Access access) {
  ConfigureLibrary();
  sqlite3* handle = nullptr;
  int code = access == Access::kReadOnly
                 ? ConnectReadOnly(path, &handle)
                 : ConnectReadWrite(path, access == Access::kExclusive, &handle);
  if (code == SQLITE_OK) return std::shared_ptr<Database>(new Database(handle, path));
  Error error = (code & 0xff) == SQLITE_BUSY
                    ? Fail("{}: another process holds it exclusively", path)
                    : Fail("{}: {}", path, Describe(handle, code));
  sqlite3_close(handle);
  return error;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  [[maybe_unused]] int code = sqlite3_close(handle_);
  assert(code == SQLITE_OK);
}

std::optional<int64_t> Database::QueryInt(std::string_view sql) {
  Rows rows = Query(sql);
  return rows.Next() ? rows.OptionalInt(0) : std::nullopt;
}

int64_t Database::changes() const { return sqlite3_changes64(handle_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

bool Database::HasMoved() const {
  int moved = 0;
  int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return code == SQLITE_OK && moved != 0;
}

void Database::CheckpointOnClose(bool enable) {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, enable ? 0 : 1, nullptr);
}

void Database::ClearError() {
  error_.clear();
  failure_ = SqlFailure::kNone;
}

void Database::SetError(std::string_view error) {
  if (!error_.empty()) return;
  error_ = fmt::format("{}: {}", path_, error);
  failure_ = SqlFailure::kOther;
}

sqlite3_stmt* Database::Prepare(std::string_view sql) {
  auto found = statements_.find(sql.data());
  if (found != statements_.end()) {
    assert(!sqlite3_stmt_busy(found->second));
    return found->second;
  }
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (!Check(code)) return nullptr;
  statements_.emplace(sql.data(), statement);
  return statement;
}

bool Database::Finish(sqlite3_stmt* statement, bool bound) {
  if (!statement) return false;
  int code = bound ? sqlite3_step(statement) : SQLITE_ERROR;
  bool done = code == SQLITE_DONE || code == SQLITE_ROW;
  if (bound && !done) RecordError(code);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return done;
}

bool Database::OutOfSpace(int code) const {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR) return false;
  // After a failed flush nobody knows what is on the disk, whatever its reason.
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) return false;
  return IsSpaceErrno(sqlite3_system_errno(handle_)) || IsSpaceErrno(LogErrno(handle_));
}

void Database::RecordError(int code) {
  if (!error_.empty()) return;
  error_ = fmt::format("{}: {}", path_, Describe(handle_, code));
  int kind = code & 0xff;
  failure_ = SqlFailure::kOther;
  if (OutOfSpace(code)) failure_ = SqlFailure::kNoSpace;
  if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) failure_ = SqlFailure::kBusy;
  if (kind == SQLITE_NOTADB) failure_ = SqlFailure::kNotADatabase;
}

bool Database::Check(int code) {
  if (code == SQLITE_OK) return true;
  RecordError(code);
  return false;
}

bool Database::BindInt(sqlite3_stmt* statement, int index, int64_t value) {
  return Check(sqlite3_bind_int64(statement, index, value));
}

bool Database::BindText(sqlite3_stmt* statement, int index, std::string_view value, bool copy) {
  const char* text = value.data() ? value.data() : "";
  return Check(sqlite3_bind_text64(statement, index, text, value.size(), Keep(copy), SQLITE_UTF8));
}

bool Database::BindBytes(sqlite3_stmt* statement, int index, std::string_view value, bool copy) {
  const char* bytes = value.data() ? value.data() : "";
  return Check(sqlite3_bind_blob64(statement, index, bytes, value.size(), Keep(copy)));
}

bool Database::BindNull(sqlite3_stmt* statement, int index) {
  return Check(sqlite3_bind_null(statement, index));
}

}  // namespace muster
