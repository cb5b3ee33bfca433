#pragma once

// Text as people read it: on terminals, in logs, in messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

// The name in `names` that was probably meant by `name`, or "" when none is close enough: equal but
// for case, '_' and '-'; else the smallest edit distance within a third of the length; else one
// that begins with the other (three bytes at least). The first of equals.
std::string NearestName(std::string_view name, const std::vector<std::string>& names);

// For terminals and logs: C0, C1, DEL, bidirectional, zero-width and other invisible characters and
// bytes that are not UTF-8 as visible escapes ("\x1b", "\u202e"); newline and tab ("\n", "\t") too
// unless `keep_newlines`. A backslash stays one: the result is to be read, not to be undone.
std::string VisibleText(std::string_view text, bool keep_newlines = false);

// At most `columns` columns (wide characters count two, combining ones none), with "…" where it was
// cut. For text that VisibleText has made safe.
std::string FitColumns(std::string_view text, int columns);
int ColumnsOf(std::string_view text);

// Well-formed UTF-8: nothing overlong, no surrogates, nothing past U+10FFFF.
bool IsUtf8(std::string_view text);

// "1,234,567".
std::string FormatCount(int64_t count);

}  // namespace muster
