// One run as tables: facts, scores, what trials took, differences of conditions, failures.

#include <algorithm>
#include <chrono>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/progress/lines.h"
#include "supervisor/report/report_page.h"
#include "supervisor/report/report_words.h"

namespace muster {
namespace {

constexpr size_t kMostFailures = 100;  // listed one by one

using Row = std::vector<std::string>;

std::string Duration(int64_t ms) { return FormatDuration(std::chrono::milliseconds(ms)); }

// ---- facts ----

std::string WithParts(int64_t count, const std::vector<std::pair<int64_t, std::string>>& parts) {
  std::string text = FormatCount(count), inside;
  for (const auto& [part, what] : parts) {
    if (part > 0) inside += (inside.empty() ? "" : ", ") + FormatCount(part) + " " + what;
  }
  return inside.empty() ? text : fmt::format("{} ({})", text, inside);
}

std::string KindsText(const std::map<std::string, int64_t>& kinds) {
  std::string text;
  for (const auto& [kind, count] : kinds) {
    std::string name = kind.empty() ? "other" : VisibleText(kind);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", FormatCount(count), name);
  }
  return text;
}

void AddTokens(const Usage& usage, std::vector<Row>& rows) {
  rows.push_back({"input tokens", WithParts(usage.input, {{usage.cached, "cached"},
                                                          {usage.cache_write, "cache writes"}})});
  rows.push_back({"output tokens", WithParts(usage.output, {{usage.reasoning, "reasoning"}})});
  rows.push_back({"total tokens", FormatCount(usage.total())});
}

void AddMoney(const ReportRun& run, std::vector<Row>& rows) {
  const Totals& totals = run.totals;
  rows.push_back({CostLabel(run), CostText(totals)});
  if (totals.cache_saving > 0) {
    rows.push_back({"saved by caching", FormatMoney(totals.cache_saving)});
  }
  if (std::string own = OwnFigureText(totals); !own.empty()) rows.push_back({"", own});
  if (std::string unknown = UnknownText(totals); !unknown.empty()) {
    rows.push_back({"unknown outcome", unknown});
  }
}

void AddTime(const ReportRun& run, std::vector<Row>& rows) {
  std::string wall = Duration(run.wall_ms);
  if (run.sessions > 1) wall += fmt::format(" in {} sessions", FormatCount(run.sessions));
  if (run.live) wall += ", still running";
  rows.push_back({"time", wall});
  rows.push_back({"working time", Duration(run.work_ms) + " of all items together"});
}

Table FactsTable(const ReportRun& run) {
  Table table{"", {{"", false}, {"", false}}, {}, {}};
  int64_t items = 0, warnings = 0;
  for (int64_t count : run.counts) items += count;
  for (const ReportItem& item : run.items) warnings += item.warnings > 0;
  auto& rows = table.rows;
  rows.push_back({"run directory", ShownPath(run.run_dir)});
  rows.push_back({"items", fmt::format("{}: {}", FormatCount(items), CountsText(run.counts))});
  if (warnings > 0) rows.push_back({"with warnings", FormatCount(warnings)});
  rows.push_back({"calls", FormatCount(run.totals.calls)});
  if (run.retries > 0) rows.push_back({"retries", FormatCount(run.retries)});
  if (run.totals.failed_tries > 0) {
    rows.push_back({"failed tries", fmt::format("{} ({})", FormatCount(run.totals.failed_tries),
                                                KindsText(run.failed_tries))});
  }
  if (run.rejected > 0) rows.push_back({"unusable answers", FormatCount(run.rejected)});
  AddTokens(run.totals.usage, rows);
  AddMoney(run, rows);
  AddTime(run, rows);
  if (std::string note = SimulatedNote(run); !note.empty()) table.notes.push_back(note);
  return table;
}

// ---- by group and score ----

// Runs `row` for all items and, where there are groups, for each before that.
template <class AddRows>
void ForEachGroup(const RunNumbers& numbers, AddRows add) {
  for (const GroupNumbers& group : numbers.groups) add(VisibleText(*group.group), group);
  add("all", numbers.all);
}

// A first column for the group, only where there are groups.
void BeginRow(const RunNumbers& numbers, const std::string& group, Row& row) {
  if (!numbers.groups.empty()) row.push_back(group);
}

Table NewTable(const RunNumbers& numbers, std::string title, std::vector<TableColumn> columns) {
  Table table{std::move(title), {}, {}, {}};
  if (!numbers.groups.empty()) table.columns.push_back({"group", false});
  table.columns.insert(table.columns.end(), columns.begin(), columns.end());
  return table;
}

Table ScoresTable(const RunNumbers& numbers) {
  Table table = NewTable(numbers, "scores",
                         {{"score", false},
                          {"n", true},
                          {"accuracy", true},
                          {"95 % interval", true},
                          {"errors", true},
                          {"skipped", true},
                          {"open", true}});
  bool graded = false;
  ForEachGroup(numbers, [&](const std::string& name, const GroupNumbers& group) {
    for (const ScoreNumbers& score : group.scores) {
      Row row;
      BeginRow(numbers, name, row);
      graded = graded || (score.estimate.n > 0 && !score.estimate.binary);
      for (std::string cell :
           {VisibleText(score.score), FormatCount(score.estimate.n), MeanText(score.estimate),
            IntervalText(score.estimate), FormatCount(score.errors), FormatCount(score.skipped),
            FormatCount(score.open)}) {
        row.push_back(std::move(cell));
      }
      table.rows.push_back(std::move(row));
    }
  });
  table.notes.emplace_back(
      "n: trials that were scored; errors (items that failed), skipped and open ones are counted "
      "apart, not as wrong");
  table.notes.emplace_back(
      graded ? "intervals: Wilson's where every trial is right or wrong (shown in %), else a "
               "bootstrap of the mean score (0 to 1)"
             : "intervals: Wilson's score interval");
  return table;
}

bool HasWork(const RunNumbers& numbers) {
  return std::any_of(numbers.all.scores.begin(), numbers.all.scores.end(),
                     [](const ScoreNumbers& score) { return score.time.n > 0; });
}

Table WorkTable(const ReportRun& run, const RunNumbers& numbers) {
  Table table = NewTable(numbers, "per trial",
                         {{"score", false},
                          {"n", true},
                          {"tokens in", true},
                          {"tokens out", true},
                          {CostLabel(run), true},
                          {"time, median / 95 %", true}});
  ForEachGroup(numbers, [&](const std::string& name, const GroupNumbers& group) {
    for (const ScoreNumbers& score : group.scores) {
      Row row;
      int64_t n = score.estimate.n;
      BeginRow(numbers, name, row);
      for (std::string cell :
           {VisibleText(score.score), FormatCount(n), TokensMean(score.input, n),
            TokensMean(score.output, n), MoneyMean(score.cost, n), TimeSpread(score.time, n)}) {
        row.push_back(std::move(cell));
      }
      table.rows.push_back(std::move(row));
    }
  });
  table.notes.emplace_back(
      "means over trials, in the step that the score judges; time: of its answered tries, waiting "
      "and failed ones left out");
  return table;
}

Table PairsTable(const ReportRun& run, const RunNumbers& numbers) {
  const std::string baseline = VisibleText(run.rules.compare[0]);
  Table table = NewTable(numbers, "compared with " + baseline,
                         {{"score", false},
                          {"pairs", true},
                          {"both right", true},
                          {"only " + baseline, true},
                          {"only this", true},
                          {"both wrong", true},
                          {"McNemar p", true},
                          {"difference", true},
                          {"95 % interval", true},
                          {"tokens saved", true}});
  ForEachGroup(numbers, [&](const std::string& name, const GroupNumbers& group) {
    for (const PairNumbers& pair : group.pairs) {
      Row row;
      BeginRow(numbers, name, row);
      for (std::string cell : PairCells(pair)) row.push_back(std::move(cell));
      row.insert(row.begin() + (numbers.groups.empty() ? 0 : 1), VisibleText(pair.second));
      table.rows.push_back(std::move(row));
    }
  });
  table.notes = PairNotes();
  return table;
}

Table AgainstTable(const ReportRun& run, const RunNumbers& numbers) {
  std::string name = VisibleText(run.rules.against.text);
  Table table{
      "accuracy against " + name,
      {{"score", false}, {name, true}, {"n", true}, {"accuracy", true}, {"95 % interval", true}},
      {},
      {}};
  for (const AgainstNumbers& numbers_there : numbers.against) {
    std::string range = PlainNumber(numbers_there.from);
    if (numbers_there.to != numbers_there.from) range += " to " + PlainNumber(numbers_there.to);
    table.rows.push_back({VisibleText(numbers_there.score), range,
                          FormatCount(numbers_there.estimate.n), MeanText(numbers_there.estimate),
                          IntervalText(numbers_there.estimate)});
  }
  return table;
}

// ---- machines ----

Table NodesTable(const ReportRun& run) {
  Table table{"by machine",
              {{"machine", false},
               {"workers", true},
               {"attempts", true},
               {"items done", true},
               {"lost with their worker", true}},
              {},
              {}};
  for (const auto& [name, node] : run.nodes) {
    table.rows.push_back({name.empty() ? "not known" : VisibleText(name), FormatCount(node.workers),
                          FormatCount(node.attempts), FormatCount(node.done),
                          FormatCount(node.lost)});
  }
  return table;
}

// ---- failures ----

Table FailuresTable(const ReportRun& run) {
  Table table{"failed items", {{"item", false}, {"status", false}, {"reason", false}}, {}, {}};
  size_t more = 0;
  for (const ReportItem& item : run.items) {
    bool failed = item.status == ItemStatus::kFailed || item.status == ItemStatus::kQuarantined;
    if (!failed) continue;
    if (table.rows.size() == kMostFailures) {
      ++more;
      continue;
    }
    std::string reason = item.reason.empty() ? "no reason was recorded" : ShownText(item.reason);
    table.rows.push_back({ShownText(item.id), std::string(Name(item.status)), reason});
  }
  if (more > 0) table.notes.push_back(fmt::format("and {} more", more));
  return table;
}

}  // namespace

std::vector<std::string> PairCells(const PairNumbers& pair) {
  auto right = [&](int64_t count) { return pair.right_n == 0 ? "–" : FormatCount(count); };
  std::string pairs = FormatCount(pair.n);
  if (pair.right_n != pair.n) pairs += fmt::format(" ({} right or wrong)", pair.right_n);
  std::string saved = SavedText(pair.compression());
  bool part = pair.tokens_n != pair.n && pair.tokens_n > 0;
  if (part) saved += fmt::format(" (n={})", FormatCount(pair.tokens_n));
  return {pairs,
          right(pair.both),
          right(pair.only_first),
          right(pair.only_second),
          right(pair.neither),
          pair.right_n == 0 ? "–" : ProbabilityText(pair.test.exact),
          DifferenceText(pair.difference),
          DifferenceInterval(pair.difference),
          saved};
}

std::vector<std::string> PairNotes() {
  return {
      "pairs: trials that both have; difference: in percentage points, with a bootstrap interval",
      "McNemar p: the exact two-sided test of the pairs where only one is right",
      "tokens saved: 1 - tokens / tokens of the other, input and output of the pairs together"};
}

Section RunSection(const ReportRun& run, const RunNumbers& numbers) {
  Section section{run.label, {}, {}};
  section.tables.push_back(FactsTable(run));
  if (!numbers.all.scores.empty()) section.tables.push_back(ScoresTable(numbers));
  if (HasWork(numbers)) section.tables.push_back(WorkTable(run, numbers));
  if (!numbers.all.pairs.empty()) section.tables.push_back(PairsTable(run, numbers));
  if (!numbers.against.empty()) section.tables.push_back(AgainstTable(run, numbers));
  if (run.nodes.size() > 1) section.tables.push_back(NodesTable(run));
  if (Table failures = FailuresTable(run); !failures.rows.empty()) {
    section.tables.push_back(std::move(failures));
  }
  return section;
}

}  // namespace muster
