#include "supervisor/ledger/view.h"

#include <cassert>
#include <filesystem>
#include <limits>

#include "supervisor/ledger/schema.h"
#include "supervisor/ledger/sqlite.h"

namespace muster {
namespace {

// Rows read at once by the ForEach functions: between two pages no read transaction is open, so
// that a slow reader does not keep the log growing. Outputs can be large.
constexpr int64_t kItemsAPage = 128;
constexpr int64_t kStandingsAPage = 2048;
constexpr int64_t kOutputsAPage = 16;

constexpr std::string_view kItemColumns =
    "SELECT i.item, i.position, i.id, f.fields, f.fields_hash, i.status, i.reason, i.attempts,"
    " i.worker_deaths, i.extra_asks, i.work_ms, i.lane"
    " FROM items i JOIN item_fields f USING(item) ";

// A number that no status has counts as an error of the file, and as failed.
ItemStatus StatusOf(Database& database, int64_t number) {
  if (number >= 0 && number < static_cast<int64_t>(kItemStatusNames.size())) {
    return static_cast<ItemStatus>(number);
  }
  database.SetError(fmt::format("damaged: an item has status {}", number));
  return ItemStatus::kFailed;
}

ItemRow ReadItem(Database& database, const Rows& rows) {
  ItemRow item;
  item.position = rows.Int(1);
  item.id = rows.Text(2);
  item.fields = rows.Text(3);
  item.fields_hash = rows.Text(4);
  item.status = StatusOf(database, rows.Int(5));
  item.reason = rows.Text(6);
  item.attempts = rows.Int(7);
  item.worker_deaths = rows.Int(8);
  item.extra_asks = rows.Int(9);
  item.work_ms = rows.Int(10);
  item.lane = rows.Text(11);
  return item;
}

OutputRow ReadOutput(const Rows& rows) {
  return {rows.Text(1), rows.Int(2), rows.Text(3), rows.Text(4), rows.Int(5) != 0};
}

// Where a page of items ended.
struct ItemPlace {
  int64_t position, number;
  auto operator<=>(const ItemPlace&) const = default;
};

// Moves `last` on to the place of the next row. False, and an error of the file, where that is not
// behind it: pages of a damaged index would follow each other without end.
template <class Place>
bool MoveOn(Database& database, const Place& next, Place* last) {
  if (next <= *last) {
    database.SetError("damaged: its rows are out of order");
    return false;
  }
  *last = next;
  return true;
}

// The items behind `last`, which moves to the end of the page.
std::vector<ItemRow> ItemPage(Database& database, ItemPlace* last) {
  static const std::string kSql = fmt::format(
      "{} WHERE (i.position, i.item) > (?, ?) ORDER BY i.position, i.item LIMIT ?", kItemColumns);
  std::vector<ItemRow> page;
  Rows rows = database.Query(kSql, last->position, last->number, kItemsAPage);
  while (rows.Next()) {
    if (!MoveOn(database, {rows.Int(1), rows.Int(0)}, last)) return {};
    page.push_back(ReadItem(database, rows));
  }
  return page;
}

constexpr std::string_view kStandingColumns = "i.item, i.position, i.id, i.status, i.attempts";

ItemStanding ReadStanding(Database& database, const Rows& rows) {
  return {rows.Int(0), rows.Int(1), rows.Text(2), StatusOf(database, rows.Int(3)), rows.Int(4)};
}

// The same as ItemPage of the standings alone.
void StandingPage(Database& database, ItemPlace* last, std::vector<ItemStanding>* page) {
  static const std::string kSql = fmt::format(
      "SELECT {} FROM items i WHERE (i.position, i.item) > (?, ?)"
      " ORDER BY i.position, i.item LIMIT ?",
      kStandingColumns);
  page->clear();
  Rows rows = database.Query(kSql, last->position, last->number, kStandingsAPage);
  while (rows.Next()) {
    if (!MoveOn(database, {rows.Int(1), rows.Int(0)}, last)) return page->clear();
    page->push_back(ReadStanding(database, rows));
  }
}

// The outputs behind `last`, a number of their sequence, which moves to the end of the page.
std::vector<OutputRow> OutputPage(Database& database, bool unwritten_only, int64_t* last) {
  constexpr std::string_view kAll =
      "SELECT o.sequence, i.id, o.output, o.path, o.text, o.written FROM outputs o"
      " JOIN items i USING(item) WHERE o.sequence > ? ORDER BY o.sequence LIMIT ?";
  constexpr std::string_view kUnwritten =
      "SELECT o.sequence, i.id, o.output, o.path, o.text, o.written FROM outputs o"
      " JOIN items i USING(item) WHERE o.written = 0 AND o.sequence > ?"
      " ORDER BY o.sequence LIMIT ?";
  std::vector<OutputRow> page;
  Rows rows = database.Query(unwritten_only ? kUnwritten : kAll, *last, kOutputsAPage);
  while (rows.Next()) {
    if (!MoveOn(database, rows.Int(0), last)) return {};
    page.push_back(ReadOutput(rows));
  }
  return page;
}

// Items of these states have ended and left what their records say; see RecordQuery.
constexpr std::string_view kEnded = "(3, 7)", kEndedOrFailed = "(3, 4, 5, 7)";
static_assert(static_cast<int>(ItemStatus::kDone) == 3 &&
              static_cast<int>(ItemStatus::kFailed) == 4 &&
              static_cast<int>(ItemStatus::kQuarantined) == 5 &&
              static_cast<int>(ItemStatus::kAbsent) == 7);

constexpr std::string_view kRecordColumns =
    "SELECT o.sequence, i.position, i.item, i.id, o.path, o.text, o.written";

// Unary + keeps SQLite from walking another index than the one that has the order.
std::string InDoneOrder(std::string_view states) {
  return fmt::format(
      "{} FROM outputs o JOIN items i USING(item) WHERE o.path = ? AND o.output = ?"
      " AND o.sequence > ? AND o.sequence < ? AND i.status IN {} ORDER BY o.sequence LIMIT ?",
      kRecordColumns, states);
}

std::string InItemOrder(std::string_view states) {
  return fmt::format(
      "{} FROM items i CROSS JOIN outputs o ON o.item = i.item AND o.output = ?"
      " WHERE (i.position, i.item) > (?, ?) AND i.position < ? AND +i.status IN {}"
      " AND (?6 IS NULL OR +o.path = ?6) ORDER BY i.position, i.item LIMIT ?5",
      kRecordColumns, states);
}

RecordRow ReadRecord(const Rows& rows) {
  return {rows.Int(0), rows.Int(1), rows.Text(3), rows.Text(4), rows.Text(5), rows.Int(6) != 0};
}

// The records behind `last` (in done order a sequence in its position), which moves to the end of
// the page.
std::vector<RecordRow> RecordPage(Database& database, const RecordQuery& query, ItemPlace* last) {
  static const std::string kSql[2][2] = {{InDoneOrder(kEnded), InDoneOrder(kEndedOrFailed)},
                                         {InItemOrder(kEnded), InItemOrder(kEndedOrFailed)}};
  const std::string& sql = kSql[query.by_item][query.errors];
  std::vector<RecordRow> page;
  Rows rows = query.by_item ? database.Query(sql, query.output, last->position, last->number,
                                             query.before, kOutputsAPage, query.path)
                            : database.Query(sql, *query.path, query.output, last->position,
                                             query.before, kOutputsAPage);
  while (rows.Next()) {
    if (!MoveOn(database, {rows.Int(query.by_item ? 1 : 0), rows.Int(2)}, last)) return {};
    page.push_back(ReadRecord(rows));
  }
  return page;
}

}  // namespace

Result<LedgerView> LedgerView::Open(const std::string& path) {
  // SQLite would delete the log of an empty file (or of one byte), also when it only reads.
  std::error_code why;
  auto size = std::filesystem::file_size(path, why);
  if (why) return Fail("ledger {}: {}", path, why.message());
  if (size <= 1) return Fail("ledger {}: is empty", path);
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return Fail("ledger {}", database.error());
  if (auto schema = CheckSchema(**database, path); !schema) return Error{schema.error()};
  if (!(*database)->Run("PRAGMA temp_store = MEMORY")) {
    return Fail("ledger {}", (*database)->error());
  }
  return LedgerView(*std::move(database));
}

LedgerView::LedgerView(std::shared_ptr<Database> database) : database_(std::move(database)) {}

const std::string& LedgerView::error() const { return database_->error(); }

std::optional<std::string> LedgerView::Meta(const std::string& key) const {
  Rows rows = database_->Query("SELECT value FROM meta WHERE key = ?", key);
  return rows.Next() ? std::optional(rows.Text(0)) : std::nullopt;
}

StatusCounts LedgerView::CountItems() const {
  StatusCounts counts{};
  Rows rows = database_->Query("SELECT status, count(*) FROM items GROUP BY status");
  while (rows.Next()) {
    counts[static_cast<size_t>(StatusOf(*database_, rows.Int(0)))] += rows.Int(1);
  }
  return counts;
}

int64_t LedgerView::MaxPosition() const {
  return database_->QueryInt("SELECT max(position) FROM items").value_or(0);
}

std::vector<ItemRow> LedgerView::ItemsAfter(int64_t after, ItemStatus status,
                                            const std::string& lane, int64_t limit) const {
  static const std::string kSql = fmt::format(
      "{} WHERE i.status = ? AND i.lane = ? AND i.position > ? ORDER BY i.position LIMIT ?",
      kItemColumns);
  std::vector<ItemRow> items;
  Rows rows = database_->Query(kSql, static_cast<int64_t>(status), lane, after, limit);
  while (rows.Next()) items.push_back(ReadItem(*database_, rows));
  return items;
}

std::vector<std::string> LedgerView::Lanes(ItemStatus status) const {
  std::vector<std::string> lanes;
  Rows rows = database_->Query(
      "SELECT lane FROM items WHERE status = ? GROUP BY lane ORDER BY min(position), lane",
      static_cast<int64_t>(status));
  while (rows.Next()) lanes.push_back(rows.Text(0));
  return lanes;
}

std::optional<ItemRow> LedgerView::FindItem(const std::string& id) const {
  static const std::string kSql = fmt::format("{} WHERE i.id = ?", kItemColumns);
  Rows rows = database_->Query(kSql, id);
  return rows.Next() ? std::optional(ReadItem(*database_, rows)) : std::nullopt;
}

void LedgerView::ForEachItem(const std::function<void(const ItemRow&)>& take) const {
  ItemPlace last{std::numeric_limits<int64_t>::min(), 0};
  while (true) {
    std::vector<ItemRow> page = ItemPage(*database_, &last);
    if (page.empty()) return;
    for (const ItemRow& item : page) take(item);
  }
}

void LedgerView::ForEachStanding(const std::function<bool(const ItemStanding&)>& take) const {
  ItemPlace last{std::numeric_limits<int64_t>::min(), 0};
  std::vector<ItemStanding> page;
  while (true) {
    StandingPage(*database_, &last, &page);
    if (page.empty()) return;
    for (const ItemStanding& standing : page) {
      if (!take(standing)) return;
    }
  }
}

std::optional<KnownItem> LedgerView::FindKnown(const std::string& id) const {
  static const std::string kSql = fmt::format(
      "SELECT {}, f.fields_hash, i.lane FROM items i JOIN item_fields f USING(item)"
      " WHERE i.id = ?",
      kStandingColumns);
  Rows rows = database_->Query(kSql, id);
  if (!rows.Next()) return std::nullopt;
  return KnownItem{ReadStanding(*database_, rows), rows.Text(5), rows.Text(6)};
}

int64_t LedgerView::LastItemNumber() const {
  return database_->QueryInt("SELECT max(item) FROM items").value_or(0);
}

bool LedgerView::AnyAttempt() const {
  return database_->QueryInt("SELECT EXISTS(SELECT 1 FROM attempts)").value_or(0) != 0;
}

std::optional<CallRow> LedgerView::FindCall(const std::string& item, const std::string& step,
                                            int64_t ask, const std::string& request_hash) const {
  Rows rows = database_->Query(
      "SELECT c.call, c.rejected, (SELECT count(*) FROM tries t WHERE t.call = c.call), c.answer,"
      " (SELECT t.cost FROM tries t WHERE t.call = c.call AND t.outcome = 1),"
      " (SELECT count(*) FROM tries t WHERE t.call = c.call AND t.outcome = 3)"
      " FROM items i JOIN calls c USING(item)"
      " WHERE i.id = ? AND c.step = ? AND c.ask = ? AND c.request_hash = ?",
      item, step, ask, request_hash);
  if (!rows.Next()) return std::nullopt;
  CallRow call;
  call.call = rows.Int(0);
  call.rejected = rows.Int(1) != 0;
  call.tries = rows.Int(2);
  if (!rows.IsNull(3)) call.answer = rows.Text(3);
  if (!rows.IsNull(4)) call.cost = rows.Int(4);
  call.unknown_tries = rows.Int(5);
  return call;
}

int64_t LedgerView::DoneWorkMs() const {
  static const std::string kSql = fmt::format("SELECT sum(work_ms) FROM items WHERE status = {}",
                                              static_cast<int>(ItemStatus::kDone));
  return database_->QueryInt(kSql).value_or(0);
}

void LedgerView::ForEachOutput(bool unwritten_only,
                               const std::function<void(const OutputRow&)>& take) const {
  int64_t last = 0;
  while (true) {
    std::vector<OutputRow> page = OutputPage(*database_, unwritten_only, &last);
    if (page.empty()) return;
    for (const OutputRow& output : page) take(output);
  }
}

std::optional<LedgerView::PathOwner> LedgerView::OutputOwner(const std::string& path) const {
  Rows rows = database_->Query(
      "SELECT i.id, o.output FROM outputs o JOIN items i USING(item) WHERE o.path = ? LIMIT 1",
      path);
  if (!rows.Next()) return std::nullopt;
  return PathOwner{rows.Text(0), rows.Int(1)};
}

std::vector<OutputRow> LedgerView::OutputsOf(const std::string& item) const {
  std::vector<OutputRow> all;
  Rows rows = database_->Query(
      "SELECT o.sequence, i.id, o.output, o.path, o.text, o.written FROM items i"
      " JOIN outputs o USING(item) WHERE i.id = ? ORDER BY o.output",
      item);
  while (rows.Next()) all.push_back(ReadOutput(rows));
  return all;
}

void LedgerView::ForEachRecord(const RecordQuery& query,
                               const std::function<bool(const RecordRow&)>& take) const {
  assert(query.by_item || query.path);
  ItemPlace last{query.after, std::numeric_limits<int64_t>::max()};
  while (true) {
    std::vector<RecordRow> page = RecordPage(*database_, query, &last);
    if (page.empty()) return;
    for (const RecordRow& record : page) {
      if (!take(record)) return;
    }
  }
}

std::vector<std::string> LedgerView::PathsOf(int64_t output) const {
  std::vector<std::string> paths;
  // From path to path in the index: most runs have one, with a record of every item. UNION, which
  // takes each once, ends also where a damaged index leads in a circle.
  Rows rows = database_->Query(
      "WITH RECURSIVE paths(path) AS (SELECT min(path) FROM outputs UNION"
      " SELECT (SELECT min(o.path) FROM outputs o WHERE o.path > paths.path) FROM paths"
      " WHERE paths.path IS NOT NULL)"
      " SELECT path FROM paths WHERE path IS NOT NULL AND"
      " EXISTS(SELECT 1 FROM outputs o WHERE o.path = paths.path AND o.output = ?)",
      output);
  while (rows.Next()) paths.push_back(rows.Text(0));
  return paths;
}

int64_t LedgerView::CountOutputFiles() const {
  return database_->QueryInt("SELECT count(DISTINCT path) FROM outputs").value_or(0);
}

int64_t LedgerView::RecordsTakenBack() const {
  return database_->QueryInt("SELECT value FROM meta WHERE key = 'records taken back'").value_or(0);
}

int64_t LedgerView::FirstUnended(int64_t from) const {
  Rows rows = database_->Query(
      "SELECT position FROM items WHERE position >= ? AND +status IN (0, 1, 2)"
      " ORDER BY position LIMIT 1",
      from);
  return rows.Next() ? rows.Int(0) : std::numeric_limits<int64_t>::max();
}

std::optional<std::string> LedgerView::ResultOf(const std::string& item) const {
  Rows rows = database_->Query(
      "SELECT r.result FROM items i JOIN results r USING(item) WHERE i.id = ?", item);
  return rows.Next() ? std::optional(rows.Text(0)) : std::nullopt;
}

std::vector<LedgerView::InAir> LedgerView::InTheAir() const {
  std::vector<InAir> all;
  Rows rows = database_->Query(
      "SELECT i.id, c.step, t.worker, c.model, t.started_ms FROM tries t"
      " JOIN calls c USING(call) JOIN items i USING(item) WHERE t.outcome = 0"
      " ORDER BY t.call, t.number");
  while (rows.Next()) {
    all.push_back({rows.Text(0), rows.Text(1), rows.Text(2), rows.Text(3), rows.Int(4)});
  }
  return all;
}

std::optional<LedgerView::Session> LedgerView::LastSession() const {
  Rows rows = database_->Query(
      "SELECT session, pid, started_ms, ended_ms, exit_code, host, command FROM sessions"
      " ORDER BY session DESC LIMIT 1");
  if (!rows.Next()) return std::nullopt;
  return Session{rows.Int(0),         rows.Int(1),  rows.Int(2), rows.OptionalInt(3),
                 rows.OptionalInt(4), rows.Text(5), rows.Text(6)};
}

}  // namespace muster
