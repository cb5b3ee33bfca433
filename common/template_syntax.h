#pragma once

// The syntax of templates: text to tree. What names mean is the business of common/template.h.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace muster {

// Larger templates are refused.
inline constexpr size_t kMaxTemplate = 4 * 1024 * 1024;  // bytes
// Sections inside of sections; walking the tree recurses.
inline constexpr int kMaxTemplateNesting = 64;

// One piece of a template. Its views point into the text that was parsed, which must outlive it.
struct TemplateNode {
  enum class Kind {
    kText,      // as it is
    kValue,     // {{name}}, {{{name}}}, {{&name}}
    kSection,   // {{#name}} children {{/name}}
    kInverted,  // {{^name}} children {{/name}}
  };
  Kind kind = Kind::kText;
  std::string_view text;  // the literal text, or the dotted name; "." is the current element
  int line = 1;           // where the tag begins; for a text, that of a tag next to it
  std::vector<TemplateNode> children;
};

// The pieces of `text` in order. Comments are left out; lines that hold nothing but the tag of a
// section or a comment leave nothing behind. `origin` begins every error: "origin:line: …".
Result<std::vector<TemplateNode>> ParseTemplate(std::string_view text, const std::string& origin);

// The parts of a dotted name ("item.id"); none for ".". Fails when it is no name.
Result<std::vector<std::string_view>> NameParts(std::string_view name);

// Where a line of a template is: "prompts/chunk.md:12" of one in a file of its own, the place
// itself of one that stands in a config ("transcripts.yaml:23:13", "… (its line 2)").
std::string TemplatePlace(const std::string& origin, int line);

}  // namespace muster
