#include "common/config/config.h"

#include <cctype>
#include <string>

#include "common/config/yaml.h"
#include "common/text.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

// Where configs are, with what they name beside them.
class Folder {
 public:
  Folder() {
    WriteScratch(folder_ / "prompt.md", "Say {{item.id}} in {{params.words}} words.\n");
    WriteScratch(folder_ / "rows.csv", "id,text\na,one\nb,two\n");
    WriteScratch(folder_ / "rows.jsonl", "{\"id\":\"a\"}\n");
    WriteScratch(folder_ / "schema.json", "{\"type\":\"object\",\"additionalProperties\":false}");
  }
  Result<Config> Load(std::string_view yaml) const {
    WriteScratch(path(), yaml);
    return LoadConfig(path(), {});
  }
  std::string path() const { return folder_ / "c.yaml"; }

 private:
  MemoryDir folder_;
};

// "12:3: what", with a line that the text has.
bool HasPlace(std::string_view rest, size_t lines) {
  size_t line = 0, column = 0;
  auto number = [&](size_t* value) {
    size_t digits = 0;
    for (; !rest.empty() && std::isdigit(static_cast<unsigned char>(rest[0])); ++digits) {
      *value = *value * 10 + static_cast<size_t>(rest[0] - '0');
      rest.remove_prefix(1);
    }
    bool colon = rest.starts_with(':');
    if (colon) rest.remove_prefix(1);
    return digits > 0 && colon;
  };
  return number(&line) && number(&column) && rest.size() > 1 && rest[0] == ' ' && line >= 1 &&
         line <= lines && column >= 1;
}

void CheckMistakes(std::string_view mistakes, const std::string& path, std::string_view yaml) {
  auto lines = static_cast<size_t>(std::count(yaml.begin(), yaml.end(), '\n')) + 1;
  Must(!mistakes.empty() && mistakes.size() < 1'000'000, "mistakes without end, or none");
  while (!mistakes.empty()) {
    std::string_view line = mistakes.substr(0, mistakes.find('\n'));
    mistakes.remove_prefix(std::min(line.size() + 1, mistakes.size()));
    Must(VisibleText(line) == line, "a raw message");
    if (line.starts_with("and ") && line.ends_with(" more mistakes")) continue;
    Must(line.starts_with(path + ":"), "a mistake without its file");
    Must(HasPlace(line.substr(path.size() + 1), lines), "a mistake without its place");
  }
}

// Nodes, and that none is deeper than is allowed.
size_t CountNodes(const Json& value, int depth) {
  Must(depth <= kMaxYamlDepth, "deeper than is allowed");
  size_t nodes = 1;
  if (value.is_structured()) {
    for (const Json& element : value) nodes += CountNodes(element, depth + 1);
  }
  return nodes;
}

void CheckYaml(std::string_view yaml, const std::string& path) {
  auto document = ParseYaml(yaml, path);
  if (!document) return CheckMistakes(document.error(), path, yaml);
  Must(CountNodes(document->root, 0) <= kMaxYamlNodes, "more than was written");
  Must(ParseJson(DumpJson(document->root)).ok(), "values that are no JSON");
}

}  // namespace

void FuzzConfig(std::string_view bytes) {
  static const Folder folder;
  CheckYaml(bytes, folder.path());
  auto config = folder.Load(bytes);
  if (!config) {
    // What is wrong with the file as a whole has no place in it.
    constexpr std::string_view kWhole = "the config cannot be read: ";
    if (config.error().starts_with(kWhole)) return Must(!IsUtf8(bytes), "it can be read");
    return CheckMistakes(config.error(), folder.path(), bytes);
  }
  Json sent = ConfigToJson(*config);
  auto received = ConfigFromJson(*ParseJson(DumpJson(sent)));
  Must(received.ok(), "a config that workers cannot read");
  Must(DumpJson(ConfigToJson(*received)) == DumpJson(sent), "a config that changes on its way");
  Must(FingerprintOf(*received) == FingerprintOf(*config), "another fingerprint on its way");
  auto again = folder.Load(bytes);
  Must(again.ok() && *again == *config, "another config when it is read again");
}

}  // namespace muster::fuzz
