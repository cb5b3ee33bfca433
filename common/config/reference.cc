#include "common/config/settings.h"

namespace muster {
namespace {

// What a machine wants to know of a kind: the name of its type, bounds, choices.
Json TypeOf(const Whole& kind) {
  return {{"type", "whole number"}, {"min", kind.min}, {"max", kind.max}};
}
Json TypeOf(const Real& kind) { return {{"type", "number"}, {"min", kind.min}, {"max", kind.max}}; }
Json TypeOf(const Flag&) { return {{"type", "true or false"}}; }
Json TypeOf(const Duration& kind) {
  return {{"type", "duration"}, {"min", DurationText(kind.min)}, {"max", DurationText(kind.max)}};
}
Json TypeOf(const DurationSpan& kind) {
  return {{"type", "duration or duration..duration"}, {"max", DurationText(kind.max)}};
}
Json TypeOf(const Words& kind) { return {{"type", "text"}, {"expected", kind.expected}}; }
Json TypeOf(const Choice& kind) { return {{"type", "choice"}, {"choices", kind.names}}; }
Json TypeOf(const LoadTemplate& kind) {
  return {{"type", "template over name and params"}, {"expected", kind.expected}};
}
Json TypeOf(const Template& kind) {
  return {{"type", kind.may_be_file ? "template, or {file: path}" : "template"}};
}
Json TypeOf(const ItemTemplate&) { return {{"type", "template over item and params"}}; }
Json TypeOf(const ExpressionKind& kind) {
  return {{"type", "expression"}, {"expected", kind.expected}};
}
Json TypeOf(const ColumnList&) { return {{"type", "list of names, or of name: expression"}}; }
Json TypeOf(const Templates&) { return {{"type", "map of names to templates"}}; }
Json TypeOf(const Headers&) { return {{"type", "map of header names to texts"}}; }
Json TypeOf(const Dollars&) { return {{"type", "US dollars per million tokens"}}; }
Json TypeOf(const Money&) { return {{"type", "US dollars"}}; }
Json TypeOf(const Texts& kind) { return {{"type", "list of texts"}, {"expected", kind.expected}}; }
Json TypeOf(const Choices& kind) { return {{"type", "list of choices"}, {"choices", kind.names}}; }
Json TypeOf(const TemplateList& kind) {
  return {{"type", "list of templates"}, {"expected", kind.expected}};
}
Json TypeOf(const TextMap&) { return {{"type", "map of names to texts"}}; }
Json TypeOf(const JsonSource&) { return {{"type", "map, or path of a JSON file"}}; }
Json TypeOf(const RawFields&) { return {{"type", "map"}}; }
Json TypeOf(const Scalar& kind) {
  std::string type = "text, number, true or false";
  return {{"type", kind.or_map ? type + ", or a map of such" : type}};
}
Json TypeOf(const Scalars&) { return {{"type", "list of texts, numbers, true or false"}}; }
Json TypeOf(const ParamMap&) { return {{"type", "map of names to values or maps"}}; }
Json TypeOf(const NumberRange&) { return {{"type", "{from, to} or from..to"}}; }

template <class Kind>
const char* OtherwiseOf(const Kind& kind) {
  if constexpr (requires { kind.otherwise; }) return kind.otherwise;
  return "";
}

template <class Kind>
constexpr bool kPerItem = std::is_same_v<Kind, Template> || std::is_same_v<Kind, Templates> ||
                          std::is_same_v<Kind, TemplateList> || std::is_same_v<Kind, ColumnList> ||
                          std::is_same_v<Kind, ExpressionKind>;

// A visitor of the table that lists it. The structs it visits are new ones: their values are the
// defaults.
class Lister {
 public:
  explicit Lister(Json& rows) : rows_(rows) {}

  template <class T, class Kind>
  void Setting(std::string_view name, T&& value, const Kind& kind, std::string_view help) {
    Json& row = Row(name, help, TypeOf(kind));
    row["when"] = kPerItem<Kind> ? "item" : "load";
    row["default"] = Written(value, kind).value_or(nullptr);
    if (*OtherwiseOf(kind)) row["otherwise"] = OtherwiseOf(kind);
    if constexpr (std::is_same_v<Kind, ParamMap>) Inside<ParamDeclaration>(name, ".*");
    if constexpr (std::is_same_v<Kind, NumberRange>) Inside<ItemSource::Range>(name, "");
  }
  template <class T, class Kind>
  void Required(std::string_view name, T&&, const Kind& kind, std::string_view help) {
    Json& row = Row(name, help, TypeOf(kind));
    row["when"] = kPerItem<Kind> ? "item" : "load";
    row["required"] = true;
  }
  template <class InsideOf>
  void Group(std::string_view name, std::string_view help, const InsideOf& inside,
             std::string_view word = "") {
    std::string type = word.empty() ? "map" : fmt::format("map, or {}", word);
    Row(name, help, {{"type", type}})["when"] = "load";
    std::string around = std::exchange(prefix_, PathOf(name) + ".");
    inside();
    prefix_ = around;
  }
  template <class S>
  void Optional(std::string_view name, std::optional<S>&, std::string_view help) {
    Row(name, help, {{"type", "map"}})["when"] = "load";
    Inside<S>(name, "");
  }
  template <class S>
  void List(std::string_view name, std::vector<S>&, std::string_view help) {
    Row(name, help, {{"type", "list of maps"}})["when"] = "load";
    // Branches are steps again, but have no branches.
    bool again = std::is_same_v<S, Step> && prefix_.find("[]") != std::string::npos;
    if (!again) Inside<S>(name, "[]");
  }
  template <class S>
  void Map(std::string_view name, std::map<std::string, S>&, const Words&, std::string_view help) {
    Row(name, help, {{"type", "map of names to maps"}})["when"] = "load";
    Inside<S>(name, ".*");
  }
  void Hidden(std::string_view, const std::string&) {}

 private:
  std::string PathOf(std::string_view name) const { return prefix_ + std::string(name); }

  Json& Row(std::string_view name, std::string_view help, const Json& type) {
    rows_.push_back({{"path", PathOf(name)}});
    rows_.back().update(type);
    rows_.back()["help"] = help;
    return rows_.back();
  }

  template <class S>
  void Inside(std::string_view name, const char* any) {
    std::string around = std::exchange(prefix_, PathOf(name) + any + ".");
    S fresh;
    Describe(*this, fresh);
    prefix_ = around;
  }

  Json& rows_;
  std::string prefix_;
};

}  // namespace

Json SettingsReference() {
  Json rows = Json::array();
  Lister lister(rows);
  Config fresh;
  Describe(lister, fresh);
  return rows;
}

}  // namespace muster
