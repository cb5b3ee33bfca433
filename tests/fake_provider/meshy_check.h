#pragma once

#include <string>

#include "tests/fake_provider/json.h"

namespace fake_provider::meshy {

// What the body of a POST is refused for; "" when nothing is. Stricter than the real API, which
// passes over fields it does not know: here they are mistakes.
std::string WhatIsWrongWithOrder(const Json& body);

}  // namespace fake_provider::meshy
