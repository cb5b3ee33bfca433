#include "common/config/overrides.h"

#include <algorithm>
#include <vector>

#include "common/config/settings.h"
#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

std::vector<std::string> TopLevelSettings() {
  std::vector<std::string> names;
  for (const Json& row : SettingsReference()) {
    std::string path = StringMember(row, "path");
    if (path.find_first_of(".[") == std::string::npos) names.push_back(path);
  }
  return names;
}

// Carries out one option: --set name=value, or what means the same. An option may set several.
class Override {
 public:
  Override(std::string option, YamlDocument& document, Problems& problems)
      : place_{0, 0, std::move(option)}, document_(document), problems_(problems) {}

  void SetByName(const std::string& assignment) {
    size_t equals = assignment.find('=');
    std::string name = assignment.substr(0, equals);
    if (equals == std::string::npos || name.empty()) return Refuse("expected name=value");
    value_ = assignment.substr(equals + 1);
    const Json* params = Member(document_.root, "params");
    std::string param = name.starts_with("params.") ? name.substr(7) : name;
    if (params && params->is_object() && params->contains(param)) return SetParam(param);
    if (param != name) {
      return Refuse(fmt::format("no param \"{}\"{}", param, DidYouMean(param, KeysOf(params))));
    }
    std::vector<std::string> settings = TopLevelSettings();
    std::string first = name.substr(0, name.find('.'));
    if (std::find(settings.begin(), settings.end(), first) != settings.end()) {
      return SetSetting(name, value_);
    }
    std::vector<std::string> known = KeysOf(params);
    known.insert(known.end(), settings.begin(), settings.end());
    Refuse(
        fmt::format("\"{}\" is neither a param nor a setting{}", first, DidYouMean(first, known)));
  }

  void SetSetting(std::string_view name, const std::string& text) {
    value_ = text;
    YamlDocument value = ParsedValue();
    Json* at = &document_.root;
    std::string path;
    while (!name.empty() && at) at = Descend(*at, path, name);
    if (!at) return;
    bool replaced = Merge(*at, value.root, path);
    document_.places.AddSources(path, value.places);
    if (replaced) document_.places.SetSource(path, value_);
  }

 private:
  void Refuse(std::string what) { problems_.At(place_, std::move(what)); }

  // The value as YAML; what is no YAML is a text that nobody thought of quoting.
  YamlDocument ParsedValue() const {
    auto parsed = ParseYaml(value_, "value");
    return parsed ? *std::move(parsed) : YamlDocument{Json(value_), Places("value")};
  }

  void SetParam(const std::string& name) {
    Json& param = document_.root["params"][name];
    std::string path = MemberPath("params", name);
    Json* target = &param;
    if (param.is_object()) {
      target = &param["default"];
      path = MemberPath(path, "default");
    }
    bool map = target->is_object() && !target->empty();
    bool text = (map ? target->items().begin().value() : *target).is_string();
    Json value = text ? Json(value_) : Json(nullptr);
    if (!text) {
      auto resolved = ResolvePlainScalar(value_);
      value = resolved ? *resolved : Json(value_);
    }
    if (auto mistake = ParamMistake(*target, value, value_); !mistake.empty()) {
      return Refuse(mistake);
    }
    Replace(*target, std::move(value), path);
    document_.places.SetSource(path, value_);
  }

  // The part of `at` that `name` begins with, which is taken off; nullptr after a mistake.
  Json* Descend(Json& at, std::string& path, std::string_view& name) {
    if (at.is_array()) return DescendIntoList(at, path, name);
    if (!at.is_object()) Replace(at, Json::object(), path);
    std::string key = TakeKey(at, name);
    if (key.empty())
      return Refuse("expected name=value, the name with words between its dots"), nullptr;
    path = MemberPath(path, key);
    if (!at.contains(key)) document_.places.SetKey(path, place_);
    return &at[key];
  }

