#include "supervisor/rehearsal.h"

#include <doctest/doctest.h>

#include "tests/config_testing.h"

namespace muster {
namespace {

const Json kItem = Json::parse(R"({"id": "a", "topic": "trees",
    "files": [{"name": "1.txt", "stem": "1", "text": "oak"},
              {"name": "2.txt", "stem": "2", "text": "ash"}]})");

const char* const kTwoSteps =
    "name: test\n"
    "items: {directories: in/*, files: \"*.txt\"}\n"
    "providers:\n"
    "  mock: {prices: {m: {input: 1, output: 10}}}\n"
    "steps:\n"
    "  - id: parts\n"
    "    for_each: item.files\n"
    "    chat: {model: mock/m, system: \"On {{item.topic}}\", user: \"{{each.text}}\", max_tokens: "
    "100}\n"
    "  - id: whole\n"
    "    chat: {model: mock/m, user: \"{{#parts}}{{number}}: {{text}}{{/parts}}\", max_tokens: "
    "50}\n"
    "outputs:\n"
    "  - {file: \"{{item.id}}.txt\", text: \"{{whole.text}}\"}\n";

Result<Rehearsal> RehearseYaml(std::string yaml, const std::string& from = "",
                               const std::string& to = "") {
  if (!from.empty()) yaml.replace(yaml.find(from), from.size(), to);
  ConfigFolder folder;
  folder.Write("in/a/1.txt", "oak");
  auto config = folder.Load(yaml);
  if (!config) return Error{config.error()};
  return Rehearse(*config, kItem);
}

TEST_CASE("rehearsal: shows every call of an item, rendered, before anything is sent") {
  auto rehearsal = RehearseYaml(kTwoSteps);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  REQUIRE(rehearsal->calls.size() == 3);
  CHECK(rehearsal->calls[0].step == "parts[1]");
  CHECK(rehearsal->calls[0].system == "On trees");
  CHECK(rehearsal->calls[0].user == "oak");
  CHECK(rehearsal->calls[0].exact);
  CHECK(rehearsal->calls[1].user == "ash");
  CHECK(rehearsal->calls[2].step == "whole");
  CHECK(rehearsal->calls[2].user.find("1: ") == 0);
  CHECK(rehearsal->calls[2].user.find("2: ") != std::string::npos);
  CHECK_FALSE(rehearsal->calls[2].exact);
  CHECK(rehearsal->calls[2].provider == "mock");
  CHECK(rehearsal->calls[2].max_tokens == 50);
  CHECK(rehearsal->output_paths == std::vector<std::string>{"a.txt"});
}

TEST_CASE("rehearsal: finds what cannot be rendered, wherever it stands") {
  struct Row {
    const char *from, *to, *message;
  };
  for (Row row : {Row{"{{item.topic}}", "{{item.topik}}", "topik"},
                  {"{{each.text}}", "{{each.txt}}", "txt"},
                  {"{{whole.text}}", "{{whole.txt}}", "txt"},
                  {"{{item.id}}.txt", "{{item.idd}}.txt", "idd"},
                  {"item.files", "item.fles", "fles"},
                  {"item.files", "item.topic", "not a list"},
                  {"{{number}}", "{{numbr}}", "numbr"}}) {
    CAPTURE(row.to);
    auto rehearsal = RehearseYaml(kTwoSteps, row.from, row.to);
    REQUIRE_FALSE(rehearsal);
    CHECK(rehearsal.error().find(row.message) != std::string::npos);
  }
}

TEST_CASE("rehearsal: a model that an item names is looked up, an unknown provider is an error") {
  auto rehearsal = RehearseYaml(kTwoSteps, "model: mock/m", "model: \"{{item.topic}}/m\"");
  REQUIRE_FALSE(rehearsal);
  CHECK(rehearsal.error().find("trees") != std::string::npos);
}

TEST_CASE("rehearsal: the worst case counts every call at its maximum; without one there is none") {
  ConfigFolder folder;
  folder.Write("in/a/1.txt", "oak");
  auto config = folder.Load(kTwoSteps);
  REQUIRE_MESSAGE(config, config.error());
  auto rehearsal = Rehearse(*config, kItem);
  REQUIRE(rehearsal);
  auto worst = WorstCostOf(*rehearsal, *config, {});
  REQUIRE(worst);
  Picodollars output = (100 + 100 + 50) * Picodollars{10'000'000};  // $10 a million tokens
  Picodollars characters = 0;
  for (const RehearsedCall& call : rehearsal->calls) {
    characters += static_cast<Picodollars>(call.system.size() + call.user.size());
  }
  CHECK(*worst >= output + characters * 1'000'000);
  CHECK(*worst <= output + (characters + 3 * 2'000) * 1'000'000);
  CHECK(InputTokensOf(*rehearsal) == characters / 4);
  rehearsal->calls[1].max_tokens.reset();
  CHECK_FALSE(WorstCostOf(*rehearsal, *config, {}));
  rehearsal->calls[1].max_tokens = 1;
  rehearsal->calls[1].model = "without a price";
  CHECK_FALSE(WorstCostOf(*rehearsal, *config, {}));
}

TEST_CASE("rehearsal: an empty list makes no calls, and what follows still renders") {
  ConfigFolder folder;
  folder.Write("in/a/1.txt", "oak");
  auto config = folder.Load(kTwoSteps);
  REQUIRE(config);
  Json item = kItem;
  item["files"] = Json::array();
  auto rehearsal = Rehearse(*config, item);
  REQUIRE(rehearsal);
  CHECK(rehearsal->calls.size() == 1);
  CHECK(rehearsal->calls[0].user.empty());
}

}  // namespace
}  // namespace muster
