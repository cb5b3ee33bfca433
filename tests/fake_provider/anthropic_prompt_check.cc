#include <fmt/format.h>

#include "tests/fake_provider/anthropic_checks.h"
#include "tests/fake_provider/anthropic_models.h"
#include "tests/fake_provider/images.h"

namespace fake_provider::anthropic {
namespace {

constexpr size_t kMostMessages = 100'000;
constexpr int kMostCachedBlocks = 4;
constexpr size_t kMostImageBytes = 5 * 1024 * 1024;  // of one, encoded

Complaint CheckText(const Json& block, const std::string& at) {
  Complaint wrong = CheckObject(block, at,
                                {{"type", Field::kString, true},
                                 {"text", Field::kString, true},
                                 {"cache_control", Field::kObject},
                                 {"citations"}});
  if (wrong) return wrong;
  if (StringMember(block, "text").empty()) return "messages: text content blocks must be non-empty";
  return CheckCacheControl(MemberOf(block, "cache_control"), at + ".cache_control");
}

// The picture itself; `at` is that of its source.
Complaint CheckImageData(const Json& source, const std::string& at) {
  const std::string& data = MemberOf(source, "data").get_ref<const std::string&>();
  if (data.size() > kMostImageBytes) {
    return fmt::format("{}.base64: image exceeds 5 MB maximum: {} bytes > {} bytes", at,
                       data.size(), kMostImageBytes);
  }
  std::optional<std::string> bytes = DecodeBase64(data);
  if (!bytes) return at + ".base64: invalid base64 data";
  std::string media_type = StringMember(source, "media_type");
  std::string_view type = ImageTypeOf(*bytes);
  if (type.empty()) return "Could not process image";
  if (type == media_type) return std::nullopt;
  return fmt::format(
      "{}.base64.data: The image was specified using the {} media type, but the image appears to "
      "be a {} image",
      at, media_type, type);
}

Complaint CheckSource(const Json& source, const std::string& at) {
  const Json& type = MemberOf(source, "type");
  if (!type.is_string()) return at + ".type: Field required";
  if (Complaint wrong = CheckChoice(type, at + ".type", {"base64", "url"})) return wrong;
  if (type == "url") {
    Complaint wrong =
        CheckObject(source, at, {{"type", Field::kString, true}, {"url", Field::kString, true}});
    if (wrong || StringMember(source, "url").starts_with("https://")) return wrong;
    return at + ".url: Only HTTPS URLs are supported.";
  }
  Complaint wrong = CheckObject(source, at + ".base64",
                                {{"type", Field::kString, true},
                                 {"media_type", Field::kString, true},
                                 {"data", Field::kString, true}});
  if (!wrong) {
    wrong = CheckChoice(MemberOf(source, "media_type"), at + ".base64.media_type",
                        {"image/jpeg", "image/png", "image/gif", "image/webp"});
  }
  return wrong ? wrong : CheckImageData(source, at);
}

Complaint CheckImage(const Json& block, const std::string& at) {
  Complaint wrong = CheckObject(block, at,
                                {{"type", Field::kString, true},
                                 {"source", Field::kObject, true},
                                 {"cache_control", Field::kObject}});
  if (!wrong) wrong = CheckSource(MemberOf(block, "source"), at + ".source");
  if (!wrong) {
    wrong = CheckCacheControl(MemberOf(block, "cache_control"), at + ".cache_control");
  }
  return wrong;
}

// Blocks of other kinds (tools, documents) are taken as they are.
Complaint CheckBlock(const Json& block, const std::string& role, const std::string& at) {
  std::string type = StringMember(block, "type");
  if (type.empty()) return at + ".type: Field required";
  Complaint wrong = CheckChoice(type, at + ".type",
                                {"text", "image", "document", "search_result", "thinking",
                                 "redacted_thinking", "tool_use", "tool_result"});
  if (wrong) return wrong;
  if (type == "text") return CheckText(block, at + ".text");
  if (type != "image") return std::nullopt;
  if (role == "assistant") return at + ": 'image' blocks are not permitted in assistant turns";
  return CheckImage(block, at + ".image");
}

Complaint CheckMessage(const Json& message, const std::string& at, bool last) {
  std::string role = StringMember(message, "role");
  if (role == "system") {
    return "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` "
           "parameter, not \"system\" as an input message role.";
  }
  Complaint wrong = CheckObject(
      message, at, {{"role", Field::kString, true}, {"content", Field::kTextOrArray, true}});
  if (!wrong) wrong = CheckChoice(MemberOf(message, "role"), at + ".role", {"user", "assistant"});
  if (wrong) return wrong;
  const Json& content = MemberOf(message, "content");
  bool blank =
      content.is_string() ? content.get_ref<const std::string&>().empty() : content.empty();
  if (blank && !(last && role == "assistant")) {
    return at +
           ": all messages must have non-empty content except for the optional final "
           "assistant message";
  }
  if (content.is_string()) return std::nullopt;
  for (size_t i = 0; i < content.size(); ++i) {
    wrong = CheckBlock(content[i], role, fmt::format("{}.content.{}", at, i));
    if (wrong) return wrong;
  }
  return std::nullopt;
}

Complaint CheckMessages(const Call& call) {
  const Json& messages = MemberOf(call.body, "messages");
  if (messages.empty()) return "messages: at least one message is required";
  if (messages.size() > kMostMessages) return "messages: at most 100000 messages are allowed";
  for (size_t i = 0; i < messages.size(); ++i) {
    bool last = i + 1 == messages.size();
    Complaint wrong = CheckMessage(messages[i], fmt::format("messages.{}", i), last);
    if (wrong) return wrong;
  }
  bool prefilled = StringMember(messages.back(), "role") == "assistant";
  if (!prefilled || FactsOf(call.model).prefill) return std::nullopt;
  return "This model does not support assistant message prefill. The conversation must end with a "
         "user message.";
}

Complaint CheckSystem(const Json& system) {
  if (!system.is_array()) return std::nullopt;
  for (size_t i = 0; i < system.size(); ++i) {
    std::string at = fmt::format("system.{}", i);
    Complaint wrong = CheckChoice(MemberOf(system[i], "type"), at + ".type", {"text"});
    if (!wrong) wrong = CheckText(system[i], at);
    if (wrong) return wrong;
  }
  return std::nullopt;
}

int CachedBlocks(const Json& blocks) {
  int count = 0;
  if (!blocks.is_array()) return 0;
  for (const Json& block : blocks) count += !MemberOf(block, "cache_control").is_null();
  return count;
}

}  // namespace

Complaint CheckPrompt(const Call& call) {
  Complaint wrong = CheckSystem(MemberOf(call.body, "system"));
  if (!wrong) wrong = CheckMessages(call);
  if (wrong) return wrong;
  int cached = CachedBlocks(MemberOf(call.body, "system"));
  cached += !MemberOf(call.body, "cache_control").is_null();
  for (const Json& message : MemberOf(call.body, "messages")) {
    cached += CachedBlocks(MemberOf(message, "content"));
  }
  if (cached <= kMostCachedBlocks) return std::nullopt;
  return fmt::format("A maximum of {} blocks with cache_control may be provided. Found {}.",
                     kMostCachedBlocks, cached);
}

}  // namespace fake_provider::anthropic
