#include "common/template.h"

#include <algorithm>
#include <string>

#include "common/safe_name.h"
#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

// Values that a template must put in as they are, and names that it must keep apart.
Json Names() {
  return {
      {"item", {{"id", "../../etc/passwd"}, {"text", "{{a}} {{#l}}"}, {"n", -5}, {"no", false}}},
      {"list", {{{"x", 1}, {"y", "/"}}, {{"x", "{{{item.id}}}"}}, {{"x", nullptr}}}},
      {"l", {"a", 2, Json::array(), ".."}},
      {"a", "\u202e<b>"},
      {"none", nullptr},
      {"empty", ""},
      {"f", 0.5}};
}

std::string Marked(std::string_view text) { return "\x01" + std::string(text) + "\x02"; }

std::string Unmarked(std::string text) {
  std::erase_if(text, [](char c) { return c == '\x01' || c == '\x02'; });
  return text;
}

void CheckError(const std::string& error) {
  Must(error.starts_with("here:"), "an error without its place");
  Must(VisibleText(error) == error, "a raw message");
  Must(error.size() < 5000, "an endless message");
}

// What is put in cannot leave the folder: only the template's own text has slashes and dots.
void CheckPath(const std::string& text, const Json& names) {
  auto path = RenderPath(text, "here", names);
  if (!path) return CheckError(path.error());
  auto slashes = [](std::string_view of) { return std::count(of.begin(), of.end(), '/'); };
  bool plain = text.find('/') == text.npos;
  if (plain) Must(slashes(*path) == 0, "a value led to another folder");
}

}  // namespace

void FuzzTemplates(std::string_view bytes) {
  static const Json names = Names();
  std::string text(bytes);
  auto checked = CheckTemplate(text, "here");
  auto asked = TemplateNames(text, "here");
  auto rendered = Render(text, "here", names);
  Must(checked.ok() == asked.ok(), "names of what is no template");
  if (!checked) {
    CheckError(checked.error());
    Must(!rendered && rendered.error() == checked.error(), "rendered, but no template");
    return;
  }
  auto marked = Render(text, "here", names, Marked);
  Must(marked.ok() == rendered.ok(), "what is put in decides whether it is rendered");
  if (!rendered) return CheckError(rendered.error());
  Must(rendered->size() <= kMaxRendered, "an endless text");
  Must(Unmarked(*marked) == Unmarked(*rendered), "another text with marks");
  if (text.find("{{") == text.npos) Must(*rendered == text, "a text without names changed");
  // A value that looks like a template comes out as it is: rendered once.
  for (const std::string& name : *asked) {
    if (name == "item.text" && text.find("{{item.text}}") == 0) {
      Must(rendered->starts_with("{{a}} {{#l}}"), "a value was rendered");
    }
  }
  CheckPath(text, names);
}

}  // namespace muster::fuzz
