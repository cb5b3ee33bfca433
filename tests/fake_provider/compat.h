#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// A server of one's own that imitates OpenAI's chat completions as vLLM, llama.cpp, LM Studio and
// Ollama do, at /compat/v1/chat/completions: any model, no key; unknown fields are passed over, and
// so is max_completion_tokens; usage has the three totals alone, and in a stream only when asked
// for; the code of an error is a number. It tells neither of reasoning nor of a cache.
std::unique_ptr<Api> MakeCompat();

}  // namespace fake_provider
