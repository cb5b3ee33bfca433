// Plans over all items of a config: what is left of a run, files that two items would write, and
// budgets that cannot be kept.

#include "supervisor/plan/plan.h"

#include "supervisor/plan/budget_check.h"
#include "supervisor/plan/plan_page.h"
#include "tests/config_testing.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

const char* const kNumbers =
    "name: numbers\n"
    "items: {range: 1..5, fields: {kind: \"{{item.number}}\"}}\n"
    "providers:\n"
    "  p: {api: openai-chat, base_url: 'http://127.0.0.1:1',\n"
    "      prices: {m: {input: 1, output: 10}, n: {input: 1, output: 10}}}\n"
    "steps:\n"
    "  - {id: one, chat: {model: p/m, user: \"{{item.kind}}\", max_tokens: 10}}\n"
    "  - {id: two, chat: {model: p/m, user: \"{{one.text}}\", max_tokens: 10}}\n"
    "outputs:\n"
    "  - {file: \"{{item.id}}.txt\", text: \"{{two.text}}\"}\n";

Config LoadNumbers(const std::string& from = "", const std::string& to = "") {
  ConfigFolder folder;
  std::string yaml = kNumbers;
  if (!from.empty()) yaml.replace(yaml.find(from), from.size(), to);
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config, config.error());
  return *std::move(config);
}

Plan PlanOf(const Config& config, const PlanScope& scope = {}) {
  auto plan = MakePlan(config, {}, {}, 1, scope);
  REQUIRE_MESSAGE(plan, plan.error());
  return *std::move(plan);
}

TEST_CASE("plan: every item is rehearsed and counted, the first one kept to be shown") {
  Plan plan = PlanOf(LoadNumbers());
  CHECK(plan.estimate.items == 5);
  CHECK(plan.estimate.calls == 10);
  CHECK(plan.first_id == "1");
  REQUIRE(plan.first);
  CHECK(plan.first->calls[0].user == "1");
  CHECK(plan.mistakes.empty());
}

TEST_CASE("plan: a mistake of many items is told once, many mistakes are cut off") {
  Plan same = PlanOf(LoadNumbers("user: \"{{item.kind}}\"", "user: \"{{item.knid}}\""));
  REQUIRE(same.mistakes.size() == 1);
  CHECK(same.mistakes[0].items == 5);
  CHECK(same.mistakes[0].first_item == "1");
  Config config =
      LoadNumbers("model: p/m, user: \"{{item.kind}}\"", "model: \"{{item.kind}}/m\", user: x");
  config.items.range = ItemSource::Range{1, 100};
  Plan many = PlanOf(config);
  CHECK(many.mistakes.size() == 20);
}

TEST_CASE("plan: two items that would write one file are found before anything is paid") {
  for (const char* path : {"all.txt", "{{run.name}}.txt", "a//{{params.x}}", "./all.txt"}) {
    CAPTURE(path);
    Config config = LoadNumbers();
    config.params["x"] = "y";
    config.outputs[0].path.text = path;
    Plan plan = PlanOf(config);
    REQUIRE(plan.mistakes.size() == 4);
    CHECK(plan.mistakes[0].text.starts_with("items 1 and 2 would write one file, "));
    CHECK(plan.mistakes[3].text.starts_with("items 1 and 5 would write one file, "));
    std::string text = MistakesOf(config, {}, plan);
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  }
  Config config = LoadNumbers();
  config.items.fields["kind"] = "{{#item}}{{number}}{{/item}}";
  config.outputs[0].path.text = "{{item.kind}}.txt";
  CHECK(PlanOf(config).mistakes.empty());
}

TEST_CASE("plan: paths are compared as files, across outputs, and within one item") {
  Config config = LoadNumbers();
  config.outputs = {{{"{{item.id}}.txt", "c:1"}, {"x", "c:1"}},
                    {{"./{{item.kind}}.txt", "c:2"}, {"y", "c:2"}}};
  Plan plan = PlanOf(config);
  REQUIRE(plan.mistakes.size() == 5);
  CHECK(plan.mistakes[0].text ==
        "two outputs of item 1 would write one file, ./1.txt; expected a path of its own for each");
  config.outputs[1].path.text = "sub/{{item.kind}}.txt";
  CHECK(PlanOf(config).mistakes.empty());
  config.outputs[1].path.text = "{{params.up}}/{{item.kind}}.txt";
  config.params["up"] = "..";
  plan = PlanOf(config);
  REQUIRE(plan.mistakes.size() == 5);
  CHECK(plan.mistakes[0].text.find("not a file inside the output folder") != std::string::npos);
}

TEST_CASE("plan: a path that an answer decides is not judged before there is one") {
  Config config = LoadNumbers();
  for (const char* path : {"{{one.text}}.txt", "{{#two}}x{{/two}}.txt", "{{usage.calls}}"}) {
    CAPTURE(path);
    config.outputs[0].path.text = path;
    CHECK(PlanOf(config).mistakes.empty());
  }
}

