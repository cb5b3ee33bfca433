#include "supervisor/report/plot_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/text.h"

namespace muster {
namespace {

// Pixels of a plot that is shown in its own size.
constexpr int kWidth = 600, kLabelWidth = 130, kValueWidth = 90;
constexpr int kLeft = kLabelWidth + 10, kRight = kWidth - kValueWidth;
constexpr int kBar = 15, kRowGap = 12, kTop = 30, kLegendLine = 20, kBottom = 24;
constexpr int kLineHeight = 240, kLineLeft = 46, kLineRight = kWidth - 16;
constexpr int kColumn = 7;  // of one character, about
constexpr int kLabelColumns = kLabelWidth / kColumn;
constexpr size_t kColours = 6;
constexpr int kTicks = 5;  // about

std::string Colour(size_t series) { return fmt::format("var(--s{})", series % kColours); }

std::string Text(double x, double y, std::string_view anchor, std::string_view text,
                 std::string_view style = "ink") {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"var(--{})\">{}</text>\n", x, y,
      anchor, style, EscapeMarkup(text));
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view style) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--{})\"/>\n", x1,
      y1, x2, y2, style);
}

std::string Open(const std::string& title, int height) {
  return fmt::format(
      "<svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"{2}\" "
      "font-size=\"12\">\n<text x=\"0\" y=\"14\" font-size=\"14\" font-weight=\"600\" "
      "fill=\"var(--ink)\">{2}</text>\n",
      kWidth, height, EscapeMarkup(title));
}

// The titles of marks: "trend, baseline: 73.3 % (n=30, 55.6 to 85.8 %)".
std::string MarkTitle(const std::string& row, const std::string& series, const PlotValue& value,
                      NumberText text) {
  std::string title = row;
  if (!series.empty() && series != row) title += (title.empty() ? "" : ", ") + series;
  title += ": " + text(value.value);
  if (!value.detail.empty()) title += " (" + value.detail + ")";
  return "<title>" + EscapeMarkup(title) + "</title>";
}

// ---- axes ----

// 1, 2 or 5 times a power of ten, about `most` / kTicks.
double StepOf(double most) {
  double rough = most / kTicks, power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * 0.999) return factor * power;
  }
  return 10 * power;
}

double MostOf(const BarPlot& plot) {
  if (plot.most) return *plot.most;
  double most = 0;
  for (const BarPlot::Row& row : plot.rows) {
    for (const auto& value : row.values) {
      if (!value) continue;
      most = std::max({most, value->value, value->interval ? value->interval->high : 0.0});
    }
  }
  return most > 0 ? most : 1;
}

// ---- legend ----

int LegendColumns(const std::string& name) { return ColumnsOf(FitColumns(name, 40)) + 4; }

// Names of the series with their colours, in as many lines as they need; nothing for a single one.
std::string Legend(const std::vector<std::string>& names, int y, int* lines) {
  std::string svg;
  int x = 0;
  *lines = names.size() > 1 ? 1 : 0;
  if (names.size() < 2) return svg;
  for (size_t i = 0; i < names.size(); ++i) {
    int width = LegendColumns(names[i]) * kColumn;
    if (x > 0 && x + width > kWidth) {
      x = 0;
      ++*lines;
    }
    int top = y + (*lines - 1) * kLegendLine;
    svg +=
        fmt::format("<rect x=\"{}\" y=\"{}\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{}\"/>\n",
                    x, top, Colour(i));
    svg += Text(x + 16, top + 10, "start", FitColumns(names[i], 40));
    x += width;
  }
  return svg;
}

// ---- bars ----

double BarX(double value, double most) {
  return kLeft + (kRight - kLeft) * std::clamp(value / most, 0.0, 1.0);
}

std::string BarAxis(const BarPlot& plot, double most, int top, int bottom) {
  std::string svg;
  double step = StepOf(most);
  NumberText text = plot.axis_text ? plot.axis_text : plot.text;
  for (int i = 0; step * i <= most * 1.001; ++i) {
    double x = BarX(step * i, most);
    svg += Line(x, top, x, bottom, "line");
    svg += Text(x, bottom + 15, "middle", text(step * i), "faint");
  }
  return svg;
}

std::string Whisker(double x1, double x2, double y, double half) {
  return Line(x1, y, x2, y, "ink") + Line(x1, y - half, x1, y + half, "ink") +
         Line(x2, y - half, x2, y + half, "ink");
}

std::string Bar(const BarPlot& plot, const BarPlot::Row& row, size_t series, double most, int y) {
  const auto& value = row.values[series];
  if (!value) return Text(kLeft + 4, y + kBar - 4, "start", "no trials", "faint");
  double end = BarX(value->value, most);
  std::string svg = fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" fill=\"{}\">{}</rect>\n",
      kLeft, y, std::max(end - kLeft, 1.0), kBar - 2, Colour(series),
      MarkTitle(row.name, plot.series[series], *value, plot.text));
  if (const auto& interval = value->interval) {
    double high = BarX(interval->high, most);
    svg += Whisker(BarX(interval->low, most), high, y + (kBar - 2) / 2.0, 3);
    end = std::max(end, high);
  }
  return svg + Text(end + 6, y + kBar - 4, "start", plot.text(value->value));
}

