#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"

namespace muster {

// How long one item takes a worker that waits for nothing else: step after step, the calls of a
// for_each as many at a time as its concurrency says. The config must outlive it.
class ItemTime {
 public:
  explicit ItemTime(const Config& config) : config_(config) {}

  // Calls come in the order of the steps.
  void Add(size_t step_index, int64_t ms);
  int64_t ms() const;

 private:
  int64_t MsOfStep() const;

  const Config& config_;
  int64_t before_ = 0;  // of finished steps
  size_t step_ = 0;
  int64_t calls_ = 0, sum_ = 0;  // of the step at hand
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
