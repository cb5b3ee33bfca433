#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fake_provider/api.h"

namespace fake_provider::gemini {

// What sets Google's models apart. Tokens.
struct ModelFacts {
  std::string_view prefix;  // of the name; the longest that fits counts
  int64_t max_input = 1'048'576;
  int64_t max_output = 65'536;
  int64_t least_budget = 0;  // of thinkingBudget, but for 0 and -1; most 0: it does not think
  int64_t most_budget = 24'576;
  bool stops_thinking = true;                 // takes a budget of 0
  bool thinks_unasked = true;                 // without a thinkingConfig
  std::vector<std::string_view> levels = {};  // that thinkingLevel can have
};

// Of a model that is not in the table: those of the newest.
const ModelFacts& FactsOf(std::string_view model);

bool IsModelName(std::string_view model);

// GET …/models: {"models": [{"name", "inputTokenLimit", …}], "nextPageToken"}, in pages of
// `pageSize` (50); or one of them, when the path names it.
ApiReply ListModels(const Call& call);

}  // namespace fake_provider::gemini
