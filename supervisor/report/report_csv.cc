#include <optional>

#include "common/tables/csv.h"
#include "supervisor/report/report_formats.h"

namespace muster {
namespace {

constexpr double kDollar = static_cast<double>(kPicodollarsPerDollar);

// The lines of one run, or of one comparison: what they have in common stands here once.
class Lines {
 public:
  Lines(std::string run, std::string& text) : run_(std::move(run)), text_(text) {}

  void SetPlace(std::string group, std::string score) {
    group_ = std::move(group);
    score_ = std::move(score);
  }

  void Add(const std::string& measure, double value, std::optional<int64_t> n = std::nullopt,
           const std::optional<Interval>& interval = std::nullopt) {
    text_ +=
        CsvLine({run_, group_, score_, measure, Number(value), n ? fmt::format("{}", *n) : "",
                 interval ? Number(interval->low) : "", interval ? Number(interval->high) : ""});
  }
  void Count(const std::string& measure, int64_t count) {
    Add(measure, static_cast<double>(count));
  }

 private:
  // The shortest text that gives the same number back; no exponents below 1e15.
  static std::string Number(double value) {
    bool whole = value > -1e15 && value < 1e15 && value == static_cast<double>(int64_t(value));
    return whole ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{}", value);
  }

  std::string run_, group_, score_;
  std::string& text_;
};

void AddRun(const ReportRun& run, Lines& lines) {
  lines.SetPlace("", "");
  for (size_t i = 0; i < run.counts.size(); ++i) {
    lines.Count(fmt::format("items {}", kItemStatusNames[i]), run.counts[i]);
  }
  const Totals& totals = run.totals;
  lines.Count("calls", totals.calls);
  lines.Count("tries", totals.tries);
  lines.Count("failed tries", totals.failed_tries);
  lines.Count("retries", run.retries);
  lines.Count("unusable answers", run.rejected);
  lines.Count("input tokens", totals.usage.input);
  lines.Count("cached tokens", totals.usage.cached);
  lines.Count("cache write tokens", totals.usage.cache_write);
  lines.Count("output tokens", totals.usage.output);
  lines.Count("reasoning tokens", totals.usage.reasoning);
  lines.Count("total tokens", totals.usage.total());
  lines.Add(totals.simulated ? "simulated cost" : "cost",
            static_cast<double>(totals.cost) / kDollar);
  lines.Count("calls of unknown price", totals.unpriced);
  lines.Count("calls of unknown outcome", totals.unknown_tries);
  lines.Add("unknown cost at most", static_cast<double>(totals.unknown_cost) / kDollar);
  lines.Add("saved by caching", static_cast<double>(totals.cache_saving) / kDollar);
  lines.Count("time", run.wall_ms);
  lines.Count("working time", run.work_ms);
}

void AddAmount(const std::string& what, const Amount& amount, double unit, Lines& lines) {
  if (amount.n == 0) return;
  lines.Add("mean " + what, amount.mean / unit, amount.n);
  lines.Add("median " + what, amount.median / unit, amount.n);
  lines.Add("95th percentile " + what, amount.p95 / unit, amount.n);
}

void AddScore(const ScoreNumbers& score, bool simulated, Lines& lines) {
  const MeanEstimate& estimate = score.estimate;
  lines.Count("scored", estimate.n);
  lines.Count("errors", score.errors);
  lines.Count("skipped", score.skipped);
  lines.Count("open", score.open);
  if (estimate.n > 0) lines.Add("accuracy", estimate.mean, estimate.n, estimate.interval);
  AddAmount("input tokens", score.input, 1, lines);
  AddAmount("output tokens", score.output, 1, lines);
  AddAmount("total tokens", score.total, 1, lines);
  AddAmount(simulated ? "simulated cost" : "cost", score.cost, kDollar, lines);
  AddAmount("time", score.time, 1, lines);
}

void AddPair(const PairNumbers& pair, Lines& lines) {
  lines.Count("pairs", pair.n);
  if (pair.n > 0) {
    lines.Add("difference", pair.difference.mean, pair.n, pair.difference.interval);
  }
  if (pair.right_n > 0) {
    auto count = [&](const char* measure, int64_t value) {
      lines.Add(measure, static_cast<double>(value), pair.right_n);
    };
    count("both right", pair.both);
    count("only first right", pair.only_first);
    count("only second right", pair.only_second);
    count("both wrong", pair.neither);
    lines.Add("McNemar exact p", pair.test.exact, pair.right_n);
    lines.Add("McNemar mid-p", pair.test.mid, pair.right_n);
  }
  if (auto saved = pair.compression()) lines.Add("token compression", *saved, pair.tokens_n);
  if (auto saved = pair.input_compression()) {
    lines.Add("input token compression", *saved, pair.tokens_n);
  }
}

void AddGroup(const GroupNumbers& group, bool simulated, Lines& lines) {
  std::string name = group.group.value_or("");
  for (const ScoreNumbers& score : group.scores) {
    lines.SetPlace(name, score.score);
    AddScore(score, simulated, lines);
  }
  for (const PairNumbers& pair : group.pairs) {
    lines.SetPlace(name, pair.second + " - " + pair.first);
    AddPair(pair, lines);
  }
}

void AddAgainst(const RunNumbers& numbers, Lines& lines) {
  for (const AgainstNumbers& each : numbers.against) {
    lines.SetPlace(each.from == each.to ? fmt::format("{}", each.from)
                                        : fmt::format("{}..{}", each.from, each.to),
                   each.score);
    lines.Add("accuracy against", each.estimate.mean, each.estimate.n, each.estimate.interval);
  }
}

void AddComparison(const RunComparison& comparison, Lines& lines) {
  for (const RunPair& pair : comparison.scores) {
    lines.SetPlace("", pair.score);
    AddPair(pair.pairs, lines);
    lines.Count("only in first run", pair.only_in_first);
    lines.Count("only in second run", pair.only_in_second);
    for (const Flip& flip : pair.flips) {
      lines.SetPlace(flip.item, pair.score);
      lines.Add("flip", flip.second - flip.first, 1);
    }
  }
}

}  // namespace

std::string ReportAsCsv(const Report& report) {
  std::string text = CsvLine({"run", "group", "score", "measure", "value", "n", "low", "high"});
  for (size_t i = 0; i < report.runs.size(); ++i) {
    const ReportRun& run = report.runs[i];
    Lines lines(run.label, text);
    AddRun(run, lines);
    AddGroup(report.numbers[i].all, run.totals.simulated, lines);
    for (const GroupNumbers& group : report.numbers[i].groups) {
      AddGroup(group, run.totals.simulated, lines);
    }
    AddAgainst(report.numbers[i], lines);
  }
  for (const RunComparison& comparison : report.comparisons) {
    Lines lines(report.runs[comparison.other].label + " - " + report.runs[0].label, text);
    AddComparison(comparison, lines);
  }
  return text;
}

}  // namespace muster