TEST_CASE("plan: a selection takes what a run would take, and only these clash") {
  Config config = LoadNumbers();
  auto items = [&](const Selection& selection) {
    return PlanOf(config, {TakesSelected(config, selection), nullptr}).estimate.items;
  };
  Selection selection;
  CHECK(items(selection) == 5);
  selection.limit = 3;
  CHECK(items(selection) == 3);
  selection.range = {3, 9};
  CHECK(items(selection) == 3);
  selection.only = {"4", "1"};
  CHECK(items(selection) == 1);
  selection = {};
  selection.limit = 1;
  config.outputs[0].path.text = "all.txt";
  CHECK(PlanOf(config, {TakesSelected(config, selection), nullptr}).mistakes.empty());
  selection.limit = 2;
  Plan two = PlanOf(config, {TakesSelected(config, selection), nullptr});
  CHECK_MESSAGE(two.mistakes.size() == 1, "the second pass takes the same items");
}

TEST_CASE("plan: what is left of a run leaves out done items and answered calls") {
  TempDir dir;
  Config config = LoadNumbers();
  Ledger ledger = OpenAt(dir / "l.sqlite");
  for (int64_t n = 1; n <= 4; ++n) CommitAll(ledger, MakeItem(n, std::to_string(n)));
  record::TryStarted started = StartTry(1, "2");
  started.step = "one", started.provider = "p", started.model = "m";
  CommitAll(ledger, MakeStatus("1", ItemStatus::kDone), MakeStatus("3", ItemStatus::kFailed),
            MakeStatus("4", ItemStatus::kAbsent), started, Answered(1, "x", 77, {4, 0, 0, 6, 0}));
  auto measured = MeasuredLedger::Open(dir / "l.sqlite");
  REQUIRE_MESSAGE(measured, measured.error());
  auto left = [&](const LeftOver& how) {
    auto plan = PlanWhatIsLeft(config, {}, ledger.view(), *measured, how, 1);
    REQUIRE_MESSAGE(plan, plan.error());
    CHECK(plan->spent == 77);
    return plan->estimate;
  };
  Estimate usual = left({});
  CHECK_MESSAGE(usual.items == 3, "2 is begun, 4 was absent and is back, 5 is new");
  CHECK(usual.calls == 5);
  CHECK(usual.replayed == 1);
  CHECK(usual.measured_items == 1);
  CHECK_MESSAGE(usual.steps[0].cost.expected == 2 * 77, "as measured on the one call");
  CHECK(left({{}, true, false}).items == 4);
  Estimate redo = left({{}, false, true});
  CHECK(redo.items == 5);
  CHECK_MESSAGE(redo.replayed == 0, "nobody knows which requests changed");
  LeftOver first;
  first.selection.limit = 1;
  CHECK_MESSAGE(left(first).items == 0, "the first item is done");
}

TEST_CASE("budget: every model needs a price and a bound, and all that have none are told") {
  PriceTable prices;
  Config config = LoadNumbers();
  CHECK_FALSE(HasBudget(config));
  config.steps[0].chat->model.text = "p/unpriced";
  CHECK_MESSAGE(CheckBudget(config, prices), "without a budget nothing has to be known");
  config.budget.max_cost = 0;
  CHECK(HasBudget(config));
  auto checked = CheckBudget(config, prices);
  REQUIRE_FALSE(checked);
  CHECK(checked.error() ==
        "a budget needs to know what every call can cost at most:\n"
        "  step one: p/unpriced has no known price; give it one under providers.p.prices");
  config.steps[1].chat->options.max_tokens.reset();
  checked = CheckBudget(config, prices);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().ends_with(
      "\n  step two: nobody says how long an answer of p/m can be; set max_tokens"));
  config.steps[0].chat->model.text = "p/m";
  config.steps[1].chat->options.max_tokens = 5;
  CHECK(CheckBudget(config, prices));
}

TEST_CASE("budget: any ceiling counts, and models are looked at in every item") {
  PriceTable prices;
  Config config = LoadNumbers();
  config.steps[0].chat->model.text = "p/{{item.kind}}";
  config.providers.at("p").prices["1"] = config.providers.at("p").prices["m"];
  for (int which = 0; which < 3; ++which) {
    Config own = config;
    if (which == 0) own.budget.max_cost = 1;
    if (which == 1) own.budget.max_cost_per_item = 1;
    if (which == 2) own.providers.at("p").max_cost = 1;
    auto checked = CheckBudget(own, prices);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().find("p/1 ") == std::string::npos);
    for (const char* model : {"p/2 ", "p/3 ", "p/4 ", "p/5 "}) {
      CHECK(checked.error().find(model) != std::string::npos);
    }
    CHECK(MistakesOf(own, prices, PlanOf(own)).find("budget: step one: p/2 has no known price") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace muster
