#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// OpenAI's models as Azure serves them, by the new URLs (/openai/v1/responses) and the old ones
// (/openai/deployments/NAME/chat/completions?api-version=2024-10-21, /openai/responses?api-version=
// …), the key as api-key or Bearer. Every name is a deployment, unless the command line has a list.
std::unique_ptr<Api> MakeAzure();

}  // namespace fake_provider
