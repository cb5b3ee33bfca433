#include "supervisor/progress/plain.h"

#include <fmt/format.h>

#include <utility>

#include "common/text.h"
#include "supervisor/progress/lines.h"
#include "supervisor/progress/summary.h"

namespace muster {
namespace {

using std::chrono::seconds;

constexpr int64_t kSmallRun = 100;       // items; up to here each one is counted aloud
constexpr seconds kBetweenProgress(10);  // at most, while items end
constexpr seconds kBetweenSigns(60);     // of life, while none does
constexpr seconds kBetweenWaits(15);     // changes of why workers wait

constexpr size_t kMostTogether = 64 * 1024;  // bytes of lines

}  // namespace

void PlainProgress::RunStarts(const RunPlan& plan) {
  all_simulated_ = plan.simulated;
  selected_ = plan.selected;
  finished_ = plan.selected - plan.to_do;
  percent_shown_ = Percent();
  for (const std::string& line : PlanLines(plan)) Line(line);
  SendLines();
}

void PlainProgress::Line(const std::string& text) {
  lines_ += text;
  lines_ += '\n';
  if (lines_.size() >= kMostTogether) SendLines();
}

void PlainProgress::SendLines() {
  if (!lines_.empty()) out_.Write(lines_);
  lines_.clear();
}

void PlainProgress::ItemStarts(const std::string& id, const std::string& worker, int64_t attempt) {
  std::string line = fmt::format("[{}] starting…", ShownText(id));
  if (attempt > 1) line += fmt::format(" (attempt {})", attempt);
  if (verbose_) line += fmt::format(" (worker {})", ShownText(worker));
  Line(line);
}

void PlainProgress::StepEvent(const std::string& id, const std::string& step,
                              const std::string& text) {
  if (!verbose_) return;
  std::string where = step.empty() ? "" : ShownText(step) + ": ";
  Line(fmt::format("  [{}] {}{}", ShownText(id), where, VisibleText(text)));
}

void PlainProgress::StepProgress(const std::string& id, const std::string& text) {
  Line(fmt::format("[{}] {}", ShownText(id), ShownText(text)));
}

void PlainProgress::ItemEnds(const ItemReport& report) {
  Line(ItemLine(report, {.mark_simulated = !all_simulated_}));
  if (report.will_retry || !IsFinal(report.status)) return;
  ++finished_;
  if (report.status == ItemStatus::kFailed || report.status == ItemStatus::kQuarantined) ++failed_;
  bool due = selected_ <= kSmallRun || Percent() != percent_shown_ ||
             now_ - progress_at_ >= kBetweenProgress;
  if (due) ProgressLine("");
}

void PlainProgress::Notice(NoticeKind kind, const std::string& text) {
  Line(NoticeLine(kind, text));
  SendLines();
}

void PlainProgress::Refresh(const Snapshot& snapshot) {
  now_ = snapshot.elapsed;
  rate_.Add(snapshot.elapsed, snapshot.ended_now);
  TellWaits(snapshot);
  if (now_ - progress_at_ >= kBetweenSigns && snapshot.workers_busy > 0) {
    ProgressLine(", " + CountOf(snapshot.in_the_air, "call", "calls") + " in the air");
  }
  SendLines();
  out_.Send();
}

void PlainProgress::RunEnds(const RunSummary& summary) {
  for (const std::string& line : SummaryLines(summary)) Line(line);
  SendLines();
  out_.Flush();
}

int64_t PlainProgress::Percent() const { return selected_ == 0 ? 0 : finished_ * 100 / selected_; }

void PlainProgress::ProgressLine(const std::string& more) {
  std::string line = fmt::format("progress: {}/{} ({}%)", finished_, selected_, Percent());
  if (failed_ > 0) line += fmt::format(", {} failed", FormatCount(failed_));
  line += more;
  auto left = rate_.TimeFor(selected_ - finished_);
  if (left && finished_ < selected_) line += fmt::format(", about {} left", RoughDuration(*left));
  Line(line);
  progress_at_ = now_;
  percent_shown_ = Percent();
}

// The first reason, when it is a new one; times in it change with every turn, so not each time.
void PlainProgress::TellWaits(const Snapshot& snapshot) {
  std::string wait = snapshot.waits.empty() ? "" : snapshot.waits.front();
  bool early = waits_at_.count() > 0 && now_ - waits_at_ < kBetweenWaits;
  if (wait.empty() || wait == wait_shown_ || early) return;
  Line("note: " + ShownText(wait));
  wait_shown_ = wait;
  waits_at_ = now_;
}

}  // namespace muster
