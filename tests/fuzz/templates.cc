#include "common/template.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/safe_name.h"
#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

// Values that a template must put in as they are, and names that it must keep apart: "a" is another
// one in most scopes.
Json Names() {
  return {{"item",
           {{"id", "../../etc/passwd"},
            {"text", "{{a}} {{#l}}"},
            {"n", -5},
            {"no", false},
            {"a", "in"}}},
          {"list",
           {{{"x", 1}, {"y", "/"}, {"a", 7}},
            {{"x", "{{{item.id}}}"}, {"a", true}},
            {{"x", nullptr}, {"a", nullptr}}}},
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

// Templates of one line, whose tags are bare names and sections, by the book: word for word.
struct Tag {
  char kind;  // '#', '^', '/'; ' ': a value
  std::string_view name;
};

// Takes everything up to the next tag off `text`, then the tag. nullopt: there is none, or one of
// another sort.
std::optional<Tag> TakeTag(std::string_view& text, std::string_view& before) {
  size_t open = text.find("{{");
  size_t close = open == text.npos ? open : text.find("}}", open);
  if (close == text.npos) return std::nullopt;
  before = text.substr(0, open);
  std::string_view name = text.substr(open + 2, close - open - 2);
  char kind = ' ';
  if (!name.empty() && std::string_view("#^/").find(name[0]) != name.npos) {
    kind = name[0];
    name.remove_prefix(1);
  }
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz.") != name.npos) return std::nullopt;
  before = text.substr(0, open);
  text.remove_prefix(close + 2);
  return Tag{kind, name};
}

bool IsSimple(std::string_view text) {
  if (text.find_first_of("\r\n") != text.npos) return false;
  std::string_view before;
  while (TakeTag(text, before)) {
  }
  return text.find("{{") == text.npos;
}

// What stands before the end of the section that has just begun; takes it and the end off `text`.
std::string_view TakeSection(std::string_view& text) {
  std::string_view all = text, before;
  for (int depth = 1;;) {
    auto tag = TakeTag(text, before);
    Must(tag.has_value(), "a section without an end was rendered");
    depth += tag->kind == '/' ? -1 : tag->kind == ' ' ? 0 : 1;
    if (depth == 0) return all.substr(0, static_cast<size_t>(before.end() - all.begin()));
  }
}

bool OpensSection(const Json& value) {
  return !value.is_null() && value != false && value != "" && value != Json::array();
}

// nullopt: a name that is asked for is not known there.
std::optional<std::string> ByTheBook(std::string_view text, const Json& scope) {
  std::string out;
  std::string_view before;
  while (auto tag = TakeTag(text, before)) {
    out += before;
    auto value = tag->name == "." ? Result<const Json*>(&scope) : FindName(scope, tag->name);
    if (!value) return std::nullopt;
    if (tag->kind == ' ') {
      if ((*value)->is_string()) out += (*value)->get<std::string>();
      if (!(*value)->is_string() && !(*value)->is_null()) out += DumpJson(**value);
      continue;
    }
    std::string_view inner = TakeSection(text);
    if (OpensSection(**value) != (tag->kind == '#')) continue;
    bool each = tag->kind == '#' && (*value)->is_array();
    bool inside = tag->kind == '#' && (*value)->is_object();
    for (const Json& one : each ? **value : Json::array({inside ? **value : scope})) {
      auto part = ByTheBook(inner, one);
      if (!part) return std::nullopt;
      out += *part;
    }
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
  if (IsSimple(text)) {
    auto expected = ByTheBook(text, names);
    Must(rendered.ok() == expected.has_value(), "known names that are not, or the other way round");
    Must(!expected || *rendered == *expected, "another text");
  }
  if (!rendered) return CheckError(rendered.error());
  Must(rendered->size() <= kMaxRendered, "an endless text");
  Must(Unmarked(*marked) == Unmarked(*rendered), "another text with marks");
  CheckPath(text, names);
}

}  // namespace muster::fuzz
