#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/prices.h"
#include "common/protocol.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/pool/worker_pool.h"

namespace muster {

// The books of a running session: prices what is called, writes the records, keeps the sums that
// people see. Nothing it is told is true for anyone else before Commit() says so.
//
// `counted` is what a try that ended counts against a budget, in picodollars, by the same rule as
// Totals: its cost where known, else its worst case, 0 where it has no bound.
class Books {
 public:
  Books(Ledger& ledger, const Config& config, const PriceTable& prices, const Clock& clock);

  // ---- items ----
  // Counts selected items of the ledger at the start.
  void Count(ItemStatus status, int64_t items = 1) {
    counts_[static_cast<size_t>(status)] += items;
  }
  // Hands out: the item's next attempt number.
  int64_t BeginAttempt(ItemRow& row, const std::string& worker, const std::string& node);
  void EndAttempt(const ItemRow& row, const std::string& outcome, const std::string& evidence);
  void SetStatus(ItemRow& row, ItemStatus status, const std::string& reason, int64_t work_ms = 0);
  // Has it tried again although it failed, with a fresh ask; counts it as a selected one.
  void Reopen(ItemRow& row);
  void AddOutput(const std::string& item, const OutputText& output);
  void MarkWritten(const std::string& item, int64_t output);

  // ---- tries ----
  // One try of a call that is about to be sent.
  struct Try {
    int64_t call = 0;    // the ledger's number
    int64_t number = 0;  // of the try within it
    std::optional<Picodollars> worst;
  };
  // The most one try of it can cost in the service tier asked for; nullopt: no price, or nothing
  // bounds it.
  std::optional<Picodollars> WorstOf(const Call& call) const;
  // Tokens that its model takes in; nullopt: not known, or it has no model.
  std::optional<int64_t> ContextWindowOf(const Call& call) const;
  // `ledger_call` 0: the call has no row yet. The tokens are what was reserved for it in the
  // limits.
  Try BeginTry(const Call& call, int64_t ask, int64_t ledger_call, int64_t tries_so_far,
               const std::string& worker, int64_t input_reserved, int64_t output_reserved);
  // What came back. Its cost is by the tier that served it; CostOfTry (pricing.h) says when the
  // provider's own figure counts.
  struct Booked {
    std::optional<Picodollars> cost;  // nullopt: not known
    Picodollars counted = 0;
    bool unknown = false;  // nobody knows whether it was carried out
  };
  // `also`: further sums that it counts in.
  Booked EndTry(const Try& sent, const Call& call, const Called& called, Totals* also = nullptr);
  // Its worker is gone: nobody knows what came of it. What is counted.
  Picodollars LoseTry(const Try& sent, const std::string& why);
  void Reject(int64_t ledger_call, const std::string& reason);

  void Note(const std::string& text);
  void Add(record::Record record) { ledger_.Add(std::move(record)); }

  CommitOutcome Commit() { return ledger_.Commit(); }
  bool KeepRoom() { return ledger_.KeepRoom(); }
  const std::string& last_error() const { return ledger_.last_error(); }
  size_t uncommitted() const { return ledger_.pending(); }
  const LedgerView& view() const { return ledger_.view(); }

  const StatusCounts& counts() const { return counts_; }
  const Totals& run() const { return run_; }          // all sessions
  const Totals& session() const { return session_; }  // this one

 private:
  std::optional<ModelPrice> PriceFor(const Call& call) const;
  bool Simulated(const Call& call) const;
  record::TryEnded Describe(const Try& sent, const Called& called) const;
  Picodollars Book(record::TryEnded ended, const Try& sent, Totals* also = nullptr);

  Ledger& ledger_;
  const Config& config_;
  const PriceTable& prices_;
  const Clock& clock_;
  StatusCounts counts_{};
  Totals run_, session_;
};

}  // namespace muster
