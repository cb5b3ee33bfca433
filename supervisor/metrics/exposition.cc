#include "supervisor/metrics/exposition.h"

#include <fmt/format.h>

#include "common/text.h"

namespace muster {
namespace {

// The format is UTF-8; in a quoted value a backslash, a quote and a line break are escaped.
std::string Escaped(std::string_view value) {
  std::string text = IsUtf8(value) ? std::string(value) : VisibleText(value);
  std::string escaped;
  for (char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string SecondsValue(int64_t milliseconds) {
  bool negative = milliseconds < 0;
  uint64_t size = negative ? 0 - static_cast<uint64_t>(milliseconds) : milliseconds;
  std::string text = fmt::format("{}{}.{:03}", negative ? "-" : "", size / 1000, size % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void Exposition::Family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Exposition::Sample(std::string_view suffix, Labels labels, std::string_view value) {
  text_ += name_;
  text_ += suffix;
  std::string list;
  for (const auto& [label, of] : labels) {
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", label, Escaped(of));
  }
  text_ += list.empty() ? "" : "{" + list + "}";
  text_ += " ";
  text_ += value;
  text_ += "\n";
}

}  // namespace muster
