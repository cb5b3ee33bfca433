#include "common/config/template_names.h"

#include <algorithm>

#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string Unknown(const std::string& name, const std::string& first,
                    const std::vector<std::string>& names, const std::vector<std::string>& steps) {
  if (Contains(steps, first)) {
    return fmt::format("\"{}\" is the answer of a step that comes later", name);
  }
  if (first == "each") return fmt::format("\"{}\" is known in a step with for_each only", name);
  if (first == "usage") return fmt::format("\"{}\" is known in outputs only", name);
  std::string nearest = NearestName(first, names);
  if (nearest.empty()) {
    return fmt::format("unknown name \"{}\"; known here: {}", name, fmt::join(names, ", "));
  }
  return fmt::format("unknown name \"{}\"; did you mean \"{}\"?", name,
                     nearest + name.substr(first.size()));
}

}  // namespace

void CheckNames(const TextSource& text, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems) {
  if (problems.Under(path)) return;
  auto used = TemplateNames(text.text, text.origin);
  if (!used) return;  // its syntax was reported when it was read
  // Texts in the config need no origin: the place begins the line.
  bool file =
      !text.origin.empty() && text.origin != problems.places().Text(problems.places().Value(path));
  std::string origin = file ? text.origin + ": " : "";
  for (const std::string& name : *used) {
    std::string first = name.substr(0, name.find('.'));
    if (!Contains(names, first)) {
      problems.AtValue(path, origin + Unknown(name, first, names, steps));
    } else if (first == "params") {
      auto found = LookUp(Json{{"params", params}}, name);
      if (!found) problems.AtValue(path, origin + found.error());
    }
  }
}

}  // namespace muster
