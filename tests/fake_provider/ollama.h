#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// Ollama's own API: /api/chat, which streams unless told not to, and /api/tags. No key. It tells
// neither of reasoning nor of a cache. Without options.num_ctx it reads the first 4096 tokens of a
// prompt and says nothing of the rest (not when answers follow from the prompt).
std::unique_ptr<Api> MakeOllama();

}  // namespace fake_provider
