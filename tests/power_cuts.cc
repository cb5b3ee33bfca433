// power-cuts: cuts the power of the disk that muster works on, at random instants, and looks
// whether anything is lost that was promised.
//
//   power-cuts [--programs build] [--cuts 20] [--seed S] [--items 20] [--workers 4] [--keep]
//
// Each cut is a run of its own (power_cuts/power_cut.h) on a disk in a file that is cloned in an
// instant (small_disk.h). After it: what was shown as done is done, every request that the provider
// got is in the ledger, every answer that went into another question is there, the database is
// whole; then the same command finishes, and all invariants hold (torture/invariants.h).
//
// Then the same again as a control, in which muster's flushes of the ledger's log do nothing: this
// must lose things, or the cuts prove nothing.
//
// Exit code 0: nothing was lost, and the control lost; 1: otherwise; 2: it could not be tried; also
// 0, with the reason, where a machine has no loop devices or no xfs, or the user is not root.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "tests/power_cuts/power_cut.h"
#include "tests/torture/dice.h"
#include "tests/torture/tool.h"

namespace muster::power_cuts {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using torture::kFailed, torture::kHeld, torture::kNotTried;

// What a series of cuts came to.
struct Series {
  int64_t cuts = 0, while_running = 0, with_losses = 0, not_healed = 0;
  size_t asked = 0, shown = 0;
};

class PowerCuts {
 public:
  PowerCuts(const torture::Tool& tool, int64_t cuts, SmallDisk& disk)
      : campaign_(tool.campaign), cuts_(cuts), keep_(tool.keep), disk_(disk) {}

  int Run() {
    auto took = PowerCut(campaign_, ++number_, disk_, true).Measure();
    if (!took) return Complain(took.error());
    took_ = *took;
    for (bool flushes : {true, false}) {
      if (!Cuts(flushes, flushes ? real_ : control_)) return kNotTried;
    }
    return Conclude();
  }

 private:
  int Complain(const std::string& why) const {
    fmt::print(stderr, "power-cuts: {}\n", why);
    return kNotTried;
  }

  bool Cuts(bool flushes, Series& series) {
    torture::Dice dice{campaign_.seed, flushes};
    while (series.cuts < cuts_) {
      // The control is slowed by being traced, and quick for want of flushes: somewhere in the run.
      microseconds at(dice.Between(0, took_.count()));
      PowerCut cut(campaign_, ++number_, disk_, flushes);
      PowerCut::Outcome outcome = cut.Run(at);
      if (!outcome.error.empty()) return Complain(outcome.error), false;
      Count(outcome, series);
      if (flushes) Tell(outcome, at);
      std::error_code error;
      if (!keep_) fs::remove_all(cut.folder(), error);
    }
    return true;
  }

  static void Count(const PowerCut::Outcome& outcome, Series& series) {
    ++series.cuts;
    series.while_running += outcome.before_the_end;
    series.with_losses += !outcome.lost.empty();
    series.not_healed += !outcome.not_healed.empty();
    series.asked += outcome.asked;
    series.shown += outcome.shown;
  }

  void Tell(const PowerCut::Outcome& outcome, microseconds at) const {
    for (const auto* list : {&outcome.lost, &outcome.not_healed}) {
      for (const std::string& what : *list) {
        fmt::print("power-cuts: LOST at {:.1f} ms: {}\n", static_cast<double>(at.count()) / 1000,
                   what);
      }
    }
    std::fflush(stdout);
  }

  int Conclude() const {
    bool lost = real_.with_losses + real_.not_healed > 0;
    fmt::print("power-cuts: {}; seed {}\n", lost ? "something was LOST" : "nothing was lost",
               campaign_.seed);
    for (const auto* series : {&real_, &control_}) {
      fmt::print(
          "  {}: {} cuts, {} of them while it ran; {} requests asked and {} items shown as done "
          "before; {} cuts lost something\n",
          series == &real_ ? "as it is" : "control, whose flushes of the log do nothing",
          series->cuts, series->while_running, series->asked, series->shown,
          series->with_losses + series->not_healed);
    }
    if (control_.with_losses == 0)
      fmt::print("  the control lost nothing: the cuts prove nothing\n");
    return lost || control_.with_losses == 0 ? kFailed : kHeld;
  }

  const torture::Campaign& campaign_;
  const int64_t cuts_;
  const bool keep_;
  SmallDisk& disk_;
  int64_t number_ = 0;
  microseconds took_{0};
  Series real_, control_;
};

int Main(int argc, char** argv) {
  torture::Tool tool("power-cuts", {.items = 20, .workers = 4});
  int64_t cuts = 20;
  tool.AddCount("--cuts", cuts, "of the disk, and as many for the control");
  if (auto code = tool.Begin(argc, argv)) return *code;
  auto disk = SmallDisk::Make(tool.campaign.folder + "/small");
  if (!disk) {
    fmt::print("power-cuts: skipped: {}\n", disk.error());
    return tool.End(kHeld);
  }
  int code = PowerCuts(tool, cuts, **disk).Run();
  disk->reset();
  return tool.End(code);
}

}  // namespace
}  // namespace muster::power_cuts

int main(int argc, char** argv) { return muster::power_cuts::Main(argc, argv); }
