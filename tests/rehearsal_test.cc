#include "supervisor/rehearsal.h"

#include <doctest/doctest.h>

#include "tests/config_testing.h"
#include "tests/image_samples.h"

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
  CHECK(rehearsal->calls[2].options.max_tokens == 50);
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

// ---- exactness ----

TEST_CASE("rehearsal: a prompt is exact unless something in it comes from an earlier step") {
  auto whole_is_exact = [](const char* user) {
    auto rehearsal = RehearseYaml(kTwoSteps, "{{#parts}}{{number}}: {{text}}{{/parts}}", user);
    REQUIRE_MESSAGE(rehearsal, rehearsal.error());
    return rehearsal->calls[2].exact;
  };
  CHECK(whole_is_exact("{{item.topic}}"));
  CHECK_FALSE(whole_is_exact("{{#parts}}x{{/parts}}"));
  CHECK_FALSE(whole_is_exact("{{parts}}"));
}

// ---- values ----

const char* const kValues =
    "name: test\n"
    "items: {range: 1..2}\n"
    "steps:\n"
    "  - id: ask\n"
    "    chat: {model: mock/m, user: list}\n"
    "    parse: PARSE\n"
    "  - id: use\n"
    "    chat: {model: mock/m, user: \"USE\"}\n"
    "outputs: [{file: \"{{item.id}}.txt\", text: \"{{use.text}} {{ask.value}}\"}]\n";

const char* const kTasks =
    "{json: {type: object, required: [tasks, name, count], properties: {name: {type: string}, "
    "count: {type: integer}, tasks: {type: array, minItems: 2, maxItems: 2, items: {type: object, "
    "required: [q], properties: {q: {type: string}}}}}}}";

Result<Rehearsal> RehearseValue(const std::string& parse, const std::string& use) {
  std::string yaml = kValues;
  yaml.replace(yaml.find("PARSE"), 5, parse);
  yaml.replace(yaml.find("USE"), 3, use);
  ConfigFolder folder;
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config, config.error());
  return Rehearse(*config, Json{{"id", "1"}, {"number", 1}});
}

TEST_CASE("rehearsal: members of a value are known where a schema names them, others are not") {
  auto known = RehearseValue(
      kTasks, "{{ask.value.name}}{{ask.value.count}}{{#ask.value.tasks}}{{q}}{{/ask.value.tasks}}");
  REQUIRE_MESSAGE(known, known.error());
  const RehearsedCall& use = known->calls[1];
  CHECK_FALSE(use.exact);
  CHECK(use.user.find("(part") == std::string::npos);  // people see a plain example
  REQUIRE(use.answers.size() == 1);
  CHECK(use.answers[0].call == 0);
  CHECK(use.answers[0].times == 1);
  CHECK(use.answers[0].share == doctest::Approx(1));
  auto twice = RehearseValue(kTasks, "{{ask.value.name}}{{ask.value.name}} {{ask.text}}");
  REQUIRE(twice);
  CHECK(twice->calls[1].answers.at(0).times == 3);
  CHECK(twice->calls[1].answers.at(0).share == doctest::Approx(1 + 2.0 / 3));
  CHECK(twice->calls[1].text_bytes == 1);
  auto unknown = RehearseValue(kTasks, "{{ask.value.nmae}}");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().find("did you mean \"ask.value.name\"?") != std::string::npos);
}

TEST_CASE("rehearsal: a value without a schema can be used whole, and only whole") {
  auto whole = RehearseValue("{json: true}", "{{ask.value}}");
  REQUIRE_MESSAGE(whole, whole.error());
  CHECK(whole->calls[1].user == ExampleAnswer(0));
  for (const char* use : {"{{ask.value.name}}", "{{#ask.value}}{{name}}{{/ask.value}}",
                          "{{#ask}}{{value.x}}{{/ask}}"}) {
    CAPTURE(use);
    auto member = RehearseValue("{json: true}", use);
    REQUIRE_FALSE(member);
    CHECK(member.error().find("give parse.json of step \"ask\" a schema to use its members") !=
          std::string::npos);
  }
  auto other = RehearseValue("{json: true}", "{{item.topic}}");
  REQUIRE_FALSE(other);
  CHECK(other.error().find("parse.json") == std::string::npos);
}

TEST_CASE(
    "rehearsal: what regex and line find is a text as long as the answer; without a parse "
    "there is no value") {
  for (const char* parse : {"{regex: 'answer: (\\d+)'}", "{line: Answer}"}) {
    auto found = RehearseValue(parse, "{{ask.value}}");
    REQUIRE_MESSAGE(found, found.error());
    CHECK(found->calls[1].user == ExampleAnswer(0));
    CHECK(found->calls[1].answers.at(0).times == 1);
  }
  CHECK(RehearseYaml(kTwoSteps, "{{whole.text}}", "{{whole.finish}}"));
  auto none = RehearseYaml(kTwoSteps, "{{whole.text}}", "[{{whole.value}}]");
  REQUIRE_FALSE(none);
  CHECK(none.error().find("whole.value") != std::string::npos);
}

