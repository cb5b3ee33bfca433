// After Anthropic's reference of its streams: message_start, then the blocks one after the other
// (content_block_start, _delta, _stop), message_delta with the reason it ended and counts that
// replace those of the start, message_stop; pings and errors anywhere; unknown events are to be
// passed over. Observed of imitators: deltas of a block that was never started.

#include "worker/providers/anthropic/stream.h"

#include <map>

namespace muster {
namespace {

// Adds `delta`'s text of that name to a block's.
void Grow(Json& block, const Json& delta, const char* name) {
  Json& text = block[name];
  if (!text.is_string()) text = "";
  text.get_ref<std::string&>() += StringMember(delta, name);
}

// Of every member that is given the latest.
void Replace(const Json& from, Json& in) {
  for (const auto& [name, value] : from.items()) {
    if (!value.is_null()) in[name] = value;
  }
}

// A message as its events tell it, up to the reason why it ended.
class Fold : public StreamFold {
 public:
  void Take(std::string_view, const Json& event) override {
    std::string type = StringMember(event, "type");
    if (type == "message_start") Start(event);
    if (type == "content_block_start") StartBlock(event);
    if (type == "content_block_delta") GrowBlock(event);
    if (type == "message_delta") TakeEnd(event);
    if (type == "message_stop") stopped_ = true;
    if (type == "error" && !folded_.error) {
      auto error = FindApiError(event);
      folded_.error = error ? error : ApiError();
    }
  }

  Folded Finish() override {
    if (stopped_ && !folded_.error) {
      Json content = Json::array();
      for (auto& [index, block] : blocks_) content.push_back(std::move(block));
      message_["content"] = std::move(content);
      // The start's count of the output is of its first tokens.
      if (!counted_) message_.erase("usage");
      folded_.body = std::move(message_);
    }
    return std::move(folded_);
  }

 private:
  void Start(const Json& event) {
    const Json* message = Member(event, "message");
    if (message && message->is_object()) Replace(*message, message_);
  }

  void StartBlock(const Json& event) {
    const Json* block = Member(event, "content_block");
    if (!block || !block->is_object()) return;
    blocks_[IntMember(event, "index").value_or(0)] = *block;
    if (StringMember(*block, "type") == "text") folded_.text += StringMember(*block, "text");
  }

  void GrowBlock(const Json& event) {
    const Json* delta = Member(event, "delta");
    if (!delta) return;
    auto [at, fresh] = blocks_.try_emplace(IntMember(event, "index").value_or(0), Json::object());
    Json& block = at->second;
    std::string type = StringMember(*delta, "type");
    if (type == "text_delta") {
      if (fresh) block["type"] = "text";
      Grow(block, *delta, "text");
      folded_.text += StringMember(*delta, "text");
    } else if (type == "thinking_delta") {
      if (fresh) block["type"] = "thinking";
      Grow(block, *delta, "thinking");
    } else if (type == "signature_delta") {
      Grow(block, *delta, "signature");
    }
  }

  void TakeEnd(const Json& event) {
    const Json* delta = Member(event, "delta");
    if (delta && delta->is_object()) Replace(*delta, message_);
    stopped_ = stopped_ || !StringMember(message_, "stop_reason").empty();
    const Json* usage = Member(event, "usage");
    if (!usage || !usage->is_object()) return;
    Json& sum = message_["usage"];
    if (!sum.is_object()) sum = Json::object();
    Replace(*usage, sum);
    counted_ = counted_ || Member(*usage, "output_tokens");
  }

  Folded folded_;
  Json message_ = {{"type", "message"}, {"role", "assistant"}};
  std::map<int64_t, Json> blocks_;  // by their number in the message
  bool stopped_ = false;            // it has said why, or that nothing comes any more
  bool counted_ = false;            // the end has come with its counts
};

std::unique_ptr<StreamFold> MakeFold() { return std::make_unique<Fold>(); }

bool IsLast(std::string_view name, std::string_view) {
  return name == "message_stop" || name == "error";
}

}  // namespace

const StreamForm kAnthropicStream{Framing::kSse, MakeFold, IsLast};

}  // namespace muster
