// The input is a list of damages, six bytes each: what is done, where (three bytes, the lowest
// first, within the file), with which byte, and to how much. The lowest bit of the first byte says
// to which file: the ledger or its log. One kind changes values as SQLite itself would.

#include "supervisor/ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/ledger/sqlite.h"
#include "tests/fuzz/ledger_reading.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

using record::TryOutcome;

constexpr int kItems = 6;

const SessionInfo kSession{4711, "host", "muster run c.yaml", 1000};

std::string IdOf(int64_t n) { return fmt::format("item{}", n); }

// Those of the items that there are, and as many that there are not.
const std::vector<std::string>& AskedIds() {
  static const std::vector<std::string> kIds = [] {
    std::vector<std::string> ids;
    for (int64_t n = 1; n <= 2 * kItems; ++n) ids.push_back(IdOf(n));
    return ids;
  }();
  return kIds;
}

record::TryStarted Started(int64_t call, int64_t n) {
  record::TryStarted started;
  started.call = call;
  started.item = IdOf(n);
  started.step = "chat";
  started.request_hash = "hash";
  started.provider = n % 2 ? "openai" : "mock";
  started.model = "m";
  started.attempt = 1;
  started.worker = fmt::format("w{}", n % 3);
  started.worst = 1000;
  started.time_ms = 2000 + n;
  return started;
}

record::TryEnded Ended(int64_t call, TryOutcome outcome) {
  record::TryEnded ended;
  ended.call = call;
  ended.outcome = outcome;
  ended.time_ms = 3000;
  if (outcome != TryOutcome::kAnswered) return ended;
  ended.answer = fmt::format("answer {}", std::string(300 * static_cast<size_t>(call), 'a'));
  ended.usage = Usage{10, 0, 0, 5, 0};
  ended.cost = 10 + call;
  return ended;
}

// ---- the ledger that is damaged ----

// A ledger as a crash leaves it: the file as its last checkpoint left it, and a log of commits.
struct Original {
  MemoryDir folder;
  std::string path = folder / "ledger.sqlite";
  std::string file, log;
  std::vector<size_t> ends;           // of the log, after each of its commits; the first is 0
  std::vector<std::string> readings;  // after a start that finds so much of the log

  Original();
  void Put(std::string_view file_bytes, std::string_view log_bytes) const;
};

void Commit(Ledger& ledger) {
  Must(ledger.Commit() == CommitOutcome::kCommitted, "the first ledger cannot be written");
}

void BeginItem(Ledger& ledger, int64_t n) {
  ledger.Add(record::Item{n, IdOf(n), fmt::format("{{\"n\":{}}}", n), "h", "openai/m"});
  ledger.Add(record::AttemptStarted{IdOf(n), 1, fmt::format("w{}", n % 3), n});
  ledger.Add(Started(n, n));
}

void EndItem(Ledger& ledger, int64_t n) {
  bool done = n % 3 != 0;
  ledger.Add(Ended(n, done ? TryOutcome::kAnswered : TryOutcome::kFailed));
  if (done) ledger.Add(record::Output{IdOf(n), 0, n % 2 ? "odd.csv" : "even.csv", IdOf(n)});
  if (done) ledger.Add(record::Result{IdOf(n), "{}"});
  ledger.Add(record::AttemptEnded{IdOf(n), 1, done ? "done" : "failed", "", n});
  auto status = done ? ItemStatus::kDone : ItemStatus::kFailed;
  ledger.Add(record::Status{IdOf(n), status, done ? "" : "no", 0, 5});
}

Ledger MustOpen(const std::string& path) {
  auto ledger = Ledger::Open(path, kSession);
  Must(ledger.ok(), "the first ledger cannot be opened");
  return *std::move(ledger);
}

Original::Original() {
  {
    Ledger ledger = MustOpen(path);
    ledger.Add(record::Meta{"name", "fuzzed"});
    for (int64_t n = 1; n <= kItems; ++n) BeginItem(ledger, n);
    for (int64_t n = 1; n < kItems; ++n) EndItem(ledger, n);  // the last one is in the air
    Commit(ledger);
  }
  Ledger ledger = MustOpen(path);
  auto end = [&] { return ends.push_back(ReadScratch(path + "-wal").size()); };
  ends.push_back(0);
  end();
  for (int64_t n = kItems + 1; n <= kItems + 2; ++n) {
    BeginItem(ledger, n);
    Commit(ledger), end();
    if (n < kItems + 2) EndItem(ledger, n), Commit(ledger), end();
  }
  file = ReadScratch(path);
  log = ReadScratch(path + "-wal");
  for (size_t size : ends) {
    Put(file, std::string_view(log).substr(0, size));
    Ledger again = MustOpen(path);
    readings.push_back(Describe(again.view(), AskedIds()));
    Must(again.view().error().empty(), "the first ledger cannot be read");
  }
}