// ---- lines ----

struct LineScale {
  double from = 0, to = 1;
  bool log = false;
  int top = 0, bottom = 0;

  double Place(double x) const { return log ? std::log10(x) : x; }
  double X(double x) const {
    double share = to > from ? (Place(x) - from) / (to - from) : 0.5;
    return kLineLeft + 12 + (kLineRight - kLineLeft - 24) * share;
  }
  double Y(double y) const { return bottom - (bottom - top) * std::clamp(y, 0.0, 1.0); }
};

LineScale ScaleOf(const LinePlot& plot, int top) {
  LineScale scale{INFINITY, -INFINITY, plot.log_x, top, top + kLineHeight};
  for (const auto& series : plot.series) {
    for (const auto& point : series.points) {
      scale.from = std::min(scale.from, scale.Place(point.x));
      scale.to = std::max(scale.to, scale.Place(point.x));
    }
  }
  return scale;
}

// Every x that has points, as far as their texts have room.
std::vector<double> LabelledX(const LinePlot& plot, const LineScale& scale) {
  std::vector<double> all, shown;
  for (const auto& series : plot.series) {
    for (const auto& point : series.points) all.push_back(point.x);
  }
  std::sort(all.begin(), all.end());
  for (double x : all) {
    double room = kColumn * (ColumnsOf(plot.x_text(x)) + 1.0);
    if (shown.empty() || scale.X(x) - scale.X(shown.back()) >= room) shown.push_back(x);
  }
  return shown;
}

std::string LineAxes(const LinePlot& plot, const LineScale& scale) {
  std::string svg;
  NumberText text = plot.axis_text ? plot.axis_text : plot.text;
  for (int i = 0; i <= kTicks; ++i) {
    double share = static_cast<double>(i) / kTicks, y = scale.Y(share);
    svg += Line(kLineLeft, y, kLineRight, y, "line");
    svg += Text(kLineLeft - 6, y + 4, "end", text(share), "faint");
  }
  for (double x : LabelledX(plot, scale)) {
    svg += Line(scale.X(x), scale.bottom, scale.X(x), scale.bottom + 4, "faint");
    svg += Text(scale.X(x), scale.bottom + 17, "middle", plot.x_text(x), "faint");
  }
  return svg +
         Text((kLineLeft + kLineRight) / 2.0, scale.bottom + 34, "middle", plot.x_name, "faint");
}

// Points of several series at one place stand beside each other.
std::string SeriesLine(const LinePlot& plot, size_t number, const LineScale& scale) {
  const LinePlot::Series& series = plot.series[number];
  double aside =
      5.0 * (static_cast<double>(number) - (static_cast<double>(plot.series.size()) - 1) / 2);
  std::string svg, path;
  for (const LinePlot::Point& point : series.points) {
    double x = scale.X(point.x) + aside, y = scale.Y(point.y.value);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    if (const auto& interval = point.y.interval) {
      double low = scale.Y(interval->low), high = scale.Y(interval->high);
      svg += fmt::format(
          "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {1:.1f}h6M{3:.1f} {2:.1f}h6\" fill=\"none\" "
          "stroke=\"{4}\"/>\n",
          x, low, high, x - 3, Colour(number));
    }
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\">{}</circle>\n", x,
                       y, Colour(number),
                       MarkTitle(plot.x_text(point.x), series.name, point.y, plot.text));
  }
  if (series.points.size() < 2) return svg;
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path,
                     Colour(number)) +
         svg;
}

}  // namespace

std::string EscapeMarkup(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string BarSvg(const BarPlot& plot) {
  int legend_lines = 0;
  std::string legend = Legend(plot.series, kTop - 4, &legend_lines);
  int top = kTop + legend_lines * kLegendLine, y = top + kRowGap / 2;
  double most = MostOf(plot);
  std::string bars;
  for (const BarPlot::Row& row : plot.rows) {
    int height = kBar * static_cast<int>(row.values.size());
    bars += Text(kLabelWidth, y + height / 2.0 + 3, "end", FitColumns(row.name, kLabelColumns));
    for (size_t i = 0; i < row.values.size(); ++i) {
      bars += Bar(plot, row, i, most, y + kBar * static_cast<int>(i));
    }
    y += height + kRowGap;
  }
  int bottom = y - kRowGap / 2;
  return Open(plot.title, bottom + kBottom) + legend + BarAxis(plot, most, top, bottom) + bars +
         "</svg>\n";
}

std::string LineSvg(const LinePlot& plot) {
  std::vector<std::string> names;
  for (const auto& series : plot.series) names.push_back(series.name);
  int legend_lines = 0;
  std::string legend = Legend(names, kTop - 4, &legend_lines);
  LineScale scale = ScaleOf(plot, kTop + legend_lines * kLegendLine + 8);
  std::string svg = Open(plot.title, scale.bottom + 42) + legend + LineAxes(plot, scale);
  for (size_t i = 0; i < plot.series.size(); ++i) svg += SeriesLine(plot, i, scale);
  return svg + "</svg>\n";
}

}  // namespace muster
