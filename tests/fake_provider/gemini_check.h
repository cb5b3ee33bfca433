#pragma once

#include <optional>

#include "tests/fake_provider/api.h"

namespace fake_provider::gemini {

// What is wrong with the body of a generateContent; nothing when it is fine.
std::optional<ApiReply> CheckBody(const Call& call);

}  // namespace fake_provider::gemini
