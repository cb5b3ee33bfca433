#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"

namespace muster {

// How long one item takes a worker that waits for nothing else: step after step, the calls of a
// for_each as many at a time as its concurrency says, branches side by side unless they are one
// after the other for every item. The config must outlive it.
class ItemTime {
 public:
  explicit ItemTime(const Config& config);

  void Add(size_t step_index, int64_t ms);  // in WorkingSteps
  int64_t ms() const;

 private:
  struct OfStep {
    int64_t calls = 0, sum = 0;
  };
  static int64_t MsOf(const Step& step, const OfStep& calls);

  const Config& config_;
  std::vector<OfStep> steps_;  // as WorkingSteps
};

// The same of all items.
struct WorkTime {
  int64_t items = 0;
  int64_t sum_ms = 0;
  int64_t longest_ms = 0;  // of one item

  void Add(int64_t ms);
};

// Calls to one model, as limits count them: tokens and milliseconds of all of them.
struct CallLoad {
  std::string provider, model;
  int64_t calls = 0;
  int64_t input = 0, output = 0;
  int64_t ms = 0;
};

// What it will take, and what holds it: "openai's 500 requests a minute", "4 workers".
struct TimeEstimate {
  Milliseconds time{0};
  std::string held_by;  // empty: there is nothing to do
};

// The slowest of: the workers, the longest item, and every limit of the config by itself. Limits
// that only the provider knows, errors and retries are not in it.
TimeEstimate TimeUnderLimits(const Config& config, const std::vector<CallLoad>& loads,
                             const WorkTime& work, int64_t workers);

}  // namespace muster
