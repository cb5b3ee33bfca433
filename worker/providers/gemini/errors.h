#pragma once

#include "worker/replies/api_errors.h"

namespace muster {

// What an error of Google's Gemini API means, there or on Vertex AI. `status` is the HTTP status,
// or the object's own code inside a success.
ErrorMeaning GeminiMeaning(int64_t status, const ApiError& error);

}  // namespace muster
