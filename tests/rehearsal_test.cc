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

// ---- conditions, rounds, branches, commands, requests ----

// Steps of an item with these fields, in a folder with the file there.glb.
Result<Rehearsal> RehearseSteps(const std::string& steps, const Json& fields = Json::object(),
                                const std::string& further = "") {
  ConfigFolder folder;
  folder.Write("there.glb", "x");
  folder.Write("context/trees.txt", "oak");
  auto config = folder.Load(
      "name: test\nparams: {mode: one, total: 60, batch: 25}\nitems: {range: 1..2}\n"
      "providers: {jobs: {api: http, base_url: 'http://127.0.0.1:1/v1'}}\nsteps:\n" +
      steps + "\n" + further);
  if (!config) return Error{config.error()};
  Json item{{"id", "1"}, {"number", 1}};
  item.update(fields);
  return Rehearse(*config, item);
}

TEST_CASE("rehearsal: a step whose condition is false makes no call and leaves null") {
  auto rehearsal = RehearseSteps(
      "  - {id: a, when: item.number > 1, chat: {model: mock/m, user: x}}\n"
      "  - {id: b, when: a == null, chat: {model: mock/m, user: 'b{{#a}}{{text}}{{/a}}'}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  REQUIRE(rehearsal->calls.size() == 1);
  CHECK(rehearsal->calls[0].step == "b");
  CHECK(rehearsal->calls[0].step_index == 1);
  CHECK(rehearsal->calls[0].user == "b");
  CHECK_MESSAGE(rehearsal->calls[0].exact, "that it was skipped is known");
  CHECK_FALSE(rehearsal->calls[0].maybe);
  auto wrong = RehearseSteps("  - {id: a, when: item.nmuber > 1, command: {run: ls}}");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().find("item.number") != std::string::npos);
}

TEST_CASE("rehearsal: a condition that an answer decides is taken to be true, and marked so") {
  auto rehearsal = RehearseSteps(
      "  - {id: a, chat: {model: mock/m, user: x}, parse: {line: n}}\n"
      "  - {id: b, when: a.value > 3, chat: {model: mock/m, user: y}}\n"
      "  - {id: c, when: b == null, chat: {model: mock/m, user: z}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  REQUIRE(rehearsal->calls.size() == 3);
  CHECK_FALSE(rehearsal->calls[0].maybe);
  CHECK(rehearsal->calls[1].maybe);
  CHECK(rehearsal->calls[2].maybe);
  auto wrong = RehearseSteps(
      "  - {id: a, chat: {model: mock/m, user: x}}\n"
      "  - {id: b, when: a.vlaue > 3, chat: {model: mock/m, user: y}}");
  CHECK_FALSE(wrong);
}

const char* const kRounds =
    "  - id: a\n    repeat: {total: params.total, batch: params.batch, most: 5}\n"
    "    chat: {model: mock/m, user: '{{round.number}}/{{round.most}} {{round.wanted}} of "
    "{{round.left}}:{{#a.values}} {{q}}{{/a.values}}'}\n"
    "    parse: {json: {type: array, items: {type: object, required: [q], properties: {q: {type: "
    "string}}}}}\n"
    "  - {id: b, chat: {model: mock/m, user: '{{a.count}}'}}";

TEST_CASE("rehearsal: as many rounds as are expected, the others to spare; the first is exact") {
  auto rehearsal = RehearseSteps(kRounds);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  const auto& calls = rehearsal->calls;
  REQUIRE(calls.size() == 6);
  CHECK(calls[0].step == "a[1]");
  CHECK(calls[0].user == "1/3 25 of 60:");
  CHECK(calls[0].exact);
  CHECK(calls[1].user.starts_with("2/3 25 of 35: "));
  CHECK_FALSE(calls[1].exact);
  REQUIRE(calls[1].answers.size() == 1);
  CHECK_MESSAGE(calls[1].answers[0].share == doctest::Approx(1), "all of its 25 texts stand there");
  CHECK(calls[2].user.starts_with("3/3 10 of 10: "));
  CHECK(calls[2].answers.size() == 2);
  for (size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].spare == (i == 3 || i == 4));
  CHECK_MESSAGE(calls[5].user == "60", "of the expected rounds, no more than are wanted");
}

