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
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/power_cuts/power_cut.h"
#include "tests/torture/dice.h"
#include "tests/torture/processes.h"

namespace muster::power_cuts {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;

constexpr int kHeld = 0, kFailed = 1, kNotTried = 2;

struct Options {
  std::string programs = "build";
  int64_t cuts = 20, items = 20, workers = 4;
  uint64_t seed = std::random_device{}();
  bool keep = false;
};

bool ReadNumber(const std::string& text, int64_t least, int64_t* number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= least;
}

bool SetOption(Options& options, const std::string& name, const std::string& value) {
  int64_t seed = 0;
  if (name == "--programs") return options.programs = value, true;
  if (name == "--cuts") return ReadNumber(value, 1, &options.cuts);
  if (name == "--items") return ReadNumber(value, 1, &options.items) && options.items <= 99;
  if (name == "--workers") return ReadNumber(value, 1, &options.workers);
  if (name != "--seed" || !ReadNumber(value, 0, &seed)) return false;
  return options.seed = static_cast<uint64_t>(seed), true;
}

Result<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--keep") {
      options.keep = true;
    } else if (i + 1 == argc || !SetOption(options, name, argv[++i])) {
      return Fail("{}: not an option, or not a value for it", name);
    }
  }
  std::error_code error;
  options.programs = fs::absolute(options.programs, error).string();
  for (const char* name : {"muster", "muster-worker", "fake-provider"}) {
    std::string program = options.programs + "/" + name;
    if (access(program.c_str(), X_OK) != 0) return Fail("there is no {}", program);
  }
  return options;
}

// What a series of cuts came to.
struct Series {
  int64_t cuts = 0, while_running = 0, with_losses = 0, not_healed = 0;
  size_t asked = 0, shown = 0;
};

class PowerCuts {
 public:
  PowerCuts(const Options& options, torture::Campaign campaign, SmallDisk& disk)
      : options_(options), campaign_(std::move(campaign)), disk_(disk) {}

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
    torture::Dice dice{options_.seed, flushes};
    while (series.cuts < options_.cuts) {
      // The control is slowed by being traced, and quick for want of flushes: somewhere in the run.
      microseconds at(dice.Between(0, took_.count()));
      PowerCut cut(campaign_, ++number_, disk_, flushes);
      PowerCut::Outcome outcome = cut.Run(at);
      if (!outcome.error.empty()) return Complain(outcome.error), false;
      Count(outcome, series);
      if (flushes) Tell(outcome, at);
      std::error_code error;
      if (!options_.keep) fs::remove_all(cut.folder(), error);
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
               options_.seed);
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

  const Options& options_;
  torture::Campaign campaign_;
  SmallDisk& disk_;
  int64_t number_ = 0;
  microseconds took_{0};
  Series real_, control_;
};

int Main(int argc, char** argv) {
  auto options = ParseOptions(argc, argv);
  if (!options) return fmt::print(stderr, "power-cuts: {}\n", options.error()), kNotTried;
  const char* base = std::getenv("TMPDIR");
  std::string folder = std::string(base && *base ? base : "/tmp") + "/muster-power-cuts-XXXXXX";
  if (!mkdtemp(folder.data())) return kNotTried;
  signal(SIGPIPE, SIG_IGN);
  torture::BecomeSubreaper();
  int code = kHeld;
  if (auto disk = SmallDisk::Make(folder + "/small"); !disk) {
    fmt::print("power-cuts: skipped: {}\n", disk.error());
  } else {
    torture::Campaign campaign;
    campaign.programs = options->programs;
    campaign.folder = folder;
    campaign.token = "power-cuts-" + fs::path(folder).filename().string();
    campaign.seed = options->seed;
    campaign.items = options->items;
    campaign.workers = options->workers;
    code = PowerCuts(*options, campaign, **disk).Run();
  }
  std::error_code error;
  if (!options->keep) fs::remove_all(folder, error);
  return code;
}

}  // namespace
}  // namespace muster::power_cuts

int main(int argc, char** argv) { return muster::power_cuts::Main(argc, argv); }
