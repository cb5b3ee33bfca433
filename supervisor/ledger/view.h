#pragma once

// Questions to a ledger. The supervisor asks over its own connection; every other process opens the
// file read-only, never checkpoints it, and holds no read transaction open.

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/money.h"
#include "common/result.h"
#include "common/usage.h"
#include "supervisor/states.h"

namespace muster {

class Database;

struct ItemRow {
  int64_t position = 0;
  std::string id;
  std::string fields;  // JSON
  std::string fields_hash;
  ItemStatus status = ItemStatus::kPending;
  std::string reason;
  int64_t attempts = 0;  // handed out so far
  int64_t worker_deaths = 0;
  int64_t extra_asks = 0;  // granted by --retry-failed
  int64_t work_ms = 0;     // of its last attempt
  std::string lane;        // "provider/model" of its first call; "": not known
};

// Where an item stands, without what the source says of it.
struct ItemStanding {
  int64_t number = 0;  // the ledger's own, from 1
  int64_t position = 0;
  std::string id;
  ItemStatus status = ItemStatus::kPending;
  int64_t attempts = 0;
};

// What the source is held against at every start.
struct KnownItem {
  ItemStanding standing;
  std::string fields_hash, lane;
};

// One ask of a call as the ledger knows it.
struct CallRow {
  int64_t call = 0;
  std::optional<std::string> answer;  // raw; nullopt: not answered yet
  bool rejected = false;
  int64_t tries = 0;
  std::optional<Picodollars> cost;  // of the try that was answered
  int64_t unknown_tries = 0;        // that may have been carried out, answered or not
};

// Sums over tries. Money in picodollars. What was billed is never more than cost + unknown_cost, as
// long as unpriced and unknown_unbounded are 0 and nothing is in the air; a try in the air counts
// only in `tries`.
struct Totals {
  int64_t calls = 0;  // answered
  int64_t tries = 0;  // sent
  int64_t failed_tries = 0;
  int64_t unknown_tries = 0;
  int64_t unpriced = 0;  // answered or failed, neither cost nor worst case known: no price
  // Answered or failed, with a worst case, but the cost not known: the reply does not say what was
  // used, or was served in a tier without a price.
  int64_t unknown_usage = 0;
  Usage usage;
  Picodollars cost = 0;
  Picodollars unknown_cost = 0;   // worst cases of the unknown tries and of unknown_usage
  int64_t unknown_unbounded = 0;  // unknown tries without a worst case
  Picodollars cache_saving = 0;
  // Of the tries of which the provider says what they cost: how many, its sum, and ours (which has
  // 0 for those without a cost).
  int64_t own_costs = 0;
  Picodollars own_cost = 0;
  Picodollars cost_beside_own = 0;
  bool simulated = false;  // some of it is the mock provider's
};

// A try whose outcome is not known: bytes may have left and no complete answer was committed.
struct UnknownTry {
  std::string item, step, provider, model;
  int64_t started_ms = 0;
  std::optional<Picodollars> worst;
};

struct OutputRow {
  std::string item;
  int64_t output = 0;
  std::string path, text;
  bool written = false;
};

// An item's record in a file that grows.
struct RecordRow {
  int64_t sequence = 0;  // its place in done order
  int64_t position = 0;  // its item's place in the source
  std::string item, path, text;
  bool written = false;  // the file was seen to hold it
};

// Which records are asked for, and in which order: of output `output`, only those of items that
// have ended. An item that is handed out again takes its record back until it ends again.
struct RecordQuery {
  int64_t output = 0;
  bool errors = false;                   // failed items' records too
  std::optional<std::string> path = {};  // of one file; in done order it must be given
  bool by_item = false;                  // in the source's order, else in done order
  int64_t after = 0;                     // a place in that order: behind it …
  int64_t before = std::numeric_limits<int64_t>::max();  // … and before this one
};

struct WorkerTotals {
  std::string worker;
  int64_t items_done = 0;
  Totals totals;
};

using StatusCounts = std::array<int64_t, kItemStatusNames.size()>;  // by ItemStatus

// Reading; throws nothing. A damaged file surfaces as empty answers only after `error()` is set.
class LedgerView {
 public:
  // Another process's ledger, read-only. Fails when there is none or it is no ledger.
  static Result<LedgerView> Open(const std::string& path);

