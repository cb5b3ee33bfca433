#include "common/config/profiles.h"

#include "common/config/overrides.h"
#include "common/text.h"

namespace muster {
namespace {

// Carries out one profile, which stands at `from` in the document.
class Overlay {
 public:
  Overlay(std::string from, YamlDocument& document, Problems& problems)
      : from_(std::move(from)), document_(document), problems_(problems) {}

  // A copy: what it is laid over moves while it grows.
  void Lay(const Json profile) {
    for (const auto& member : profile.items()) {
      const std::string& name = member.key();
      std::string from = MemberPath(from_, name);
      if (name == "profiles") {
        problems_.AtKey(from, "a profile has no profiles of its own");
      } else if (name == "params" && member.value().is_object()) {
        LayParams(member.value(), from);
      } else {
        LayOver(document_.root[name], member.value(), MemberPath("", name), from);
      }
    }
  }

 private:
  void LayParams(const Json& values, const std::string& from) {
    for (const auto& member : values.items()) {
      const std::string& name = member.key();
      std::string inside = MemberPath(from, name);
      const Json* params = Member(document_.root, "params");
      if (!params || !Member(*params, name)) {
        problems_.AtKey(inside,
                        fmt::format("no param \"{}\"{}", name, DidYouMean(name, KeysOf(params))));
        continue;
      }
      LayParam(document_.root["params"][name], member.value(), MemberPath("params", name), inside);
    }
  }

  // A declared param keeps its choices and help.
  void LayParam(Json& param, const Json& value, const std::string& to, const std::string& from) {
    if (value.is_object()) return LayOver(param, value, to, from);
    bool declared = param.is_object();
    Json& now = declared ? param["default"] : param;
    std::string written = value.is_string() ? value.get<std::string>() : DumpJson(value);
    std::string mistake = ParamMistake(now, value, written);
    if (!mistake.empty()) return problems_.AtValue(from, mistake);
    Replace(now, value, declared ? MemberPath(to, "default") : to, from);
  }

  void LayOver(Json& target, const Json& value, const std::string& to, const std::string& from) {
    if (!target.is_object()) return Replace(target, value, to, from);
    if (value.is_null()) return;  // a part whose settings are all commented out
    if (!value.is_object()) return Replace(target, value, to, from);
    for (const auto& member : value.items()) {
      LayOver(target[member.key()], member.value(), MemberPath(to, member.key()),
              MemberPath(from, member.key()));
    }
  }

  void Replace(Json& target, const Json& value, const std::string& to, const std::string& from) {
    target = value;
    document_.places.Erase(to);
    CopyPlaces(value, to, from);
  }

  void CopyPlaces(const Json& value, const std::string& to, const std::string& from) {
    Places& places = document_.places;
    if (places.HasKey(from)) places.SetKey(to, places.Key(from));
    places.SetValue(to, places.Value(from));
    if (auto source = places.Source(from)) places.SetSource(to, *source);
    if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        CopyPlaces(value[i], ElementPath(to, i), ElementPath(from, i));
      }
    } else if (value.is_object()) {
      for (const auto& member : value.items()) {
        CopyPlaces(member.value(), MemberPath(to, member.key()), MemberPath(from, member.key()));
      }
    }
  }

  const std::string from_;
  YamlDocument& document_;
  Problems& problems_;
};

void ApplyProfile(const std::string& name, YamlDocument& document, Problems& problems) {
  const Json* profiles = Member(document.root, "profiles");
  const Json* profile = profiles ? Member(*profiles, name) : nullptr;
  if (!profile) {
    std::vector<std::string> names = ProfilesOf(document);
    std::string hint = names.empty() ? "; the config has none" : DidYouMean(name, names);
    return problems.At({0, 0, "--profile " + name}, fmt::format("no profile \"{}\"{}", name, hint));
  }
  std::string path = MemberPath("profiles", name);
  if (profile->is_object()) return Overlay(path, document, problems).Lay(*profile);
  if (profile->is_null()) return;
  problems.AtValue(path, fmt::format("\"{}\" is no map; expected settings, as in {}: {{params: "
                                     "{{trials: 5}}}}",
                                     path, name));
}

}  // namespace

void ApplyProfiles(const std::vector<std::string>& names, YamlDocument& document,
                   Problems& problems) {
  // To a file that is no config nothing can be added.
  if (!document.root.is_object() && !document.root.is_null()) return;
  for (const std::string& name : names) ApplyProfile(name, document, problems);
}

std::vector<std::string> ProfilesOf(const YamlDocument& document) {
  return KeysOf(Member(document.root, "profiles"));
}

}  // namespace muster
