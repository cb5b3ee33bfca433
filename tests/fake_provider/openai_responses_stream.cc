// The events of a streamed response.

#include "tests/fake_provider/openai_endpoints.h"

namespace fake_provider::openai {
namespace {

// Numbers the events of one stream.
class Events {
 public:
  explicit Events(bool obfuscates) : obfuscates_(obfuscates) {}

  void Add(const std::string& type, Json fields) {
    Json data = {{"type", type}, {"sequence_number", events_.size()}};
    data.update(fields);
    events_.push_back(SseEvent(type, data));
  }

  // A delta of the part at `place`.
  void AddDelta(const std::string& type, Json place, const std::string& delta) {
    place["delta"] = delta;
    if (type == "response.output_text.delta") place["logprobs"] = Json::array();
    if (obfuscates_) place["obfuscation"] = Obfuscation(delta);
    Add(type, std::move(place));
  }

  std::vector<std::string> Take() { return std::move(events_); }

 private:
  bool obfuscates_;
  std::vector<std::string> events_;
};

void AddPart(const Json& part, Json place, Events& events) {
  bool refusal = part.at("type") == "refusal";
  std::string member = refusal ? "refusal" : "text";
  std::string kind = refusal ? "response.refusal" : "response.output_text";
  std::string text = StringMember(part, member);
  Json empty = part;
  empty[member] = "";
  Json added = place;
  added["part"] = empty;
  events.Add("response.content_part.added", added);
  for (const std::string& delta : Fragments(text)) events.AddDelta(kind + ".delta", place, delta);
  Json done = place;
  done[member] = text;
  if (!refusal) done["logprobs"] = Json::array();
  events.Add(kind + ".done", done);
  added["part"] = part;
  events.Add("response.content_part.done", added);
}

void AddItem(const Json& item, size_t index, Events& events) {
  Json begun = item;
  const Json& content = MemberOf(item, "content");
  if (!content.is_null()) {
    begun["status"] = "in_progress";
    begun["content"] = Json::array();
  }
  events.Add("response.output_item.added", {{"output_index", index}, {"item", begun}});
  for (size_t i = 0; i < content.size(); ++i) {
    Json place = {{"item_id", item.at("id")}, {"output_index", index}, {"content_index", i}};
    AddPart(content[i], std::move(place), events);
  }
  events.Add("response.output_item.done", {{"output_index", index}, {"item", item}});
}

// The response as it is before its outcome.
Json Begun(Json response) {
  response["status"] = "in_progress";
  response["output"] = Json::array();
  response["usage"] = nullptr;
  for (const char* name : {"completed_at", "error", "incomplete_details"}) response[name] = nullptr;
  return response;
}

}  // namespace

std::vector<std::string> ResponseEvents(const Call& call, const Json& response) {
  const Json& options = MemberOf(call.body, "stream_options");
  Events events(MemberOf(options, "include_obfuscation") != false);
  Json begun = Begun(response);
  events.Add("response.created", {{"response", begun}});
  events.Add("response.in_progress", {{"response", begun}});
  const Json& output = response.at("output");
  for (size_t i = 0; i < output.size(); ++i) AddItem(output[i], i, events);
  events.Add("response." + StringMember(response, "status"), {{"response", response}});
  return events.Take();
}

std::string ResponsesStreamError(const Json& error, size_t before) {
  const Json& code = MemberOf(error, "code");
  return SseEvent("error", {{"type", "error"},
                            {"sequence_number", before},
                            {"code", code.is_null() ? MemberOf(error, "type") : code},
                            {"message", MemberOf(error, "message")},
                            {"param", MemberOf(error, "param")}});
}

std::vector<std::string> ResponsesStreamJunk() {
  return {": keep-alive\n\n", "event: ping\ndata: {}\n\n",
          SseEvent("response.hunch.delta",
                   {{"type", "response.hunch.delta"}, {"sequence_number", -1}, {"delta", "junk"}}),
          "id: 7\nretry: 1500\n\n",
          SseEvent("keepalive", {{"type", "keepalive"}, {"sequence_number", 0}})};
}

}  // namespace fake_provider::openai
