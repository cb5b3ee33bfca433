// The fields are those of the text APIs' references (OpenAI's two, Anthropic's, Google's, Ollama's)
// and of OpenRouter, which sends a request on to other models or adds searches when it is told to.

#include "common/extra_fields.h"

#include <algorithm>

namespace muster {
namespace {

constexpr std::string_view kUnseenInput =
    "input that the request does not hold is paid but cannot be counted";
constexpr std::string_view kTools = "what tools cost beside tokens is not counted";
constexpr std::string_view kMaxTokens = "use the step's max_tokens";
constexpr std::string_view kOneAnswer = "a call has one answer";
constexpr std::string_view kPrompts = "prompts are the step's system, user and images";
constexpr std::string_view kOneModel = "a call goes to one model, the step's";

struct Forbidden {
  std::string_view field;    // with a dot: inside that object
  std::string_view instead;  // ends the sentence "extra: FIELD cannot be used; …"
};

// Which are refused whatever their value; null too, as it would remove what the step has set.
constexpr Forbidden kForbidden[] = {
    {"messages", kPrompts},
    {"input", kPrompts},
    {"contents", kPrompts},
    {"system", kPrompts},
    {"instructions", kPrompts},
    {"systemInstruction", kPrompts},
    {"system_instruction", kPrompts},
    {"model", "name the model in the step's model"},
    {"models", kOneModel},
    {"route", kOneModel},
    {"max_tokens", kMaxTokens},
    {"max_completion_tokens", kMaxTokens},
    {"max_output_tokens", kMaxTokens},
    {"generationConfig.maxOutputTokens", kMaxTokens},
    {"options.num_predict", kMaxTokens},
    {"generation_config", "write it as generationConfig"},
    {"previous_response_id", kUnseenInput},
    {"conversation", kUnseenInput},
    {"prompt", kUnseenInput},
    {"container", kUnseenInput},
    {"cachedContent", kUnseenInput},
    {"cached_content", kUnseenInput},
    {"tools", kTools},
    {"mcp_servers", kTools},
    {"web_search_options", "what searches cost beside tokens is not counted"},
    {"plugins", "what plugins cost beside tokens is not counted"},
    {"service_tier", "use the step's service_tier"},
    {"serviceTier", "use the step's service_tier"},
    {"fallbacks", kOneModel},
    {"speed", "other speeds cost more than the prices say"},
    {"inference_geo", "other places cost more than the prices say"},
    {"stream_options", "how answers travel is the provider's stream"},
    {"modalities", "answers are read as text"},
    {"audio", "answers are read as text"},
    {"generationConfig.responseModalities", "answers are read as text"},
};

// Which may say what is so anyway.
struct Fixed {
  std::string_view field;
  int64_t value;  // 0: false
  std::string_view why;
};
constexpr Fixed kFixed[] = {
    {"n", 1, kOneAnswer},
    {"best_of", 1, kOneAnswer},
    {"generationConfig.candidateCount", 1, kOneAnswer},
    {"stream", 0, "how answers travel is the provider's stream"},
    {"background", 0, "answers are waited for"},
};

bool Says(const Json& value, int64_t fixed) {
  return value.is_null() || (fixed == 0 ? value == false : value == fixed);
}

// Why the field of that name cannot have that value; "" where it can.
std::string WhyNot(const std::string& name, const Json& value) {
  for (const Forbidden& each : kForbidden) {
    if (each.field == name) return fmt::format("cannot be used; {}", each.instead);
  }
  for (const Fixed& each : kFixed) {
    if (each.field == name && !Says(value, each.value)) {
      return fmt::format("cannot be used; {}", each.why);
    }
  }
  return "";
}

}  // namespace

std::optional<RefusedField> FindRefusedField(const Json& extra, std::string_view api) {
  if (api == "claude-code" && !extra.empty()) {
    return RefusedField{extra.begin().key(),
                        "cannot be used; the claude-code API has no request "
                        "to add it to"};
  }
  for (const auto& [name, value] : extra.items()) {
    if (std::string why = WhyNot(name, value); !why.empty()) return RefusedField{name, why};
    if (!value.is_object()) continue;
    for (const auto& [inner, inner_value] : value.items()) {
      std::string path = name + "." + inner;
      if (std::string why = WhyNot(path, inner_value); !why.empty()) return RefusedField{path, why};
    }
  }
  return std::nullopt;
}

Result<void> MergeExtra(const Json& extra, Json& body) {
  if (extra.is_null()) return {};
  if (!extra.is_object()) return Fail("extra: must be a map of request fields");
  if (auto refused = FindRefusedField(extra)) {
    return Fail("extra: {} {}", refused->field, refused->why);
  }
  body.merge_patch(extra);
  return {};
}

}  // namespace muster
