#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/fake_provider/api.h"

namespace fake_provider::anthropic {

// Up to which word output_config.effort goes; kNone: the model does not take it.
enum class Effort { kNone, kHigh, kMax, kXhigh };

// What sets Anthropic's models apart. Tokens.
struct ModelFacts {
  std::string_view prefix;  // of the name; the longest that fits counts
  int64_t max_input = 200'000;
  int64_t max_output = 64'000;
  bool thinks = true;           // takes thinking at all
  bool adaptive = false;        // takes thinking of type adaptive
  bool chooses_itself = false;  // takes neither a temperature nor a budget to think
  Effort effort = Effort::kNone;
  bool prefill = true;  // the last message may be the assistant's
};

// Of a model that is not in the table: those of the newest.
const ModelFacts& FactsOf(std::string_view model);

// Whether such a name can be one of Anthropic's.
bool IsModelName(std::string_view model);

// GET …/v1/models and …/v1/models/ID: {"data": [{"id", "max_input_tokens", "max_tokens", …}]}, in
// pages of `limit` (20) from after `after_id` on. `rest` is what follows /v1/models in the path.
ApiReply ListModels(const Call& call, std::string_view rest);

}  // namespace fake_provider::anthropic
