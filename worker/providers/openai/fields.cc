// From OpenAI's API reference: usage (cached and written tokens are part of the input, reasoning
// tokens of the output). Observed of imitators: details objects that are
// null or absent (vLLM, LM Studio, Ollama).

#include "worker/providers/openai/fields.h"

#include <algorithm>

#include "worker/providers/sent_schema.h"
#include "worker/replies/token_counts.h"

namespace muster {
Json StreamDelivery(const Provider& provider, bool counted) {
  Json delivery = {{"stream", true}};
  Json options = Json::object();
  if (counted) options["include_usage"] = true;
  // Random padding that OpenAI adds to every event, against listeners on the line.
  if (IsOpenAiService(provider.base_url)) options["include_obfuscation"] = false;
  if (!options.empty()) delivery["stream_options"] = options;
  return delivery;
}

void SetServiceTier(const ChatOptions& options, const Provider& provider, Json& body) {
  if (!options.service_tier.empty()) {
    body["service_tier"] = options.service_tier;
  } else if (provider.base_url.find("://api.openai.com/") != std::string::npos) {
    body["service_tier"] = "default";
  }
}

bool IsStrict(const ChatOptions& options) {
  return options.response_strict && FitsStrictMode(options.response_schema);
}

std::string ServedTier(const Json& reply) { return StringMember(reply, "service_tier"); }

std::string_view TypeIn(std::string_view json) {
  constexpr std::string_view kName = "\"type\"";
  size_t at = json.find(kName);
  if (at == json.npos) return {};
  json.remove_prefix(at + kName.size());
  json.remove_prefix(std::min(json.find_first_not_of(" :"), json.size()));
  if (!json.starts_with('"')) return {};
  json.remove_prefix(1);
  return json.substr(0, json.find('"'));
}

std::optional<Usage> ReadUsage(const Json& reply, const UsageNames& names) {
  const Json* usage = Member(reply, "usage");
  if (!usage || !Member(*usage, names.input) || !Member(*usage, names.output)) return std::nullopt;
  const Json* input_details = Member(*usage, names.input_details);
  const Json* output_details = Member(*usage, names.output_details);
  auto input = TokenCount(usage, names.input), output = TokenCount(usage, names.output);
  auto cached = TokenCount(input_details, "cached_tokens");
  auto cache_write = TokenCount(input_details, "cache_write_tokens");
  auto reasoning = TokenCount(output_details, "reasoning_tokens");
  if (!input || !output || !cached || !cache_write || !reasoning) return std::nullopt;
  if (*cached + *cache_write > *input || *reasoning > *output) return std::nullopt;
  // A larger total means that some tokens are counted nowhere else, and would be booked as free.
  if (IntMember(*usage, "total_tokens").value_or(0) > *input + *output) return std::nullopt;
  return Usage{*input, *cached, *cache_write, *output, *reasoning};
}

}  // namespace muster
