#include "common/config/reader.h"

#include <algorithm>

#include "common/text.h"

namespace muster {
namespace {

// Under these names people write keys into configs, which are shown, copied and committed.
bool IsKeyOfAnApi(std::string name) {
  std::erase_if(name, [](char c) { return c == '_' || c == '-'; });
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return tolower(c); });
  constexpr std::string_view kNames[] = {"key",         "apikey",    "token",
                                         "accesstoken", "authtoken", "secret",
                                         "bearer",      "password",  "authorization"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

Reader::Reader(const Json& root, Form form, std::string folder, Problems& problems)
    : root_(root), form_(form), folder_(std::move(folder)), problems_(problems) {
  names_ = {{"name", StringMember(root, "name")}, {"params", Json::object()}};
}

void Reader::Hidden(std::string_view name, std::string& out) {
  if (form_ != Form::kTravelling) return;
  if (const Json* value = Take(name); value && value->is_string()) out = value->get<std::string>();
}

const Json* Reader::Take(std::string_view name) {
  known_.emplace_back(name);
  return Member(*map_, name);
}

const Json* Reader::TakePart(std::string_view name) {
  // An empty part is one whose settings are all commented out.
  const Json* value = Take(name);
  return value && value->is_null() ? nullptr : value;
}

bool Reader::IsWord(const Json& value, std::string_view word) {
  return !word.empty() && value.is_string() && value.get_ref<const std::string&>() == word;
}

bool Reader::IsMap(const Json& value, const std::string& path, std::string_view word) {
  if (value.is_object()) return true;
  std::string expected = "a map of settings (lines of \"name: value\")";
  if (!word.empty()) expected += fmt::format(", or {}", word);
  Wrong(value, path, expected);
  return false;
}

bool Reader::IsList(const Json& value, const std::string& path) {
  if (value.is_array()) return true;
  Wrong(value, path, "a list (entries that begin with \"- \")");
  return false;
}

bool Reader::NameFits(const std::string& name, const std::string& path, const Words& names) {
  if (!names.fits || names.fits(name)) return true;
  std::string which = names.secret ? "this name" : fmt::format("the name \"{}\"", name);
  problems_.AtKey(path, fmt::format("{} is not allowed here; expected {}", which, Expected(names)));
  return false;
}

void Reader::ReportUnknownKeys() {
  for (const auto& member : map_->items()) {
    const std::string& key = member.key();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    std::string nearest = NearestName(key, known_);
    std::string where = path_.empty() ? "" : fmt::format(" in \"{}\"", path_);
    std::string what = fmt::format("unknown key \"{}\"{}; ", key, where);
    if (IsKeyOfAnApi(key)) {
      what += "write the key into an environment variable and name it with key_env";
    } else if (!nearest.empty()) {
      what += fmt::format("did you mean \"{}\"?", nearest);
      // A misspelt key is one mistake, not also a missing one.
      std::erase_if(missing_, [&](const auto& missing) { return missing.first == nearest; });
    } else {
      what += fmt::format("known here: {}", fmt::join(known_, ", "));
    }
    problems_.AtKey(MemberPath(path_, key), what);
  }
}

void Reader::ReportMissing() {
  for (const auto& [name, expected] : missing_) {
    problems_.AtValue(path_, fmt::format("\"{}\" is missing; expected {}", PathOf(name), expected));
  }
}

}  // namespace muster