TEST_CASE("rehearsal: a for_each goes through the elements of an example") {
  std::string yaml = kValues;
  yaml.replace(yaml.find("PARSE"), 5, kTasks);
  yaml.replace(yaml.find("    chat: {model: mock/m, user: \"USE\"}"), 38,
               "    for_each: ask.value.tasks\n    chat: {model: mock/m, user: \"{{each.q}}\"}");
  yaml.replace(yaml.find("{{use.text}}"), 12, "{{#use}}{{text}}{{/use}}");
  ConfigFolder folder;
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config, config.error());
  auto rehearsal = Rehearse(*config, Json{{"id", "1"}, {"number", 1}});
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  REQUIRE(rehearsal->calls.size() == 3);
  CHECK_FALSE(rehearsal->calls[1].exact);
  CHECK(rehearsal->calls[1].answers.at(0).share == doctest::Approx(1.0 / 3));
  config->steps[0].parse->json = Json::object();
  for (const char* list : {"ask.value.tasks", "ask.value"}) {
    config->steps[1].for_each = list;
    rehearsal = Rehearse(*config, Json{{"id", "1"}, {"number", 1}});
    REQUIRE_FALSE(rehearsal);
    CHECK(rehearsal.error().find("; give parse.json of step \"ask\" a schema") !=
          std::string::npos);
  }
}

// ---- pictures and options ----

// Two providers, of which an item names one; a picture, which it names too.
struct Look {
  explicit Look(const std::string& options = "") {
    folder.Write("1.png", BytesOf(kPng));
    folder.Write("2.gif", BytesOf(kGif));
    auto loaded = folder.Load(
        "name: test\nitems: {range: 1..2}\nproviders:\n"
        "  g: {api: gemini, base_url: 'http://127.0.0.1:1'}\n"
        "steps:\n  - id: look\n    chat: {model: \"{{item.model}}\", user: x, images: "
        "[item.image]" +
        options + "}\n");
    REQUIRE_MESSAGE(loaded, loaded.error());
    config = *std::move(loaded);
  }
  Result<Rehearsal> With(const char* model, const Json& image) const {
    return Rehearse(config, Json{{"id", "1"}, {"model", model}, {"image", image}});
  }

  ConfigFolder folder;
  Config config;
};

TEST_CASE("rehearsal: the pictures of a prompt are found, and are no text") {
  Look look;
  auto one = look.With("mock/m", "1.png");
  REQUIRE_MESSAGE(one, one.error());
  const RehearsedCall& call = one->calls.at(0);
  REQUIRE(call.images.size() == 1);
  CHECK(call.images[0].file.path == look.folder / "1.png");
  CHECK(call.images[0].file.width == 37);
  CHECK(call.images[0].tokens.most >= call.images[0].tokens.likely);
  CHECK(call.exact);
  CHECK(call.text_bytes == 1);
  auto two = look.With("mock/m", Json{"1.png", "2.gif"});
  REQUIRE(two);
  CHECK(two->calls.at(0).images.size() == 2);
}

TEST_CASE("rehearsal: a missing picture, or one the model's API does not take, names the step") {
  Look look;
  auto missing = look.With("mock/m", "3.png");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("images: item.image: 3.png: no such file") != std::string::npos);
  auto gif = look.With("g/gemini-2.5-flash", "2.gif");
  REQUIRE_FALSE(gif);
  CHECK(gif.error().starts_with("look: images: "));
  CHECK(gif.error().find("gemini takes png, jpeg, webp") != std::string::npos);
  CHECK(look.With("g/gemini-2.5-flash", "1.png"));
}

TEST_CASE("rehearsal: an option that an item's model does not take is refused by name") {
  Look look(", seed: 5, verbosity: high");
  CHECK(look.With("mock/m", "1.png"));
  auto refused = look.With("g/gemini-2.5-flash", "1.png");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().starts_with("step look: verbosity: "));
}

TEST_CASE("rehearsal: pictures that an earlier step will name are not looked for") {
  std::string yaml = kValues;
  yaml.replace(yaml.find("PARSE"), 5, kTasks);
  yaml.replace(yaml.find("user: \"USE\""), 11,
               "user: x, images: [ask.value.name, \"{{ask.value.name}}/*.png\", one.png]");
  ConfigFolder folder;
  folder.Write("one.png", BytesOf(kPng));
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config, config.error());
  auto rehearsal = Rehearse(*config, Json{{"id", "1"}, {"number", 1}});
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  CHECK(rehearsal->calls[1].more_images);
  CHECK(rehearsal->calls[1].images.size() == 1);
  CHECK_FALSE(rehearsal->calls[1].exact);
  config->steps[1].chat->images[0].text = "ask.value.nmae";
  rehearsal = Rehearse(*config, Json{{"id", "1"}, {"number", 1}});
  REQUIRE_FALSE(rehearsal);
  CHECK(rehearsal.error().find("did you mean \"ask.value.name\"?") != std::string::npos);
}

}  // namespace
}  // namespace muster
