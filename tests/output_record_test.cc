#include "common/output_record.h"

#include <doctest/doctest.h>

#include "common/step_values.h"

namespace muster {
namespace {

Column Named(const std::string& name, const std::string& value) { return {name, {value, "c:1"}}; }
Column Plain(const std::string& name) {
  return name.ends_with(".*") ? Column{"", {name, "c:1"}} : Named(name, name);
}

// A config with one output, and the context of an item that has an answer.
struct OneOutput {
  OneOutput() {
    config.name = "t";
    config.base_dir = "/nowhere";
    config.outputs.resize(1);
    Step step;
    step.id = "made";
    config.steps.push_back(step);
    context = ItemContext(config, {{"id", "a/b"}, {"name", "-5"}, {"deep", {1}}, {"n", 3}});
  }

  Output& output() { return config.outputs[0]; }

  void Answer(Json value) { context["made"] = {{"text", "t"}, {"value", std::move(value)}}; }

  Result<OutputText> Make(const std::string& error = "") {
    if (!error.empty()) AddMissingSteps(config, context);
    ItemEnd end;
    end.error = error;
    AddItemEnd(context, end);
    return MakeRecord(config, 0, context);
  }

  Json Table(const std::string& error = "") {
    auto record = Make(error);
    REQUIRE_MESSAGE(record, record.error());
    auto json = ParseJson(record->text);
    REQUIRE(json);
    return *json;
  }

  Config config;
  Json context;
};

TEST_CASE("record: a row's columns are the item's plain fields, names and expressions") {
  OneOutput one;
  one.output().csv = TextSource{"{{item.id}}.csv", "c:1"};
  one.output().columns = {Plain("item.*"), Plain("status"), Named("twice", "made.value.x"),
                          Named("big", "item.n > 2"), Plain("made.text")};
  one.Answer({{"x", {1, 2}}});
  auto record = one.Make();
  REQUIRE_MESSAGE(record, record.error());
  CHECK(record->output == 0);
  CHECK(record->path.find('/') == std::string::npos);
  CHECK(one.Table() == Json{{"columns", {"id", "name", "n", "status", "twice", "big", "made.text"}},
                            {"rows", {{"a/b", "-5", 3, "ok", {1, 2}, true, "t"}}}});
}

TEST_CASE("record: a failed item's row has its fields, why, and nothing of its steps") {
  OneOutput one;
  one.output().csv = TextSource{"out.csv", "c:1"};
  one.output().columns = {Plain("item.*"), Plain("status"), Plain("error"),
                          Named("output", "made.text"), Named("tokens", "made.usage.input")};
  one.output().flatten = "made.value";
  Json table = one.Table("it broke");
  CHECK(table["columns"] == Json{"id", "name", "n", "status", "error", "output", "tokens"});
  CHECK(table["rows"] == Json::array({{"a/b", "-5", 3, "error", "it broke", nullptr, nullptr}}));
}

TEST_CASE("record: flattened members follow the columns, and take no column's name") {
  OneOutput one;
  one.output().jsonl = TextSource{"out.jsonl", "c:1"};
  one.output().columns = {Plain("status")};
  one.output().flatten = "made.value";
  one.Answer({{"score", 0.5}, {"status", "mine"}, {"list", {1, "x"}}, {"none", nullptr}});
  CHECK(one.Table() == Json{{"columns", {"status", "score", "made.value.status", "list", "none"}},
                            {"rows", {{"ok", 0.5, "mine", "[1,\"x\"]", nullptr}}}});
  one.Answer({1, 2});
  auto record = one.Make();
  REQUIRE_FALSE(record);
  CHECK_MESSAGE(record.error().find("made.value is no map") != std::string::npos, record.error());
}

TEST_CASE("record: a column that is named counts for more than a field of that name") {
  OneOutput one;
  one.context["item"]["status"] = "old";
  one.output().csv = TextSource{"out.csv", "c:1"};
  for (bool first : {true, false}) {
    one.output().columns = {Plain("item.*")};
    auto& columns = one.output().columns;
    columns.insert(first ? columns.begin() : columns.end(), Plain("status"));
    Json table = one.Table();
    for (size_t i = 0; i < table["columns"].size(); ++i) {
      if (table["columns"][i] == "status") CHECK(table["rows"][0][i] == "ok");
    }
    CHECK(table["columns"].size() == 4);
  }
}

TEST_CASE("record: a row for every element, whose members come first and may be missing") {
  OneOutput one;
  one.output().csv = TextSource{"out.csv", "c:1"};
  one.output().rows = "made.value";
  one.output().columns = {Plain("question"), Plain("step_2"), Named("id", "item.id"),
                          Plain("status"), Named("first", "options.a")};
  one.Answer(Json::parse(R"([{"question": "q1", "step_2": "s", "options": {"a": 1}},
                             {"question": "q2", "status": "own", "item": {"id": "hostile"}}])"));
  CHECK(one.Table() ==
        Json{{"columns", {"question", "step_2", "id", "status", "first"}},
             {"rows", {{"q1", "s", "a/b", "ok", 1}, {"q2", nullptr, "a/b", "own", nullptr}}}});
  one.output().columns = {Plain("each"), Named("name", "item.name")};
  one.Answer({"x", 2});
  CHECK(one.Table()["rows"] == Json{{"x", "-5"}, {2, "-5"}});
}

TEST_CASE("record: no elements, no rows, but the columns; no list is an error") {
  OneOutput one;
  one.output().csv = TextSource{"out.csv", "c:1"};
  one.output().rows = "made.value";
  one.output().columns = {Plain("question"), Plain("item.*")};
  one.Answer(Json::array());
  Json empty{{"columns", {"question", "id", "name", "n"}}, {"rows", Json::array()}};
  CHECK(one.Table() == empty);
  CHECK(one.Table("failed") == empty);
  one.Answer("text");
  CHECK_FALSE(one.Make());
  one.context["made"] = nullptr;  // skipped
  CHECK(one.Table() == empty);
}

TEST_CASE("record: texts are rendered, paths made safe") {
  OneOutput one;
  one.Answer(1);
  one.output().append = TextSource{"all/{{item.id}}.txt", "c:1"};
  one.output().record = TextSource{"{{item.id}}: {{made.text}}\n", "c:2"};
  auto record = one.Make();
  REQUIRE_MESSAGE(record, record.error());
  CHECK(record->text == "a/b: t\n");
  CHECK(record->path.starts_with("all/"));
  CHECK(record->path.find('/', 4) == std::string::npos);
  one.output().record = TextSource{"{{made.txet}}", "c:2"};
  auto wrong = one.Make();
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().starts_with("c:2"));
  CHECK_FALSE(one.Make("failed"));  // a text says what of a step it needs
}

}  // namespace
}  // namespace muster
