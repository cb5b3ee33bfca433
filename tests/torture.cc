// torture: proves what muster promises by killing it at random instants and comparing its books,
// its files and its words with the books of a provider that cannot be killed.
//
//   torture [--programs build] [--kills 1000] [--seed S] [--items 12] [--workers 4]
//           [--slow 1] [--keep]
//
// Rounds of starts: muster is started on a run, struck down at some instant, started again, until a
// start ends by itself; then everything is compared (torture/invariants.h) and the next round
// begins. The same seed takes the same decisions: which start is struck when, and how. Exit code 0:
// all held; 1: something did not, and the round's folder is kept; 2: it could not be tried, or
// hardly a kill came while there was something to lose (--slow N makes all moments come N times
// later).
//
// To read: torture/round.h (a round), plan.h (decisions), scene.h (the run and what must come of
// it), invariants.h (what must hold), provider.h, ledger_facts.h (evidence), child.h, processes.h.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "tests/torture/round.h"
#include "tests/torture/tool.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::duration;
using std::chrono::seconds;

constexpr seconds kBetweenLines{5};

// Rounds until there were enough kills or something did not hold.
class Torture {
 public:
  Torture(const Campaign& campaign, bool keep) : campaign_(campaign), keep_(keep) {}

  int Run() {
    for (int64_t number = 1; tally_.kills() < campaign_.kills; ++number) {
      Round round(campaign_, number, tally_);
      round.on_start = [this] { TellNowAndThen(); };
      std::vector<std::string> wrong = round.Run();
      if (!wrong.empty()) return Report(round, number, wrong);
      std::error_code error;
      if (!keep_) fs::remove_all(round.folder(), error);
    }
    return Conclude();
  }

 private:
  double Rate() const {
    double passed = duration<double>(Clock::now() - began_).count();
    return static_cast<double>(tally_.kills()) / std::max(passed, 0.001);
  }

  int Conclude() const {
    fmt::print("torture: {}, {:.1f} kills a second, seed {}\n",
               tally_.Hollow() ? "nothing proved" : "all held", Rate(), campaign_.seed);
    for (const std::string& row : tally_.Table()) fmt::print("{}\n", row);
    if (keep_) fmt::print("kept: {}\n", campaign_.folder);
    if (tally_.Hollow()) {
      fmt::print("hardly a kill came while a call was in the air; a slow build needs --slow N\n");
      return kNotTried;
    }
    fmt::print("  lost done items, second results, answers asked for again, survivors: 0\n");
    return kHeld;
  }

  void TellNowAndThen() {
    if (Clock::now() - told_ < kBetweenLines) return;
    told_ = Clock::now();
    fmt::print("torture: {} kills in {} starts, {} rounds, {:.1f} kills a second\n", tally_.kills(),
               tally_.starts, tally_.rounds, Rate());
    std::fflush(stdout);
  }

  int Report(const Round& round, int64_t number, const std::vector<std::string>& wrong) const {
    fmt::print("torture: FAILED in start {} of round {}, after {} kills; seed {}\n", round.starts(),
               number, tally_.kills(), campaign_.seed);
    for (const std::string& what : wrong) fmt::print("  {}\n", what);
    fmt::print("kept: {}\n", round.folder());
    return kFailed;
  }

  const Campaign& campaign_;
  const bool keep_;
  Tally tally_;
  Clock::time_point began_ = Clock::now(), told_ = Clock::now();
};

int Main(int argc, char** argv) {
  Tool tool("torture", {.items = 12, .workers = 4});
  Campaign& campaign = tool.campaign;
  campaign.kills = 1000;
  tool.AddCount("--kills", campaign.kills, "until there were so many");
  tool.AddCount("--slow", campaign.slow, "all moments come so many times later");
  if (auto code = tool.Begin(argc, argv)) return *code;
  fmt::print("torture: seed {}, {} kills, {} items, {} workers\n", campaign.seed, campaign.kills,
             campaign.items, campaign.workers);
  std::fflush(stdout);
  return tool.End(Torture(campaign, tool.keep).Run());
}

}  // namespace
}  // namespace muster::torture

int main(int argc, char** argv) { return muster::torture::Main(argc, argv); }
