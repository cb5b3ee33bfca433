#pragma once

// The one file pair that names SQLite: a database, its prepared statements, typed values in and
// out. Knows nothing of ledgers. Nothing here throws; what went wrong stands in error().

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "common/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace muster {

// A value to be stored byte by byte (a BLOB) instead of as text.
struct Blob {
  std::string_view bytes;
};

class Database;

// The rows of one query. Must not outlive its Database; ends the query, and with it the read
// transaction, when destroyed. Columns count from 0; NULL reads as 0 or "".
class Rows {
 public:
  Rows(Database* database, sqlite3_stmt* statement);  // nullptr: the query failed, no rows
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  bool Next();  // false at the end and on an error; which of them, failed() says
  bool failed() const { return failed_; }

  bool IsNull(int column) const;
  int64_t Int(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::string_view View(int column) const;  // valid until Next
  std::string Text(int column) const { return std::string(View(column)); }

 private:
  Database* database_;
  sqlite3_stmt* statement_;
  bool failed_;
};

// What kind of thing went wrong, as far as callers act on it.
enum class SqlFailure { kNone, kNoSpace, kBusy, kNotADatabase, kOther };

// One connection, used by one thread. Keeps every statement it has prepared and knows it again by
// where its text stands: texts must live as long as it does, unchanged (literals, statics). One
// query per text can be open at a time.
class Database {
 public:
  // How the file, which must exist, is opened. kReadOnly never checkpoints or changes it.
  // kExclusive keeps all others out and needs no memory shared with them (network file systems).
  enum class Access { kReadOnly, kReadWrite, kExclusive };

  // ":memory:" makes one in memory. Names the file in its error.
  static Result<std::shared_ptr<Database>> Open(const std::string& path, Access access);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Executes a statement that gives no rows; false on an error. The values are not copied.
  template <class... Values>
  bool Run(std::string_view sql, const Values&... values) {
    sqlite3_stmt* statement = Prepare(sql);
    int index = 0;
    bool bound = statement && (Bind(statement, ++index, values, false) && ...);
    return Finish(statement, bound);
  }

  // Starts a query. The values are copied.
  template <class... Values>
  Rows Query(std::string_view sql, const Values&... values) {
    sqlite3_stmt* statement = Prepare(sql);
    int index = 0;
    bool bound = statement && (Bind(statement, ++index, values, true) && ...);
    return Rows(this, bound ? statement : nullptr);
  }

  // The first column of the first row; nullopt without a row or on an error.
  std::optional<int64_t> QueryInt(std::string_view sql);

  int64_t changes() const;  // rows changed by the last Run
  bool in_transaction() const;
  bool HasMoved() const;  // the file was deleted, renamed or replaced since it was opened

  // Whether closing, as the last connection, moves the log into the file. Off at first: a file that
  // turns out to be something else stays as it is.
  void CheckpointOnClose(bool enable);

  // The first thing that went wrong since the start or ClearError; "" and kNone: nothing.
  const std::string& error() const { return error_; }
  SqlFailure failure() const { return failure_; }
  void ClearError();
  void SetError(std::string_view error);  // for damage that SQLite cannot see

 private:
  friend class Rows;
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  sqlite3_stmt* Prepare(std::string_view sql);
  bool Finish(sqlite3_stmt* statement, bool bound);
  void RecordError(int code);
  bool OutOfSpace(int code) const;

  template <class Value>
  bool Bind(sqlite3_stmt* statement, int index, const Value& value, bool copy) {
    if constexpr (std::is_integral_v<Value>) {
      return BindInt(statement, index, value);
    } else if constexpr (std::is_same_v<Value, Blob>) {
      return BindBytes(statement, index, value.bytes, copy);
    } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
      return BindText(statement, index, value, copy);
    } else {
      return value ? Bind(statement, index, *value, copy) : BindNull(statement, index);
    }
  }
  bool BindInt(sqlite3_stmt* statement, int index, int64_t value);
  bool BindText(sqlite3_stmt* statement, int index, std::string_view value, bool copy);
  bool BindBytes(sqlite3_stmt* statement, int index, std::string_view value, bool copy);
  bool BindNull(sqlite3_stmt* statement, int index);
  bool Check(int code);  // records it unless it is success

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;  // by their texts' first characters
  std::string error_;
  SqlFailure failure_ = SqlFailure::kNone;
};

}  // namespace muster
