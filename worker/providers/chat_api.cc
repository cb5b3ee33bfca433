#include "worker/providers/chat_api.h"

namespace muster {
namespace {

struct Entry {
  std::string_view name;  // as `api:` in a config
  const ChatApi& (*api)();
};

// Every API this program speaks.
constexpr Entry kApis[] = {
    {"openai-responses", OpenAiResponses},
    {"openai-chat", OpenAiChat},
    {"anthropic", Anthropic},
    {"gemini", Gemini},
    {"ollama", Ollama},
    {"openrouter", OpenRouter},
    {"claude-code", ClaudeCode},
    {"mock", MockChat},
};

}  // namespace

std::string_view HttpReply::Header(std::string_view name) const {
  for (const auto& [each, value] : headers) {
    if (each == name) return value;
  }
  return {};
}

bool WantsStream(const Provider& provider, bool by_default) {
  return provider.stream == "always" || (by_default && provider.stream != "never");
}

std::string DataUri(const ChatImage& image) {
  return "data:" + image.media_type + ";base64," + image.base64;
}

const ChatApi* FindChatApi(std::string_view name) {
  for (const Entry& entry : kApis) {
    if (entry.name == name) return &entry.api();
  }
  return nullptr;
}

}  // namespace muster
