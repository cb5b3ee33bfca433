#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// Anthropic: POST /v1/messages, plain and streamed, and GET /v1/models. All of it also stands below
// /anthropic, as with gateways; the list of models only there, because its path is OpenAI's too.
std::unique_ptr<Api> MakeAnthropic();

}  // namespace fake_provider
