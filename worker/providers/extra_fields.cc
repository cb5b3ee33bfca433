// The fields are those of OpenAI's two text APIs, after its API reference, and of OpenRouter, which
// sends a request on to other models or adds searches when it is told to.

#include "worker/providers/extra_fields.h"

#include <algorithm>

namespace muster {
namespace {

struct Forbidden {
  std::string_view field;
  std::string_view instead;  // ends the sentence "extra: FIELD cannot be used; …"
};

// Which are refused whatever their value; null too, as it would remove what the step has set.
constexpr Forbidden kForbidden[] = {
    {"model", "name the model in the step's model"},
    {"models", "a call goes to one model, the step's"},
    {"max_tokens", "use the step's max_tokens"},
    {"max_completion_tokens", "use the step's max_tokens"},
    {"max_output_tokens", "use the step's max_tokens"},
    {"previous_response_id", "input that the request does not hold is paid but cannot be counted"},
    {"conversation", "input that the request does not hold is paid but cannot be counted"},
    {"prompt", "input that the request does not hold is paid but cannot be counted"},
    {"tools", "what tools cost beside tokens is not counted"},
    {"web_search_options", "what searches cost beside tokens is not counted"},
    {"plugins", "what plugins cost beside tokens is not counted"},
    {"modalities", "answers are read as text"},
    {"audio", "answers are read as text"},
};

// Which may say what is so anyway.
struct Fixed {
  std::string_view field;
  int64_t value;  // 0: false
  std::string_view why;
};
constexpr Fixed kFixed[] = {
    {"n", 1, "a call has one answer; use the items' repeat for more"},
    {"best_of", 1, "a call has one answer"},
    {"stream", 0, "answers are read whole"},
    {"background", 0, "answers are waited for"},
};

// The other tiers cost more than the price table says.
constexpr std::string_view kTiers[] = {"auto", "default", "flex"};

bool Says(const Json& value, int64_t fixed) {
  return value.is_null() || (fixed == 0 ? value == false : value == fixed);
}

Result<void> CheckTier(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string() && std::ranges::count(kTiers, value.get_ref<const std::string&>())) {
    return {};
  }
  return Fail(
      "extra: service_tier can be auto, default or flex; other tiers cost more than the "
      "prices say");
}

Result<void> CheckExtra(const Json& extra) {
  for (const auto& [name, value] : extra.items()) {
    for (const Forbidden& each : kForbidden) {
      if (each.field == name) return Fail("extra: {} cannot be used; {}", name, each.instead);
    }
    for (const Fixed& each : kFixed) {
      if (each.field == name && !Says(value, each.value)) {
        return Fail("extra: {} cannot be used; {}", name, each.why);
      }
    }
    if (name != "service_tier") continue;
    if (auto checked = CheckTier(value); !checked) return checked;
  }
  return {};
}

}  // namespace

Result<void> MergeExtra(const Json& extra, Json& body) {
  if (extra.is_null()) return {};
  if (!extra.is_object()) return Fail("extra: must be a map of request fields");
  if (auto checked = CheckExtra(extra); !checked) return checked;
  body.merge_patch(extra);
  return {};
}

}  // namespace muster
