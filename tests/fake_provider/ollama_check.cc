// What Ollama refuses of a request, in the words of the language it is written in.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/fake_provider/images.h"
#include "tests/fake_provider/ollama_parts.h"

namespace fake_provider::ollama {
namespace {

using Complaint = std::optional<ApiReply>;

std::string_view GoKind(const Json& value) {
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_number()) return "number";
  return value.is_array() ? "array" : "object";
}

ApiReply WrongType(const Json& value, std::string_view field, std::string_view type) {
  return ErrorReply(400, fmt::format("json: cannot unmarshal {} into Go struct field "
                                     "ChatRequest.{} of type {}",
                                     GoKind(value), field, type));
}

Complaint CheckNames(const Json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return ErrorReply(400, fmt::format("json: unknown field \"{}\"", name));
    }
  }
  return std::nullopt;
}

Complaint CheckImage(const Json& image) {
  if (!image.is_string()) return WrongType(image, "messages.images", "api.ImageData");
  std::optional<std::string> bytes = DecodeBase64(image.get_ref<const std::string&>());
  if (!bytes) return ErrorReply(400, "illegal base64 data at input byte 4");
  std::string_view type = ImageTypeOf(*bytes);
  if (!type.empty() && type != "image/gif") return std::nullopt;
  return ErrorReply(400, "Failed to load image or audio file");
}

Complaint CheckMessage(const Json& message) {
  if (!message.is_object()) return WrongType(message, "messages", "api.Message");
  Complaint wrong = CheckNames(message, {"role", "content", "images", "thinking", "tool_calls",
                                         "tool_name", "tool_call_id"});
  if (wrong) return wrong;
  constexpr std::array<std::string_view, 4> kRoles = {"system", "user", "assistant", "tool"};
  std::string role = StringMember(message, "role");
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    return ErrorReply(400, fmt::format("invalid role: {}", role));
  }
  const Json& content = MemberOf(message, "content");
  if (!content.is_string()) return WrongType(content, "messages.content", "string");
  for (const Json& image : MemberOf(message, "images")) {
    if (Complaint bad = CheckImage(image)) return bad;
  }
  return std::nullopt;
}

// Unknown options are passed over with a warning in its log.
Complaint CheckOptions(const Json& options) {
  if (options.is_null()) return std::nullopt;
  if (!options.is_object()) return WrongType(options, "options", "map[string]interface {}");
  for (const char* name : {"num_ctx", "num_predict", "seed", "top_k"}) {
    const Json& value = MemberOf(options, name);
    if (!value.is_null() && !value.is_number_integer()) {
      return ErrorReply(400, fmt::format("option \"{}\" must be of type integer", name));
    }
  }
  for (const char* name : {"temperature", "top_p", "min_p"}) {
    const Json& value = MemberOf(options, name);
    if (!value.is_null() && !value.is_number()) {
      return ErrorReply(400, fmt::format("option \"{}\" must be of type float32", name));
    }
  }
  const Json& stop = MemberOf(options, "stop");
  if (stop.is_null() || stop.is_array()) return std::nullopt;
  return ErrorReply(400, "option \"stop\" must be of type array");
}

Complaint CheckThink(const Call& call) {
  const Json& think = MemberOf(call.body, "think");
  if (think.is_null() || think == false) return std::nullopt;
  constexpr std::array<std::string_view, 4> kLevels = {"high", "medium", "low", "max"};
  bool known = think.is_boolean() || std::find(kLevels.begin(), kLevels.end(),
                                               StringMember(call.body, "think")) != kLevels.end();
  if (!known) {
    return ErrorReply(400, fmt::format("invalid think value: {} (must be \"high\", \"medium\", "
                                       "\"low\", \"max\", true, or false)",
                                       ToText(think)));
  }
  if (CanThink(call.model)) return std::nullopt;
  return ErrorReply(400, fmt::format("\"{}\" does not support thinking", call.model));
}

Complaint CheckFormat(const Json& format) {
  if (format.is_null() || format.is_object() || format == "json" || format == "") {
    return std::nullopt;
  }
  return ErrorReply(
      400, fmt::format("invalid format: {}; expected \"json\" or a JSON schema", ToText(format)));
}

}  // namespace

bool CanThink(std::string_view model) {
  constexpr std::array<std::string_view, 5> kFamilies = {"gpt-oss", "qwen3", "deepseek-r1",
                                                         "magistral", "fake-thinker"};
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [model](auto family) { return model.starts_with(family); });
}

std::optional<ApiReply> Check(const Call& call) {
  if (call.http.path != "/api/chat") return ErrorReply(404, "404 page not found");
  if (call.http.method != "POST") return ErrorReply(405, "405 method not allowed");
  if (call.http.body.empty()) return ErrorReply(400, "missing request body");
  if (!call.body.is_object()) {
    return ErrorReply(400, "invalid character 'x' looking for beginning of value");
  }
  const Json& body = call.body;
  Complaint wrong =
      CheckNames(body, {"model", "messages", "tools", "format", "options", "stream", "think",
                        "keep_alive", "logprobs", "top_logprobs", "truncate", "shift"});
  if (wrong) return wrong;
  if (call.model.empty()) return ErrorReply(400, "model is required");
  const Json& stream = MemberOf(body, "stream");
  if (!stream.is_null() && !stream.is_boolean()) return WrongType(stream, "stream", "bool");
  const Json& messages = MemberOf(body, "messages");
  if (!messages.is_array()) return WrongType(messages, "messages", "[]api.Message");
  for (const Json& message : messages) {
    if ((wrong = CheckMessage(message))) return wrong;
  }
  constexpr std::array<std::string_view, 11> kFamilies = {
      "llama",    "qwen",      "gemma", "mistral", "gpt-oss", "phi",
      "deepseek", "magistral", "llava", "granite", "fake-"};
  bool by_name = std::any_of(kFamilies.begin(), kFamilies.end(),
                             [&](auto family) { return call.model.starts_with(family); });
  if (!HasModel(call, by_name)) return NotFound(call);
  if ((wrong = CheckOptions(MemberOf(body, "options")))) return wrong;
  if ((wrong = CheckThink(call))) return wrong;
  return CheckFormat(MemberOf(body, "format"));
}

}  // namespace fake_provider::ollama
