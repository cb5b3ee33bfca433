#pragma once

// Progress on a terminal: finished items scroll by, below them a view of a few lines that is drawn
// anew in place.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/progress/frame.h"
#include "supervisor/progress/progress.h"
#include "supervisor/progress/rate.h"
#include "supervisor/progress/terminal.h"

namespace muster {

// The cursor always rests at the begin of the line below the view, so that however the program
// ends, the shell finds a clean line; nothing of the terminal's state is changed but colours, which
// end with each line. Time is the snapshots' own. While the program is in the background of its
// shell, or the terminal does not take what was sent, no view is drawn.
class LiveProgress : public Progress {
 public:
  // `fd` is borrowed.
  LiveProgress(int fd, bool colours) : out_(fd) { look_.colours = colours; }

  void RunStarts(const RunPlan& plan) override;
  void ItemStarts(const std::string& id, const std::string& worker, int64_t attempt) override;
  void StepEvent(const std::string& id, const std::string& step, const std::string& text) override;
  void StepProgress(const std::string& id, const std::string& text) override;
  void ItemEnds(const ItemReport& report) override;
  void Notice(NoticeKind kind, const std::string& text) override;
  void Refresh(const Snapshot& snapshot) override;
  void Resumed() override;
  void RunEnds(const RunSummary& summary) override;

 private:
  enum class Cut { kNo, kToWidth };

  void Print(const std::string& line, Cut cut, Colour mark);
  bool MayDraw() const { return out_.Idle() && !out_.InBackground(); }
  std::string ToFrameBegin();
  std::string FrameText();

  TerminalOut out_;
  FrameLook look_;
  RateMeter rate_;
  std::map<std::string, std::string> steps_;           // by item: how far its longer step is
  std::optional<std::chrono::milliseconds> drawn_at_;  // nullopt: draw at the next Refresh
  std::vector<FrameLine> frame_;                       // as last built
  bool on_screen_ = false;                             // frame_ is what stands above the cursor
};

}  // namespace muster
