#pragma once

// Events of a made-up run, and what each kind of progress makes of events: for the tests of
// progress.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <pty.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/fd.h"
#include "supervisor/progress/live.h"
#include "supervisor/progress/progress.h"

namespace muster {

using std::chrono::milliseconds;

inline constexpr Picodollars kCent = kPicodollarsPerDollar / 100;

inline int64_t& At(StatusCounts& counts, ItemStatus status) {
  return counts[static_cast<size_t>(status)];
}

inline Totals SomeTotals() {
  Totals totals;
  totals.calls = totals.tries = 8;
  totals.usage = {12'345, 2'048, 0, 6'789, 1'024};
  totals.cost = 3 * kCent;
  totals.cache_saving = kCent / 5;
  return totals;
}

inline RunPlan SomePlan() {
  RunPlan plan;
  plan.name = "transcripts";
  plan.run_dir = "/data/runs/transcripts";
  plan.models = "mock/gpt-5.1";
  plan.found = plan.selected = 14;
  At(plan.counts, ItemStatus::kDone) = 3;
  At(plan.counts, ItemStatus::kPending) = 11;
  plan.to_do = 11;
  plan.workers = 4;
  plan.simulated = true;
  return plan;
}

inline ItemReport SomeReport(const std::string& id) {
  ItemReport report;
  report.id = id;
  report.worker = "1";
  report.totals = SomeTotals();
  report.calls_made = 8;
  report.took = milliseconds(12'300);
  return report;
}

inline Snapshot SomeSnapshot(int64_t elapsed_ms, int64_t done, int64_t selected) {
  Snapshot snapshot;
  At(snapshot.counts, ItemStatus::kDone) = done;
  At(snapshot.counts, ItemStatus::kPending) = selected - done;
  snapshot.selected = selected;
  snapshot.in_the_air = 4;
  snapshot.workers = snapshot.workers_busy = 4;
  snapshot.totals = snapshot.session = SomeTotals();
  snapshot.ended_now = done;
  snapshot.elapsed = milliseconds(elapsed_ms);
  return snapshot;
}

inline RunSummary SomeSummary() {
  RunSummary summary;
  summary.plan = SomePlan();
  summary.last = SomeSnapshot(60'000, 14, 14);
  summary.wall = milliseconds(60'000);
  summary.work = milliseconds(216'000);
  summary.done_now = 11;
  summary.output_dir = "/data/runs/transcripts";
  summary.outputs = 11;
  return summary;
}

// What plain progress puts into a file.
inline std::string Plain(bool verbose, const std::function<void(Progress&)>& events) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  int fd = fileno(file);
  events(*MakeProgress({.verbose = verbose, .fd = fd, .live = {}}));
  std::string text(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  REQUIRE(pread(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  std::fclose(file);
  return text;
}

// What live progress sends to a terminal that is read all the time.
inline std::string Live(unsigned short columns, bool colours,
                        const std::function<void(Progress&, int slave)>& events) {
  int a = -1, b = -1;
  winsize size{24, columns, 0, 0};
  REQUIRE(openpty(&a, &b, nullptr, nullptr, &size) == 0);
  Fd master(a), slave(b);
  std::string got;
  std::thread reader([&] {
    char buffer[4096];
    ssize_t count;
    while ((count = read(master.get(), buffer, sizeof buffer)) > 0) got.append(buffer, count);
  });
  {
    LiveProgress live(slave.get(), colours);
    events(live, slave.get());
  }
  slave.Reset();
  reader.join();
  return got;
}

}  // namespace muster
