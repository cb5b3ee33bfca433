#include "common/config/kinds.h"

#include <algorithm>
#include <charconv>

#include "common/money.h"

namespace muster {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsMadeOfAlnumAnd(std::string_view text, std::string_view further) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return IsLetter(c) || IsDigit(c) || further.find(c) != std::string_view::npos;
  });
}

std::optional<Json> WrittenText(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional<Json>(value);
}

std::optional<Json> WrittenList(const std::vector<std::string>& value) { return Json(value); }

std::optional<Json> WrittenMap(const std::map<std::string, std::string>& value) {
  Json map = Json::object();
  for (const auto& [name, text] : value) map[name] = text;
  return map;
}

}  // namespace

bool IsName(std::string_view text) {
  return IsMadeOfAlnumAnd(text, "_.-") && text != "." && text != "..";
}
bool IsProviderName(std::string_view text) { return IsMadeOfAlnumAnd(text, "_-"); }
bool IsIdentifier(std::string_view text) {
  return IsMadeOfAlnumAnd(text, "_") && !IsDigit(text.front());
}
bool IsStepId(std::string_view text) {
  bool lower = std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return IsIdentifier(text) && lower && text.front() != '_';
}
bool IsVariable(std::string_view text) { return IsIdentifier(text); }
bool IsHeaderName(std::string_view text) { return IsMadeOfAlnumAnd(text, "!#$%&'*+-.^_`|~"); }
bool IsHeaderValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}
bool IsPath(std::string_view text) {
  for (size_t end; (end = text.find('.')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    if (!IsIdentifier(text.substr(0, end))) return false;
  }
  return IsIdentifier(text);
}

bool IsFieldName(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c <= 0x20 || c == 0x7F || c == '.' || c == '{' || c == '}';
  });
}

bool IsDelimiter(std::string_view text) {
  return text.size() == 1 && (text == "\t" || (text[0] > ' ' && text[0] < 0x7F && text[0] != '"'));
}

bool IsHostPort(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  int number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  bool whole = error == std::errc() && end == port.data() + port.size();
  bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  bool v6 = bracketed && IsMadeOfAlnumAnd(host, ":.");
  return whole && number >= 1 && number <= 65'535 && (v6 || IsMadeOfAlnumAnd(host, ".-"));
}

std::string Expected(const Whole& kind) {
  // INT64_MAX as a bound says nothing to a reader.
  if (kind.max == INT64_MAX) return fmt::format("a whole number of {} or more", kind.min);
  return fmt::format("a whole number from {} to {}", kind.min, kind.max);
}
std::string Expected(const Real& kind) {
  return fmt::format("a number from {} to {}", kind.min, kind.max);
}
std::string Expected(const Flag&) { return "true or false"; }
std::string Expected(const Duration& kind) {
  return fmt::format("a duration with its unit, such as 90s, from {} to {}", DurationText(kind.min),
                     DurationText(kind.max));
}
std::string Expected(const DurationSpan& kind) {
  return fmt::format("a duration such as 50ms, or two such as 20ms..80ms, up to {}",
                     DurationText(kind.max));
}
std::string Expected(const Words& kind) { return kind.expected; }
std::string Expected(const Choice& kind) {
  return fmt::format("one of: {}", fmt::join(kind.names, ", "));
}
std::string Expected(const LoadTemplate& kind) { return kind.expected; }
std::string Expected(const Template& kind) {
  return kind.may_be_file ? "text, or {file: path}" : "text";
}
std::string Expected(const Templates&) { return "a map of names to texts"; }
std::string Expected(const ItemTemplate&) { return "text"; }
std::string Expected(const ExpressionKind& kind) { return kind.expected; }
std::string Expected(const ColumnList&) {
  return "a list of names, or of maps such as cost: usage.cost";
}
std::string Expected(const Headers&) { return "a map of header names to texts"; }
std::string Expected(const Dollars&) {
  return "US dollars per million tokens, such as 1.25, with at most 6 decimals";
}
std::string Expected(const Money&) { return "US dollars, such as 2.50"; }
std::string Expected(const Texts& kind) { return kind.expected; }
std::string Expected(const Choices& kind) {
  return fmt::format("a list of: {}", fmt::join(kind.names, ", "));
}
std::string Expected(const TemplateList& kind) {
  return fmt::format("a list, each {}", kind.expected);
}
std::string Expected(const TextMap&) { return "a map of names to texts"; }
std::string Expected(const JsonSource&) { return "a map, or the path of a JSON file"; }
std::string Expected(const RawFields&) { return "a map"; }
std::string Expected(const Scalar&) { return "text, a number, true or false"; }
std::string Expected(const Scalars&) { return "a list of texts, numbers, true or false"; }
std::string Expected(const ParamMap&) { return "a map of names to values"; }
std::string Expected(const NumberRange&) { return "{from: 1, to: 29} or 1..29"; }

