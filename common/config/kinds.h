#pragma once

// The kinds of values that settings have. The table (settings.h) names one for every setting; from
// it follow what is accepted (reader.h), how it is explained to users and how it travels to workers
// (both here).

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"

namespace muster {

// `otherwise`, in every kind that has it, says what holds when the setting is not given and its
// default is not a plain value ("one per core"); an empty or zero value then means not given.

struct Whole {  // a whole number within bounds
  int64_t min, max;
  const char* otherwise = "";
};
struct Real {  // a number within bounds
  double min, max;
  const char* otherwise = "";
};
struct Flag {};    // true or false
struct Duration {  // "90s"
  Milliseconds min, max;
};
struct DurationSpan {  // "20ms..80ms", or one duration for both ends
  Milliseconds max;
};
struct Words {                               // a text
  bool (*fits)(std::string_view) = nullptr;  // nullptr: any
  const char* expected = "text";
  const char* otherwise = "";
  bool secret = false;  // never shown in a message: users paste keys here
};
struct Choice {  // one of some words
  std::vector<std::string> names;
  const char* otherwise = "";
};
struct LoadTemplate {  // a template over name and params, rendered at load
  const char* expected = "text";
  const char* otherwise = "";
};
struct Template {  // a template over the item's context; checked at load, rendered for every item
  bool may_be_file = true;  // {file: path}, read at load unless the path is a template
  const char* otherwise = "";
};
struct ItemTemplate {  // a template over item's fields and params, rendered when items are read
  const char* otherwise = "";
};
struct ExpressionKind {  // checked at load, evaluated for every item (expression.h)
  const char* expected;
  const char* otherwise = "";
};
struct ColumnList {};  // names, or maps of one name to an expression

struct Templates {};  // a map of names to such templates
struct Headers {};    // a map of HTTP header names to values
struct Dollars {};    // US dollars per million tokens; kept in picodollars per token
struct Money {        // US dollars; kept in picodollars
  const char* otherwise = "";
};
struct Texts {  // a list of texts; one text stands for a list of it
  const char* expected;
  const char* otherwise = "";
};
struct Choices {  // a list of some words; one word stands for a list of it
  std::vector<std::string> names;
};
struct TemplateList {  // a list of Templates without files; one text stands for a list of it
  const char* expected;
};
struct TextMap {};   // a map of names to texts
struct JsonSource {  // a map, true for {}, or the path of a JSON file, read at load; null: not
                     // given
  const char* otherwise = "";
};
struct RawFields {};    // any map
struct Scalar {         // text, a number, true or false
  bool or_map = false;  // or a map of names to such
};
struct Scalars {};      // a list of them
struct ParamMap {};     // name: value, or name: ParamDeclaration
struct NumberRange {};  // {from, to} or "1..29"

// A param as the config declares it.
struct ParamDeclaration {
  Json value;  // the default
  Json choices = Json::array();
  std::string help;
  std::string by;  // an earlier param, whose value picks from the map that `value` then is
};

// The two ends of a DurationSpan, which live elsewhere.
using DurationEnds = std::tuple<Milliseconds&, Milliseconds&>;

// Rules for names.
bool IsName(std::string_view text);          // [A-Za-z0-9_.-]+, not "." or ".."
bool IsProviderName(std::string_view text);  // [A-Za-z0-9_-]+
bool IsIdentifier(std::string_view text);    // [A-Za-z_][A-Za-z0-9_]*
bool IsStepId(std::string_view text);        // [a-z][a-z0-9_]*
bool IsVariable(std::string_view text);      // an environment variable: as IsIdentifier
bool IsHeaderName(std::string_view text);    // an HTTP token
bool IsHeaderValue(std::string_view text);   // no line breaks or other control characters
bool IsPath(std::string_view text);          // names joined by dots: item.files
bool IsFieldName(std::string_view text);     // what a template can name: no dots, braces, blanks
bool IsDelimiter(std::string_view text);     // one ASCII character that no value needs
bool IsHostPort(std::string_view text);      // 127.0.0.1:9464, [::1]:9464, localhost:9464

// What to write for a setting of this kind, to end a sentence: "a whole number from 1 to 10000".
std::string Expected(const Whole& kind);
std::string Expected(const Real& kind);
std::string Expected(const Flag& kind);
std::string Expected(const Duration& kind);
std::string Expected(const DurationSpan& kind);
std::string Expected(const Words& kind);
std::string Expected(const Choice& kind);
std::string Expected(const LoadTemplate& kind);
std::string Expected(const Template& kind);
std::string Expected(const Templates& kind);
std::string Expected(const ItemTemplate& kind);
std::string Expected(const ExpressionKind& kind);
std::string Expected(const ColumnList& kind);
std::string Expected(const Headers& kind);
std::string Expected(const Dollars& kind);
std::string Expected(const Money& kind);
std::string Expected(const Texts& kind);
std::string Expected(const Choices& kind);
std::string Expected(const TemplateList& kind);
std::string Expected(const TextMap& kind);
std::string Expected(const JsonSource& kind);
std::string Expected(const RawFields& kind);
std::string Expected(const Scalar& kind);
std::string Expected(const Scalars& kind);
std::string Expected(const ParamMap& kind);
std::string Expected(const NumberRange& kind);

// A duration in one unit, exactly: "90s", "250ms", "2h".
std::string DurationText(Milliseconds duration);
std::string DollarsText(int64_t picodollars_per_token);

// How a value is written for a worker; nullopt where it is not given. A reader takes it back to the
// same value.
std::optional<Json> Written(int64_t value, const Whole& kind);
std::optional<Json> Written(double value, const Real& kind);
std::optional<Json> Written(bool value, const Flag& kind);
std::optional<Json> Written(Milliseconds value, const Duration& kind);
std::optional<Json> Written(const DurationEnds& value, const DurationSpan& kind);
std::optional<Json> Written(const std::string& value, const Words& kind);
std::optional<Json> Written(const std::string& value, const Choice& kind);
std::optional<Json> Written(const std::string& value, const LoadTemplate& kind);
std::optional<Json> Written(const TextSource& value, const Template& kind);
std::optional<Json> Written(const std::map<std::string, std::string>& value, const Templates& kind);
std::optional<Json> Written(const std::string& value, const ItemTemplate& kind);
std::optional<Json> Written(const Expression& value, const ExpressionKind& kind);
std::optional<Json> Written(const std::vector<Column>& value, const ColumnList& kind);
std::optional<Json> Written(const std::map<std::string, std::string>& value, const Headers& kind);
std::optional<Json> Written(int64_t value, const Dollars& kind);
std::optional<Json> Written(int64_t value, const Money& kind);
std::optional<Json> Written(const std::vector<std::string>& value, const Texts& kind);
std::optional<Json> Written(const std::vector<std::string>& value, const Choices& kind);
std::optional<Json> Written(const std::vector<TextSource>& value, const TemplateList& kind);
std::optional<Json> Written(const std::map<std::string, std::string>& value, const TextMap& kind);
std::optional<Json> Written(const Json& value, const JsonSource& kind);
std::optional<Json> Written(const Json& value, const RawFields& kind);
std::optional<Json> Written(const Json& value, const Scalar& kind);
std::optional<Json> Written(const Json& value, const Scalars& kind);
std::optional<Json> Written(const Json& value, const ParamMap& kind);
std::optional<Json> Written(const ItemSource::Range& value, const NumberRange& kind);

template <class T, class Kind>
std::optional<Json> Written(const std::optional<T>& value, const Kind& kind) {
  return value ? Written(*value, kind) : std::nullopt;
}

}  // namespace muster
