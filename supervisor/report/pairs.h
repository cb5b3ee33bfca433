#pragma once

// Counting pairs of trials: two conditions of one item, or one item of two runs.

#include <optional>
#include <string>
#include <vector>

#include "supervisor/report/report_numbers.h"

namespace muster {

// 0 or 1.
bool IsRightOrWrong(double value);

// What a done item scored; nullopt: no trial.
std::optional<double> ValueOf(const ReportItem& item, const std::string& score);

// Takes one pair after the other. Tokens count where both sides say theirs.
class PairCounter {
 public:
  PairCounter(std::string first, std::string second);

  void Add(double first, double second, const TriedWork& first_work, const TriedWork& second_work);
  PairNumbers Numbers() const;

 private:
  void AddRightOrWrong(bool first, bool second);

  PairNumbers numbers_;
  std::vector<double> differences_;
};

}  // namespace muster
