#pragma once

// What the names of models say: vendor, family, version. A name that says nothing known is not
// judged by.

#include <optional>
#include <string>
#include <string_view>

namespace muster {

// Without vendors and folders in front: "gpt-5" of "openai/gpt-5", "gemini-3" of "models/gemini-3".
std::string_view BareModel(std::string_view model);

// `name` itself or a variant of it: gpt-5, gpt-5-mini, gpt-5:free, but not gpt-50 or gpt-5.1.
bool IsVariantOf(std::string_view bare_model, std::string_view name);

// "claude-opus-4-7-20260416" (also 4.7, and the older claude-3-7-sonnet) is opus, 407.
struct ClaudeName {
  std::string family;  // opus, sonnet, haiku, fable, …; empty: none (claude-2.1)
  int version = 0;     // 100 × major + minor
};
std::optional<ClaudeName> ParseClaudeName(std::string_view model);

// The 2 of "gemini-2.5-flash"; nullopt where the name has none ("gemini-flash-latest").
std::optional<int> GeminiGeneration(std::string_view model);

}  // namespace muster
