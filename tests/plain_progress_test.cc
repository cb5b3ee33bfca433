#include "supervisor/progress/plain.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/progress_samples.h"

namespace muster {

TEST_CASE("plain: a run from its plan to its last item") {
  std::string text = Plain(false, [](Progress& progress) {
    progress.RunStarts(SomePlan());
    progress.ItemStarts("young_couple_01", "1", 1);
    progress.StepEvent("young_couple_01", "chunks", "1 of 7");
    progress.Refresh(SomeSnapshot(0, 3, 14));
    progress.ItemEnds(SomeReport("young_couple_01"));
    ItemReport failed = SomeReport("x");
    failed.status = ItemStatus::kFailed;
    failed.reason = "HTTP 400: no such model";
    failed.totals = {};
    failed.calls_made = 1;
    failed.took = milliseconds(850);
    progress.ItemEnds(failed);
    ItemReport back = SomeReport("y");
    back.totals = {};
    back.calls_made = 0;
    back.will_retry = true;
    back.status = ItemStatus::kPending;
    back.reason = "its worker was killed by SIGKILL";
    progress.ItemEnds(back);
    progress.ItemStarts("y", "2", 2);
    progress.Notice(NoticeKind::kInfo, "worker 2 was replaced");
    progress.Notice(NoticeKind::kWarning, "low on disk");
    progress.Notice(NoticeKind::kError, "disk full");
  });
  CHECK(text ==
        "transcripts: 14 items found, 3 already done, 11 to do with 4 workers (mock/gpt-5.1, "
        "simulated)\n"
        "run directory: /data/runs/transcripts\n"
        "[young_couple_01] starting…\n"
        "✓ [young_couple_01] done · 8 calls · 12,345 in (2,048 cached) · 6,789 out (1,024 "
        "reasoning) · $0.0300 · 12.3 s\n"
        "progress: 4/14 (28%)\n"
        "✗ [x] failed: HTTP 400: no such model · 1 call · 850 ms\n"
        "progress: 5/14 (35%), 1 failed\n"
        "○ [y] comes again (its worker was killed by SIGKILL) · 12.3 s\n"
        "[y] starting… (attempt 2)\n"
        "note: worker 2 was replaced\n"
        "warning: low on disk\n"
        "error: disk full\n");
}

TEST_CASE("plain: steps are shown when asked for") {
  auto events = [](Progress& progress) { progress.StepEvent("a", "chunks", "1 of 7"); };
  CHECK(Plain(true, events) == "  [a] chunks: 1 of 7\n");
  CHECK(Plain(false, events) == "");
}

TEST_CASE("plain: a large run counts by percents, and after a while without one") {
  auto progress_lines = [](int64_t items, int64_t ms_each) {
    std::string text = Plain(false, [&](Progress& progress) {
      RunPlan plan = SomePlan();
      plan.found = plan.selected = plan.to_do = 5'000;
      plan.counts = {};
      progress.RunStarts(plan);
      for (int64_t i = 0; i < items; ++i) {
        progress.ItemEnds(SomeReport("i"));
        progress.Refresh(SomeSnapshot((i + 1) * ms_each, i + 1, 5'000));
      }
    });
    int64_t count = 0;
    for (size_t at = 0; (at = text.find("\nprogress: ", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(progress_lines(1'000, 1) == 20);  // 50 items a percent
  CHECK(progress_lines(40, 2'000) == 7);  // less than a percent in 80 s
}

TEST_CASE("plain: a sign of life and why it waits, without repeating itself") {
  std::string text = Plain(false, [](Progress& progress) {
    progress.RunStarts(SomePlan());
    for (int second = 1; second <= 70; ++second) {
      Snapshot snapshot = SomeSnapshot(second * 1'000, 0, 14);
      if (second >= 60) snapshot.waits = {fmt::format("openai asked for {} s", 80 - second)};
      progress.Refresh(snapshot);
    }
  });
  text.erase(0, text.find("note: "));
  CHECK(text ==
        "note: openai asked for 20 s\n"
        "progress: 3/14 (21%), 4 calls in the air\n");
}

}  // namespace muster
