#include "supervisor/plan/estimate_page.h"

#include "common/text.h"
#include "supervisor/plan/plan_page.h"
#include "tests/estimate_testing.h"
#include "tests/image_samples.h"

namespace muster {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The page without the breaks inside its paragraphs.
std::string Flat(std::string page) {
  const std::string broken = "\n             ";
  for (size_t at; (at = page.find(broken)) != std::string::npos;) {
    page.replace(at, broken.size(), " ");
  }
  return page;
}

std::vector<std::string> LinesOf(const std::string& page) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end; (end = page.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(page.substr(begin, end - begin));
  }
  CHECK_MESSAGE(begin == page.size(), "a page ends with a line's end");
  return lines;
}

void CheckLayout(const std::string& page, int columns) {
  for (const std::string& line : LinesOf(page)) {
    CAPTURE(line);
    CHECK(ColumnsOf(line) <= columns);
    CHECK(VisibleText(line) == line);
    CHECK_FALSE(line.ends_with(' '));
  }
}

std::string PageOf(const Config& config, int items = 1) {
  Plan plan;
  plan.estimate = EstimateTrees(config, items);
  return PlanPage(config, {}, plan, 4);
}

TEST_CASE("estimate page: a line a step, a line for all, aligned") {
  Estimate estimate;
  estimate.steps.resize(2);
  estimate.steps[0].what = {"chunks", "openai", "gpt-5.1"};
  estimate.steps[0].calls = 203, estimate.steps[0].input = 1'213'000;
  estimate.steps[0].output = 202'600;
  estimate.steps[0].cost = {1'200'000'000'000, 12'400'000'000'000, 88'100'000'000'000, 0};
  estimate.steps[1] = estimate.steps[0];
  estimate.steps[1].step_index = 1, estimate.steps[1].what.step = "transcript";
  estimate.steps[1].calls = 29, estimate.steps[1].input = 99'999;
  estimate.steps[1].cost.worst.reset();
  estimate.calls = 232, estimate.input = 1'312'999, estimate.output = 405'200;
  estimate.cost = estimate.steps[1].cost;
  CHECK(EstimateTable(estimate) ==
        "  step        calls  tokens in   out    low  expected    worst\n"
        "  chunks        203      1.21M  203k  $1.20    $12.40   $88.10\n"
        "  transcript     29     99,999  203k  $1.20    $12.40  unknown\n"
        "  all           232      1.31M  405k  $1.20    $12.40  unknown\n");
}

TEST_CASE("estimate page: a step with several models has a line for each") {
  Config config =
      LoadTrees("whole\n    chat: {model: p/m", "whole\n    chat: {model: \"p/{{item.id}}\"");
  config.providers.at("p").prices["a"] = config.providers.at("p").prices["m"];
  PriceTable prices;
  Estimator estimator(config, prices, {}, 1);
  for (const char* id : {"a", "b"}) {
    Json item = kTreeItem;
    item["id"] = id;
    estimator.Add(*Rehearse(config, item));
  }
  Estimate estimate = estimator.Finish();
  auto lines = LinesOf(EstimateTable(estimate));
  REQUIRE(lines.size() == 6);
  CHECK(lines[2] == "  whole");
  CHECK(lines[3].starts_with("    p/a "));
  CHECK(lines[4].starts_with("    p/b "));
  CHECK(Has(lines[4], "unknown"));
  CHECK(Has(EstimateHints(config, {}, estimate), "p/b has no known price"));
}

TEST_CASE("estimate page: numbers of any size stay short") {
  Estimate estimate;
  estimate.calls = 999'499, estimate.input = 999'500'000, estimate.output = 12'345'678'901;
  std::string page = EstimateTable(estimate);
  CHECK(Has(page, "999k"));
  CHECK(Has(page, "1.00G"));
  CHECK(Has(page, "12.3G"));
  CheckLayout(page, 80);
}