TEST_CASE("rehearsal: more rounds than can be gone through are counted by the last one") {
  auto rehearsal =
      RehearseSteps("  - {id: a, repeat: {most: 1000}, chat: {model: mock/m, user: x}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  int64_t expected = 0, spare = 0;
  for (const RehearsedCall& call : rehearsal->calls) (call.spare ? spare : expected) += call.times;
  CHECK(rehearsal->calls.size() < 100);
  CHECK(expected == 1000);
  CHECK(spare == 0);
  auto both = RehearseSteps(
      "  - {id: a, repeat: {most: 1000, total: 600, batch: 6}, chat: {model: mock/m, user: x}, "
      "parse: {line: x}}");
  REQUIRE_MESSAGE(both, both.error());
  expected = spare = 0;
  for (const RehearsedCall& call : both->calls) (call.spare ? spare : expected) += call.times;
  CHECK(expected == 100);
  CHECK(spare == 900);
}

TEST_CASE("rehearsal: branches are calls of their own, known to those after them") {
  auto rehearsal = RehearseSteps(
      "  - id: both\n    branches:\n"
      "      - {id: a, when: item.number > 1, chat: {model: mock/m, user: x}}\n"
      "      - {id: b, chat: {model: mock/m, user: y}}\n"
      "  - {id: c, chat: {model: mock/m, user: '{{b.text}}{{#both}}{{#a}}no{{/a}}{{/both}}'}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  REQUIRE(rehearsal->calls.size() == 2);
  CHECK(rehearsal->calls[0].step == "b");
  CHECK(rehearsal->calls[0].step_index == 1);
  CHECK(rehearsal->calls[1].user == ExampleAnswer(0));
  CHECK(rehearsal->calls[1].step_index == 2);
}

TEST_CASE("rehearsal: a command says what it would run, and what it prints is not known") {
  auto rehearsal = RehearseSteps(
      "  - {id: a, command: {run: [ls, '{{item.id}}', '{{work}}'], produces: '*.png', "
      "cost_per_call: 0.5}}\n"
      "  - {id: b, chat: {model: mock/m, user: '{{a.text}} {{a.exit_code}}', images: [a.files]}}");
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  const RehearsedCall& command = rehearsal->calls.at(0);
  CHECK(command.kind == CallKind::kCommand);
  CHECK(command.provider == "command");
  CHECK(command.model == "a");
  REQUIRE(command.run.size() == 3);
  CHECK(command.run[1] == "1");
  CHECK(command.run[2].ends_with("/work/1"));
  CHECK(command.fixed_cost == 500'000'000'000);
  const RehearsedCall& chat = rehearsal->calls.at(1);
  CHECK_FALSE(chat.exact);
  CHECK(chat.more_images);
  REQUIRE(chat.answers.size() == 1);
  CHECK(chat.answers[0].call == 0);
  auto missing = RehearseSteps("  - {id: a, command: {run: ls, inputs: ['no-*.txt']}}");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("no file is \"no-*.txt\"") != std::string::npos);
}

TEST_CASE("rehearsal: a request says where it goes, and has what the config asks of its reply") {
  const char* const steps =
      "  - {id: a, request: {provider: jobs, post: '/j/{{item.id}}', job: id, body: {f: {data_uri: "
      "'{{item.file}}'}}, poll: {get: '/j/{{job}}', done: ok}, download: [{file: "
      "'models/{{item.id}}.glb', from: url}]}}\n"
      "  - {id: b, chat: {model: mock/m, user: '{{a.reply.meta.name}} {{a.file}}'}}";
  auto rehearsal = RehearseSteps(steps, Json{{"file", "there.glb"}});
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  const RehearsedCall& request = rehearsal->calls.at(0);
  CHECK(request.kind == CallKind::kRequest);
  CHECK(request.url == "http://127.0.0.1:1/v1/j/1");
  CHECK(request.provider == "jobs");
  CHECK_FALSE(request.fixed_cost);
  CHECK(rehearsal->calls.at(1).user.ends_with("/models/1.glb"));
  auto missing = RehearseSteps(steps, Json{{"file", "nowhere.png"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("data_uri: nowhere.png: no such file") != std::string::npos);
}

TEST_CASE("rehearsal: a file that is there makes a step needless; where it must be, it is missed") {
  auto with = [](const char* file, const char* only) {
    return RehearseSteps(
        fmt::format("  - {{id: a, reuse: {{file: '{}', only: {}}}, request: "
                    "{{provider: jobs, post: /j}}}}\n"
                    "  - {{id: b, command: {{run: [ls, '{{{{a.file}}}}']}}}}",
                    file, only));
  };
  auto there = with("there.glb", "false");
  REQUIRE_MESSAGE(there, there.error());
  REQUIRE(there->calls.size() == 1);
  CHECK(there->calls[0].run.at(1).ends_with("/there.glb"));
  CHECK(there->calls[0].exact);
  CHECK(with("there.glb", "true"));
  auto made = with("{{item.id}}.glb", "false");
  REQUIRE_MESSAGE(made, made.error());
  CHECK(made->calls.size() == 2);
  CHECK_FALSE(made->calls[1].exact);
  auto missing = with("{{item.id}}.glb", "true");
  REQUIRE_FALSE(missing);
  CHECK(missing.error() ==
        "a: reuse: 1.glb is not there, and the step may not make it (reuse.only)");
}

TEST_CASE("rehearsal: files of a row are read for it; one that is missing is its mistake") {
  const char* const step =
      "  - {id: a, chat: {model: mock/m, user: 'On it.', context: ['context/{{item.topic}}.txt']}}";
  auto there = RehearseSteps(step, Json{{"topic", "trees"}});
  REQUIRE_MESSAGE(there, there.error());
  CHECK(there->calls.at(0).user == "oak\n\nOn it.");
  CHECK(there->calls[0].text_bytes == 11);
  auto missing = RehearseSteps(step, Json{{"topic", "birds"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("context/birds.txt: no such file") != std::string::npos);
  const char* const prompt =
      "  - {id: a, chat: {model: mock/m, user: {file: 'context/{{item.topic}}.txt'}}}";
  auto file = RehearseSteps(prompt, Json{{"topic", "trees"}});
  REQUIRE_MESSAGE(file, file.error());
  CHECK(file->calls.at(0).user == "oak");
  CHECK_FALSE(RehearseSteps(prompt, Json{{"topic", "birds"}}));
}

TEST_CASE("rehearsal: scores and outputs of every kind are tried out before a call") {
  const char* const ask = "  - {id: ask, chat: {model: mock/m, user: x}, parse: {line: n}}";
  auto with = [&](const std::string& further) {
    return RehearseSteps(ask, Json{{"answer", "7"}, {"by", "number"}, {"bad", "seven"}}, further);
  };
  auto fine = with(
      "score: {s: {got: ask.value, expect: item.answer, by: item.by}}\n"
      "outputs: [{csv: '{{item.id}}/all.csv', columns: ['item.*', status, {v: ask.value}, {s: "
      "scores.s.value}, {w: ask.context_window}]}, {append: a.txt, record: '{{item.id}}: "
      "{{#ask}}{{text}}{{/ask}}{{error}}', errors: true}]");
  REQUIRE_MESSAGE(fine, fine.error());
  CHECK(fine->output_paths == std::vector<std::string>{"1/all.csv", "a.txt"});
  auto senseless = with("score: {s: {got: ask.value, expect: item.bad, by: item.by}}");
  REQUIRE_FALSE(senseless);
  CHECK(senseless.error().starts_with("score s: "));
  CHECK_FALSE(with("score: {s: {got: ask.value, expect: item.nothing}}"));
  CHECK_FALSE(with("outputs: [{csv: all.csv, columns: ['item.nothing']}]"));
  CHECK_MESSAGE(with("score: {s: {got: ask.value, expect: item.answer}}\noutputs: [{csv: a.csv, "
                     "columns: [{s: scores.s.value}, {v: ask.value}], errors: true}]"),
                "of an item that failed all of it is null");
  auto failed = with("outputs: [{append: a.txt, record: '{{ask.text}}', errors: true}]");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().ends_with(" (where an item failed)"));
}

}  // namespace
}  // namespace muster
