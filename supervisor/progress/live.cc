#include "supervisor/progress/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "supervisor/progress/lines.h"
#include "supervisor/progress/summary.h"

namespace muster {
namespace {

constexpr std::chrono::milliseconds kBetweenFrames(100);
constexpr std::string_view kEraseLineRest = "\x1b[K";
constexpr std::string_view kEraseBelow = "\x1b[J";

// The mark an item line begins with is the only part of it in colour.
std::string PaintMark(const std::string& line, Colour colour, bool colours) {
  size_t end = line.find(' ');
  if (end == std::string::npos) return line;
  return Painted(colour, line.substr(0, end), colours) + line.substr(end);
}

Colour ColourOf(const ItemReport& report) {
  if (report.will_retry) return Colour::kYellow;
  if (report.status == ItemStatus::kDone) return Colour::kGreen;
  bool failed = report.status == ItemStatus::kFailed || report.status == ItemStatus::kQuarantined;
  return failed ? Colour::kRed : Colour::kYellow;
}

}  // namespace

void LiveProgress::RunStarts(const RunPlan& plan) {
  look_.name = plan.name;
  look_.all_simulated = plan.simulated;
  for (const std::string& line : PlanLines(plan)) Print(line, Cut::kNo, Colour::kNone);
}

// The view says how many are at work; lines are for what has ended.
void LiveProgress::ItemStarts(const std::string&, const std::string&, int64_t) {}
void LiveProgress::StepEvent(const std::string&, const std::string&, const std::string&) {}

void LiveProgress::StepProgress(const std::string& id, const std::string& text) {
  steps_[id] = text;
}

void LiveProgress::ItemEnds(const ItemReport& report) {
  steps_.erase(report.id);
  ItemLook look{.mark_simulated = !look_.all_simulated};
  std::string line = ItemLine(report, look);
  look.brief = ColumnsOf(line) >= out_.Columns();
  if (look.brief) line = ItemLine(report, look);
  // What went wrong is worth as many rows as it takes.
  Print(line, report.reason.empty() ? Cut::kToWidth : Cut::kNo, ColourOf(report));
}

void LiveProgress::Notice(NoticeKind kind, const std::string& text) {
  constexpr Colour kColours[] = {Colour::kNone, Colour::kYellow, Colour::kRed};
  Print(NoticeLine(kind, text), Cut::kNo, kColours[static_cast<size_t>(kind)]);
}

void LiveProgress::Refresh(const Snapshot& snapshot) {
  rate_.Add(snapshot.elapsed, snapshot.ended_now);
  out_.Send();
  if (drawn_at_ && snapshot.elapsed - *drawn_at_ < kBetweenFrames) return;
  if (out_.Silent() || !MayDraw()) return;
  drawn_at_ = snapshot.elapsed;
  std::string text = ToFrameBegin();
  look_.columns = std::max(out_.Columns() - 1, 1);  // in the last column some terminals wrap
  look_.steps.clear();
  for (const auto& [id, text] : steps_) {
    if (!look_.steps.empty()) look_.steps += " · ";
    look_.steps += fmt::format("[{}] {}", ShownText(id), ShownText(text));
    if (ColumnsOf(look_.steps) >= look_.columns) break;
  }
  frame_ = BuildFrame(snapshot, rate_, look_);
  out_.Write(text + FrameText());
}

void LiveProgress::Resumed() {
  on_screen_ = false;
  drawn_at_.reset();
}

void LiveProgress::RunEnds(const RunSummary& summary) {
  std::string text = ToFrameBegin();
  if (!text.empty()) text += kEraseBelow;
  frame_.clear();
  for (const std::string& line : SummaryLines(summary)) text += line + "\r\n";
  out_.Write(text);
  out_.Flush();
}

// A line above the view. In one piece with the view drawn again, so that nothing flickers.
void LiveProgress::Print(const std::string& line, Cut cut, Colour mark) {
  std::string text = ToFrameBegin();
  if (!text.empty()) text += kEraseBelow;
  int columns = std::max(out_.Columns() - 1, 1);
  std::string shown = cut == Cut::kToWidth ? FitColumns(line, columns) : line;
  text += PaintMark(shown, mark, look_.colours) + "\r\n";
  bool same_width = columns == look_.columns;
  if (MayDraw() && same_width && !frame_.empty()) text += FrameText();
  out_.Write(text);
}

// To the begin of the view that is on the screen, which counts as gone then; empty when there is
// none. A terminal that has become narrower since has wrapped its lines.
std::string LiveProgress::ToFrameBegin() {
  if (!std::exchange(on_screen_, false)) return "";
  int columns = std::max(out_.Columns(), 1), rows = 0;
  for (const FrameLine& line : frame_) {
    rows += std::max((line.columns + columns - 1) / columns, 1);
  }
  return fmt::format("\r\x1b[{}A", rows);
}

// Every line over what stands there; the cursor ends below.
std::string LiveProgress::FrameText() {
  std::string text;
  for (const FrameLine& line : frame_) text += fmt::format("{}{}\r\n", line.text, kEraseLineRest);
  text += kEraseBelow;
  on_screen_ = true;
  return text;
}

}  // namespace muster
