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

TEST_CASE(
    "rehearsal: sizes are those of the prompts without the examples, and say where they stand") {
  auto rehearsal = RehearseYaml(kTwoSteps);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  const RehearsedCall& part = rehearsal->calls[1];
  CHECK(part.step_index == 0);
  CHECK(part.text_bytes == 8 + 3);  // On trees, ash
  CHECK(part.answers.empty());
  const RehearsedCall& whole = rehearsal->calls[2];
  CHECK(whole.step_index == 1);
  CHECK(whole.user == "1: " + ExampleAnswer(0) + "2: " + ExampleAnswer(1));
  CHECK(whole.text_bytes == 6);
  // "1: 2: " in quotes, no system prompt, no mock, no extra fields: "", "" and {}.
  CHECK(whole.most_bytes == 8 + 2 + 2 + 2 + 1'000);
  REQUIRE(whole.answers.size() == 2);
  CHECK(whole.answers[0].call == 0);
  CHECK(whole.answers[1].call == 1);
  CHECK(whole.answers[0].times == 1);
}

TEST_CASE("rehearsal: an answer counts as often as it stands, also where a list renders as JSON") {
  auto rehearsal = RehearseYaml(kTwoSteps, "{{#parts}}{{number}}: {{text}}{{/parts}}",
                                "{{#parts}}{{text}}{{text}}{{/parts}}{{parts}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  const RehearsedCall& whole = rehearsal->calls[2];
  REQUIRE(whole.answers.size() == 2);
  CHECK(whole.answers[0].times == 3);
  CHECK(whole.answers[1].times == 3);
  CHECK(whole.text_bytes == static_cast<int64_t>(whole.user.size() - 6 * ExampleAnswer(0).size()));
}

TEST_CASE("rehearsal: what only looks like an example is a text like any other") {
  std::string text =
      "(answer 7 of this item) (answer x of this item) (answer 99999999999999999999999";
  auto rehearsal = RehearseYaml(kTwoSteps, "{{each.text}}", text);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  CHECK(rehearsal->calls[0].text_bytes == static_cast<int64_t>(8 + text.size()));
  CHECK(rehearsal->calls[0].answers.empty());
}

TEST_CASE(
    "rehearsal: a request's JSON is counted, with escapes, extra fields and a wished answer") {
  auto rehearsal =
      RehearseYaml(kTwoSteps, "user: \"{{each.text}}\", max_tokens: 100}",
                   "user: \"a\\n\\\"b\", max_tokens: 100, extra: {top_k: 5}}\n    mock: wished");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  CHECK(rehearsal->calls[0].user == "a\n\"b");
  CHECK(rehearsal->calls[0].text_bytes == 8 + 4);
  // "On trees" · "a\n\"b" · "wished" · {"top_k":5}
  CHECK(rehearsal->calls[0].most_bytes == 10 + 8 + 8 + 11 + 1'000);
}

TEST_CASE("rehearsal: elements with one key are told apart as a worker tells them apart") {
  ConfigFolder folder;
  folder.Write("in/a/1.txt", "oak");
  auto config = folder.Load(kTwoSteps);
  REQUIRE_MESSAGE(config, config.error());
  Json item = kItem;
  item["files"] = {"same", "same", "other"};
  auto rehearsal = Rehearse(*config, item);
  REQUIRE_FALSE(rehearsal);  // their elements have no text
  config->steps[0].chat->user.text = "{{each}}";
  rehearsal = Rehearse(*config, item);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  CHECK(rehearsal->calls[0].step == "parts[same]");
  CHECK(rehearsal->calls[1].step == "parts[same#2]");
  CHECK(rehearsal->calls[2].step == "parts[other]");
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
