#pragma once

// Strict Mustache. An unknown name is an error with template, line and the nearest name, never an
// empty string. No HTML escaping ({{{x}}} and {{&x}} are the same as {{x}}), no partials, no
// delimiter changes; a value is never rendered twice. false, null, "" and [] close a section; a
// section over a list runs once per element, over an object once inside it, over any other value
// once where it is. Inside an element or object only its own names are known ({{.}} is the element
// itself). Lists and objects render as JSON, numbers and booleans as JSON writes them, null as
// nothing; null has no members: {{step.text}} of a skipped step is an error, a section guards it.
//
// The renderer is our own: the packaged engine knows byte offsets but no lines, looks names up in
// outer scopes, leaves blank lines behind comments, and cannot say what a template asks for.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// What a template may grow to. Larger is an error.
inline constexpr size_t kMaxRendered = 12 * 1024 * 1024;  // bytes

// Renders `text` with the names of `context` (an object). `origin` says where the text stands
// ("prompts/chunk.md" or "transcripts.yaml:23:13") and begins every error: "origin:line: …".
// `put_in` makes of each value's text what is put in; nullptr: the text itself.
Result<std::string> Render(const std::string& text, const std::string& origin, const Json& context,
                           std::string (*put_in)(std::string_view text) = nullptr);

// Checks the syntax alone.
Result<void> CheckTemplate(const std::string& text, const std::string& origin);

// The dotted names `text` asks for where the names of `context` are known, each once, in order of
// appearance: outside of any section, and inside {{^…}}, which opens no scope. "." is left out.
Result<std::vector<std::string>> TemplateNames(const std::string& text, const std::string& origin);

// The value at a dotted path ("item.files") of `context`; an error names the nearest name.
Result<Json> LookUp(const Json& context, const std::string& path);
// The same without a copy; it lives as long as `context`.
Result<const Json*> FindName(const Json& context, std::string_view path);

}  // namespace muster
