#pragma once

// The running sums over tries (table `sums`): a row for each session, worker, provider and model,
// so that no start and no page has to read every try. They are kept in the transaction that changes
// the tries they sum, and are therefore the same as a scan of the tries at any instant. Knows
// nothing of transactions.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/ledger/records.h"
#include "supervisor/ledger/sqlite.h"
#include "supervisor/ledger/view.h"

namespace muster {

// Whose sums: those of a try by its session and worker and by its call's provider and model. Items
// done count where provider and model are "".
struct SumKey {
  int64_t session = 0;
  std::string worker, provider, model;
  auto operator<=>(const SumKey&) const = default;
};

struct SumRow {
  SumKey key;
  int64_t items_done = 0;
  Totals totals;
};

// The rows of one session, or of all; see the columns in schema.h.
void ForEachSum(Database& database, std::optional<int64_t> session,
                const std::function<void(const SumRow&)>& take);

// What a sum of tries says of one more, and of the same one less. A sum that has reached the limit
// of money (money.h) stays wrong by what is taken from it.
void AddTotals(Totals& to, const Totals& more);
void TakeTotals(Totals& from, const Totals& less);

// What a single try counts as it stands; nullopt: there is none.
struct CountedTry {
  SumKey key;
  std::optional<Picodollars> worst;
  Totals totals;
};
std::optional<CountedTry> FindCounted(Database& database, int64_t call, int64_t number);

// Keeps the sums of what a writer writes. It holds the rows it has changed and what it must know of
// the tries in the air.
class TrySums {
 public:
  explicit TrySums(Database* database) : database_(*database) {}

  // Before a try's row is written, and after it was.
  void Started(int64_t session, const record::TryStarted& started);
  // Before the row of a try is changed; false on an error.
  bool Ends(const record::TryEnded& ended);
  void ItemDone(int64_t session, const std::string& worker);
  // All tries in the air become unknown: before their rows say so.
  bool LoseAllInTheAir();

  // Writes what changed; the last act before a commit. False on an error.
  bool Flush();
  // What was not committed never was.
  void Forget();

 private:
  // A try in the air.
  struct Sent {
    SumKey key;
    std::optional<Picodollars> worst;
  };
  struct Sum {
    int64_t items_done = 0;
    Totals totals;
    bool stored = false;            // the table has a row of it
    bool changed = false;           // since the last Flush
    bool more_than_counts = false;  // and not only items_done, tries and simulated
  };
  using Sums = std::map<SumKey, Sum>;

  // To be changed by whoever asks.
  Sum& Find(const SumKey& key);
  bool Write(const SumKey& key, const Sum& sum);
  bool WriteCounts(const SumKey& key, const Sum& sum);

  Database& database_;
  Sums sums_;
  std::vector<Sums::value_type*> changed_;
  std::map<std::pair<int64_t, int64_t>, Sent> in_the_air_;  // by call and number
};

}  // namespace muster
