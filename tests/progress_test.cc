#include "supervisor/progress/progress.h"

#include <doctest/doctest.h>
#include <pty.h>

#include <csignal>
#include <cstdlib>

#include "common/text.h"
#include "supervisor/progress/plain.h"
#include "tests/progress_samples.h"
#include "tests/screen.h"

namespace muster {
namespace {

const char* const kHostile = "a\x1b]52;c;AAAA\x07\x1b[2J\r\n\t\x08\x7f\xc2\x9b\xe2\x80\xae\xff";

void HostileEvents(Progress& progress) {
  RunPlan plan = SomePlan();
  plan.name = plan.models = plan.run_dir = kHostile;
  progress.RunStarts(plan);
  progress.ItemStarts(kHostile, kHostile, 2);
  progress.StepEvent(kHostile, kHostile, kHostile);
  ItemReport report = SomeReport(kHostile);
  progress.ItemEnds(report);
  report.status = ItemStatus::kFailed;
  report.reason = kHostile;
  progress.ItemEnds(report);
  progress.Notice(NoticeKind::kWarning, kHostile);
  Snapshot snapshot = SomeSnapshot(60'000, 2, 14);
  snapshot.waits = {kHostile};
  progress.Refresh(snapshot);
  snapshot.stopping = kHostile;
  snapshot.elapsed *= 2;
  progress.Refresh(snapshot);
  RunSummary summary = SomeSummary();
  summary.plan = plan;
  summary.stopped_by = summary.output_dir = kHostile;
  summary.resume_command = summary.retry_command = kHostile;
  summary.failures = {{kHostile, kHostile}};
  summary.workers = {{kHostile, 1, {}}, {kHostile, 1, {}}};
  summary.last.totals.unknown_tries = 1;
  summary.unknown = {{kHostile, kHostile, kHostile, kHostile, 0, kCent}};
  progress.RunEnds(summary);
}

}  // namespace

TEST_CASE("hostile text reaches neither a terminal nor a log as control characters") {
  std::string bytes = Live(60, true, [](Progress& progress, int) { HostileEvents(progress); });
  Screen screen(60);
  screen.Feed(bytes);
  CHECK(screen.foreign() == 0);
  std::string plain = Plain(true, HostileEvents);
  CHECK(IsUtf8(plain));
  CHECK(VisibleText(plain, true) == plain);
  CHECK(plain.find("\\x1b]52") != std::string::npos);
  CHECK(plain.find('\t') == std::string::npos);
}

TEST_CASE("a terminal that nobody reads holds up neither kind of progress") {
  std::signal(SIGPIPE, SIG_IGN);
  for (bool live : {false, true}) {
    int a = -1, b = -1;
    REQUIRE(openpty(&a, &b, nullptr, nullptr, nullptr) == 0);
    Fd master(a), slave(b);
    auto progress = MakeProgress({.verbose = false, .fd = slave.get(), .live = live});
    progress->RunStarts(SomePlan());
    for (int i = 0; i < 10'000; ++i) {
      progress->ItemEnds(SomeReport("a"));
      progress->Refresh(SomeSnapshot(i * 100, 3, 14));
    }
    master.Reset();
    progress->RunEnds(SomeSummary());
  }
}

TEST_CASE("a closed pipe ends what is shown, not the run") {
  std::signal(SIGPIPE, SIG_IGN);
  for (bool live : {false, true}) {
    auto pipe = MakePipe();
    REQUIRE(pipe);
    auto progress = MakeProgress({.verbose = false, .fd = pipe->write.get(), .live = live});
    progress->RunStarts(SomePlan());
    pipe->read.Reset();
    for (int i = 0; i < 1'000; ++i) {
      progress->ItemEnds(SomeReport("a"));
      progress->Refresh(SomeSnapshot(i * 100, 3, 14));
    }
    progress->RunEnds(SomeSummary());
  }
}

TEST_CASE("live is for terminals, plain for all else") {
  auto pipe = MakePipe();
  REQUIRE(pipe);
  auto on_pipe = MakeProgress({.verbose = false, .fd = pipe->write.get(), .live = {}});
  CHECK(dynamic_cast<PlainProgress*>(on_pipe.get()) != nullptr);
  int a = -1, b = -1;
  REQUIRE(openpty(&a, &b, nullptr, nullptr, nullptr) == 0);
  Fd master(a), slave(b);
  const char* term_before = std::getenv("TERM");
  std::string saved = term_before == nullptr ? "dumb" : term_before;
  auto kind = [&](const char* term, bool verbose) {
    setenv("TERM", term, 1);
    auto made = MakeProgress({.verbose = verbose, .fd = slave.get(), .live = {}});
    return dynamic_cast<LiveProgress*>(made.get()) != nullptr;
  };
  CHECK(kind("xterm", false));
  CHECK_FALSE(kind("dumb", false));
  CHECK_FALSE(kind("xterm", true));
  setenv("TERM", saved.c_str(), 1);
}

}  // namespace muster
