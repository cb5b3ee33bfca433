#pragma once

// Progress as lines that are never taken back: for files, pipes, batch systems and --verbose.

#include <chrono>
#include <cstdint>
#include <string>

#include "supervisor/progress/progress.h"
#include "supervisor/progress/rate.h"
#include "supervisor/progress/terminal.h"

namespace muster {

// One line per event, and "progress: 15/29 (51%)" as often as a reader can use it: after each item
// of a small run, else when the percentage changes, and once a minute while nothing happens. Lines
// about items leave together, at the next Refresh; what else is said leaves at once, behind them.
class PlainProgress : public Progress {
 public:
  // `verbose`: with a line per step event. `fd` is borrowed.
  PlainProgress(int fd, bool verbose) : out_(fd), verbose_(verbose) {}
  ~PlainProgress() override { SendLines(); }

  void RunStarts(const RunPlan& plan) override;
  void ItemStarts(const std::string& id, const std::string& worker, int64_t attempt) override;
  void StepEvent(const std::string& id, const std::string& step, const std::string& text) override;
  void StepProgress(const std::string& id, const std::string& text) override;
  void ItemEnds(const ItemReport& report) override;
  void Notice(NoticeKind kind, const std::string& text) override;
  void Refresh(const Snapshot& snapshot) override;
  void RunEnds(const RunSummary& summary) override;

 private:
  using Milliseconds = std::chrono::milliseconds;

  void Line(const std::string& text);
  void SendLines();
  int64_t Percent() const;
  void ProgressLine(const std::string& more);
  void TellWaits(const Snapshot& snapshot);

  TerminalOut out_;
  std::string lines_;  // not yet sent
  const bool verbose_;
  bool all_simulated_ = false;
  int64_t selected_ = 0;
  int64_t finished_ = 0, failed_ = 0;  // of the selected; finished includes failed
  RateMeter rate_;
  Milliseconds now_{0};  // of the session, at the last Refresh
  // When, and at what percentage, the last line of its kind was written.
  Milliseconds progress_at_{0}, waits_at_{0};
  int64_t percent_shown_ = 0;
  std::string wait_shown_;
};

}  // namespace muster
