#pragma once

#include "worker/providers/chat_api.h"

namespace muster {

// A request to Google's Gemini API, there or on Vertex AI. The model is in the path, and whether
// the answer is streamed too.
Result<ApiRequest> MakeGeminiRequest(const ChatRequest& request, const Provider& provider);

}  // namespace muster
