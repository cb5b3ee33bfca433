#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// OpenAI, without streaming: POST /v1/responses and POST /v1/chat/completions.
std::unique_ptr<Api> MakeOpenAi();

}  // namespace fake_provider
