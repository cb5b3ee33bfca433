#pragma once

// JSON in the answers of models, mended as far as the config allows. The text is read in one pass
// of our own (json_scanner.h), which takes linear time on any bytes; what it hands on is parsed
// strictly, as everything else is.

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/parse/json_scanner.h"
#include "common/result.h"

namespace muster {

// The JSON value that a text is; where fences may be mended: those that stand in it, in their
// order. Without mending or when the whole text is JSON there is exactly one, otherwise at least
// one.
//
// Which values stand in a text: those in ``` fences that hold nothing else; else those in prose
// that begin with { or [ and look like JSON (a { with a name, a [ with text, an object or another
// list in it); else any {} or [] there. What looks like JSON, or stands in a fence that says json,
// and breaks off or goes wrong is an error: it is never made good by another value beside or inside
// of it, other than one in a fence. <think>…</think> at the beginning is skipped.
//
// Errors name line and column: "line 3, column 14: expected …, found …".
Result<std::vector<Json>> FindJson(std::string_view text, const JsonMending& mending);

}  // namespace muster
