#include "supervisor/settings_page.h"

#include <algorithm>
#include <map>
#include <vector>

#include "common/config/settings.h"
#include "common/json.h"

namespace muster {
namespace {

// "steps[].chat.model" stands in the section of "steps[].chat".
std::pair<std::string, std::string> SplitPath(const std::string& path) {
  size_t dot = path.rfind('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string Plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

std::string Joined(const Json& list) {
  std::string text;
  for (const Json& each : list) text += (text.empty() ? "" : ", ") + Plain(each);
  return text;
}

std::string TypeText(const Json& row) {
  std::string type = StringMember(row, "type");
  if (const Json* choices = Member(row, "choices")) return Joined(*choices);
  if (std::string expected = StringMember(row, "expected"); !expected.empty()) return expected;
  const Json* min = Member(row, "min");
  const Json* max = Member(row, "max");
  if (min && max) return fmt::format("{}, {} to {}", type, Plain(*min), Plain(*max));
  return max ? fmt::format("{}, at most {}", type, Plain(*max)) : type;
}

std::string DefaultText(const Json& row) {
  if (Member(row, "required")) return "must be given";
  if (std::string text = StringMember(row, "otherwise"); !text.empty()) return text;
  const Json* value = Member(row, "default");
  bool none = !value || value->is_null() || (value->is_structured() && value->empty()) ||
              (value->is_string() && value->get_ref<const std::string&>().empty());
  return none ? "" : "`" + Plain(*value) + "`";
}

// A vertical bar would end the cell.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

}  // namespace

std::string SettingsPage() {
  std::vector<std::string> order;
  std::map<std::string, std::string> sections;
  for (const Json& row : SettingsReference()) {
    auto [section, name] = SplitPath(StringMember(row, "path"));
    if (!sections.contains(section)) order.push_back(section);
    sections[section] += fmt::format("| `{}` | {} | {} | {} |\n", name, Cell(TypeText(row)),
                                     Cell(DefaultText(row)), Cell(StringMember(row, "help")));
  }
  std::string page;
  for (const std::string& section : order) {
    page += section.empty() ? "### At the top\n\n" : fmt::format("\n### `{}`\n\n", section);
    page += "| setting | value | default | what it does |\n| --- | --- | --- | --- |\n";
    page += sections[section];
  }
  return page;
}

}  // namespace muster
