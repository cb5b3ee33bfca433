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

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "common/config/shard.h"
#include "tests/kill_points/campaign.h"
#include "tests/torture/tool.h"

namespace muster::kill_points {
namespace {

// `read` says whether it can do anything with a text.
void AddText(CLI::App& options, const std::string& name, const std::string& what,
             const std::function<bool(const std::string&)>& read) {
  options.add_option_function<std::string>(
      name,
      [name, read](const std::string& text) {
        if (!read(text)) throw CLI::ValidationError(name, "not for " + text);
      },
      what);
}

void AddOptions(torture::Tool& tool, Wish& wish) {
  tool.AddCount("--sample", wish.sample, "so many points at most");
  tool.AddCount("--stride", wish.stride, "every so manieth point");
  tool.AddCount("--slow", tool.campaign.slow, "so many times more patience");
  CLI::App& options = tool.options;
  options.add_flag_callback(
      "--all", [&] { wish.sample = 0; }, "all points");
  options.add_flag_callback(
      "--errors", [&] { wish.kind = Kind::kErrors; }, "calls fail, nothing is killed");
  options.add_option("--journal", wish.journal, "a file of points that held, to go on from");
  AddText(options, "--part", "only the I-th of N shares of the points: I/N", [&](auto& text) {
    std::optional<Shard> share = ParseShard(text);
    if (share) wish.part = share->index, wish.parts = share->count;
    return share.has_value();
  });
  AddText(options, "--role", "supervisor or worker", [&](auto& text) {
    wish.role = text == "worker" ? Role::kWorker : Role::kSupervisor;
    return text == "worker" || text == "supervisor";
  });
  AddText(options, "--phase", "first or recovery", [&](auto& text) {
    wish.phase = text == "first" ? Phase::kFirst : Phase::kRecovery;
    return text == "first" || text == "recovery";
  });
  AddText(options, "--point", "nothing but this point", [&](auto& text) {
    auto point = ParsePoint(text);
    if (!point) throw CLI::ValidationError("--point", point.error());
    wish.only = *point;
    return true;
  });
}

int Main(int argc, char** argv) {
  torture::Tool tool("kill-points", {.items = 20, .workers = 2});
  Wish wish;
  AddOptions(tool, wish);
  // In memory, if there is such a place: what a SIGKILL leaves does not depend on the disk.
  const char* base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  if (auto code = tool.Begin(argc, argv, base)) return *code;
  wish.keep = tool.keep;
  for (int stop : {SIGINT, SIGTERM, SIGHUP}) signal(stop, [](int) { StopTrying(); });
  setenv("ASAN_OPTIONS", "detect_leaks=0", 0);  // it cannot look for leaks of what is traced
  fmt::print("kill-points: seed {}, {} items, {} workers\n", tool.campaign.seed,
             tool.campaign.items, tool.campaign.workers);
  std::fflush(stdout);
  return tool.End(KillPoints(tool.campaign, wish).Run());
}

}  // namespace
}  // namespace muster::kill_points

int main(int argc, char** argv) { return muster::kill_points::Main(argc, argv); }
