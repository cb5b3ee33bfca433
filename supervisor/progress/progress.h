#pragma once

// What a run tells the person who started it. One interface of a few events, chosen once; nobody
// else writes to stdout. Drawing never blocks the supervisor: what a slow terminal cannot take is
// dropped (frames) or buffered up to a bound (lines).

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/money.h"
#include "common/usage.h"
#include "supervisor/ledger/view.h"
#include "supervisor/states.h"

namespace muster {

// Said once, before the first item: what was found, what is already done, what will be done.
struct RunPlan {
  std::string name;
  std::string run_dir;
  std::string models;     // "mock/gpt-5.1", or "by item"
  int64_t found = 0;      // items in the source
  int64_t selected = 0;   // of them, by --only, --limit, --range
  StatusCounts counts{};  // of all items, before this session starts
  int64_t to_do = 0;      // selected and not final
  int64_t workers = 0;
  int64_t calls_per_item = 0;     // 0: differs by item
  bool simulated = false;         // every call goes to the mock provider
  Totals before;                  // spent by earlier sessions
  std::vector<std::string> work;  // programs that it will run and the like, a line each
};

// One item's end, after its commit.
struct ItemReport {
  std::string id;
  ItemStatus status = ItemStatus::kDone;
  std::string reason;  // why it failed, waits or goes back
  std::string worker;
  int64_t attempt = 1;
  bool will_retry = false;                     // a worker was lost; the item goes back to the queue
  Totals totals;                               // of the item over all sessions
  int64_t calls_made = 0, calls_replayed = 0;  // in this attempt
  std::chrono::milliseconds took{0};
};

// The state of the run at one moment, for the live view.
struct Snapshot {
  StatusCounts counts{};  // of the selected items
  int64_t selected = 0;
  int64_t in_the_air = 0;  // calls
  int64_t workers_busy = 0, workers = 0;
  Totals totals;          // of the run, all sessions
  Totals session;         // of this session alone
  int64_t ended_now = 0;  // items done or failed in this session
  std::chrono::milliseconds elapsed{0};
  std::vector<std::string> waits;  // why workers wait: "3 calls wait: openai asked for 12 s (429)"
  std::string stopping;            // empty; or what is being finished before the run stops
};

// Said once, at the end.
struct RunSummary {
  RunPlan plan;
  Snapshot last;
  std::vector<WorkerTotals> workers;
  std::vector<UnknownTry> unknown;
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds work{0};  // sum of the done items' own times in this session
  int64_t done_now = 0, failed_now = 0;
  std::string output_dir;
  int64_t outputs = 0;
  std::string stopped_by;      // empty: ran to its end; else one sentence
  std::string resume_command;  // empty when nothing is left to do
  std::string retry_command;   // for failed items; empty when there are none
  std::vector<std::pair<std::string, std::string>> failures;  // id, reason; the first ten
};

enum class NoticeKind { kInfo, kWarning, kError };

class Progress {
 public:
  virtual ~Progress() = default;

  virtual void RunStarts(const RunPlan& plan) = 0;
  virtual void ItemStarts(const std::string& id, const std::string& worker, int64_t attempt) = 0;
  // A step's beginning or end, or a log line of the worker; shown by --verbose and --sequential.
  virtual void StepEvent(const std::string& id, const std::string& step,
                         const std::string& text) = 0;
  // How far an item's longer step is ("round 2/4", "45 %"); shown where lines are.
  virtual void StepProgress(const std::string& id, const std::string& text) = 0;
  virtual void ItemEnds(const ItemReport& report) = 0;
  virtual void Notice(NoticeKind kind, const std::string& text) = 0;
  // Called after every turn, and once a second while nothing happens, so that the view's times go
  // on; redraws at most ten times a second.
  virtual void Refresh(const Snapshot& snapshot) = 0;
  // After SIGCONT: what stands on the screen is no longer ours; the next Refresh draws anew.
  virtual void Resumed() {}
  virtual void RunEnds(const RunSummary& summary) = 0;
};

struct ProgressOptions {
  bool verbose = false;      // every step shown; always plain
  int fd = 1;                // where it goes
  std::optional<bool> live;  // default: live on a terminal (and TERM is not "dumb")
};

std::unique_ptr<Progress> MakeProgress(const ProgressOptions& options);

}  // namespace muster
