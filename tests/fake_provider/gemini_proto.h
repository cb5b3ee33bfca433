#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/json.h"

// Google's JSON is that of protocol buffers: members go by their camelCase or their snake_case
// name, unknown ones and values of the wrong type are refused, all of them in one error.
namespace fake_provider::gemini {

// What is wrong with one field. `field` is its path in snake_case, "" for the request itself.
struct Violation {
  std::string field;
  std::string description;
};

// Everything about a request body that its message type does not allow; names and types only.
std::vector<Violation> CheckTypes(const Json& body);

// The member of that snake_case name, by either of its names; null when there is none.
const Json& ProtoMember(const Json& object, std::string_view name);

// Likewise, "" when it is no text.
std::string ProtoText(const Json& object, std::string_view name);

// "thinking_config" as "thinkingConfig".
std::string CamelCase(std::string_view name);

// Standard or URL-safe, padded or not.
bool IsBase64(std::string_view text);

}  // namespace fake_provider::gemini
