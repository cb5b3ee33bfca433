#include "common/config/config.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "common/config/check.h"
#include "common/config/complete.h"
#include "common/config/overrides.h"
#include "common/config/profiles.h"
#include "common/config/reader.h"
#include "common/config/text_file.h"
#include "common/config/yaml.h"
#include "common/text.h"

namespace muster {
namespace {

std::string FolderOf(const std::string& path) {
  std::error_code error;
  return std::filesystem::absolute(path, error).lexically_normal().parent_path().string();
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The mistakes of a config, and those that its profiles would add which are not in use: each is
// laid over the config and read, but what settings mean together is judged for those in use only.
std::string AllMistakes(const YamlDocument& document, const Config& config,
                        const ConfigOverrides& overrides, const Problems& problems) {
  std::vector<std::string> lines = LinesOf(problems.Text());
  for (const std::string& name : ProfilesOf(document)) {
    const auto& used = overrides.profiles;
    if (std::find(used.begin(), used.end(), name) != used.end()) continue;
    YamlDocument copy = document;
    Problems own(copy.places);
    ApplyProfiles({name}, copy, own);
    Config unused;
    Reader(copy.root, Reader::Form::kWritten, config.base_dir, own).Read(unused);
    for (std::string& line : LinesOf(own.Text())) {
      bool known = std::find(lines.begin(), lines.end(), line) != lines.end();
      if (!known) lines.push_back(std::move(line));
    }
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

Result<Config> LoadConfig(const std::string& path, const ConfigOverrides& overrides) {
  auto text = ReadTextFile("", path, kMaxYamlBytes);
  if (!text) return Fail("the config cannot be read: {}", text.error());
  auto document = ParseYaml(*text, path);
  if (!document) return Error{document.error()};
  Problems problems(document->places);
  ApplyProfiles(overrides.profiles, *document, problems);
  ApplyOverrides(overrides, *document, problems);

  Config config;
  config.path = path;
  config.base_dir = FolderOf(path);
  Reader(document->root, Reader::Form::kWritten, config.base_dir, problems).Read(config);
  if (!document->root.is_object()) return Error{problems.Text()};
  CompleteConfig(overrides, config, problems);
  CheckConfig(config, problems);
  std::string mistakes = AllMistakes(*document, config, overrides, problems);
  if (!mistakes.empty()) return Error{mistakes};
  return config;
}

std::vector<const Step*> WorkingSteps(const Config& config) {
  std::vector<const Step*> steps;
  for (const Step& step : config.steps) {
    if (step.branches.empty()) steps.push_back(&step);
    for (const Step& branch : step.branches) steps.push_back(&branch);
  }
  return steps;
}

Result<ModelRef> ResolveModel(const Config& config, const std::string& text) {
  size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    return Fail("the model is \"{}\"; expected provider/name, as in openai/gpt-5.1",
                VisibleText(text));
  }
  std::string name = text.substr(0, slash);
  auto found = config.providers.find(name);
  if (found != config.providers.end()) return ModelRef{&found->second, text.substr(slash + 1)};
  std::vector<std::string> names;
  for (const auto& [known, provider] : config.providers) {
    bool has_models = provider.api != "http" && provider.api != "command";
    if (has_models) names.push_back(known);
  }
  std::string nearest = NearestName(name, names);
  std::string hint = nearest.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean \"{}\"?", nearest);
  return Fail("the model \"{}\" names an unknown provider \"{}\"; {}", VisibleText(text),
              VisibleText(name), hint);
}

}  // namespace muster
