#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// OpenRouter: /api/v1/chat/completions, and the list of models, which is public. A model has a
// vendor before its name. What an answer costs stands in it, to the picodollar as it is billed.
std::unique_ptr<Api> MakeOpenRouter();

}  // namespace fake_provider
