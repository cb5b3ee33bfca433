#pragma once

#include <string>
#include <string_view>

#include "common/json.h"

namespace muster {

enum class KeyOrder { kAsTheyCome, kSorted };

// Appends `value` to `out`, on one line, as nlohmann's dump() has it: bytes that are not UTF-8
// become U+FFFD, NaN becomes null. That function looks at every byte for itself; this one takes
// what needs no escape in one piece.
void AppendJson(const Json& value, KeyOrder order, std::string& out);

// The same for a text that is no Json yet, with its quotes.
void AppendJsonString(std::string_view text, std::string& out);

void AppendJsonNumber(int64_t number, std::string& out);

}  // namespace muster
