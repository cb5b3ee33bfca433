// Plans over all items of a config: what is left of a run, files that two items would write, and
// budgets that cannot be kept.

#include "supervisor/plan/plan.h"

#include "supervisor/inputs.h"
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
  config.items.range = ItemSource::Range{1, 1'200};
  Plan many = PlanOf(config);
  CHECK(many.mistakes.size() == 1'000);
}

TEST_CASE("plan: two items that would write one file are found before anything is paid") {
  for (const char* path : {"all.txt", "{{run.name}}.txt", "a//{{params.x}}", "./all.txt"}) {
    CAPTURE(path);
    Config config = LoadNumbers();
    config.params["x"] = "y";
    config.outputs[0].file->text = path;
    Plan plan = PlanOf(config);
    REQUIRE(plan.mistakes.size() == 4);
    CHECK(plan.mistakes[0].text.starts_with("items 1 and 2 would write one file, "));
    CHECK(plan.mistakes[3].text.starts_with("items 1 and 5 would write one file, "));
    std::string text = MistakesOf(config, {}, plan);
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  }
  Config config = LoadNumbers();
  config.items.fields["kind"] = "{{#item}}{{number}}{{/item}}";
  config.outputs[0].file->text = "{{item.kind}}.txt";
  CHECK(PlanOf(config).mistakes.empty());
}

TEST_CASE("plan: paths are compared as files, across outputs, and within one item") {
  Config config = LoadNumbers();
  config.outputs.push_back(config.outputs[0]);
  config.outputs[1].file->text = "./{{item.kind}}.txt";
  Plan plan = PlanOf(config);
  REQUIRE(plan.mistakes.size() == 5);
  CHECK(plan.mistakes[0].text ==
        "two outputs of item 1 would write one file, ./1.txt; expected a path of its own for each");
  config.outputs[1].file->text = "sub/{{item.kind}}.txt";
  CHECK(PlanOf(config).mistakes.empty());
  config.outputs[1].file->text = "../{{item.kind}}.txt";
  plan = PlanOf(config);
  REQUIRE(plan.mistakes.size() == 5);
  CHECK(plan.mistakes[0].text.find("not a file inside the output folder") != std::string::npos);
}

TEST_CASE("plan: a path that an answer decides is not judged before there is one") {
  Config config = LoadNumbers();
  for (const char* path : {"{{one.text}}.txt", "{{#two}}x{{/two}}.txt", "{{usage.calls}}"}) {
    CAPTURE(path);
    config.outputs[0].file->text = path;
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
  config.outputs[0].file->text = "all.txt";
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

// ---- items that cannot be done ----

TEST_CASE("inputs: items with a mistake do not keep others back; if all have one nothing begins") {
  ConfigFolder folder;
  folder.Write("t/3.txt", "x");
  folder.Write("c.yaml",
               "name: a\nitems: {range: 1..60}\nsteps:\n  - {id: a, chat: {model: mock/m, user: "
               "{file: 't/{{item.id}}.txt'}}}\n");
  TestVariable data("MUSTER_DATA", "configs");
  RunOptions options;
  options.config = folder / "c.yaml";
  auto error = [&] {
    auto inputs = ReadInputs(options);
    return inputs ? "" : inputs.error();
  };
  CHECK_MESSAGE(error().find("no such file") == std::string::npos, "3 can be done");
  options.selection.range = {40, 60};
  std::string all = error();
  CHECK(all.find("t/40.txt: no such file (item 40)\nmuster: ") != std::string::npos);
  CHECK_MESSAGE(std::count(all.begin(), all.end(), '\n') == 5, "a few are enough");
  CHECK(all.find("none of the first 21 items can be done") != std::string::npos);
  options.selection.range = {4, 60};
  CHECK(error().find("none of the first 50 items can be done") != std::string::npos);
  auto config = LoadConfig(options.config, {});
  REQUIRE(config);
  Plan plan = PlanOf(*config);
  CHECK_MESSAGE(plan.mistakes.size() == 59, "check lists them all");
}

// ---- steps that are no chats ----

const char* const kSolids =
    "name: solids\n"
    "items: {range: 1..3}\n"
    "params: {make: true, tool: no-such-program}\n"
    "providers:\n"
    "  p: {api: openai-chat, base_url: 'http://127.0.0.1:1', prices: {m: {input: 1, output: 10}}}\n"
    "  jobs: {api: http, base_url: 'http://127.0.0.1:2/v1'}\n"
    "steps:\n"
    "  - {id: solid, when: params.make, reuse: {file: 'models/{{item.id}}.glb'},\n"
    "     request: {provider: jobs, post: /solids, cost_per_call: 0.1}}\n"
    "  - {id: views, command: {run: ['{{params.tool}}', '{{item.id}}', a b], env: LANG}}\n"
    "  - {id: ask, when: views.exit_code == 0, chat: {model: p/m, user: x, max_tokens: 10}}\n";

struct Solids {
  explicit Solids(const std::string& from = "", const std::string& to = "") {
    std::string yaml = kSolids;
    if (!from.empty()) yaml.replace(yaml.find(from), from.size(), to);
    auto loaded = folder.Load(yaml);
    REQUIRE_MESSAGE(loaded, loaded.error());
    config = *std::move(loaded);
  }
  ConfigFolder folder;
  Config config;
};

TEST_CASE(
    "plan: commands and requests cost what the config says, less those a file makes needless") {
  Solids solids;
  Plan plan = PlanOf(solids.config);
  REQUIRE(plan.estimate.steps.size() == 3);
  const StepEstimate &solid = plan.estimate.steps[0], &views = plan.estimate.steps[1];
  CHECK(solid.kind == CallKind::kRequest);
  CHECK(solid.calls == 3);
  CHECK(solid.cost.low == 300'000'000'000);
  CHECK(solid.cost.expected == 300'000'000'000);
  CHECK(solid.cost.worst == 300'000'000'000);
  CHECK(views.kind == CallKind::kCommand);
  CHECK(views.cost.worst == 0);
  const StepEstimate& ask = plan.estimate.steps[2];
  CHECK(ask.maybe == 3);
  CHECK_MESSAGE(ask.cost.low == 0, "an answer decides whether they are made");
  CHECK(*ask.cost.expected > 0);
  CHECK(plan.estimate.calls == 9);
  solids.folder.Write("models/2.glb", "x");
  CHECK(PlanOf(solids.config).estimate.steps[0].cost.expected == 200'000'000'000);
  Solids unknown(", cost_per_call: 0.1", "");
  Plan unpriced = PlanOf(unknown.config);
  CHECK_FALSE(unpriced.estimate.cost.expected);
  CHECK(PlanPage(unknown.config, {}, unpriced, 1).find("a request has no cost_per_call") !=
        std::string::npos);
}

TEST_CASE("plan page: programs and hosts are named before anything is run or sent") {
  Solids solids;
  Plan plan = PlanOf(solids.config);
  std::string page = PlanPage(solids.config, {}, plan, 1);
  CHECK(page.find("  runs       views: no-such-program {{item.id}} 'a b'\n"
                  "             note: it is not on $PATH here\n"
                  "             sees LANG\n") != std::string::npos);
  CHECK(page.find("  sends      solid: POST http://127.0.0.1:2/v1/solids\n") != std::string::npos);
  CHECK(page.find("an earlier step's answer wants them") != std::string::npos);
  CHECK(FirstPromptPage(plan).find("step ask") != std::string::npos);
  solids.config.params["make"] = false;
  page = PlanPage(solids.config, {}, PlanOf(solids.config), 1);
  CHECK_MESSAGE(page.find("sends") == std::string::npos, "no item does it");
}

TEST_CASE("budget: a request needs a cost_per_call, and is told where it stands") {
  Solids solids(", cost_per_call: 0.1", "");
  solids.config.budget.max_cost = 1;
  auto checked = CheckBudget(solids.config, {});
  REQUIRE_FALSE(checked);
  CHECK(checked.error().find("c.yaml:8:5: step solid: what a request to jobs costs is not known; "
                             "give the request a cost_per_call") != std::string::npos);
  CHECK(MistakesOf(solids.config, {}, PlanOf(solids.config)).find("cost_per_call") !=
        std::string::npos);
  solids.config.params["make"] = false;
  CHECK_MESSAGE(CheckBudget(solids.config, {}), "no item makes one");
  Solids priced;
  priced.config.budget.max_cost = 1;
  CHECK(CheckBudget(priced.config, {}));
}

TEST_CASE("plan: rounds to spare count in the worst case alone, branches side by side in time") {
  ConfigFolder folder;
  auto config = folder.Load(
      "name: a\nitems: {range: 1..2}\nparams: {parallel: true}\nproviders:\n"
      "  p: {api: openai-chat, base_url: 'http://127.0.0.1:1', prices: {m: {input: 1, output: "
      "10}}}\n"
      "steps:\n"
      "  - {id: r, repeat: {total: 2, batch: 1, most: 5}, parse: {line: x}, chat: {model: p/m, "
      "user: x, max_tokens: 10}}\n"
      "  - id: both\n    parallel: params.parallel\n    branches:\n"
      "      - {id: a, chat: {model: p/m, user: x, max_tokens: 10}}\n"
      "      - {id: b, chat: {model: p/m, user: x, max_tokens: 10}}\n");
  REQUIRE_MESSAGE(config, config.error());
  Plan plan = PlanOf(*config);
  const StepEstimate &rounds = plan.estimate.steps[0], &one = plan.estimate.steps[1];
  CHECK(rounds.calls == 4);
  CHECK(rounds.spare == 6);
  CHECK(*rounds.cost.expected == 2 * *one.cost.expected);
  CHECK(*rounds.cost.worst == 5 * *one.cost.worst);
  CHECK(PlanPage(*config, {}, plan, 1).find("up to 6 calls more") != std::string::npos);
  int64_t each = one.ms / 2;
  CHECK(plan.estimate.time.time.count() == 2 * 3 * each);
  config->params["parallel"] = false;
  CHECK(PlanOf(*config).estimate.time.time.count() == 2 * 4 * each);
}

TEST_CASE("plan page: what a model is known not to take is a warning, with the items it is about") {
  ConfigFolder folder;
  folder.Write("prices.json", R"({"source": "s", "date": "d", "unit": "picodollars per token",
      "vendors": {"v": {"m": {"input": 1, "output": 1, "max_input": 100, "max_output": 50,
                              "supports": ["reasoning"]}}}})");
  auto prices = PriceTable::Load(folder / "prices.json");
  REQUIRE_MESSAGE(prices, prices.error());
  auto config = folder.Load(
      "name: a\nitems: {range: 1..3, fields: {text: '{{#item}}" + std::string(500, 'x') +
      "{{/item}}'}}\nproviders:\n"
      "  p: {api: openai-chat, base_url: 'http://127.0.0.1:1', price_vendor: v}\n"
      "steps:\n"
      "  - {id: list, command: {run: ls}}\n"
      "  - {id: r, repeat: {most: 2}, chat: {model: p/m, user: '{{item.text}}', images: "
      "[list.files], max_tokens: 51}}\n");
  REQUIRE_MESSAGE(config, config.error());
  auto plan = MakePlan(*config, *prices, {}, 1);
  REQUIRE_MESSAGE(plan, plan.error());
  std::string page = PlanPage(*config, *prices, *plan, 1);
  for (size_t at; (at = page.find("\n             ")) != std::string::npos;) {
    page.replace(at, 14, " ");
  }
  CHECK(page.find("  warning    r: over the context window of p/m (100 tokens): 3 items, first 1, "
                  "the longest about 125 tokens\n") != std::string::npos);
  CHECK(page.find("  warning    r: max_tokens is 51, but p/m answers with at most 50 tokens\n") !=
        std::string::npos);
  CHECK(page.find("p/m is not known to take any") != std::string::npos);
}

}  // namespace
}  // namespace muster