  Json* DescendIntoList(Json& list, std::string& path, std::string_view& name) {
    std::string id = TakeKey(Json::object(), name);
    std::vector<std::string> ids;
    for (size_t i = 0; i < list.size(); ++i) {
      ids.push_back(StringMember(list[i], "id"));
      if (ids.back() != id || id.empty()) continue;
      path = ElementPath(path, i);
      return &list[i];
    }
    if (path == "steps") {
      Refuse(fmt::format("no step \"{}\"{}", id, DidYouMean(id, ids)));
    } else {
      Refuse(fmt::format("\"{}\" is a list, which is set as a whole: {}=[…]", path, path));
    }
    return nullptr;
  }

  // Keys may have dots themselves (models do): the longest that `map` has, else up to the next dot.
  static std::string TakeKey(const Json& map, std::string_view& name) {
    std::string key(name.substr(0, name.find('.')));
    for (const std::string& known : KeysOf(&map)) {
      bool whole = name == known || name.starts_with(known + ".");
      if (whole && known.size() > key.size()) key = known;
    }
    name.remove_prefix(key.size());
    bool ends_in_dot = name == ".";
    if (!name.empty()) name.remove_prefix(1);
    return ends_in_dot ? "" : key;
  }

  // Whether `value` took the place of all that was there.
  bool Merge(Json& target, const Json& value, const std::string& path) {
    if (!target.is_object() || !value.is_object()) {
      Replace(target, value, path);
      return true;
    }
    for (const auto& member : value.items()) {
      Merge(target[member.key()], member.value(), MemberPath(path, member.key()));
    }
    return false;
  }

  void Replace(Json& target, Json value, const std::string& path) {
    target = std::move(value);
    document_.places.Erase(path);
    document_.places.SetKey(path, place_);
    document_.places.SetValue(path, place_);
  }

  const Place place_;
  YamlDocument& document_;
  Problems& problems_;
  std::string value_;  // as written after the =
};

}  // namespace

std::string DidYouMean(std::string_view name, const std::vector<std::string>& names) {
  std::string nearest = NearestName(name, names);
  if (!nearest.empty()) return fmt::format("; did you mean \"{}\"?", nearest);
  if (names.empty()) return "";
  return fmt::format("; there are: {}", fmt::join(names, ", "));
}

std::vector<std::string> KeysOf(const Json* map) {
  std::vector<std::string> keys;
  if (!map || !map->is_object()) return keys;
  for (const auto& member : map->items()) keys.push_back(member.key());
  return keys;
}

std::string ParamMistake(const Json& now, const Json& value, const std::string& written) {
  // Of a default that is a map (see `by`) all values are alike.
  bool map = now.is_object() && !now.empty();
  const Json& like = map ? now.items().begin().value() : now;
  if (like.is_number() && !value.is_number()) {
    return fmt::format("\"{}\" is no number; expected one, like the default {}", written,
                       DumpJson(like));
  }
  if (like.is_boolean() && !value.is_boolean()) {
    return fmt::format("\"{}\" is neither true nor false", written);
  }
  return "";
}

void ApplyOverrides(const ConfigOverrides& overrides, YamlDocument& document, Problems& problems) {
  // To a file that is no config nothing can be added.
  if (!document.root.is_object() && !document.root.is_null()) return;
  for (const std::string& set : overrides.set) {
    // The name alone: values are long, or keys by mistake.
    Override("--set " + set.substr(0, set.find('=')), document, problems).SetByName(set);
  }
  if (overrides.workers) {
    std::string number = std::to_string(*overrides.workers);
    Override("--workers", document, problems).SetSetting("workers", number);
  }
  if (!overrides.max_cost.empty()) {
    Override("--max-cost", document, problems).SetSetting("budget.max_cost", overrides.max_cost);
  }
  if (!overrides.timeout.empty()) {
    Override timeout("--timeout", document, problems);
    timeout.SetSetting("limits.time.base", overrides.timeout);
    timeout.SetSetting("limits.time.per_1k_chars", "0s");
    for (const char* limit : {"limits.time.first_byte", "limits.time.most"}) {
      // What is no duration is told once.
      if (ParseDuration(overrides.timeout)) timeout.SetSetting(limit, overrides.timeout);
    }
  }
}

}  // namespace muster
