#include "supervisor/progress/live.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include "common/text.h"
#include "supervisor/progress/frame.h"
#include "supervisor/progress/summary.h"
#include "tests/progress_samples.h"
#include "tests/screen.h"

namespace muster {

TEST_CASE("no line of the view is wider than the terminal, at any width") {
  RateMeter rate;
  Snapshot snapshot = SomeSnapshot(60'000, 7, 14);
  At(snapshot.counts, ItemStatus::kFailed) = 2;
  snapshot.waits = {"3 calls wait: openai asked for 12 s (429)", "another"};
  rate.Add(snapshot.elapsed, 7);
  for (int columns = 1; columns <= 200; ++columns) {
    for (bool colours : {false, true}) {
      auto lines = BuildFrame(snapshot, rate, {"日本語の長い名前", true, columns, colours});
      CHECK(lines.size() == 4);
      for (const FrameLine& line : lines) CHECK(line.columns <= columns);
      if (colours) continue;
      for (const FrameLine& line : lines) CHECK(ColumnsOf(line.text) == line.columns);
    }
  }
}

TEST_CASE("live: items scroll by above one view, which is drawn in place") {
  std::string bytes = Live(100, false, [](Progress& progress, int) {
    progress.RunStarts(SomePlan());
    for (int i = 0; i < 5; ++i) {
      progress.Refresh(SomeSnapshot(10'000 * (i + 1), i + 4, 14));
      progress.ItemEnds(SomeReport(fmt::format("item_{}", i)));
    }
    Snapshot snapshot = SomeSnapshot(60'000, 8, 14);
    snapshot.waits = {"3 calls wait: openai asked for 12 s (429)"};
    progress.Refresh(snapshot);
  });
  Screen screen(100);
  screen.Feed(bytes);
  std::vector<std::string> rows = screen.Rows();
  REQUIRE(rows.size() == 11);
  CHECK(rows[0].starts_with("transcripts: 14 items found"));
  for (int i = 0; i < 5; ++i) CHECK(rows[2 + i].starts_with(fmt::format("✓ [item_{}] done", i)));
  CHECK(rows[7] == "transcripts ━━━━━━━━━━━━━───────────  57%  8/14 items");
  CHECK(
      rows[8] ==
      "4 of 4 workers busy · 4 calls in the air · about 45 s left · 8.0 items/min · 1m00s so far");
  CHECK(rows[9] ==
        "$0.0300 simulated · 12,345 tokens in · 6,789 out · 2,048 cached · 1,024 reasoning · 8 "
        "calls");
  CHECK(rows[10] == "3 calls wait: openai asked for 12 s (429)");
  CHECK(screen.wraps() == 0);
  CHECK(screen.foreign() == 0);
}

TEST_CASE("live: on a narrow terminal an item's line says less, so that cost and time still fit") {
  std::string bytes = Live(80, false, [](Progress& progress, int) {
    progress.RunStarts(SomePlan());
    progress.ItemEnds(SomeReport("young_couple_01"));
  });
  Screen screen(80);
  screen.Feed(bytes);
  CHECK(screen.Rows().back() ==
        "✓ [young_couple_01] done · 8 calls · 12,345 in · 6,789 out · $0.0300 · 12.3 s");
}

TEST_CASE("live: at the end the summary stands in the view's place") {
  std::string bytes = Live(120, true, [](Progress& progress, int) {
    progress.RunStarts(SomePlan());
    progress.Refresh(SomeSnapshot(1'000, 3, 14));
    progress.ItemEnds(SomeReport("a"));
    progress.RunEnds(SomeSummary());
  });
  Screen screen(120);
  screen.Feed(bytes);
  std::vector<std::string> rows = screen.Rows(), summary = SummaryLines(SomeSummary());
  REQUIRE(rows.size() == 3 + summary.size());
  for (size_t i = 0; i < summary.size(); ++i) CHECK(rows[3 + i] == summary[i]);
  CHECK(bytes.find("\x1b[32m✓\x1b[0m [a] done") != std::string::npos);
}

TEST_CASE("live: drawn ten times a second at most") {
  auto frames = [](int64_t ms_each) {
    std::string bytes = Live(100, false, [&](Progress& progress, int) {
      for (int64_t i = 0; i < 50; ++i) progress.Refresh(SomeSnapshot(i * ms_each, 3, 14));
    });
    int count = 0;
    for (size_t at = 0; (at = bytes.find("\x1b[J", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(frames(1) == 1);
  CHECK(frames(20) == 10);
}

TEST_CASE("live: a terminal that became narrower, and wrapped the view, is drawn anew in place") {
  std::string bytes = Live(100, false, [](Progress& progress, int slave) {
    progress.Notice(NoticeKind::kInfo, "above");
    progress.Refresh(SomeSnapshot(1'000, 3, 14));
    winsize size{24, 50, 0, 0};
    REQUIRE(ioctl(slave, TIOCSWINSZ, &size) == 0);
    progress.Refresh(SomeSnapshot(2'000, 3, 14));
  });
  Screen before(50), after(50);  // wraps as the terminal did
  before.Feed(bytes.substr(0, bytes.find("\x1b[J")));
  CHECK(before.wraps() > 0);
  after.Feed(bytes);
  CHECK(after.wraps() == before.wraps());
  REQUIRE(after.Rows().size() == 4);
  CHECK(after.Rows()[0] == "note: above");
  CHECK(after.Rows()[1].find("14 items") != std::string::npos);
}

TEST_CASE("live: after being stopped, what stands above is left alone and the view drawn at once") {
  std::string bytes = Live(100, false, [](Progress& progress, int) {
    progress.Refresh(SomeSnapshot(1'000, 3, 14));
    progress.Resumed();
    progress.Refresh(SomeSnapshot(1'001, 3, 14));
  });
  Screen screen(100);
  screen.Feed(bytes);
  CHECK(screen.Rows().size() == 6);
}

}  // namespace muster