TEST_CASE("estimate page: times as good as estimates are") {
  auto about = [](int64_t ms) { return AboutTime(Milliseconds(ms)); };
  CHECK(about(0) == "less than a second");
  CHECK(about(1'400) == "about 1 s");
  CHECK(about(99'000) == "about 99 s");
  CHECK(about(100'000) == "about 2 min");
  CHECK(about(720'000) == "about 12 min");
  CHECK(about(12'600'000) == "about 3.5 h");
  CHECK(about(200'000'000) == "about 2.3 days");
}

TEST_CASE("plan page: fits a terminal, names what holds it and what is guessed") {
  std::string page = PageOf(LoadTrees("p: {api", "p: {limits: {requests_per_minute: 1}, api"), 3);
  CheckLayout(page, 80);
  CHECK(Has(page, "\n  limits     p: 1 request a minute\n"));
  CHECK(Has(page, "\n  budget     none; --max-cost or budget.max_cost sets one\n"));
  CHECK(Has(Flat(page), "(tokens: 1,000 of parts, 50 of whole); low: 100 tokens"));
  // 9 calls, one a minute: the last goes after 8 minutes.
  CHECK(Has(page, "  time       about 8 min, held by p's 1 request a minute\n"));
  CHECK(Has(page, "p · openai-chat · no key needed\n             http://127.0.0.1:1 (config)\n"));
}

TEST_CASE("plan page: asking again is told apart, and unknown costs are named") {
  std::string again = PageOf(LoadTrees("    chat: {model: p/m, system",
                                       "    ask_again: 1\n    chat: {model: p/m, system"));
  CheckLayout(again, 80);
  // Twice parts (2 × $0.051019), once whole ($0.041514): $0.143552 and, asked again, $0.24559.
  CHECK(Has(again, "at most $0.1436"));
  CHECK(Has(again, "$0.2456"));
  std::string unknown = PageOf(LoadTrees("prices: {m:", "prices: {n:"));
  CheckLayout(unknown, 80);
  CHECK(Has(unknown, "  cost       unknown: a model has no price\n"));
  CHECK(Has(unknown, "step parts: p/m has no known price; give it one under\n"));
}

TEST_CASE("plan page: a missing max_tokens is told with what a smaller one would reserve") {
  ConfigFolder folder;
  folder.Write("prices.json", R"({"source": "s", "date": "d", "unit": "picodollars per token",
      "vendors": {"v": {"m": {"input": 1250000, "output": 10000000, "max_output": 128000}}}})");
  auto prices = PriceTable::Load(folder / "prices.json");
  REQUIRE_MESSAGE(prices, prices.error());
  Config config = LoadTrees("prices: {m: {input: 1, output: 10}}", "price_vendor: v");
  config.steps[0].chat->options.max_tokens.reset();
  Estimator estimator(config, *prices, {}, 1);
  estimator.Add(*Rehearse(config, kTreeItem));
  std::string hints = EstimateHints(config, *prices, estimator.Finish());
  CHECK(hints ==
        "  hint       parts: no max_tokens, so each call reserves up to 128,000 tokens of\n"
        "             answer ($1.28); max_tokens: 4000 would reserve $0.0400\n");
}

TEST_CASE("plan page: a budget says what it holds, and what it would never let go") {
  Config config = LoadTrees();
  config.budget = {100'000'000'000, 50'000'000'000, 0.5};
  config.providers.at("p").max_cost = 7'000'000'000'000;
  std::string page = PageOf(config);
  CheckLayout(page, 80);
  page = Flat(page);
  CHECK(Has(page,
            "at most $0.1000, a warning at 50 %, at most $0.0500 an item, at most $7.00 for p"));
  // A call of parts reserves $0.051019, one of whole $0.009514.
  CHECK(Has(page, "parts: a call reserves up to $0.0510, more than the budget of $0.0500"));
  CHECK_FALSE(Has(page, "whole: a call"));
  CHECK_FALSE(Has(page, "would stop"));
  config.budget = {1, {}, 0.8};
  CHECK(Has(Flat(PageOf(config)), "the expected cost is more than is left of the budget"));
}

TEST_CASE("plan page: metrics beyond this machine get a note, on it none") {
  Config config = LoadTrees();
  CHECK_FALSE(Has(PageOf(config), "metrics"));
  for (const char* near : {"localhost:1", "127.0.0.1:9", "[::1]:9"}) {
    config.metrics = near;
    CHECK(Has(PageOf(config), fmt::format("  metrics    served at {}\n", near)));
  }
  for (const char* far : {"0.0.0.0:9", "[::]:9", "example.org:9"}) {
    config.metrics = far;
    CHECK(Has(Flat(PageOf(config)), "other machines can read them too"));
  }
}

TEST_CASE("plan page: what others wrote cannot reach the terminal") {
  const std::string evil = "m\x1b]0;x\x07\xe2\x80\xae\nnew line";
  Config config = LoadTrees();
  for (Step& step : config.steps) step.chat->model.text = "p/" + evil;
  config.providers.at("p").models[evil].limits.concurrency = 3;
  config.providers.at("p").base_url = "http://127.0.0.1/" + evil;
  config.run_dir = "/runs/" + evil;
  config.metrics = evil;
  std::string page = PageOf(config);
  CHECK(Has(page, "\\x1b"));
  for (const std::string& line : LinesOf(page)) CHECK(VisibleText(line) == line);
  Plan plan;
  plan.first = *Rehearse(config, kTreeItem);
  plan.first_id = evil;
  for (const std::string& line : LinesOf(FirstPromptPage(plan))) CHECK(VisibleText(line) == line);
}

TEST_CASE("first prompt: its pictures are listed with size and tokens") {
  ConfigFolder pictures;
  pictures.Write("a.png", PngOf(1'000, 1'000));
  pictures.Write("b.png", PngOf(750, 100));
  Config config = LoadTrees("p/m, system", "p/claude-x, images: [item.images], system");
  Json item = kTreeItem;
  item["images"] = {pictures / "a.png", pictures / "b.png"};
  Plan plan;
  plan.first = *Rehearse(config, item);
  std::string page = FirstPromptPage(plan);
  CHECK(Has(page, "--- images: 2, 66 bytes, about 1,434 tokens, at most "));
  CHECK(Has(page, "/a.png: image/png, 1000 × 1000, 33 bytes, about 1,334 tokens\n"));
  CHECK(Has(page, "/b.png: image/png, 750 × 100, 33 bytes, about 100 tokens\n---\n"));
  plan.first->calls[0].images.clear();
  CHECK_FALSE(Has(FirstPromptPage(plan), "images"));
  plan.first->calls[0].more_images = true;
  CHECK(Has(FirstPromptPage(plan), "--- images\nand those that an earlier step will name\n"));
}

TEST_CASE("plan page: pictures are named among what is guessed, and where they have no bound") {
  Estimate estimate;
  estimate.steps.resize(1);
  estimate.steps[0].what = {"look", "p", "m"};
  estimate.steps[0].calls = 1, estimate.steps[0].images = 1;
  Config config = LoadTrees();
  std::string notes = Flat(EstimateNotes(config, {}, estimate));
  CHECK(Has(notes, "pictures by their size"));
  CHECK(Has(notes, "pictures at their most"));
  estimate.steps[0].more_images = true, estimate.cost.worst.reset();
  notes = Flat(EstimateNotes(config, {}, estimate));
  CHECK(Has(notes, "not to be bounded: an earlier step names pictures of look"));
  CHECK_FALSE(Has(PageOf(config), "pictures"));
}

TEST_CASE("projection: a sentence about what is left") {
  Estimate left;
  CHECK(ProjectionText(left) == "nothing is left to do");
  left.items = 97, left.calls = 100;
  left.cost = {0, 12'400'000'000'000, 88'000'000'000'000, 0};
  left.time.time = std::chrono::minutes(25);
  CHECK(ProjectionText(left) == "the other 97 items: about $12.40 (worst $88.00), about 25 min");
  left.items = 1, left.cost.worst.reset();
  CHECK(ProjectionText(left) ==
        "the other 1 item: about $12.40 (worst not to be bounded), about 25 min");
  left.cost.expected.reset();
  CHECK(ProjectionText(left).starts_with("the other 1 item: cost unknown"));
}

TEST_CASE("text beside a label is broken into lines below it") {
  CHECK(LabelledText("a", "b") == "  a          b\n");
  CHECK(LabelledText("a", "b\nc") == "  a          b\n             c\n");
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word ";
  std::string page = LabelledText("label", words);
  CHECK(LinesOf(page).size() == 4);
  CheckLayout(page, 80);
  std::string lone = LabelledText("url", std::string(100, 'x') + " end");
  CHECK(lone == "  url        " + std::string(100, 'x') + "\n             end\n");
}

}  // namespace
}  // namespace muster