std::string DurationText(Milliseconds duration) {
  int64_t ms = duration.count();
  if (ms == 0) return "0s";
  for (auto [unit, size] :
       {std::pair("d", 86'400'000), {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}) {
    if (ms % size == 0) return fmt::format("{}{}", ms / size, unit);
  }
  return fmt::format("{}ms", ms);
}

std::string DollarsText(int64_t picodollars_per_token) {
  std::string text =
      fmt::format("{}.{:06}", picodollars_per_token / 1'000'000, picodollars_per_token % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<Json> Written(int64_t value, const Whole& kind) {
  bool given = value != 0 || *kind.otherwise == '\0';
  return given ? std::optional<Json>(value) : std::nullopt;
}
std::optional<Json> Written(double value, const Real&) { return value; }
std::optional<Json> Written(bool value, const Flag&) { return value; }
std::optional<Json> Written(Milliseconds value, const Duration&) { return DurationText(value); }
std::optional<Json> Written(const DurationEnds& value, const DurationSpan&) {
  return DurationText(std::get<0>(value)) + ".." + DurationText(std::get<1>(value));
}
std::optional<Json> Written(const std::string& value, const Words&) { return WrittenText(value); }
std::optional<Json> Written(const std::string& value, const Choice&) { return WrittenText(value); }
std::optional<Json> Written(const std::string& value, const LoadTemplate&) {
  return WrittenText(value);
}
std::optional<Json> Written(const TextSource& value, const Template&) {
  Json written{{"text", value.text}, {"origin", value.origin}};
  if (!value.file.empty()) written["file"] = value.file;
  return written;
}
std::optional<Json> Written(const std::map<std::string, std::string>& value, const Templates&) {
  return WrittenMap(value);
}
std::optional<Json> Written(const std::string& value, const ItemTemplate&) {
  return WrittenText(value);
}
std::optional<Json> Written(const Expression& value, const ExpressionKind&) {
  if (value.empty()) return std::nullopt;
  return Json{{"text", value.text}, {"origin", value.origin}};
}
std::optional<Json> Written(const std::vector<Column>& value, const ColumnList&) {
  Json list = Json::array();
  for (const Column& column : value) {
    list.push_back(
        {{"name", column.name}, {"text", column.value.text}, {"origin", column.value.origin}});
  }
  return list;
}
std::optional<Json> Written(const std::map<std::string, std::string>& value, const Headers&) {
  return WrittenMap(value);
}
std::optional<Json> Written(int64_t value, const Dollars&) { return DollarsText(value); }
std::optional<Json> Written(int64_t value, const Money&) { return ExactDollars(value); }
std::optional<Json> Written(const std::vector<std::string>& value, const Texts&) {
  return WrittenList(value);
}
std::optional<Json> Written(const std::vector<std::string>& value, const Choices&) {
  return WrittenList(value);
}
std::optional<Json> Written(const std::vector<TextSource>& value, const TemplateList&) {
  if (value.empty()) return std::nullopt;
  Json list = Json::array();
  for (const TextSource& each : value) list.push_back(*Written(each, Template{}));
  return list;
}
std::optional<Json> Written(const std::map<std::string, std::string>& value, const TextMap&) {
  return WrittenMap(value);
}
std::optional<Json> Written(const Json& value, const JsonSource&) {
  return value.is_null() ? std::nullopt : std::optional(value);
}
std::optional<Json> Written(const Json& value, const RawFields&) { return value; }
std::optional<Json> Written(const Json& value, const Scalar&) { return value; }
std::optional<Json> Written(const Json& value, const Scalars&) { return value; }
std::optional<Json> Written(const Json& value, const ParamMap&) { return value; }
std::optional<Json> Written(const ItemSource::Range& value, const NumberRange&) {
  return Json{{"from", value.from}, {"to", value.to}};
}

}  // namespace muster
