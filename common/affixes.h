#pragma once

// What of a list a text begins or ends with.

#include <array>
#include <string_view>

namespace muster {

// The first of `list` that `text` begins with; "": none does.
template <size_t N>
std::string_view PrefixOf(std::string_view text, const std::array<std::string_view, N>& list) {
  for (std::string_view each : list) {
    if (text.starts_with(each)) return each;
  }
  return {};
}

// The same at its end.
template <size_t N>
std::string_view SuffixOf(std::string_view text, const std::array<std::string_view, N>& list) {
  for (std::string_view each : list) {
    if (text.ends_with(each)) return each;
  }
  return {};
}

}  // namespace muster
