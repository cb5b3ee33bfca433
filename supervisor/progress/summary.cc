#include "supervisor/progress/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/progress/lines.h"

namespace muster {
namespace {

using Lines = std::vector<std::string>;

constexpr int kLabelColumns = 16;
constexpr size_t kMostWorkers = 16;  // listed one by one
constexpr size_t kMostUnknown = 10;

void Add(Lines& lines, std::string_view label, std::string_view text) {
  lines.push_back(fmt::format("  {:<{}}  {}", label, kLabelColumns, text));
}

bool HasEarlierSessions(const RunSummary& summary) {
  return summary.last.totals.tries != summary.last.session.tries;
}

// ---- nothing to do ----

bool NothingWasToDo(const RunSummary& summary) {
  return summary.plan.to_do == 0 && summary.last.session.tries == 0 && summary.stopped_by.empty();
}

std::string NothingLine(const RunSummary& summary) {
  const RunPlan& plan = summary.plan;
  if (plan.found == 0) return "nothing to do: no items were found";
  if (plan.selected == 0) {
    return fmt::format("nothing to do: none of the {} is selected",
                       CountOf(plan.found, "item", "items"));
  }
  std::string_view which = plan.selected == plan.found ? "items" : "selected items";
  int64_t done = summary.last.counts[static_cast<size_t>(ItemStatus::kDone)];
  if (done == plan.selected) {
    return fmt::format("nothing to do: all {} {} are done; no calls were made", FormatCount(done),
                       which);
  }
  return fmt::format("nothing to do: of {} {}, {}; no calls were made", FormatCount(plan.selected),
                     which, CountsText(summary.last.counts));
}

// ---- the block ----

std::string Headline(const RunSummary& summary) {
  std::string name = ShownText(summary.plan.name);
  if (!summary.stopped_by.empty()) return name + " stopped: " + ShownText(summary.stopped_by);
  const StatusCounts& counts = summary.last.counts;
  int64_t done = counts[static_cast<size_t>(ItemStatus::kDone)];
  if (done == summary.last.selected) {
    return fmt::format("{} finished: all {} items are done", name, FormatCount(done));
  }
  return fmt::format("{} finished: {}", name, CountsText(counts));
}

void AddItems(Lines& lines, const RunSummary& summary) {
  Add(lines, "items",
      fmt::format("{}: {}", FormatCount(summary.last.selected), CountsText(summary.last.counts)));
  int64_t now = summary.done_now + summary.failed_now;
  if (now == FinalOf(summary.last.counts)) return;
  std::string text = FormatCount(summary.done_now) + " done";
  if (summary.failed_now > 0) text += fmt::format(", {} failed", FormatCount(summary.failed_now));
  Add(lines, "  this session", text);
}

// Cost and what belongs to it, below the figures.
void AddMoney(Lines& lines, const RunSummary& summary) {
  const Totals& totals = summary.last.totals;
  if (summary.plan.simulated) {
    Add(lines, "", "costs are simulated: nothing was paid");
  } else if (totals.simulated) {
    Add(lines, "", "part of the cost is simulated: calls to the mock provider");
  }
  if (std::string own = OwnFigureText(totals); !own.empty()) Add(lines, "", own);
  if (totals.unknown_tries + totals.unknown_usage == 0) return;
  Add(lines, "unknown outcome", UnknownText(totals));
  size_t shown = std::min(summary.unknown.size(), kMostUnknown);
  for (size_t i = 0; i < shown; ++i) lines.push_back("    " + UnknownLine(summary.unknown[i]));
  if (shown < summary.unknown.size()) {
    lines.push_back(fmt::format("    and {} more", summary.unknown.size() - shown));
  }
}

void AddTime(Lines& lines, const RunSummary& summary) {
  double wall = static_cast<double>(std::max<int64_t>(summary.wall.count(), 1));
  double times = static_cast<double>(summary.work.count()) / wall;
  std::string text = fmt::format("{} with {}", FormatDuration(summary.wall),
                                 CountOf(summary.plan.workers, "worker", "workers"));
  if (times >= 1.05) text += fmt::format(", {:.1f} times as fast as one item after another", times);
  Add(lines, "time", text);
  if (summary.done_now == 0) return;
  Add(lines, "time per item", FormatDuration(summary.work / summary.done_now) + " on average");
}

void AddWorkers(Lines& lines, const RunSummary& summary) {
  const auto& workers = summary.workers;
  if (workers.size() < 2) return;
  std::string label = HasEarlierSessions(summary) ? "workers (whole run)" : "workers";
  lines.push_back("  " + label);
  for (size_t i = 0; i < std::min(workers.size(), kMostWorkers); ++i) {
    lines.push_back(fmt::format(
        "    {:<14}  {} · {} · {} tokens · {}", FitColumns(ShownText(workers[i].worker), 14),
        CountOf(workers[i].items_done, "item", "items"),
        CountOf(workers[i].totals.calls, "call", "calls"),
        FormatCount(workers[i].totals.usage.total()), CostText(workers[i].totals)));
  }
  if (workers.size() > kMostWorkers) {
    lines.push_back(fmt::format("    and {} more", workers.size() - kMostWorkers));
  }
}

void AddFailures(Lines& lines, const RunSummary& summary) {
  if (summary.failures.empty()) return;
  lines.push_back("");
  lines.push_back("  failed items");
  for (const auto& [id, reason] : summary.failures) {
    lines.push_back("    " + FailureLine(id, reason));
  }
  int64_t more = FailedOf(summary.last.counts) - static_cast<int64_t>(summary.failures.size());
  if (more > 0) lines.push_back(fmt::format("    and {} more", FormatCount(more)));
}

void AddCommands(Lines& lines, const RunSummary& summary) {
  if (summary.resume_command.empty() && summary.retry_command.empty()) return;
  lines.push_back("");
  if (!summary.resume_command.empty()) {
    Add(lines, "to go on", VisibleText(summary.resume_command));
  }
  if (!summary.retry_command.empty()) {
    Add(lines, "to try again", VisibleText(summary.retry_command));
  }
}

// ---- figures ----

// One line of the table; `of` tells how a Totals says it.
struct Figure {
  std::string_view label;
  std::string (*of)(const Totals&);
  bool (*shown)(const Totals&);
};

bool Always(const Totals&) { return true; }

// Captureless, so that the list below is all there is to a line.
constexpr Figure kFigures[] = {
    {"calls", [](const Totals& t) { return FormatCount(t.calls); }, Always},
    {"failed tries", [](const Totals& t) { return FormatCount(t.failed_tries); },
     [](const Totals& t) { return t.failed_tries > 0; }},
    {"input tokens", [](const Totals& t) { return FormatCount(t.usage.input); }, Always},
    {"  cached", [](const Totals& t) { return FormatCount(t.usage.cached); }, Always},
    {"  cache writes", [](const Totals& t) { return FormatCount(t.usage.cache_write); },
     [](const Totals& t) { return t.usage.cache_write > 0; }},
    {"    for an hour", [](const Totals& t) { return FormatCount(t.usage.cache_write_1h); },
     [](const Totals& t) { return t.usage.cache_write_1h > 0; }},
    {"output tokens", [](const Totals& t) { return FormatCount(t.usage.output); }, Always},
    {"  reasoning", [](const Totals& t) { return FormatCount(t.usage.reasoning); }, Always},
    {"total tokens", [](const Totals& t) { return FormatCount(t.usage.total()); }, Always},
    {"cost",
     [](const Totals& t) {
       return t.unpriced > 0 && t.cost == 0 ? "unknown" : FormatMoney(t.cost);
     },
     Always},
    {"saved by caching", [](const Totals& t) { return FormatMoney(t.cache_saving); },
     [](const Totals& t) { return t.cache_saving > 0; }},
    {"of unknown price", [](const Totals& t) { return CountOf(t.unpriced, "call", "calls"); },
     [](const Totals& t) { return t.unpriced > 0; }},
};

}  // namespace

std::vector<std::string> FiguresTable(const Totals& session, const Totals* whole) {
  Lines lines;
  constexpr std::string_view kSession = "this session", kWhole = "whole run";
  int first = whole != nullptr ? ColumnsOf(kSession) : 0, second = ColumnsOf(kWhole);
  for (const Figure& figure : kFigures) {
    first = std::max(first, ColumnsOf(figure.of(session)));
    if (whole != nullptr) second = std::max(second, ColumnsOf(figure.of(*whole)));
  }
  auto add = [&](std::string_view label, std::string_view left, std::string_view right) {
    lines.push_back(fmt::format("  {:<{}}  {:>{}}", label, kLabelColumns, left, first));
    if (whole != nullptr) lines.back() += fmt::format("  {:>{}}", right, second);
  };
  if (whole != nullptr) add("", kSession, kWhole);
  for (const Figure& figure : kFigures) {
    if (!figure.shown(session) && !(whole != nullptr && figure.shown(*whole))) continue;
    add(figure.label, figure.of(session), whole != nullptr ? figure.of(*whole) : "");
  }
  return lines;
}

std::vector<std::string> SummaryLines(const RunSummary& summary) {
  Lines lines;
  if (NothingWasToDo(summary)) {
    lines.push_back(NothingLine(summary));
  } else {
    lines = {"", Headline(summary)};
    AddItems(lines, summary);
    const Totals* whole = HasEarlierSessions(summary) ? &summary.last.totals : nullptr;
    Lines figures = FiguresTable(summary.last.session, whole);
    lines.insert(lines.end(), figures.begin(), figures.end());
    AddMoney(lines, summary);
    AddTime(lines, summary);
    AddWorkers(lines, summary);
    if (summary.outputs > 0) {
      Add(lines, "outputs",
          fmt::format("{} in {}", CountOf(summary.outputs, "file", "files"),
                      ShownPath(summary.output_dir)));
    }
  }
  AddFailures(lines, summary);
  AddCommands(lines, summary);
  return lines;
}

}  // namespace muster
