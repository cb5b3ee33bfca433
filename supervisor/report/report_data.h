#pragma once

// What a report knows of a run, read from its directory alone: the ledger's rows, counted nowhere
// yet (report_numbers.h counts). Reading changes nothing, also where the run is going on; of a live
// one it is a moment old.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/ledger/view.h"

namespace muster {

// What calls took: of one step of an item, or of several. Money is picodollars.
struct TriedWork {
  Usage usage;
  int64_t with_usage = 0;     // answered tries that say their tokens
  int64_t without_usage = 0;  // answered ones that do not; so do commands
  Picodollars cost = 0;
  int64_t without_cost = 0;  // ended tries whose cost is not known
  int64_t answered = 0;
  int64_t answer_ms = 0;  // of the answered tries, from sending to the reply's end

  TriedWork& operator+=(const TriedWork& other);
  // Known only where every call says it.
  std::optional<Usage> known_usage() const;
  std::optional<Picodollars> known_cost() const;
  std::optional<int64_t> known_ms() const;
};

// One score of a done item.
struct ItemScore {
  std::optional<double> value;  // nullopt: it was skipped, and does not count
  std::string got, expect;      // for people, cut to a line
};

// An item as reports see it. Only done ones have scores.
struct ReportItem {
  std::string id;
  ItemStatus status = ItemStatus::kPending;
  std::string reason;
  std::optional<std::string> group;  // nullopt: not grouped, or not known
  std::optional<double> against;
  std::map<std::string, ItemScore> scores;
  std::map<std::string, std::vector<std::string>> steps;  // by score: which steps made it
  int64_t warnings = 0;
  std::map<std::string, TriedWork> work;  // by the path of a step in the ledger

  TriedWork WorkOf(const std::string& score) const;  // of the steps that made it
  TriedWork AllWork() const;
};

// What was done on one machine.
struct NodeWork {
  int64_t workers = 0;   // that were given an item there
  int64_t attempts = 0;  // of items
  int64_t done = 0;      // that ended with their item done
  int64_t lost = 0;      // that ended with their worker
};

// A run's books as a report needs them.
struct ReportRun {
  std::string label;  // tells it apart from the others of a report
  std::string name, run_dir;
  bool live = false;
  bool all_simulated = false;  // every call was the mock provider's
  int64_t sessions = 0;
  StatusCounts counts{};
  Totals totals;
  int64_t retries = 0;   // tries of a call after its first
  int64_t rejected = 0;  // answers that their step could not use
  int64_t wall_ms = 0;   // of all sessions; of one that was killed up to its last sign of life
  int64_t work_ms = 0;   // of all items, each its last attempt
  std::map<std::string, int64_t> failed_tries;  // by kind: rate-limited, network, …
  ReportRules rules;                            // empty where the run says none
  std::vector<ReportItem> items;                // in the source's order, absent ones left out
  std::map<std::string, NodeWork> nodes;        // by the machine's own name

  // Every score that some item has; those that are compared first, in that order.
  std::vector<std::string> ScoreNames() const;
};

// The error says what `run_dir` is instead of a run of this version.
Result<ReportRun> ReadReportRun(const std::string& run_dir);

// Whether a step's path in the ledger ("chunks[1-income]") is of that step or branch.
bool IsPathOf(std::string_view path, std::string_view step);

}  // namespace muster
