#include "supervisor/report/report_words.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr std::string_view kNone = "–";

int64_t Rounded(double value) {
  constexpr double kMost = 9e18;
  return static_cast<int64_t>(std::llround(std::clamp(value, -kMost, kMost)));
}

// With so many digits, but none for a whole number of hundreds; never "-0.0".
std::string Fixed(double value, int digits) {
  std::string text = fmt::format("{:.{}f}", value, digits);
  bool zero = text.find_first_not_of("-0.") == std::string::npos;
  return zero && text.starts_with('-') ? text.substr(1) : text;
}

std::string Points(double share) {
  std::string text = Fixed(share * 100, 1);
  return text.starts_with('-') || text == "0.0" ? text : "+" + text;
}

// " (n=12)" where that is not what the reader expects.
std::string OfN(const Amount& amount, int64_t trials) {
  return amount.n == trials ? "" : fmt::format(" (n={})", FormatCount(amount.n));
}

}  // namespace

std::string PercentText(double share) {
  std::string text = Fixed(share * 100, 1);
  return (text == "100.0" ? "100" : text) + " %";
}

std::string MeanText(const MeanEstimate& estimate) {
  if (estimate.n == 0) return std::string(kNone);
  return estimate.binary ? PercentText(estimate.mean) : Fixed(estimate.mean, 3);
}

std::string IntervalText(const MeanEstimate& estimate) {
  if (!estimate.interval) return std::string(kNone);
  const Interval& interval = *estimate.interval;
  if (!estimate.binary) {
    return fmt::format("{} to {}", Fixed(interval.low, 3), Fixed(interval.high, 3));
  }
  return fmt::format("{} to {} %", Fixed(interval.low * 100, 1), Fixed(interval.high * 100, 1));
}

std::string DifferenceText(const MeanEstimate& difference) {
  return difference.n == 0 ? std::string(kNone) : Points(difference.mean);
}

std::string DifferenceInterval(const MeanEstimate& difference) {
  if (!difference.interval) return std::string(kNone);
  return fmt::format("{} to {}", Points(difference.interval->low),
                     Points(difference.interval->high));
}

std::string ProbabilityText(double p) { return p < 0.0001 ? "<0.0001" : Fixed(p, 4); }

std::string SavedText(const std::optional<double>& share) {
  return share ? PercentText(*share) : std::string(kNone);
}

std::string TokensMean(const Amount& amount, int64_t trials) {
  if (amount.n == 0) return std::string(kNone);
  return FormatCount(Rounded(amount.mean)) + OfN(amount, trials);
}

std::string MoneyMean(const Amount& amount, int64_t trials) {
  if (amount.n == 0) return trials == 0 ? std::string(kNone) : "unknown";
  return MoneyText(amount.mean) + OfN(amount, trials);
}

std::string TimeSpread(const Amount& amount, int64_t trials) {
  if (amount.n == 0) return std::string(kNone);
  return fmt::format("{} / {}{}", TimeText(amount.median), TimeText(amount.p95),
                     OfN(amount, trials));
}

std::string MoneyText(double picodollars) { return FormatMoney(Rounded(picodollars)); }

std::string TimeText(double milliseconds) {
  return FormatDuration(std::chrono::milliseconds(Rounded(milliseconds)));
}

std::string PlainNumber(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return FormatCount(Rounded(value));
  return fmt::format("{:.4g}", value);
}

std::string CostLabel(const ReportRun& run) {
  if (!run.totals.simulated) return "cost";
  return run.all_simulated ? "cost (simulated)" : "cost (partly simulated)";
}

std::string SimulatedNote(const ReportRun& run) {
  if (!run.totals.simulated) return "";
  return run.all_simulated ? "costs are simulated: nothing was paid"
                           : "part of the cost is simulated: calls to the mock provider";
}

}  // namespace muster
