#include <algorithm>
#include <utility>

#include "common/config/overrides.h"
#include "common/config/reader.h"
#include "common/config/yaml.h"
#include "common/duration.h"
#include "common/money.h"
#include "common/text.h"

// How a value of each kind is read; texts are in reader_texts.cc.

namespace muster {
namespace {

constexpr int kShownColumns = 60;

std::string Quoted(std::string_view text) {
  return fmt::format("\"{}\"", FitColumns(VisibleText(text), kShownColumns));
}

// A value as a message shows it.
std::string Shown(const Json& value, const std::optional<std::string>& source) {
  if (value.is_null()) return "empty";
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  if (value.is_string()) return Quoted(value.get_ref<const std::string&>());
  return VisibleText(source.value_or(DumpJson(value)));
}

// Whether a text would have been another kind of value without its quotes.
bool LooksLikeAnotherKind(const Json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return false;
  auto plain = ResolvePlainScalar(value.get_ref<const std::string&>());
  return plain && !plain->is_string() && !plain->is_null();
}

bool IsScalar(const Json& value) {
  return value.is_string() || value.is_number() || value.is_boolean();
}

}  // namespace

void Reader::Wrong(const Json& value, const std::string& path, const std::string& expected) {
  std::string what = path.empty() ? "the config" : fmt::format("\"{}\"", path);
  problems_.AtValue(path, fmt::format("{} is {}; expected {}", what,
                                      Shown(value, problems_.places().Source(path)), expected));
}

void Reader::NotText(const Json& value, const std::string& path, const std::string& expected) {
  bool plain = value.is_number() || value.is_boolean();
  Wrong(value, path, expected + (plain ? "; put it in quotes if it is meant as text" : ""));
}

// The text of a value. What came by an option is text if text is wanted, whatever it looks like.
std::optional<std::string> Reader::TextOf(const Json& value, const std::string& path) const {
  if (value.is_string()) return value.get<std::string>();
  const Places& places = problems_.places();
  if (places.HasKey(path) && !places.Key(path).option.empty()) return places.Source(path);
  return std::nullopt;
}

std::optional<int64_t> Reader::Parse(const Json& value, const std::string& path,
                                     const Whole& kind) {
  if (value.is_number_integer()) {
    int64_t number = value.get<int64_t>();
    if (number >= kind.min && number <= kind.max) return number;
  }
  bool quoted = LooksLikeAnotherKind(value);
  Wrong(value, path, Expected(kind) + (quoted ? ", without quotes" : ""));
  return std::nullopt;
}

std::optional<double> Reader::Parse(const Json& value, const std::string& path, const Real& kind) {
  if (value.is_number()) {
    double number = value.get<double>();
    if (number >= kind.min && number <= kind.max) return number;
  }
  bool quoted = LooksLikeAnotherKind(value);
  Wrong(value, path, Expected(kind) + (quoted ? ", without quotes" : ""));
  return std::nullopt;
}

std::optional<bool> Reader::Parse(const Json& value, const std::string& path, const Flag& kind) {
  if (value.is_boolean()) return value.get<bool>();
  bool quoted = LooksLikeAnotherKind(value);
  Wrong(value, path, Expected(kind) + (quoted ? ", without quotes" : ""));
  return std::nullopt;
}

std::optional<Milliseconds> Reader::DurationOf(std::string_view text) const {
  auto duration = ParseDuration(text);
  return duration ? std::optional(*duration) : std::nullopt;
}

std::optional<Milliseconds> Reader::Parse(const Json& value, const std::string& path,
                                          const Duration& kind) {
  auto duration = DurationOf(value.is_string() ? value.get_ref<const std::string&>() : "");
  if (duration && *duration >= kind.min && *duration <= kind.max) return duration;
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<std::pair<Milliseconds, Milliseconds>> Reader::Parse(const Json& value,
                                                                   const std::string& path,
                                                                   const DurationSpan& kind) {
  std::string text = value.is_string() ? value.get<std::string>() : "";
  size_t dots = text.find("..");
  auto min = DurationOf(text.substr(0, dots));
  auto max = dots == std::string::npos ? min : DurationOf(text.substr(dots + 2));
  if (min && max && *min <= *max && *max <= kind.max) return std::pair(*min, *max);
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<std::string> Reader::Parse(const Json& value, const std::string& path,
                                         const Words& kind) {
  auto text = TextOf(value, path);
  bool none = text && text->empty() && *kind.otherwise != '\0';
  if (text && (none || !kind.fits || kind.fits(*text))) return text;
  if (kind.secret) {
    problems_.AtValue(path, fmt::format("\"{}\" is not {} (what it is instead is not shown here, "
                                        "in case it is a key)",
                                        path, Expected(kind)));
  } else {
    NotText(value, path, Expected(kind));
  }
  return std::nullopt;
}

std::optional<std::string> Reader::Parse(const Json& value, const std::string& path,
                                         const Choice& kind) {
  auto text = TextOf(value, path);
  if (text && std::find(kind.names.begin(), kind.names.end(), *text) != kind.names.end()) {
    return text;
  }
  std::string nearest = text ? NearestName(*text, kind.names) : "";
  Wrong(value, path,
        Expected(kind) + (nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
  return std::nullopt;
}

std::optional<int64_t> Reader::Parse(const Json& value, const std::string& path,
                                     const Dollars& kind) {
  constexpr int64_t kTokens = 1'000'000;
  std::string written = value.is_string() ? value.get<std::string>() : "";
  // The number as it was written: a double would not hold every price exactly.
  if (value.is_number()) written = problems_.places().Source(path).value_or("");
  auto dollars = ParseDollars(written);
  if (dollars && *dollars % kTokens == 0) return *dollars / kTokens;
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<int64_t> Reader::Parse(const Json& value, const std::string& path,
                                     const Money& kind) {
  std::string written = value.is_string() ? value.get<std::string>() : "";
  if (value.is_number()) written = problems_.places().Source(path).value_or("");
  if (auto dollars = ParseDollars(written)) return *dollars;
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Reader::Parse(const Json& value, const std::string& path,
                                                      const Choices& kind) {
  std::vector<std::string> names;
  bool fits = true;
  ForEachOf(value, path, [&](const Json& each, const std::string& at) {
    auto name = Parse(each, at, Choice{kind.names});
    fits = fits && name;
    if (name) names.push_back(*std::move(name));
  });
  return fits ? std::optional(names) : std::nullopt;
}

std::optional<Json> Reader::Parse(const Json& value, const std::string& path, const RawFields&) {
  if (value.is_null()) return Json::object();
  if (!value.is_object()) return Wrong(value, path, "a map"), std::nullopt;
  return value;
}

std::optional<Json> Reader::Parse(const Json& value, const std::string& path, const Scalar& kind) {
  if (IsScalar(value)) return value;
  if (kind.or_map && value.is_object() && !value.empty()) {
    for (const auto& member : value.items()) {
      if (!Parse(member.value(), MemberPath(path, member.key()), Scalar{})) return std::nullopt;
    }
    return value;
  }
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<Json> Reader::Parse(const Json& value, const std::string& path, const Scalars& kind) {
  bool fits = value.is_array() && std::all_of(value.begin(), value.end(), IsScalar);
  if (fits) return value;
  Wrong(value, path, Expected(kind));
  return std::nullopt;
}

std::optional<Json> Reader::ParamValue(const Json& value, const std::string& path,
                                       const Json& params) {
  if (!value.is_object()) return Parse(value, path, Scalar{});
  ParamDeclaration param;
  ReadMap(value, path, [&] { Describe(*this, param); });
  if (problems_.Under(path)) return std::nullopt;
  auto picked = PickedDefault(param, path, params);
  if (!picked) return std::nullopt;
  param.value = *std::move(picked);
  CheckChoice(param, path);
  return param.value;
}

// The default, or what `by` picks from it.
std::optional<Json> Reader::PickedDefault(const ParamDeclaration& param, const std::string& path,
                                          const Json& params) {
  std::vector<std::string> earlier = KeysOf(&params);
  const Json* chooser = Member(params, param.by);
  if (!param.by.empty() && !chooser) {
    problems_.AtValue(MemberPath(path, "by"), fmt::format("no param above is called \"{}\"{}",
                                                          param.by, DidYouMean(param.by, earlier)));
    return std::nullopt;
  }
  if (!param.value.is_object()) return param.value;
  std::string at = MemberPath(path, "default");
  if (param.by.empty()) {
    problems_.AtValue(at, fmt::format("\"{}\" is a map; expected {}, or beside it by: the name of "
                                      "the param that picks from it",
                                      at, Expected(Scalar{})));
    return std::nullopt;
  }
  // After a mistake in the one that picks, nothing can be picked.
  if (problems_.Under(MemberPath(ParentPath(path), param.by))) return std::nullopt;
  std::string key = chooser->is_string() ? chooser->get<std::string>() : DumpJson(*chooser);
  if (const Json* picked = Member(param.value, key)) return *picked;
  problems_.AtValue(at, fmt::format("\"{}\" has no value for {} {}{}", at, param.by, Quoted(key),
                                    DidYouMean(key, KeysOf(&param.value))));
  return std::nullopt;
}

void Reader::CheckChoice(const ParamDeclaration& param, const std::string& path) {
  const Json& choices = param.choices;
  bool fits = std::find(choices.begin(), choices.end(), param.value) != choices.end();
  if (choices.empty() || fits) return;
  std::vector<std::string> names, shown;
  for (const Json& choice : choices) {
    shown.push_back(Shown(choice, std::nullopt));
    if (choice.is_string()) names.push_back(choice.get<std::string>());
  }
  std::string at = MemberPath(path, "default");
  std::string nearest =
      param.value.is_string() ? NearestName(param.value.get_ref<const std::string&>(), names) : "";
  problems_.AtValue(
      at, fmt::format("\"{}\" is {}; expected one of: {}{}", path,
                      Shown(param.value, problems_.places().Source(at)), fmt::join(shown, ", "),
                      nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
}

std::optional<Json> Reader::Parse(const Json& value, const std::string& path, const ParamMap&) {
  if (value.is_null()) return Json::object();
  if (!IsMap(value, path)) return std::nullopt;
  if (form_ == Form::kTravelling) return value;
  Json params = Json::object();
  for (const auto& member : value.items()) {
    std::string inside = MemberPath(path, member.key());
    if (!NameFits(member.key(), inside, Words{IsIdentifier, "letters, digits and _"})) continue;
    // A param without a usable value still exists: what uses it is no second mistake.
    params[member.key()] = ParamValue(member.value(), inside, params).value_or("");
  }
  names_["params"] = params;
  return params;
}

std::optional<ItemSource::Range> Reader::Parse(const Json& value, const std::string& path,
                                               const NumberRange& kind) {
  Json written = value;
  if (!value.is_object()) {
    std::string text = value.is_string() ? value.get<std::string>() : "";
    size_t dots = std::min(text.find(".."), text.size());
    auto from = ResolvePlainScalar(text.substr(0, dots));
    auto to = ResolvePlainScalar(text.substr(std::min(dots + 2, text.size())));
    bool whole = from && to && from->is_number_integer() && to->is_number_integer();
    if (!whole) return Wrong(value, path, Expected(kind)), std::nullopt;
    written = {{"from", *from}, {"to", *to}};
  }
  ItemSource::Range range;
  ReadMap(written, path, [&] { Describe(*this, range); });
  if (problems_.Under(path)) return std::nullopt;
  if (range.from <= range.to) return range;
  problems_.AtValue(
      path, fmt::format("\"{}\" goes from {} to {}; expected the smaller number first", path,
                        range.from, range.to));
  return std::nullopt;
}

}  // namespace muster
