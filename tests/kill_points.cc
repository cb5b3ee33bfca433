// kill-points: strikes muster at every single system call that changes something, and compares its
// books, files and words afterwards with the books of a provider that cannot be killed.
//
//   kill-points [--programs build] [--errors] [--sample 200 | --all] [--stride 1] [--seed S]
//               [--part 1/2] [--journal FILE] [--role supervisor|worker] [--phase first|recovery]
//               [--point NAME] [--items 20] [--workers 2] [--slow 1] [--keep]
//
// A start of muster on an empty run directory, and one that recovers what a killed one left, are
// watched once, all their system calls with the call stacks they come from. Each point is then a
// trial of its own: a run in which the process gets a SIGKILL right before or right after one call
// (--errors: in which the call fails once, or from then on always, with an error that it can have),
// then the same command again until the end, then all invariants (torture/invariants.h). The first
// points are one of each distinct call stack, in an order that the seed decides, then come the
// rest. After errors muster must neither hang nor crash: it ends with an exit code of the README,
// or waits, as on a full disk, and obeys Ctrl+C.
//
// A point is "[recovery:][worker:]CALL:NUMBER:HOW": the how manieth such call of the supervisor, or
// of all workers together; --point tries it again. Processes run side by side, so that the same
// number may be another call now and then.
//
// Several processes share the points with --part. Ctrl+C ends it early, with all that it saw and
// how many points remain untried. Points that held are kept in the journal, one for each process:
// the same command goes on where it was.
//
// Exit code 0: all held; 1: something did not, and its folder is kept; 2: it could not be tried.
//
// To read: kill_points/system_calls.h (what is struck), tracer.h (how), census.h (what there is),
// trial.h (one point), campaign.h (all of them).

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tests/kill_points/campaign.h"
#include "tests/torture/processes.h"

namespace muster::kill_points {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1, kNotTried = 2;

struct Options {
  std::string programs = "build";
  int64_t items = 20, workers = 2, slow = 1;
  uint64_t seed = std::random_device{}();
  Wish wish;
};

bool ReadNumber(const std::string& text, int64_t least, int64_t* number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= least;
}

bool SetFlag(Options& options, const std::string& name) {
  if (name == "--keep") return options.wish.keep = true;
  if (name == "--errors") return options.wish.kind = Kind::kErrors, true;
  if (name == "--all") return options.wish.sample = 0, true;
  return false;
}

bool SetOption(Options& options, const std::string& name, const std::string& value) {
  int64_t seed = 0;
  Wish& wish = options.wish;
  if (name == "--programs") return options.programs = value, true;
  if (name == "--items") return ReadNumber(value, 1, &options.items) && options.items <= 99;
  if (name == "--workers") return ReadNumber(value, 1, &options.workers);
  if (name == "--slow") return ReadNumber(value, 1, &options.slow);
  if (name == "--sample") return ReadNumber(value, 1, &wish.sample);
  if (name == "--stride") return ReadNumber(value, 1, &wish.stride);
  if (name == "--journal") return wish.journal = value, true;
  if (name == "--part") {
    size_t slash = value.find('/');
    return slash != std::string::npos && ReadNumber(value.substr(0, slash), 1, &wish.part) &&
           ReadNumber(value.substr(slash + 1), wish.part, &wish.parts);
  }
  if (name == "--role") {
    wish.role = value == "worker" ? Role::kWorker : Role::kSupervisor;
    return value == "worker" || value == "supervisor";
  }
  if (name == "--phase") {
    wish.phase = value == "first" ? Phase::kFirst : Phase::kRecovery;
    return value == "first" || value == "recovery";
  }
  if (name != "--seed" || !ReadNumber(value, 0, &seed)) return false;
  return options.seed = static_cast<uint64_t>(seed), true;
}

Result<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (SetFlag(options, name)) continue;
    if (name == "--point" && i + 1 < argc) {
      auto point = ParsePoint(argv[++i]);
      if (!point) return Error{point.error()};
      options.wish.only = *point;
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

// In memory, if there is such a place: what a SIGKILL leaves does not depend on the disk.
Result<std::string> MakeFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string path = base && *base ? base : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  path += "/muster-kill-points-XXXXXX";
  if (!mkdtemp(path.data())) return Fail("cannot make {}: {}", path, ErrnoText(errno));
  return path;
}

int Main(int argc, char** argv) {
  auto options = ParseOptions(argc, argv);
  if (!options) return fmt::print(stderr, "kill-points: {}\n", options.error()), kNotTried;
  auto folder = MakeFolder();
  if (!folder) return fmt::print(stderr, "kill-points: {}\n", folder.error()), kNotTried;
  signal(SIGPIPE, SIG_IGN);
  for (int stop : {SIGINT, SIGTERM, SIGHUP}) signal(stop, [](int) { StopTrying(); });
  setenv("ASAN_OPTIONS", "detect_leaks=0", 0);  // it cannot look for leaks of what is traced
  torture::BecomeSubreaper();
  torture::Campaign campaign;
  campaign.programs = options->programs;
  campaign.folder = *folder;
  campaign.token = "kill-points-" + fs::path(*folder).filename().string();
  campaign.seed = options->seed;
  campaign.items = options->items;
  campaign.workers = options->workers;
  campaign.slow = options->slow;
  fmt::print("kill-points: seed {}, {} items, {} workers\n", options->seed, options->items,
             options->workers);
  std::fflush(stdout);
  int code = KillPoints(campaign, options->wish).Run();
  std::error_code error;
  if (code != kFailed && !options->wish.keep) fs::remove_all(*folder, error);
  return code;
}

}  // namespace
}  // namespace muster::kill_points

int main(int argc, char** argv) { return muster::kill_points::Main(argc, argv); }
