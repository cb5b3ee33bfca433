#include "common/tables/jsonl.h"

#include <charconv>

#include "common/text.h"

namespace muster {
namespace {

constexpr std::string_view kBlanks = " \t\r";

template <class T>
bool Holds(std::string_view number) {
  T value{};
  return std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc();
}

// The first whole number of a JSON text that 64 bits cannot hold; empty: there is none. Parsers
// would make a double of it.
std::string_view TooLarge(std::string_view json) {
  for (size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      for (++at; json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
    }
    size_t end = std::min(json.find_first_not_of("+-.0123456789eE", at), json.size());
    std::string_view number = json.substr(at, end - at);
    bool whole = number.size() > 18 && number.find_first_of(".eE") == std::string_view::npos;
    if (whole && !Holds<int64_t>(number) && !Holds<uint64_t>(number)) return number;
    at = end + 1;
  }
  return {};
}

std::string_view KindOf(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "a text";
  if (value.is_boolean()) return "true or false";
  return value.is_array() ? "a list" : "a number";
}

// The object that a line holds.
Result<Json> ObjectOf(std::string_view line) {
  auto value = ParseJson(line);
  if (!value) {  // it may quote a number of any length
    return Fail("{}; a line holds one JSON object", FitColumns(value.error().substr(0, 400), 200));
  }
  if (!value->is_object()) return Fail("{}, where a JSON object is expected", KindOf(*value));
  std::string_view large = TooLarge(line);
  if (large.empty()) return value;
  return Fail("the number {} is too large to be exact; write it as a text, in quotes",
              FitColumns(large.substr(0, 100), 40));
}

}  // namespace

Result<JsonlReader> JsonlReader::Open(const std::string& folder, const std::string& path) {
  auto file = TableFile::Open(folder, path);
  if (!file) return Error{file.error()};
  return JsonlReader(*std::move(file));
}

Result<std::string_view> JsonlReader::ReadLine() {
  for (;;) {
    size_t end = file_.ahead().find('\n');
    if (std::min(end, file_.ahead().size()) > kMaxRecord) {
      return file_.At(file_.line(), fmt::format("the line is over {} MB", kMaxRecord >> 20));
    }
    if (end != std::string_view::npos) return file_.ahead().substr(0, end + 1);
    if (file_.ended()) return file_.ahead();
    if (auto more = file_.More(); !more) return Error{more.error()};
  }
}

Result<std::optional<JsonLine>> JsonlReader::Next() {
  for (;;) {
    auto line = ReadLine();
    if (!line) return Error{line.error()};
    if (line->empty()) return std::optional<JsonLine>();
    int64_t number = file_.line();
    std::string_view text = line->substr(0, line->find('\n'));
    if (text.find_first_not_of(kBlanks) == std::string_view::npos) {
      file_.Take(line->size());
      continue;
    }
    std::string bad = file_.BadBytes(*line);
    auto object = bad.empty() ? ObjectOf(text) : Error{bad};
    if (!object) return file_.At(number, object.error());
    file_.Take(line->size());
    return std::optional(JsonLine{*std::move(object), number});
  }
}

}  // namespace muster
