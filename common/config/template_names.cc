#include "common/config/template_names.h"

#include <algorithm>

#include "common/expression.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

// Names that are known in some places only.
constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
    {"each", "in a step with for_each"},
    {"round", "in a step with repeat"},
    {"work", "in steps"},
    {"job", "in poll.get of a request"},
    {"usage", "in outputs"},
    {"status", "in outputs"},
    {"error", "in outputs"},
    {"warnings", "in outputs"},
    {"scores", "in outputs"}};

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string FirstPart(const std::string& name) { return name.substr(0, name.find('.')); }

// What is known where names are judged.
struct Scope {
  const std::vector<std::string>&names, &steps, &beside;
  const Json& params;
};

std::string Unknown(const std::string& name, const Scope& scope) {
  const auto& [names, steps, beside, params] = scope;
  std::string first = FirstPart(name);
  if (Contains(beside, first)) {
    return fmt::format(
        "\"{}\" is the answer of a branch beside this one; branches do not see each other", name);
  }
  if (Contains(steps, first)) {
    return fmt::format("\"{}\" is the answer of a step that comes later", name);
  }
  for (const auto& [known, where] : kElsewhere) {
    if (first == known) return fmt::format("\"{}\" is known {} only", name, where);
  }
  std::string nearest = NearestName(first, names);
  if (nearest.empty()) {
    return fmt::format("unknown name \"{}\"; known here: {}", name, fmt::join(names, ", "));
  }
  return fmt::format("unknown name \"{}\"; did you mean \"{}\"?", name,
                     nearest + name.substr(first.size()));
}

// What is wrong with a name; "": nothing, as far as it can be told.
std::string WhyNot(const std::string& name, const Scope& scope) {
  std::string first = FirstPart(name);
  if (!Contains(scope.names, first)) return Unknown(name, scope);
  if (first != "params") return "";
  auto found = LookUp(Json{{"params", scope.params}}, name);
  return found ? "" : found.error();
}

}  // namespace

void CheckNames(const TextSource& text, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems, const std::vector<std::string>& beside) {
  if (problems.Under(path)) return;
  auto used = TemplateNames(text.file.empty() ? text.text : text.file, text.origin);
  if (!used) return;  // its syntax was reported when it was read
  // Texts in the config need no origin: the place begins the line.
  bool file =
      !text.origin.empty() && text.origin != problems.places().Text(problems.places().Value(path));
  std::string origin = file ? text.origin + ": " : "";
  for (const std::string& name : *used) {
    std::string why = WhyNot(name, {names, steps, beside, params});
    if (!why.empty()) problems.AtValue(path, origin + why);
  }
}

void CheckNames(const Expression& expression, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems, const std::vector<std::string>& beside) {
  if (expression.empty() || problems.Under(path)) return;
  auto used = NamesIn(expression);
  if (!used) return;  // its syntax was reported when it was read
  for (const std::string& name : *used) {
    std::string why = WhyNot(name, {names, steps, beside, params});
    if (why.empty()) continue;
    bool word = name.find('.') == std::string::npos && why.starts_with("unknown name");
    problems.AtValue(path, word ? why + "; a text stands in quotes" : why);
  }
}

KnownNames KnownNames::With(std::initializer_list<std::string> further) const {
  KnownNames more = *this;
  more.names_.insert(more.names_.end(), further);
  return more;
}

bool KnownNames::Knows(const std::string& name) const { return Contains(names_, FirstPart(name)); }

void KnownNames::CheckText(const TextSource& text, const std::string& path) const {
  CheckNames(text, path, names_, steps_, config_.params, problems_, beside_);
}

void KnownNames::CheckTexts(const std::vector<TextSource>& texts, const std::string& path) const {
  for (size_t i = 0; i < texts.size(); ++i) CheckText(texts[i], ElementPath(path, i));
}

void KnownNames::CheckValue(const Expression& expression, const std::string& path) const {
  CheckNames(expression, path, names_, steps_, config_.params, problems_, beside_);
}

void KnownNames::CheckPath(const std::string& name, const std::string& path) const {
  if (name.empty() || problems_.Under(path)) return;
  std::string why = WhyNot(name, {names_, steps_, beside_, config_.params});
  if (!why.empty()) problems_.AtValue(path, why);
}

}  // namespace muster
