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
    {"mock", MockChat},
};

}  // namespace

std::string_view HttpReply::Header(std::string_view name) const {
  for (const auto& [each, value] : headers) {
    if (each == name) return value;
  }
  return {};
}

const ChatApi* FindChatApi(std::string_view name) {
  for (const Entry& entry : kApis) {
    if (entry.name == name) return &entry.api();
  }
  return nullptr;
}

}  // namespace muster
