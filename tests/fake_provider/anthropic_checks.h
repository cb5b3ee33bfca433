#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/api.h"

namespace fake_provider::anthropic {

// What is wrong with a request, in the server's words; nothing when it is fine. All of it is an
// invalid_request_error (400).
using Complaint = std::optional<std::string>;

// One member an object may have. null counts as absent. Bounds are for numbers only.
struct Field {
  enum Kind { kAny, kString, kBoolean, kInteger, kNumber, kObject, kArray, kTextOrArray };
  std::string_view name;
  Kind kind = kAny;
  bool required = false;
  std::optional<double> min = {};
  std::optional<double> max = {};
};

// That `object`, found at `at` ("" for the body), is an object with none but these members, of the
// right kinds and within their bounds.
Complaint CheckObject(const Json& object, const std::string& at, const std::vector<Field>& fields);

// That `value` is null or one of `allowed`.
Complaint CheckChoice(const Json& value, const std::string& at,
                      const std::vector<std::string_view>& allowed);

// "messages.0.content"; `at` may be "".
std::string Join(const std::string& at, std::string_view name);

// null, or {"type": "ephemeral", "ttl": "5m" | "1h"}.
Complaint CheckCacheControl(const Json& control, const std::string& at);

// The system prompt and the messages of a body, with all their blocks.
Complaint CheckPrompt(const Call& call);

// That structured output can be held to this schema: every object closed, no bounds on numbers,
// texts and lists, which the server does not enforce and therefore refuses.
Complaint CheckSchema(const Json& schema);

// A body of POST /v1/messages.
Complaint CheckBody(const Call& call);

}  // namespace fake_provider::anthropic
