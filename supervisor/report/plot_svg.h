#pragma once

// Plots as SVG elements that stand in an HTML page. Colours are the page's CSS variables (--ink,
// --faint, --line, --s0 … --s5), so that they follow its light and dark; every mark has a <title>
// with its number. Texts are escaped here.

#include <optional>
#include <string>
#include <vector>

#include "supervisor/report/statistics.h"

namespace muster {

// For texts and attributes of HTML and SVG.
std::string EscapeMarkup(std::string_view text);

// How the numbers of an axis and its marks are written.
using NumberText = std::string (*)(double);

// One number of a plot. `interval` is drawn as a whisker.
struct PlotValue {
  double value = 0;
  std::optional<Interval> interval;
  std::string detail;  // what the mark's title says behind its number: n, the interval
};

// Lying bars: for each row one of every series. Values are 0 or more.
struct BarPlot {
  struct Row {
    std::string name;
    std::vector<std::optional<PlotValue>> values;  // as many as there are series
  };
  std::string title;
  std::vector<std::string> series;
  std::vector<Row> rows;
  std::optional<double> most;  // where the axis ends; nullopt: as far as is needed
  NumberText text;
  NumberText axis_text = nullptr;  // nullptr: as text
};
std::string BarSvg(const BarPlot& plot);

// Points joined by a line for each series, with their whiskers, over a number. The vertical axis
// goes from 0 to 1.
struct LinePlot {
  struct Point {
    double x = 0;
    PlotValue y;
  };
  struct Series {
    std::string name;
    std::vector<Point> points;  // x ascends
  };
  std::string title, x_name;
  std::vector<Series> series;
  bool log_x = false;              // every x is above 0
  NumberText text, x_text;         // of the marks
  NumberText axis_text = nullptr;  // of the vertical axis; nullptr: as text
};
std::string LineSvg(const LinePlot& plot);

}  // namespace muster
