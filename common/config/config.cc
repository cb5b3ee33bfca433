#include "common/config/config.h"

#include <filesystem>
#include <vector>

#include "common/config/check.h"
#include "common/config/complete.h"
#include "common/config/overrides.h"
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

}  // namespace

Result<Config> LoadConfig(const std::string& path, const ConfigOverrides& overrides) {
  auto text = ReadTextFile("", path, kMaxYamlBytes);
  if (!text) return Fail("the config cannot be read: {}", text.error());
  auto document = ParseYaml(*text, path);
  if (!document) return Error{document.error()};
  Problems problems(document->places);
  ApplyOverrides(overrides, *document, problems);

  Config config;
  config.path = path;
  config.base_dir = FolderOf(path);
  Reader(document->root, Reader::Form::kWritten, config.base_dir, problems).Read(config);
  if (!document->root.is_object()) return Error{problems.Text()};
  CompleteConfig(overrides, config, problems);
  CheckConfig(config, problems);
  if (!problems.empty()) return Error{problems.Text()};
  return config;
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
  for (const auto& [known, provider] : config.providers) names.push_back(known);
  std::string nearest = NearestName(name, names);
  std::string hint = nearest.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean \"{}\"?", nearest);
  return Fail("the model \"{}\" names an unknown provider \"{}\"; {}", VisibleText(text),
              VisibleText(name), hint);
}

}  // namespace muster
