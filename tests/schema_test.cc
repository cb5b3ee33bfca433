// The JSON Schema of configs: every setting is in it, every shipped config meets it, mistakes do
// not.

#include "supervisor/schema_page.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "common/config/settings.h"
#include "common/config/yaml.h"
#include "common/fd.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

// What a schema allows under a name or, for "[]" and "*", in an element; nullptr: nothing.
const Json* Inside(const Json& schema, const std::string& name) {
  if (const Json* kinds = Member(schema, "anyOf")) {
    for (const Json& kind : *kinds) {
      if (const Json* found = Inside(kind, name)) return found;
    }
  }
  if (name == "[]") return Member(schema, "items");
  if (name == "*") return Member(schema, "additionalProperties");
  const Json* properties = Member(schema, "properties");
  return properties ? Member(*properties, name) : nullptr;
}

const Json* Find(const Json& schema, std::string path) {
  const Json* found = &schema;
  for (size_t at = 0; (at = path.find("[]", at)) != std::string::npos; at += 3)
    path.insert(at, ".");
  for (size_t begin = 0; found && begin <= path.size();) {
    size_t end = std::min(path.find('.', begin), path.size());
    found = Inside(*found, path.substr(begin, end - begin));
    begin = end + 1;
  }
  return found;
}

TEST_CASE("schema: every setting of the table is in it, with its help") {
  auto schema = ParseJson(SchemaPage());
  REQUIRE_MESSAGE(schema, schema.error());
  size_t settings = 0;
  for (const Json& row : SettingsReference()) {
    std::string path = StringMember(row, "path");
    CAPTURE(path);
    const Json* found = Find(*schema, path);
    REQUIRE(found);
    CHECK(StringMember(*found, "description").starts_with(StringMember(row, "help")));
    ++settings;
  }
  CHECK(settings > 150);
  CHECK_FALSE(Find(*schema, "steps[].chta"));
}

// Whether documents, one JSON a line, meet the schema: "yes" or the first mistake, a line each; ""
// where this machine has no validator.
std::vector<std::string> Validate(const std::vector<Json>& documents) {
  ConfigFolder folder;
  folder.Write("schema.json", SchemaPage());
  std::string lines;
  for (const Json& each : documents) lines += DumpJson(each) + "\n";
  folder.Write("documents", lines);
  folder.Write("validate.py",
               "import json, sys\n"
               "from jsonschema import Draft202012Validator as V\n"
               "schema = json.load(open('schema.json'))\n"
               "V.check_schema(schema)\n"
               "for line in open('documents'):\n"
               "    found = next(V(schema).iter_errors(json.loads(line)), None)\n"
               "    print('yes' if found is None else found.message.replace('\\n', ' '))\n");
  std::string command = "cd '" + folder.path() + "' && python3 validate.py > out 2> err";
  if (std::system(command.c_str()) != 0) {
    auto why = ReadFile(folder / "err", 1 << 20);
    REQUIRE_MESSAGE((why && why->find("No module named") != std::string::npos), *why);
    MESSAGE("python3-jsonschema is not installed: not validated");
    return {};
  }
  std::vector<std::string> answers;
  std::string all = *ReadFile(folder / "out", 4 << 20);
  for (size_t begin = 0, end; (end = all.find('\n', begin)) != std::string::npos; begin = end + 1) {
    answers.push_back(all.substr(begin, end - begin));
  }
  CHECK(answers.size() == documents.size());
  return answers;
}

Json FromYaml(const std::string& text, const std::string& file = "c.yaml") {
  auto document = ParseYaml(text, file);
  REQUIRE_MESSAGE(document.ok(), document.error());
  return document->root;
}

constexpr const char* kMistakes[] = {
    "wrokers: 4",
    "workers: four",
    "workers: 0",
    "limits: {foo: 1}",
    "limits: 5",
    "limits: {time: {base: 90}}",
    "limits: {time: {base: soon}}",
    "retry: {attempts: 101}",
    "guard: {error_rate: 1.5}",
    "providers: {x: {api: opanai-chat}}",
    "providers: {openai: {stream: sometimes}}",
    "params: {a: [1]}",
    "params: {a: {defualt: 1}}",
    "outputs: {file: a}",
    "outputs: [{file: [a], text: x}]",
    "outputs: [{csv: a, columns: [{a: b, c: d}]}]",
    "outputs: [{csv: a, order: never}]",
    "score: {s: {got: a}}",
    "report: {plots: [money]}",
    "items: {range: all}",
    "items: {sample: {s: {of: item.rows}}}",
    "steps: [{chat: {model: m, user: x}}]",
    "steps: [{id: a, chat: {model: m}}]",
    "steps: [{id: a, chat: {model: m, user: x, verbosity: hihg}}]",
    "steps: [{id: a, chat: {model: m, user: {flie: x}}}]",
    "steps: [{id: a, ask_again: 21}]",
    "steps: [{id: a, command: {}}]",
    "steps: [{id: a, request: {provider: p, post: /x, poll: {get: /y}}}]",
    "steps: [{id: a, branches: [{id: b, branches: []}]}]",
    "steps: [{id: a, branches: [{id: b, caht: {}}]}]",
};

TEST_CASE("schema: shipped configs meet it, mistakes do not") {
  std::vector<Json> documents;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml") continue;
    names.push_back(entry.path().string());
    documents.push_back(FromYaml(*ReadFile(names.back(), 4 << 20), names.back()));
  }
  REQUIRE(names.size() >= 5);
  documents.push_back(FromYaml(kLeastConfig));
  size_t right = documents.size();
  for (const char* lines : kMistakes) {
    std::string line = lines;
    std::string key = line.substr(0, line.find(':') + 1);
    std::string yaml = "name: a\n";
    if (key != "items:") yaml += "items: {range: 1..3}\n";
    if (key != "steps:") yaml += "steps: [{id: ask, chat: {model: mock/m, user: x}}]\n";
    documents.push_back(FromYaml(yaml + line + "\n"));
  }
  auto answers = Validate(documents);
  for (size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(documents[i]);
    CHECK((answers[i] == "yes") == (i < right));
  }
}

}  // namespace
}  // namespace muster
