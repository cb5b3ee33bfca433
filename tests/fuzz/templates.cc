#include "common/template.h"

#include <algorithm>
#include <optional>
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

// What a template of bare names alone comes to; nullopt: there is more in it.
std::optional<std::string> PutIn(std::string_view text, const Json& names) {
  std::string out;
  for (size_t open; (open = text.find("{{")) != text.npos;) {
    out += text.substr(0, open);
    text.remove_prefix(open + 2);
    size_t close = text.find("}}");
    std::string_view name = text.substr(0, close);
    bool bare = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz.") == name.npos;
    if (close == text.npos || !bare) return std::nullopt;
    auto value = FindName(names, name);
    Must(value.ok(), "an unknown name was rendered");
    if ((*value)->is_string()) out += (*value)->get<std::string>();
    if (!(*value)->is_string() && !(*value)->is_null()) out += DumpJson(**value);
    text.remove_prefix(close + 2);
  }
  return out.append(text);
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
  if (auto expected = PutIn(text, names)) Must(*rendered == *expected, "another text");
  CheckPath(text, names);
}

}  // namespace muster::fuzz