void Original::Put(std::string_view file_bytes, std::string_view log_bytes) const {
  for (const char* end : {"-shm", "-wal", "-journal", "-reserve"}) unlink((path + end).c_str());
  unlink(path.c_str());
  WriteScratch(path, file_bytes);
  if (!log_bytes.empty()) WriteScratch(path + "-wal", log_bytes);
}

// ---- damaging it ----

void Damage(std::string& bytes, std::string_view how) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(how[i]); };
  if (bytes.empty()) return;
  size_t at = (byte(1) | byte(2) << 8 | byte(3) << 16) % bytes.size();
  size_t size = std::min<size_t>(byte(5) + 1, bytes.size() - at);
  switch (byte(0) / 2 % 9) {
    case 0:
      bytes[at] = static_cast<char>(byte(4));
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << byte(4) % 8);
      break;
    case 2:
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), size, static_cast<char>(byte(4)));
      break;
    case 3:
      bytes.resize(at);
      break;
    case 4:  // whole pages: lost, as a disk loses them
      at -= at % 4096;
      std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at),
                  std::min<size_t>(4096 * (byte(5) % 4 + 1), bytes.size() - at), '\0');
      break;
    case 5:  // or written to another's place
      at -= at % 4096;
      bytes.replace(at, 4096,
                    bytes.substr(byte(4) * size_t{4096} % bytes.size() / 4096 * 4096, 4096));
      break;
    case 6:  // what a page lists is in another order
      at -= at % 2;
      if (at + 4 <= bytes.size()) std::swap_ranges(&bytes[at], &bytes[at] + 2, &bytes[at] + 2);
      break;
    case 7:
      break;  // Change
    default:
      bytes.append(size, static_cast<char>(byte(4)));
  }
}

constexpr std::string_view kColumns[] = {
    "sums SET tries",         "sums SET calls",        "sums SET failed",
    "sums SET unknown",       "sums SET input",        "sums SET output",
    "sums SET cost",          "sums SET unknown_cost", "sums SET items_done",
    "sums SET own_cost",      "sums SET session",      "tries SET cost",
    "tries SET worst",        "tries SET outcome",     "tries SET started_ms",
    "tries SET input",        "tries SET session",     "calls SET call",
    "calls SET item",         "calls SET answer",      "items SET status",
    "items SET position",     "items SET attempts",    "items SET item",
    "items SET work_ms",      "items SET id",          "outputs SET sequence",
    "outputs SET item",       "outputs SET path",      "sessions SET session",
    "sessions SET lost",      "attempts SET outcome",  "item_fields SET item",
    "item_fields SET fields", "meta SET value",
};
constexpr std::string_view kValues[] = {"0",
                                        "1",
                                        "-1",
                                        "9223372036854775807",
                                        "NULL",
                                        "'text'",
                                        "-9223372036854775808",
                                        "4611686018427387904",
                                        "x'ff00'",
                                        "1e300",
                                        "''",
                                        "3"};

bool IsChange(std::string_view how) { return static_cast<unsigned char>(how[0]) / 2 % 9 == 7; }

std::string_view KeyOf(std::string_view column) {
  std::string_view table = column.substr(0, column.find(' '));
  if (table == "sums" || table == "meta") return "1";
  return table == "tries" ? "call" : table == "attempts" ? "item" : "rowid";
}

// One value, or one of every row, becomes another that its column may have.
std::string ChangeOf(std::string_view how) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(how[i]); };
  return fmt::format("UPDATE OR IGNORE {} = {} WHERE {}", kColumns[byte(1) % std::size(kColumns)],
                     kValues[byte(4) % std::size(kValues)],
                     byte(5) % 2
                         ? "true"
                         : fmt::format("{} = {}", KeyOf(kColumns[byte(1) % std::size(kColumns)]),
                                       byte(5) / 2 % 16));
}

// Leaves the files as a program that ends without closing them.
void ChangeValues(const Original& original, const std::vector<std::string>& changes) {
  auto database = Database::Open(original.path, Database::Access::kReadWrite);
  if (!database) return;
  for (const std::string& sql : changes) Rows((*database)->Query(sql)).Next();
}

// ---- what must hold ----

void CheckRefusal(const Original& original, const std::string& error, std::string_view file,
                  std::string_view log) {
  Must(error.starts_with("ledger ") && error.find(original.path) != error.npos,
       "a refusal that does not name the file");
  if (error.find("nothing was changed") == error.npos) return;
  Must(ReadScratch(original.path) == file, "something was changed in the ledger");
  Must(ReadScratch(original.path + "-wal") == log, "something was changed in the log");
}

