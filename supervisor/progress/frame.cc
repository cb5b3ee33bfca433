#include "supervisor/progress/frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "supervisor/progress/lines.h"

namespace muster {
namespace {

constexpr std::string_view kBetween = " · ";
constexpr int kBetweenColumns = 3;
constexpr int kMostNameColumns = 24;

// Part of a line that is shown whole or not at all.
struct Segment {
  std::string text;
  Colour colour = Colour::kNone;
};

// As many of the segments, from the first on, as have room; only the first is ever cut.
FrameLine Joined(const std::vector<Segment>& segments, const FrameLook& look) {
  FrameLine line;
  for (const Segment& segment : segments) {
    if (segment.text.empty()) continue;
    bool first = line.columns == 0;
    std::string text = first ? FitColumns(segment.text, look.columns) : segment.text;
    int columns = ColumnsOf(text) + (first ? 0 : kBetweenColumns);
    if (line.columns + columns > look.columns) break;
    if (!first) line.text += kBetween;
    line.text += Painted(segment.colour, text, look.colours);
    line.columns += columns;
  }
  return line;
}

std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Name, bar and percentage as one segment that is coloured already; with its columns.
FrameLine Bar(int64_t finished, int64_t selected, const FrameLook& look) {
  std::string name = FitColumns(ShownText(look.name), kMostNameColumns);
  int64_t percent = selected == 0 ? 0 : finished * 100 / selected;
  std::string figure = fmt::format(" {:>3}%", percent);
  int bar = std::clamp(look.columns / 4, 8, 32);
  int columns = ColumnsOf(name) + 1 + bar + ColumnsOf(figure);
  if (columns > look.columns) {
    std::string text = FitColumns(name + figure, look.columns);
    return {text, ColumnsOf(text)};
  }
  int full = selected == 0 ? 0 : static_cast<int>(finished * bar / selected);
  return {name + " " + Painted(Colour::kGreen, Repeated("━", full), look.colours) +
              Painted(Colour::kFaint, Repeated("─", bar - full), look.colours) + figure,
          columns};
}

int64_t CountIn(const Snapshot& snapshot, ItemStatus status) {
  return snapshot.counts[static_cast<size_t>(status)];
}

FrameLine ItemsLine(const Snapshot& snapshot, const FrameLook& look) {
  int64_t finished = FinalOf(snapshot.counts), failed = FailedOf(snapshot.counts);
  FrameLine line = Bar(finished, snapshot.selected, look);
  std::vector<Segment> segments;
  auto add = [&](int64_t count, std::string_view what, Colour colour) {
    if (count > 0) segments.push_back({fmt::format("{} {}", FormatCount(count), what), colour});
  };
  segments.push_back(
      {fmt::format("{}/{} items", FormatCount(finished), FormatCount(snapshot.selected))});
  add(failed, "failed", Colour::kRed);
  add(CountIn(snapshot, ItemStatus::kSkipped), "skipped", Colour::kNone);
  add(CountIn(snapshot, ItemStatus::kWaiting), "waiting", Colour::kYellow);
  FrameLook rest = look;
  rest.columns = look.columns - line.columns - 2;
  if (rest.columns < ColumnsOf(segments.front().text)) return line;
  FrameLine counts = Joined(segments, rest);
  return {line.text + "  " + counts.text, line.columns + 2 + counts.columns};
}

FrameLine WorkLine(const Snapshot& snapshot, const RateMeter& rate, const FrameLook& look) {
  std::vector<Segment> segments;
  segments.push_back({fmt::format("{} of {} busy", FormatCount(snapshot.workers_busy),
                                  CountOf(snapshot.workers, "worker", "workers"))});
  segments.push_back({CountOf(snapshot.in_the_air, "call", "calls") + " in the air"});
  int64_t left = snapshot.selected - FinalOf(snapshot.counts);
  auto time = rate.TimeFor(left);
  if (time && left > 0) segments.push_back({fmt::format("about {} left", RoughDuration(*time))});
  if (auto pace = rate.PerMinute()) segments.push_back({fmt::format("{:.1f} items/min", *pace)});
  segments.push_back({RoughDuration(snapshot.elapsed) + " so far", Colour::kFaint});
  return Joined(segments, look);
}

FrameLine MoneyLine(const Snapshot& snapshot, const FrameLook& look) {
  const Totals& totals = snapshot.totals;
  std::string cost = CostText(totals);
  if (cost == "unknown") cost = "cost unknown";
  if (totals.simulated || look.all_simulated) {
    cost += look.all_simulated ? " simulated" : " partly simulated";
  }
  std::vector<Segment> segments{{cost}};
  auto add = [&](int64_t count, std::string_view what) {
    segments.push_back({fmt::format("{} {}", FormatCount(count), what)});
  };
  add(totals.usage.input, "tokens in");
  add(totals.usage.output, "out");
  if (totals.unknown_tries > 0) {
    segments.push_back(
        {CountOf(totals.unknown_tries, "unknown outcome", "unknown outcomes"), Colour::kYellow});
  }
  if (totals.usage.cached > 0) add(totals.usage.cached, "cached");
  if (totals.usage.reasoning > 0) add(totals.usage.reasoning, "reasoning");
  segments.push_back({CountOf(totals.calls, "call", "calls")});
  if (totals.tries != snapshot.session.tries && !look.all_simulated) {
    segments.push_back({CostText(snapshot.session) + " in this session", Colour::kFaint});
  }
  return Joined(segments, look);
}

// Why it waits; stopping comes before that.
std::optional<std::string> WhyNot(const Snapshot& snapshot) {
  if (!snapshot.stopping.empty()) return "stopping: " + ShownText(snapshot.stopping);
  if (snapshot.waits.empty()) return std::nullopt;
  std::string text = ShownText(snapshot.waits.front());
  if (snapshot.waits.size() == 1) return text;
  return fmt::format("{} (and {} more)", text, snapshot.waits.size() - 1);
}

}  // namespace

std::string Painted(Colour colour, std::string_view text, bool colours) {
  constexpr std::string_view kCodes[] = {"", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m"};
  if (!colours || colour == Colour::kNone || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", kCodes[static_cast<size_t>(colour)], text);
}

std::vector<FrameLine> BuildFrame(const Snapshot& snapshot, const RateMeter& rate,
                                  const FrameLook& look) {
  std::vector<FrameLine> lines{ItemsLine(snapshot, look), WorkLine(snapshot, rate, look)};
  if (!look.steps.empty()) {
    std::string steps = FitColumns(look.steps, look.columns);
    lines.push_back({Painted(Colour::kFaint, steps, look.colours), ColumnsOf(steps)});
  }
  if (snapshot.totals.tries > 0) lines.push_back(MoneyLine(snapshot, look));
  if (auto why = WhyNot(snapshot)) lines.push_back(Joined({{*why, Colour::kYellow}}, look));
  return lines;
}

}  // namespace muster
