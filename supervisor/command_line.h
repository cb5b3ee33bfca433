#pragma once

// What muster makes of the words it was started with, beside what its parser of options does.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "supervisor/selection.h"

namespace muster {

// The words as a shell would need them written. `resume`: without those that are only meant once.
std::string CommandLine(int argc, char** argv, bool resume);

// "3..10". One number alone is not accepted: both ends say what is meant.
std::optional<std::pair<int64_t, int64_t>> ParseRange(const std::string& text);

// The options that select items; empty, 0: not given.
struct SelectionOptions {
  std::vector<std::string> only = {};
  std::string range = {}, where = {};
  int64_t limit = 0, sample = 0, seed = 1;
};

// An error names the option.
Result<Selection> MakeSelection(const SelectionOptions& options);

}  // namespace muster
