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
#include <signal.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "tests/torture/processes.h"
#include "tests/torture/round.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::duration;
using std::chrono::seconds;

constexpr int kHeld = 0, kFailed = 1, kNotTried = 2;
constexpr seconds kBetweenLines{5};

struct Options {
  std::string programs = "build";
  int64_t kills = 1000, items = 12, workers = 4, slow = 1;
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
  if (name == "--kills") return ReadNumber(value, 1, &options.kills);
  if (name == "--items") return ReadNumber(value, 1, &options.items) && options.items <= 99;
  if (name == "--workers") return ReadNumber(value, 1, &options.workers);
  if (name == "--slow") return ReadNumber(value, 1, &options.slow);
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

Result<std::string> MakeFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base && *base ? base : "/tmp") + "/muster-torture-XXXXXX";
  if (!mkdtemp(path.data())) return Fail("cannot make {}: {}", path, ErrnoText(errno));
  return path;
}

// Rounds until there were enough kills or something did not hold.
class Torture {
 public:
  Torture(const Options& options, const std::string& folder) : options_(options) {
    campaign_.programs = options.programs;
    campaign_.folder = folder;
    campaign_.token = "torture-" + fs::path(folder).filename().string();
    campaign_.seed = options.seed;
    campaign_.kills = options.kills;
    campaign_.items = options.items;
    campaign_.workers = options.workers;
    campaign_.slow = options.slow;
  }

  int Run() {
    for (int64_t number = 1; tally_.kills() < options_.kills; ++number) {
      Round round(campaign_, number, tally_);
      round.on_start = [this] { TellNowAndThen(); };
      std::vector<std::string> wrong = round.Run();
      if (!wrong.empty()) return Report(round, number, wrong);
      std::error_code error;
      if (!options_.keep) fs::remove_all(round.folder(), error);
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
               tally_.Hollow() ? "nothing proved" : "all held", Rate(), options_.seed);
    for (const std::string& row : tally_.Table()) fmt::print("{}\n", row);
    if (options_.keep) fmt::print("kept: {}\n", campaign_.folder);
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
               number, tally_.kills(), options_.seed);
    for (const std::string& what : wrong) fmt::print("  {}\n", what);
    fmt::print("kept: {}\n", round.folder());
    return kFailed;
  }

  const Options& options_;
  Campaign campaign_;
  Tally tally_;
  Clock::time_point began_ = Clock::now(), told_ = Clock::now();
};

int Main(int argc, char** argv) {
  auto options = ParseOptions(argc, argv);
  if (!options) return fmt::print(stderr, "torture: {}\n", options.error()), kNotTried;
  auto folder = MakeFolder();
  if (!folder) return fmt::print(stderr, "torture: {}\n", folder.error()), kNotTried;
  signal(SIGPIPE, SIG_IGN);
  BecomeSubreaper();
  fmt::print("torture: seed {}, {} kills, {} items, {} workers\n", options->seed, options->kills,
             options->items, options->workers);
  std::fflush(stdout);
  int code = Torture(*options, *folder).Run();
  std::error_code error;
  if (code != kFailed && !options->keep) fs::remove_all(*folder, error);
  return code;
}

}  // namespace
}  // namespace muster::torture

int main(int argc, char** argv) { return muster::torture::Main(argc, argv); }
