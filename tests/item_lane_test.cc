// Which lane an item's first call goes to, as its config and fields say.

#include "supervisor/item_lane.h"

#include <doctest/doctest.h>

#include "tests/config_testing.h"

namespace muster {
namespace {

// A config whose first step has this model and these further lines; `params` gives model and list.
Config LoadWith(const ConfigFolder& folder, const std::string& model,
                const std::string& step_lines = "") {
  auto config = folder.Load(
      "name: test\n"
      "params: {model: mock/p, flag: false}\n"
      "items: {range: {from: 1, to: 3}}\n"
      "steps:\n"
      "  - id: ask\n" +
      step_lines + "    chat: {model: \"" + model +
      "\", user: hello}\n"
      "  - id: then\n"
      "    chat: {model: mock/later, user: hello}\n");
  REQUIRE_MESSAGE(config, config.error());
  return *std::move(config);
}

// Both ways of asking must agree; "error" where the item has a mistake.
std::string LaneOf(const Config& config, const Json& item) {
  auto lane = LaneOfItem(config, item);
  CHECK(ItemLanes(config).Of(item) == (lane ? *lane : ""));
  return lane ? *lane : "error";
}

TEST_CASE("item lane: provider and model of the first step, whatever the later ones are") {
  ConfigFolder folder;
  Json item{{"id", "1"}, {"model", "mock/i"}, {"provider", "mock"}};
  CHECK(LaneOf(LoadWith(folder, "mock/m"), item) == "mock/m");
  CHECK(LaneOf(LoadWith(folder, "{{params.model}}"), item) == "mock/p");
  CHECK(LaneOf(LoadWith(folder, "{{item.model}}"), item) == "mock/i");
  CHECK(LaneOf(LoadWith(folder, "{{item.provider}}/x/y"), item) == "mock/x/y");
  CHECK(LaneOf(LoadWith(folder, "{{^params.flag}}{{item.model}}{{/params.flag}}"), item) ==
        "mock/i");
}

TEST_CASE("item lane: each item has its own where the model asks for the item") {
  ConfigFolder folder;
  Config config = LoadWith(folder, "mock/{{item.number}}");
  ItemLanes lanes(config);
  for (int number = 1; number <= 3; ++number) {
    CHECK(lanes.Of(Json{{"number", number}}) == fmt::format("mock/{}", number));
  }
}

TEST_CASE("item lane: a model that no item decides is the same for every item") {
  ConfigFolder folder;
  Config config = LoadWith(folder, "{{params.model}}", "    for_each: item.parts\n");
  ItemLanes lanes(config);
  CHECK(lanes.Of(Json{{"parts", {1, 2}}}) == "mock/p");
  CHECK(lanes.Of(Json{{"parts", Json::array()}}) == "mock/p");
  CHECK(lanes.Of(Json{{"id", "without parts"}}) == "mock/p");
}

TEST_CASE("item lane: of a for_each it is that of the first element") {
  ConfigFolder folder;
  Config config = LoadWith(folder, "mock/{{each}}", "    for_each: item.parts\n");
  CHECK(LaneOf(config, Json{{"parts", {"b", "a"}}}) == "mock/b");
  CHECK(LaneOf(config, Json{{"parts", Json::array()}}) == "");
  CHECK(LaneOf(config, Json{{"parts", "text"}}) == "error");
  CHECK(LaneOf(config, Json{{"other", 1}}) == "error");
  config = LoadWith(folder, "{{item.model}}", "    for_each: item.parts\n");
  CHECK(LaneOf(config, Json{{"model", "mock/i"}, {"parts", Json::array()}}) == "mock/i");
}

TEST_CASE("item lane: a mistake of an item is no lane") {
  ConfigFolder folder;
  Config config = LoadWith(folder, "{{item.model}}");
  CHECK(LaneOf(config, Json{{"id", "1"}}) == "error");
  CHECK(LaneOf(config, Json{{"model", "nobody/m"}}) == "error");
  CHECK(LaneOf(config, Json{{"model", ""}}) == "error");
  CHECK(LaneOf(config, Json{{"model", nullptr}}) == "error");
  auto lane = LaneOfItem(config, Json{{"id", "1"}});
  REQUIRE_FALSE(lane);
  CHECK(lane.error().find("model") != std::string::npos);
}

TEST_CASE("item lane: a command and a request have lanes of their own, steps to be skipped none") {
  ConfigFolder folder;
  auto load = [&](const std::string& steps) {
    auto config = folder.Load(
        "name: test\nparams: {flag: false}\nitems: {range: {from: 1, to: 3}}\nproviders: {jobs: "
        "{api: http, base_url: 'http://127.0.0.1:1'}}\nsteps:\n" +
        steps + "  - {id: then, chat: {model: mock/later, user: x}}\n");
    REQUIRE_MESSAGE(config, config.error());
    return *std::move(config);
  };
  Json item{{"id", "1"}, {"number", 1}, {"model", "mock/i"}};
  CHECK(LaneOf(load("  - {id: a, command: {run: ls}}\n"), item) == "command/a");
  CHECK(LaneOf(load("  - {id: a, request: {provider: jobs, post: /x}}\n"), item) == "jobs/a");
  CHECK(LaneOf(load("  - {id: a, reuse: {file: x}, command: {run: ls}}\n"), item) == "");
  CHECK(LaneOf(load("  - {id: a, when: params.flag, command: {run: ls}}\n"), item) == "mock/later");
  CHECK(LaneOf(load("  - {id: a, when: item.number > 1, command: {run: ls}}\n"), item) ==
        "mock/later");
  Config branches = load(
      "  - id: a\n    branches:\n      - {id: b, when: item.number > 1, command: {run: ls}}\n"
      "      - {id: c, chat: {model: '{{item.model}}', user: x}}\n");
  CHECK(LaneOf(branches, item) == "mock/i");
  item["number"] = 2;
  CHECK(LaneOf(branches, item) == "command/b");
  item.erase("number");
  CHECK(LaneOf(branches, item) == "error");
}

TEST_CASE("item lane: a first step that calls no model has none") {
  ConfigFolder folder;
  Config config = LoadWith(folder, "mock/m");
  config.steps.front().chat.reset();
  CHECK(LaneOf(config, Json::object()) == "");
  config.steps.clear();
  CHECK(LaneOf(config, Json::object()) == "");
}

}  // namespace
}  // namespace muster
