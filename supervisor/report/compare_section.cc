// Several runs as tables: side by side, and what differs item by item.

#include <algorithm>
#include <chrono>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/progress/lines.h"
#include "supervisor/report/report_page.h"
#include "supervisor/report/report_words.h"

namespace muster {
namespace {

constexpr size_t kMostFlips = 500;  // listed one by one; JSON and CSV have all

using Row = std::vector<std::string>;

std::string Duration(int64_t ms) { return FormatDuration(std::chrono::milliseconds(ms)); }

std::string CostOf(const ReportRun& run) {
  std::string cost = CostText(run.totals);
  return run.totals.simulated ? cost + " simulated" : cost;
}

Row TotalsRow(const ReportRun& run) {
  auto count = [&](ItemStatus status) { return run.counts[static_cast<size_t>(status)]; };
  return {run.label,
          FormatCount(count(ItemStatus::kDone)),
          FormatCount(FailedOf(run.counts)),
          FormatCount(run.totals.calls),
          FormatCount(run.totals.usage.input),
          FormatCount(run.totals.usage.output),
          CostOf(run),
          Duration(run.wall_ms),
          Duration(run.work_ms)};
}

Table TotalsTable(const Report& report) {
  Table table{"totals",
              {{"run", false},
               {"done", true},
               {"failed", true},
               {"calls", true},
               {"tokens in", true},
               {"tokens out", true},
               {"cost", true},
               {"time", true},
               {"working time", true}},
              {},
              {}};
  for (const ReportRun& run : report.runs) table.rows.push_back(TotalsRow(run));
  return table;
}

Table AccuracyTable(const Report& report) {
  Table table{"scores",
              {{"score", false},
               {"run", false},
               {"n", true},
               {"accuracy", true},
               {"95 % interval", true},
               {"errors", true},
               {"skipped", true},
               {"open", true}},
              {},
              {}};
  for (size_t i = 0; i < report.runs.size(); ++i) {
    for (const ScoreNumbers& score : report.numbers[i].all.scores) {
      table.rows.push_back({VisibleText(score.score), report.runs[i].label,
                            FormatCount(score.estimate.n), MeanText(score.estimate),
                            IntervalText(score.estimate), FormatCount(score.errors),
                            FormatCount(score.skipped), FormatCount(score.open)});
    }
  }
  // One score's runs stand together.
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const Row& a, const Row& b) { return a[0] < b[0]; });
  return table;
}

Table PairsOfRuns(const Report& report, const RunComparison& comparison) {
  Table table{"item by item",
              {{"score", false},
               {"pairs", true},
               {"both right", true},
               {"only " + report.runs[0].label, true},
               {"only " + report.runs[comparison.other].label, true},
               {"both wrong", true},
               {"McNemar p", true},
               {"difference", true},
               {"95 % interval", true},
               {"tokens saved", true}},
              {},
              PairNotes()};
  for (const RunPair& pair : comparison.scores) {
    Row row{VisibleText(pair.score)};
    for (std::string cell : PairCells(pair.pairs)) row.push_back(std::move(cell));
    table.rows.push_back(std::move(row));
    if (pair.only_in_first + pair.only_in_second == 0) continue;
    table.notes.push_back(fmt::format(
        "{}: {} scored in {} alone, {} in {} alone; they are in no pair", VisibleText(pair.score),
        CountOf(pair.only_in_first, "item", "items"), report.runs[0].label,
        FormatCount(pair.only_in_second), report.runs[comparison.other].label));
  }
  return table;
}

std::string FlipText(const Flip& flip) {
  if (flip.first == 1 && flip.second == 0) return "right → wrong";
  if (flip.first == 0 && flip.second == 1) return "wrong → right";
  return fmt::format("{:.3f} → {:.3f}", flip.first, flip.second);
}

Table FlipsTable(const Report& report, const RunComparison& comparison, const RunPair& pair) {
  Table table{fmt::format("flips of {} ({})", VisibleText(pair.score), pair.flips.size()),
              {{"item", false},
               {"", false},
               {report.runs[0].label, false},
               {report.runs[comparison.other].label, false},
               {"expected", false}},
              {},
              {}};
  for (const Flip& flip : pair.flips) {
    if (table.rows.size() == kMostFlips) {
      table.notes.push_back(fmt::format("and {} more", pair.flips.size() - kMostFlips));
      break;
    }
    table.rows.push_back(
        {ShownText(flip.item), FlipText(flip), flip.first_got, flip.second_got, flip.expect});
  }
  return table;
}

}  // namespace

Section SideBySide(const Report& report) {
  Section section{"runs side by side", {TotalsTable(report)}, {}};
  for (const ReportRun& run : report.runs) {
    std::string note = SimulatedNote(run);
    if (!note.empty()) section.tables[0].notes.push_back(run.label + ": " + note);
  }
  Table accuracy = AccuracyTable(report);
  if (!accuracy.rows.empty()) section.tables.push_back(std::move(accuracy));
  return section;
}

Section ComparisonSection(const Report& report, const RunComparison& comparison) {
  Section section{
      fmt::format("{} compared with {}", report.runs[comparison.other].label, report.runs[0].label),
      {PairsOfRuns(report, comparison)},
      {}};
  if (comparison.scores.empty()) {
    section.tables[0] = {"", {}, {}, {"the two runs have no score of the same name"}};
  }
  for (const RunPair& pair : comparison.scores) {
    if (!pair.flips.empty()) section.tables.push_back(FlipsTable(report, comparison, pair));
  }
  return section;
}

}  // namespace muster
