#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "common/money.h"
#include "common/result.h"
#include "common/usage.h"

namespace muster {

class Database;

// The calls of one step to one model. A step is named without the keys of its elements.
struct StepModel {
  std::string step, provider, model;
  auto operator<=>(const StepModel&) const = default;
};

// What such calls came to in a run: sums, and the means that an estimate needs. A call counts once,
// with all its asks and tries; those that were never answered are left out.
struct Measured {
  int64_t calls = 0;    // answered
  int64_t answers = 0;  // of these; more where answers were rejected and asked for again
  int64_t with_usage = 0;
  int64_t priced = 0;    // answers whose cost is known
  Usage usage;           // of those with_usage
  Picodollars cost = 0;  // of the priced, and of failed tries that were billed
  int64_t total_ms = 0;  // of all answers

  // For `calls` calls as these were, rounded; nullopt: not known of any, and of the cost not of
  // all.
  std::optional<Usage> UsageOf(int64_t calls) const;
  std::optional<Picodollars> CostOf(int64_t calls) const;
  int64_t MsOf(int64_t calls) const;

 private:
  int64_t Scale(int64_t sum, int64_t over, int64_t calls) const;
};

struct Measurements {
  std::map<StepModel, Measured> steps;
  int64_t items = 0;  // with an answer at least
};

// A ledger that is read for what its calls came to.
class MeasuredLedger {
 public:
  // Another connection, read-only, so that it may be a run that goes on at this moment.
  static Result<MeasuredLedger> Open(const std::string& path);
  explicit MeasuredLedger(std::shared_ptr<Database> database);

  // Reads every try once; memory grows with the steps only.
  Result<Measurements> Read() const;
  // Paths of the item's calls that have an answer which was not rejected.
  std::set<std::string> AnsweredSteps(const std::string& item) const;

 private:
  std::shared_ptr<Database> database_;
};

}  // namespace muster