// As other processes read it, before anyone has put it in order.
void CheckReader(const Original& original, std::string_view file, std::string_view log) {
  auto view = LedgerView::Open(original.path);
  if (view) {
    Describe(*view, AskedIds());
  } else {
    CheckRefusal(original, view.error(), file, log);
  }
  Must(ReadScratch(original.path) == file, "a reader changed the ledger");
}

// Only commits from the first damaged byte on may be lost, and only whole ones.
void CheckSurvivors(const Original& original, std::string_view log, const std::string& reading) {
  auto [intact, ignored] =
      std::mismatch(log.begin(), log.end(), original.log.begin(), original.log.end());
  auto whole = static_cast<size_t>(intact - log.begin());
  bool known = false;
  for (size_t i = 0; i < original.ends.size(); ++i) {
    bool safe = i + 1 == original.ends.size() || original.ends[i + 1] > whole;
    known = known || (safe && reading == original.readings[i]);
  }
  Must(known, "commits were lost that were not damaged, or half of one");
}

bool Intact(const std::string& path) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return false;
  Rows rows = (*database)->Query("PRAGMA integrity_check(1)");
  return rows.Next() && rows.View(0) == "ok";
}

// Of a ledger in which SQLite finds no fault: values may be others, but they fit each other.
void CheckRules(const LedgerView& view) {
  StatusCounts counts = view.CountItems();
  int64_t all = 0, rows = 0, standings = 0;
  for (int64_t count : counts) all += count;
  view.ForEachItem([&](const ItemRow&) { ++rows; });
  view.ForEachStanding([&](const ItemStanding&) { return ++standings, true; });
  if (!view.error().empty()) return;
  Must(all == standings && rows <= all, "items that are counted twice, or not at all");
  Must(counts[1] == 0 && counts[2] == 0, "an item runs without a worker");
  Must(view.InTheAir().empty(), "a try is in the air without a worker");
}

// The turns of a supervisor that hands out what is pending and hears the answer.
void CheckTurns(const Original& original, Ledger& ledger) {
  std::vector<int64_t> calls;
  for (const std::string& lane : ledger.view().Lanes(ItemStatus::kPending)) {
    for (const ItemRow& item : ledger.view().ItemsAfter(0, ItemStatus::kPending, lane, 1)) {
      ledger.Add(record::AttemptStarted{item.id, item.attempts + 1, "w1", 9});
      record::TryStarted started = Started(ledger.TakeCallId(), 1);
      started.item = item.id;
      started.request_hash = fmt::format("hash of attempt {}", item.attempts);
      ledger.Add(started);
      calls.push_back(started.call);
    }
  }
  for (int turn = 0; turn < 2; ++turn) {
    ledger.Add(record::Note{"still here", 5});
    CommitOutcome outcome = ledger.Commit();
    Must(outcome == CommitOutcome::kCommitted || outcome == CommitOutcome::kBroken, "no room");
    if (outcome == CommitOutcome::kBroken) {
      Must(ledger.last_error().find(original.path) != std::string::npos, "a break without a name");
      return;
    }
    for (int64_t call : calls) ledger.Add(Ended(call, TryOutcome::kFailed));
  }
}

void CheckWriter(const Original& original, std::string_view file, std::string_view log,
                 bool log_alone) {
  auto ledger = Ledger::Open(original.path, kSession);
  if (!ledger) return CheckRefusal(original, ledger.error(), file, log);
  std::string reading = Describe(ledger->view(), AskedIds());
  bool readable = ledger->view().error().empty();
  if (log_alone) {
    Must(readable, "a log that is damaged made the ledger unreadable");
    CheckSurvivors(original, log, reading);
  }
  if (readable && Intact(original.path)) CheckRules(ledger->view());
  CheckTurns(original, *ledger);
  Describe(ledger->view(), AskedIds());
}

}  // namespace

void FuzzLedger(std::string_view bytes) {
  static const Original original;
  std::string file = original.file, log = original.log;
  std::vector<std::string> changes;
  for (int i = 0; bytes.size() >= 6 && i < 16; bytes.remove_prefix(6), ++i) {
    if (IsChange(bytes)) changes.push_back(ChangeOf(bytes));
    Damage(bytes[0] & 1 ? log : file, bytes.substr(0, 6));
  }
  bool log_alone = changes.empty() && file == original.file;
  original.Put(file, log);
  if (!changes.empty()) {
    ChangeValues(original, changes);
    file = ReadScratch(original.path);
    log = ReadScratch(original.path + "-wal");
    original.Put(file, log);
  }
  CheckReader(original, file, log);
  original.Put(file, log);
  CheckWriter(original, file, log, log_alone);
}

}  // namespace muster::fuzz
