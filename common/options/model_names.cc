#include "common/options/model_names.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace muster {
namespace {

std::vector<std::string_view> PartsOf(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of(separators), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// A version has one or two digits, a date eight.
std::optional<int> VersionPart(std::string_view part) {
  int number = 0;
  auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  bool whole = error == std::errc() && end == part.data() + part.size();
  return whole && part.size() <= 2 ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string_view BareModel(std::string_view model) { return model.substr(model.rfind('/') + 1); }

bool IsVariantOf(std::string_view bare_model, std::string_view name) {
  if (!bare_model.starts_with(name)) return false;
  if (bare_model.size() == name.size()) return true;
  char next = bare_model[name.size()];
  return next == '-' || next == ':';
}

std::optional<ClaudeName> ParseClaudeName(std::string_view model) {
  std::vector<std::string_view> parts = PartsOf(BareModel(model), "-.:@");
  auto claude = std::find(parts.begin(), parts.end(), "claude");
  if (claude == parts.end()) return std::nullopt;
  ClaudeName name;
  std::optional<int> major, minor;
  for (auto part = claude + 1; part != parts.end() && !(major && !name.family.empty()); ++part) {
    auto number = VersionPart(*part);
    if (!number) {
      bool word = !part->empty() && part->find_first_of("0123456789") == std::string_view::npos;
      if (word && name.family.empty()) name.family = *part;
      continue;
    }
    major = number;
    if (part + 1 != parts.end()) minor = VersionPart(part[1]);
    if (minor) ++part;
  }
  if (!major) return std::nullopt;
  name.version = *major * 100 + minor.value_or(0);
  return name;
}

std::optional<int> GeminiGeneration(std::string_view model) {
  constexpr std::string_view kPrefix = "gemini-";
  std::string_view bare = BareModel(model);
  if (!bare.starts_with(kPrefix)) return std::nullopt;
  bare.remove_prefix(kPrefix.size());
  return VersionPart(bare.substr(0, bare.find_first_of("-.")));
}

}  // namespace muster
