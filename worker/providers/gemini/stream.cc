// After Google's API reference of streamGenerateContent. Observed of the service: counts in every
// event, of which the last hold; errors in the middle as an event, and as bare JSON over several
// lines, also in an array.

#include "worker/providers/gemini/stream.h"

#include <algorithm>

namespace muster {
namespace {

// Whether it is text and nothing else, thought or answer.
bool IsPlainText(const Json& part) {
  const Json* text = Member(part, "text");
  return text && text->is_string() && part.size() == (part.contains("thought") ? 2 : 1);
}

bool IsThought(const Json& part) {
  const Json* thought = Member(part, "thought");
  return thought && *thought == true;
}

// Parts follow on each other, texts become one; everything else is taken from the latest event.
class Fold : public StreamFold {
 public:
  void Take(std::string_view, const Json& event) override {
    if (auto error = FindApiError(event); error && !folded_.error) folded_.error = error;
    if (!event.is_object()) return;
    for (const auto& [name, value] : event.items()) {
      if (name != "candidates" && name != "error" && !value.is_null()) body_[name] = value;
    }
    const Json* candidates = Member(event, "candidates");
    if (candidates && candidates->is_array()) {
      for (const Json& candidate : *candidates) {
        if (IntMember(candidate, "index").value_or(0) == 0) TakeCandidate(candidate);
      }
    }
    // Counts that came before the end are not those of the whole answer.
    counted_ = ended() && (counted_ || Member(event, "usageMetadata"));
  }

  // Complete once the model, or a filter before it, has said why it ended.
  Folded Finish() override {
    if (ended() && !folded_.error) {
      if (!counted_) body_.erase("usageMetadata");
      if (!candidate_.empty()) {
        candidate_["content"]["parts"] = std::move(parts_);
        candidate_["content"]["role"] = "model";
        body_["candidates"] = Json::array({std::move(candidate_)});
      }
      folded_.body = std::move(body_);
    }
    return std::move(folded_);
  }

 private:
  bool ended() const {
    const Json* feedback = Member(body_, "promptFeedback");
    return !StringMember(candidate_, "finishReason").empty() ||
           (feedback && !StringMember(*feedback, "blockReason").empty());
  }

  void TakeCandidate(const Json& candidate) {
    if (!candidate.is_object()) return;
    for (const auto& [name, value] : candidate.items()) {
      if (name != "content" && !value.is_null()) candidate_[name] = value;
    }
    const Json* content = Member(candidate, "content");
    const Json* parts = content ? Member(*content, "parts") : nullptr;
    if (!parts || !parts->is_array()) return;
    for (const Json& part : *parts) TakePart(part);
  }

  void TakePart(const Json& part) {
    if (!IsThought(part)) folded_.text += StringMember(part, "text");
    bool joins = IsPlainText(part) && !parts_.empty() && IsPlainText(parts_.back()) &&
                 IsThought(parts_.back()) == IsThought(part);
    if (joins) {
      parts_.back()["text"].get_ref<std::string&>() += StringMember(part, "text");
    } else {
      parts_.push_back(part);
    }
  }

  Folded folded_;
  Json body_ = Json::object();
  Json candidate_ = Json::object();  // without its content
  Json parts_ = Json::array();
  bool counted_ = false;  // its counts are those of the whole answer
};

std::unique_ptr<StreamFold> MakeFold() { return std::make_unique<Fold>(); }

bool IsLast(std::string_view, std::string_view) { return false; }

// A longer text between the events is not looked into.
constexpr size_t kMostStrayBytes = 16 * 1024;

size_t EndOfLine(std::string_view text, size_t from) {
  return std::min(text.find('\n', from), text.size() - 1) + 1;
}

// Takes the JSON text at the front of `text`, which ends with a line of its own or in the first
// one; nullopt where it is none.
std::optional<Json> TakeJson(std::string_view& text) {
  for (size_t from = 0; from < std::min(text.size(), kMostStrayBytes);) {
    size_t end = EndOfLine(text, from);
    if (from == 0 || text[from] == '}' || text[from] == ']') {
      if (auto json = ParseJson(text.substr(0, end))) {
        text.remove_prefix(end);
        return std::move(*json);
      }
    }
    from = end;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> WithStrayEvent(std::string_view body) {
  size_t from = 0;
  while (from < body.size() && body[from] != '{' && body[from] != '[') {
    from = EndOfLine(body, from);
  }
  std::string_view rest = body.substr(from);
  std::optional<Json> stray = TakeJson(rest);
  if (!stray) return std::nullopt;
  return fmt::format("{}\n\ndata: {}\n\n{}", body.substr(0, from), DumpJson(*stray), rest);
}

const StreamForm kGeminiStream{Framing::kSse, MakeFold, IsLast};

}  // namespace muster
