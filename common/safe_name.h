#pragma once

#include <string>
#include <string_view>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// A file name for any text: the text itself where that is a harmless name of at most 100 bytes
// (letters, digits, _, other printable UTF-8 and, behind its first character, blanks and
// . - + = @ ,); else its harmless characters, cut, with "~" and a hash of the text behind them:
// different texts then have different names also where case is not told apart. Harmless texts that
// differ in case alone keep names that do. Never empty, "." or "..", nor what means a device
// elsewhere (CON, NUL); never begins with "-" or "."; has no "/". A "~" is in no harmless name.
std::string SafeName(std::string_view text);

// Renders a template of a path: what is put in for a name is made safe, so that it is one part of
// the path or a piece of one. What stands in the template itself stays as it is.
Result<std::string> RenderPath(const std::string& text, const std::string& origin,
                               const Json& context);

}  // namespace muster
