// After Google's API reference: names are in camel case, the model is part of the path, the system
// prompt is no message, JSON Schemas go into responseJsonSchema (responseSchema is a dialect) and
// streams must be asked for as server-sent events.

#include "worker/providers/gemini/request.h"

#include "worker/http_message.h"

namespace muster {
namespace {

constexpr std::string_view kCategoryPrefix = "HARM_CATEGORY_";
constexpr std::string_view kThresholdPrefix = "BLOCK_";

// The resource that answers: "/models/gemini-2.5-pro", "/tunedModels/mine". What could end a path's
// part is encoded.
std::string ModelPath(std::string_view model) {
  std::string path = "/models/";
  for (std::string_view collection : {"models/", "tunedModels/", "endpoints/"}) {
    if (!model.starts_with(collection)) continue;
    path = "/" + std::string(collection);
    model.remove_prefix(collection.size());
    break;
  }
  return path + UrlEncoded(model);
}

std::string InCapitals(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-' || c == ' ') c = '_';
  }
  return out;
}

// The API's word for one that may leave out what all of them begin with: "harassment", "none".
std::string WithPrefix(std::string_view prefix, const std::string& word) {
  std::string name = InCapitals(word);
  return name.starts_with(prefix) || name == "OFF" ? name : std::string(prefix) + name;
}

Json SafetySettings(const ChatOptions& options) {
  Json settings = Json::array();
  for (const auto& [category, threshold] : options.safety) {
    settings.push_back({{"category", WithPrefix(kCategoryPrefix, category)},
                        {"threshold", WithPrefix(kThresholdPrefix, threshold)}});
  }
  return settings;
}

// Tokens to think for, or a level of it; the API takes only one.
Json ThinkingConfig(const ChatOptions& options) {
  Json config = Json::object();
  if (!options.reasoning_effort.empty()) {
    config["thinkingLevel"] = InCapitals(options.reasoning_effort);
  } else if (options.thinking_tokens) {
    config["thinkingBudget"] = *options.thinking_tokens;
  } else if (!options.thinking.empty()) {
    config["thinkingBudget"] = options.thinking == "off" ? 0 : -1;
  }
  return config;
}

Json GenerationConfig(const ChatOptions& options) {
  Json config = Json::object();
  if (options.temperature) config["temperature"] = *options.temperature;
  if (options.top_p) config["topP"] = *options.top_p;
  if (options.top_k) config["topK"] = *options.top_k;
  if (options.max_tokens) config["maxOutputTokens"] = *options.max_tokens;
  if (!options.stop.empty()) config["stopSequences"] = options.stop;
  if (options.seed) config["seed"] = *options.seed;
  if (!options.response_schema.is_null()) {
    config["responseMimeType"] = "application/json";
    config["responseJsonSchema"] = options.response_schema;
  }
  if (Json thinking = ThinkingConfig(options); !thinking.empty()) {
    config["thinkingConfig"] = thinking;
  }
  return config;
}

Json Parts(const ChatRequest& request) {
  Json parts = Json::array();
  for (const ChatImage& image : request.images) {
    parts.push_back({{"inlineData", {{"mimeType", image.media_type}, {"data", image.base64}}}});
  }
  if (!request.user.empty() || parts.empty()) parts.push_back({{"text", request.user}});
  return parts;
}

}  // namespace

Result<ApiRequest> MakeGeminiRequest(const ChatRequest& request, const Provider& provider) {
  Json body = Json::object();
  if (!request.system.empty()) {
    body["systemInstruction"] = {{"parts", Json::array({Json{{"text", request.system}}})}};
  }
  body["contents"] = Json::array({Json{{"role", "user"}, {"parts", Parts(request)}}});
  if (Json config = GenerationConfig(request.options); !config.empty()) {
    body["generationConfig"] = config;
  }
  if (Json safety = SafetySettings(request.options); !safety.empty()) {
    body["safetySettings"] = safety;
  }
  const std::string model = ModelPath(request.model);
  ApiRequest made{model + ":generateContent", std::move(body)};
  if (WantsStream(provider, true)) made.delivery_path = model + ":streamGenerateContent?alt=sse";
  return made;
}

}  // namespace muster
