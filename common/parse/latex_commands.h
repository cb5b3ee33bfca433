#pragma once

#include <string_view>

namespace muster {

// Whether \letters is a command of LaTeX that begins with n or t, where JSON has \n and \t: those
// of mathematics (LaTeX, amsmath, amssymb) and the usual ones of text. \ni is not among them: a
// line that begins with "i" is much more frequent.
bool IsLatexOverEscape(std::string_view letters);

}  // namespace muster
