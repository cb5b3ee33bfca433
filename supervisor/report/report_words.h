#pragma once

// Numbers as reports write them, the same in every format for people.

#include <optional>
#include <string>

#include "supervisor/report/report_numbers.h"

namespace muster {

// "73.3 %", "100 %".
std::string PercentText(double share);
// A share as "73.3 %", any other mean as "0.733"; "–" without trials.
std::string MeanText(const MeanEstimate& estimate);
// "55.6 to 85.8 %", "0.512 to 0.803"; "–" without one.
std::string IntervalText(const MeanEstimate& estimate);
// A difference in percentage points, signed: "+13.3", and its interval: "+1.2 to +25.0".
std::string DifferenceText(const MeanEstimate& difference);
std::string DifferenceInterval(const MeanEstimate& difference);
// "0.0313", "<0.0001", "1.0000".
std::string ProbabilityText(double p);
// "40.1 %" saved, "-3.0 %" lost; "–".
std::string SavedText(const std::optional<double>& share);

// Means of an amount, with its n where that is not `trials`; "–" where it is 0.
std::string TokensMean(const Amount& amount, int64_t trials);
std::string MoneyMean(const Amount& amount, int64_t trials);
// Median and 95th percentile of milliseconds: "1.2 s / 3.4 s".
std::string TimeSpread(const Amount& amount, int64_t trials);

// Of picodollars that were summed or averaged as a double.
std::string MoneyText(double picodollars);
std::string TimeText(double milliseconds);
// "12", "0.5", "1,234.5": up to four digits behind the point.
std::string PlainNumber(double value);

// "cost", "cost (simulated)", "cost (partly simulated)".
std::string CostLabel(const ReportRun& run);
// Why the costs of this run are no money; "": they are.
std::string SimulatedNote(const ReportRun& run);

}  // namespace muster