  explicit LedgerView(std::shared_ptr<Database> database);

  // Why an answer is empty although it should not be; "" while nothing went wrong. Stays, and
  // stops the writer it belongs to.
  const std::string& error() const;

  std::optional<std::string> Meta(const std::string& key) const;
  StatusCounts CountItems() const;
  int64_t MaxPosition() const;

  // Up to `limit` items of one lane in the source's order with position > `after` and that status.
  std::vector<ItemRow> ItemsAfter(int64_t after, ItemStatus status, const std::string& lane,
                                  int64_t limit) const;
  // The lanes of the items with that status, each once, the one with the first item first.
  std::vector<std::string> Lanes(ItemStatus status) const;
  std::optional<ItemRow> FindItem(const std::string& id) const;
  std::optional<KnownItem> FindKnown(const std::string& id) const;
  // The largest number of an item; 0: there is none.
  int64_t LastItemNumber() const;
  // Whether any item was ever handed out.
  bool AnyAttempt() const;
  // Every item in the source's order; read in pages, between which the ledger may be written.
  void ForEachItem(const std::function<void(const ItemRow&)>& take) const;
  // The same without what is large; `take` says whether to go on.
  void ForEachStanding(const std::function<bool(const ItemStanding&)>& take) const;

  std::optional<CallRow> FindCall(const std::string& item, const std::string& step, int64_t ask,
                                  const std::string& request_hash) const;

  Totals RunTotals() const;
  Totals SessionTotals(int64_t session) const;
  Totals ItemTotals(const std::string& item) const;
  std::vector<WorkerTotals> TotalsByWorker() const;
  std::vector<UnknownTry> UnknownTries() const;

  // What counts against a budget: cost + unknown_cost of Totals, so nothing that is in the air.
  std::map<std::string, Picodollars> BookedByProvider() const;
  Picodollars BookedForItem(const std::string& item) const;

  // One sending, as limits need it after a restart.
  struct SentTry {
    std::string provider, model;
    int64_t started_ms = 0, ended_ms = 0;
    int64_t input = 0, output = 0;  // tokens: the usage, else the estimate; failed unbilled: 0
    bool ended = false;             // false: in the air, or its end was never seen; ended_ms is 0
  };
  // The tries sent at `since_ms` (milliseconds since 1970) or later, in the order of sending; read
  // in pages, between which no read transaction is open.
  void ForEachTrySince(int64_t since_ms, const std::function<void(const SentTry&)>& take) const;

  // Sum of the working time of done items, for the speed-up over doing them one by one.
  int64_t DoneWorkMs() const;

  // An item with an output that goes to that path, and which of the config's outputs it is.
  struct PathOwner {
    std::string item;
    int64_t output = 0;
  };
  std::optional<PathOwner> OutputOwner(const std::string& path) const;
  void ForEachOutput(bool unwritten_only, const std::function<void(const OutputRow&)>& take) const;
  // One item's, by their number.
  std::vector<OutputRow> OutputsOf(const std::string& item) const;
  // Read in pages, between which no read transaction is open; `take` says whether to go on.
  void ForEachRecord(const RecordQuery& query,
                     const std::function<bool(const RecordRow&)>& take) const;
  // The files that one of the config's outputs has gone to, each once.
  std::vector<std::string> PathsOf(int64_t output) const;
  int64_t CountOutputFiles() const;
  // Goes up with every commit in which an item takes its records back, or leaves others.
  int64_t RecordsTakenBack() const;

  // The first place in the source, `from` or later, whose item has not ended; the largest number
  // when all have.
  int64_t FirstUnended(int64_t from) const;

  // What was kept of a done item for reports (item_result.h); nullopt: nothing.
  std::optional<std::string> ResultOf(const std::string& item) const;

  // Tries now in the air, item and step, with when they were sent.
  struct InAir {
    std::string item, step, worker, model;
    int64_t started_ms = 0;
  };
  std::vector<InAir> InTheAir() const;

  struct Session {
    int64_t session = 0, pid = 0, started_ms = 0;
    std::optional<int64_t> ended_ms, exit_code;
    std::string host, command;
  };
  std::optional<Session> LastSession() const;

 private:
  std::shared_ptr<Database> database_;
};

}  // namespace muster
