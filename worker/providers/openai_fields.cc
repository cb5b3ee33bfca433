// From OpenAI's API reference: model families, options, usage (cached and written tokens are part
// of the input, reasoning tokens of the output). Observed of imitators: details objects that are
// null or absent (vLLM, LM Studio, Ollama).

#include "worker/providers/openai_fields.h"

namespace muster {
namespace {

// `name` itself or a variant of it: gpt-5, gpt-5-mini, gpt-5.1, but not gpt-50.
bool IsOfFamily(std::string_view model, std::string_view name) {
  if (!model.starts_with(name)) return false;
  return model.size() == name.size() || model[name.size()] == '-' || model[name.size()] == '.';
}

// A member that may be missing or null and then counts 0; nullopt where it is no count of tokens.
std::optional<int64_t> Count(const Json* object, std::string_view name) {
  if (!object || object->is_null()) return 0;
  if (!object->is_object()) return std::nullopt;
  const Json* member = Member(*object, name);
  if (!member || member->is_null()) return 0;
  std::optional<int64_t> count = IntMember(*object, name);
  if (!count || *count < 0 || *count > kMostTokensOfOneCall) return std::nullopt;
  return count;
}

}  // namespace

bool IsReasoningModel(std::string_view model) {
  model = model.substr(model.rfind('/') + 1);
  if (IsOfFamily(model, "gpt-5-chat")) return false;
  return IsOfFamily(model, "gpt-5") || IsOfFamily(model, "o1") || IsOfFamily(model, "o3") ||
         IsOfFamily(model, "o4");
}

bool IsOpenAiService(std::string_view base_url) {
  constexpr std::string_view kScheme = "https://";
  if (!base_url.starts_with(kScheme)) return false;
  std::string_view host = base_url.substr(kScheme.size());
  host = host.substr(0, host.find_first_of("/:?#"));
  return host == "api.openai.com" || host.ends_with(".api.openai.com") ||
         host.ends_with(".openai.azure.com");
}

Result<void> CheckOptions(const ChatRequest& request, int64_t least_tokens) {
  if (request.max_tokens && *request.max_tokens < least_tokens) {
    return Fail("max_tokens: {} is too few for this API, which takes {} or more",
                *request.max_tokens, least_tokens);
  }
  if (!request.temperature) return {};
  double temperature = *request.temperature;
  if (!(temperature >= 0 && temperature <= 2)) {
    return Fail("temperature: {} is not within 0 and 2", temperature);
  }
  // 1 is what these models use anyway, and without reasoning the newer ones take any.
  bool taken = temperature == 1 || request.reasoning_effort == "none";
  if (IsReasoningModel(request.model) && !taken) {
    return Fail("temperature: model {} does not take it; leave it out", request.model);
  }
  return {};
}

std::optional<Usage> ReadUsage(const Json& reply, const UsageNames& names) {
  const Json* usage = Member(reply, "usage");
  if (!usage || !Member(*usage, names.input) || !Member(*usage, names.output)) return std::nullopt;
  const Json* input_details = Member(*usage, names.input_details);
  const Json* output_details = Member(*usage, names.output_details);
  auto input = Count(usage, names.input), output = Count(usage, names.output);
  auto cached = Count(input_details, "cached_tokens");
  auto cache_write = Count(input_details, "cache_write_tokens");
  auto reasoning = Count(output_details, "reasoning_tokens");
  if (!input || !output || !cached || !cache_write || !reasoning) return std::nullopt;
  if (*cached + *cache_write > *input || *reasoning > *output) return std::nullopt;
  // A larger total means that some tokens are counted nowhere else, and would be booked as free.
  if (IntMember(*usage, "total_tokens").value_or(0) > *input + *output) return std::nullopt;
  return Usage{*input, *cached, *cache_write, *output, *reasoning};
}

}  // namespace muster
