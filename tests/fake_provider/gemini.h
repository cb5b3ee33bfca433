#pragma once

#include <memory>

#include "tests/fake_provider/api.h"

namespace fake_provider {

// Google's Gemini: generateContent and streamGenerateContent below /v1beta/models/ (also /v1/), and
// as Vertex has them below /v1/projects/…/publishers/google/models/ (also /v1beta1/); GET
// /v1beta/models.
std::unique_ptr<Api> MakeGemini();

}  // namespace fake_provider
