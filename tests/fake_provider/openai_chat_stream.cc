#include "tests/fake_provider/openai_chat_stream.h"

#include "tests/fake_provider/api.h"
#include "tests/fake_provider/openai_checks.h"

namespace fake_provider::openai {
namespace {

// The chunks of one stream, which share all but choices and usage.
class Chunks {
 public:
  Chunks(const Json& completion, const ChatStreamStyle& style)
      : common_(completion), style_(style) {
    common_["object"] = "chat.completion.chunk";
    common_.erase("usage");
    common_["choices"] = Json::array();
  }

  void Add(const Json& delta, const Json& finish, const Json& native = {}) {
    Json chunk = common_;
    Json choice = {
        {"index", 0}, {"delta", delta}, {"logprobs", nullptr}, {"finish_reason", finish}};
    if (common_.contains("provider")) choice["native_finish_reason"] = native;
    chunk["choices"].push_back(choice);
    if (style_.usage && style_.empty_choices) chunk["usage"] = nullptr;
    if (style_.obfuscation) chunk["obfuscation"] = Obfuscation(ToText(delta));
    events_.push_back(SseEvent("", chunk));
  }

  void AddUsage(const Json& usage, const Json& last_choice) {
    Json chunk = common_;
    if (!style_.empty_choices) chunk["choices"].push_back(last_choice);
    chunk["usage"] = usage;
    events_.push_back(SseEvent("", chunk));
  }

  std::vector<std::string> End() {
    events_.push_back("data: [DONE]\n\n");
    return std::move(events_);
  }

 private:
  Json common_;
  ChatStreamStyle style_;
  std::vector<std::string> events_;
};

}  // namespace

std::vector<std::string> ChatEvents(const Json& completion, const ChatStreamStyle& style) {
  Chunks chunks(completion, style);
  const Json& choice = completion.at("choices").at(0);
  const Json& message = choice.at("message");
  const Json& usage = MemberOf(completion, "usage");
  chunks.Add({{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}}, nullptr);
  for (const char* name : {"reasoning", "refusal", "content"}) {
    for (const std::string& part : Fragments(StringMember(message, name))) {
      chunks.Add({{name, part}}, nullptr);
    }
  }
  const Json& native = MemberOf(choice, "native_finish_reason");
  chunks.Add(Json::object(), MemberOf(choice, "finish_reason"), native);
  if (style.usage && !usage.is_null()) {
    Json last = {{"index", 0},
                 {"delta", {{"role", "assistant"}, {"content", ""}}},
                 {"finish_reason", nullptr},
                 {"native_finish_reason", nullptr},
                 {"logprobs", nullptr}};
    chunks.AddUsage(usage, last);
  }
  return chunks.End();
}

}  // namespace fake_provider::openai
