#pragma once

// Reads one JSON value from the middle of a text and writes it down again as strict JSON, with what
// may be mended mended. Iterative and linear, on any bytes.
//
// Commas: those too many are dropped, as in [1,,2,] and {"a": 1,}.
//
// Raw breaks: line breaks and tabs that stand in a string unquoted become \n, \r and \t. This
// cannot change what any JSON text says, since none may have them there.
//
// LaTeX: a backslash that begins a LaTeX command is one, not the beginning of an escape:
// - \" \\ \/ and \u with four hexadecimal digits are always escapes (so \\frac stays \frac);
// - \b, \f and \r before a letter are always LaTeX (\beta, \frac, \rho): no text has those
//   control characters before a word;
// - \n and \t before letters are LaTeX if the letters up to the next other character are a command
//   (latex_commands.h: \neq, \nu, \times, \text), else a line break or a tab as in "\nNext" and
//   "\tx"; "\nu" is thus never a line that begins with u;
// - before anything else the backslash is LaTeX (\( \) \{ \% \sqrt \alpha).

#include <cstddef>
#include <string>
#include <string_view>

#include "common/json.h"

namespace muster {

// What may be mended.
struct JsonMending {
  bool commas = false;
  bool latex = false;
  bool fences = false;  // text around it, and raw breaks in its strings
};

// One reading. When not `ok`, `end` is where it went wrong and `expected` what should stand there.
struct JsonScan {
  bool ok = false;
  std::string json;           // when ok: strict JSON, less duplicate names and absurd numbers
  size_t end = 0;             // in the text, after the value
  const char* expected = "";  // "a comma or ]"
  bool begun = false;         // it began like JSON: a { with a name and colon, a [ with text or
                              // another { or [ in it
};

// An object with more members is refused: looking for duplicates takes time with their square.
inline constexpr size_t kMostJsonMembers = 10'000;

// The value that begins at `from` or after white space there.
JsonScan ScanJson(std::string_view text, size_t from, const JsonMending& mending);

}  // namespace muster
