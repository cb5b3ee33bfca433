// Streams of Chat Completions. Observed of imitators: no [DONE] at the end; content that is null in
// the first chunk; usage in every chunk (vLLM's continuous_usage_stats) or in the last one that has
// choices (Groq, OpenRouter); a finish_reason that comes before the last words' chunk is over.

#include "worker/providers/openai/chat.h"

namespace muster::chat_completions {
namespace {

// A message's text grows by deltas; what each chunk repeats is taken from the latest.
class Fold : public StreamFold {
 public:
  void Take(std::string_view, const Json& chunk) override {
    if (auto error = ErrorIn(chunk); error && !folded_.error) folded_.error = error;
    for (const char* name : {"id", "model", "service_tier", "provider", "system_fingerprint"}) {
      const Json* value = Member(chunk, name);
      if (value && !value->is_null()) body_[name] = *value;
    }
    if (const Json* usage = Member(chunk, "usage"); usage && usage->is_object()) {
      body_["usage"] = *usage;
    }
    const Json* choices = Member(chunk, "choices");
    if (!choices || !choices->is_array()) return;
    for (const Json& choice : *choices) {
      if (IntMember(choice, "index").value_or(0) == 0) TakeChoice(choice);
    }
  }

  // Complete once the model has said why it ended.
  Folded Finish() override {
    if (!finish_.empty() && !folded_.error) {
      Json message = {{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
      if (has_content_) message["content"] = folded_.text;
      if (!refusal_.empty()) message["refusal"] = refusal_;
      Json choice = {{"index", 0}, {"message", message}, {"finish_reason", finish_}};
      if (!native_finish_.empty()) choice["native_finish_reason"] = native_finish_;
      body_["choices"] = Json::array({choice});
      folded_.body = std::move(body_);
    }
    return std::move(folded_);
  }

 private:
  void TakeChoice(const Json& choice) {
    if (std::string why = StringMember(choice, "finish_reason"); !why.empty()) finish_ = why;
    if (std::string why = StringMember(choice, "native_finish_reason"); !why.empty()) {
      native_finish_ = why;
    }
    const Json* delta = Member(choice, "delta");
    if (!delta) return;
    const Json* content = Member(*delta, "content");
    has_content_ = has_content_ || (content && content->is_string());
    folded_.text += StringMember(*delta, "content");
    refusal_ += StringMember(*delta, "refusal");
  }

  Folded folded_;
  Json body_ = {{"object", "chat.completion"}};
  bool has_content_ = false;
  std::string refusal_, finish_, native_finish_;
};

std::unique_ptr<StreamFold> MakeFold() { return std::make_unique<Fold>(); }

bool IsLast(std::string_view, std::string_view data) { return data == "[DONE]"; }

}  // namespace

const StreamForm kStream{Framing::kSse, MakeFold, IsLast};

}  // namespace muster::chat_completions
