#pragma once

// How answers in plain words are read when they are scored: classes, lists, yes and no. Knows
// nothing of scores; numbers are in written_number.h.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

// Without blanks around it; no-break spaces are blanks too.
std::string_view TrimBlanks(std::string_view text);

// In lower case (Latin, Greek, Cyrillic), without blanks, marks, brackets and quotes around it; a
// text of nothing else stays as it is.
std::string PlainWords(std::string_view text);

// What people list: parted by commas, semicolons or line breaks, without bullets and numbers before
// them. "none" is an empty list.
std::vector<std::string> ListedElements(std::string_view text);

// True for yes, true, y and 1, false for no, false, n and 0: the whole text, its first word or its
// last one. Nullopt: neither, or both.
std::optional<bool> YesOrNo(std::string_view text);

}  // namespace muster
