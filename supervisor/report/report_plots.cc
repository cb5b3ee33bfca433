#include "supervisor/report/report_plots.h"

#include <algorithm>

#include "common/text.h"
#include "supervisor/report/plot_svg.h"
#include "supervisor/report/report_words.h"

namespace muster {
namespace {

// Numbers that lie further apart than this are drawn by their logarithms.
constexpr double kFarApart = 30;

std::string Percent(double share) { return PercentText(share); }
std::string RoundPercent(double share) { return fmt::format("{:.0f} %", share * 100); }
std::string Axis(double value) { return PlainNumber(value); }

// What a plot shows of the trials of one score and group.
using ValueOfScore = std::optional<PlotValue> (*)(const ScoreNumbers&);

std::optional<PlotValue> OfEstimate(const MeanEstimate& estimate) {
  if (estimate.n == 0) return std::nullopt;
  PlotValue value{estimate.mean, estimate.interval, fmt::format("n={}", estimate.n)};
  if (estimate.interval) value.detail += ", 95 %: " + IntervalText(estimate);
  return value;
}

std::optional<PlotValue> OfAmount(const Amount& amount, double value) {
  if (amount.n == 0) return std::nullopt;
  return PlotValue{value, std::nullopt, fmt::format("n={}", amount.n)};
}

std::optional<PlotValue> Accuracy(const ScoreNumbers& score) { return OfEstimate(score.estimate); }
std::optional<PlotValue> Tokens(const ScoreNumbers& score) {
  return OfAmount(score.total, score.total.mean);
}
std::optional<PlotValue> Cost(const ScoreNumbers& score) {
  return OfAmount(score.cost, score.cost.mean);
}
std::optional<PlotValue> Time(const ScoreNumbers& score) {
  return OfAmount(score.time, score.time.median);
}

// The scores a plot has: those that are compared, else all.
std::vector<std::string> SeriesOf(const ReportRun& run, const RunNumbers& numbers) {
  std::vector<std::string> names;
  for (const ScoreNumbers& score : numbers.all.scores) {
    const auto& compare = run.rules.compare;
    bool shown = numbers.all.pairs.empty() ||
                 std::find(compare.begin(), compare.end(), score.score) != compare.end();
    if (shown) names.push_back(score.score);
  }
  return names;
}

BarPlot::Row RowOf(std::string name, const GroupNumbers& group,
                   const std::vector<std::string>& series, ValueOfScore value) {
  BarPlot::Row row{std::move(name), {}};
  for (const ScoreNumbers& score : group.scores) {
    if (std::find(series.begin(), series.end(), score.score) == series.end()) continue;
    row.values.push_back(value(score));
  }
  return row;
}

bool HasValues(const BarPlot& plot) {
  return std::any_of(plot.rows.begin(), plot.rows.end(), [](const BarPlot::Row& row) {
    return std::any_of(row.values.begin(), row.values.end(),
                       [](const auto& value) { return value.has_value(); });
  });
}

std::string Bars(const ReportRun& run, const RunNumbers& numbers, BarPlot plot,
                 ValueOfScore value) {
  std::vector<std::string> series = SeriesOf(run, numbers);
  for (const std::string& name : series) plot.series.push_back(VisibleText(name));
  for (const GroupNumbers& group : numbers.groups) {
    plot.rows.push_back(RowOf(VisibleText(*group.group), group, series, value));
  }
  plot.rows.push_back(RowOf("all", numbers.all, series, value));
  return HasValues(plot) ? BarSvg(plot) : "";
}

bool IsGraded(const RunNumbers& numbers) {
  return std::any_of(
      numbers.all.scores.begin(), numbers.all.scores.end(),
      [](const ScoreNumbers& score) { return score.estimate.n > 0 && !score.estimate.binary; });
}

std::string Against(const ReportRun& run, const RunNumbers& numbers) {
  std::string name = VisibleText(run.rules.against.text);
  LinePlot plot{"Accuracy against " + name, name, {}, false, Percent, Axis, RoundPercent};
  double least = numbers.against.front().middle, most = least;
  for (const AgainstNumbers& point : numbers.against) {
    least = std::min(least, point.middle);
    most = std::max(most, point.middle);
    std::string score = VisibleText(point.score);
    if (plot.series.empty() || plot.series.back().name != score) plot.series.push_back({score, {}});
    plot.series.back().points.push_back({point.middle, *OfEstimate(point.estimate)});
  }
  plot.log_x = least > 0 && most / least >= kFarApart;
  return LineSvg(plot);
}

// One of report.plots; "": there is nothing to draw.
std::string PlotNamed(const std::string& name, const ReportRun& run, const RunNumbers& numbers) {
  if (name == "accuracy") {
    // Accuracy stands in percent also where some trials are partly right.
    std::string title = IsGraded(numbers) ? "Mean score" : "Accuracy";
    return Bars(run, numbers, {title + ", 95 % intervals", {}, {}, 1.0, Percent, RoundPercent},
                Accuracy);
  }
  if (name == "tokens") {
    return Bars(run, numbers, {"Tokens a trial, mean", {}, {}, {}, Axis}, Tokens);
  }
  if (name == "cost") {
    std::string title = "Cost a trial, mean" + CostLabel(run).substr(4);
    return Bars(run, numbers, {title, {}, {}, {}, MoneyText}, Cost);
  }
  if (name != "time") return "";
  return Bars(run, numbers, {"Time a trial, median", {}, {}, {}, TimeText}, Time);
}

// One bar for each run.
std::string RunBars(const Report& report, const std::string& title, NumberText text,
                    double (*value)(const ReportRun&)) {
  BarPlot plot{title, {""}, {}, {}, text};
  for (const ReportRun& run : report.runs) {
    plot.rows.push_back({run.label, {PlotValue{value(run), std::nullopt, ""}}});
  }
  return BarSvg(plot);
}

// A bar for each run, score by score.
std::string RunsAccuracy(const Report& report) {
  std::vector<std::string> scores;
  BarPlot plot{"Accuracy, 95 % intervals", {}, {}, 1.0, Percent, RoundPercent};
  for (const ReportRun& run : report.runs) {
    plot.series.push_back(run.label);
    for (const std::string& name : run.ScoreNames()) {
      if (std::find(scores.begin(), scores.end(), name) == scores.end()) scores.push_back(name);
    }
  }
  for (const std::string& name : scores) {
    BarPlot::Row row{VisibleText(name), {}};
    for (const RunNumbers& numbers : report.numbers) {
      row.values.emplace_back();
      for (const ScoreNumbers& score : numbers.all.scores) {
        if (score.score == name) row.values.back() = Accuracy(score);
      }
    }
    plot.rows.push_back(std::move(row));
  }
  return HasValues(plot) ? BarSvg(plot) : "";
}

void AddPlot(std::string svg, std::vector<std::string>& plots) {
  if (!svg.empty()) plots.push_back(std::move(svg));
}

}  // namespace

std::vector<std::string> RunPlots(const ReportRun& run, const RunNumbers& numbers) {
  std::vector<std::string> names = run.rules.plots, plots;
  if (names.empty()) names.push_back("accuracy");
  for (const std::string& name : names) AddPlot(PlotNamed(name, run, numbers), plots);
  if (!numbers.against.empty()) plots.push_back(Against(run, numbers));
  return plots;
}

std::vector<std::string> RunsPlots(const Report& report) {
  std::vector<std::string> plots;
  bool simulated = std::any_of(report.runs.begin(), report.runs.end(),
                               [](const ReportRun& run) { return run.totals.simulated; });
  AddPlot(RunsAccuracy(report), plots);
  plots.push_back(RunBars(report, "Tokens, all calls", Axis, [](const ReportRun& run) {
    return static_cast<double>(run.totals.usage.total());
  }));
  plots.push_back(
      RunBars(report, simulated ? "Cost (simulated in part or whole)" : "Cost", MoneyText,
              [](const ReportRun& run) { return static_cast<double>(run.totals.cost); }));
  plots.push_back(RunBars(report, "Time", TimeText,
                          [](const ReportRun& run) { return static_cast<double>(run.wall_ms); }));
  return plots;
}

}  // namespace muster
