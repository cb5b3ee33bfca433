#include "supervisor/plan/estimate.h"

#include "tests/estimate_testing.h"
#include "tests/image_samples.h"

namespace muster {
namespace {

TEST_CASE("guess: an answer is as long as verbosity and effort say, never longer than it may be") {
  struct Row {
    const char *effort, *verbosity;
    std::optional<int64_t> max_tokens;
    int64_t low, expected, text;
  };
  for (const Row& row : {Row{"", "", {}, 100, 1'000, 1'000},
                         {"none", "", {}, 100, 1'000, 1'000},
                         {"minimal", "", {}, 100, 1'100, 1'000},
                         {"low", "low", {}, 100, 500 + 500, 500},
                         {"medium", "", {}, 100, 1'000 + 2'000, 1'000},
                         {"high", "high", {}, 100, 2'000 + 6'000, 2'000},
                         {"max", "", {}, 100, 1'000 + 24'000, 1'000},
                         {"high", "high", 3'000, 100, 3'000, 2'000},
                         {"", "", 800, 100, 800, 800},
                         {"", "", 50, 50, 50, 50}}) {
    CAPTURE(row.effort);
    CAPTURE(row.verbosity);
    ChatStep chat;
    chat.options.reasoning_effort = row.effort, chat.options.verbosity = row.verbosity;
    chat.options.max_tokens = row.max_tokens;
    AnswerGuess guess = GuessAnswer(chat.options, nullptr);
    CHECK(guess.low == row.low);
    CHECK(guess.expected == row.expected);
    CHECK(guess.expected_text == row.text);
    CHECK(guess.most == row.max_tokens);
  }
  ModelPrice price;
  price.max_output = 700;
  CHECK(GuessAnswer(ChatOptions(), &price).most == 700);
  CHECK(GuessAnswer(ChatOptions(), &price).expected == 700);
  CHECK(GuessLatency(0) == Milliseconds(1'000));
  CHECK(GuessLatency(60) == Milliseconds(3'000));
  CHECK(RoomyMaxTokens(1'000) == 4'000);
  CHECK(RoomyMaxTokens(1) == 1'000);
  CHECK(RoomyMaxTokens(251) == 2'000);
}

TEST_CASE("estimate: three cases of cost, step by step, by hand") {
  Estimate estimate = EstimateTrees(LoadTrees());
  REQUIRE(estimate.steps.size() == 2);
  CHECK(estimate.items == 1);
  CHECK(estimate.calls == 3);
  CHECK(estimate.measured_items == 0);

  // parts: "On trees" and "oak" are 11 bytes, 3 tokens of 4; answers 100, 1,000 and 5,000.
  const StepEstimate& parts = estimate.steps[0];
  CHECK(parts.what == StepModel{"parts", "p", "m"});
  CHECK(parts.calls == 2);
  CHECK(parts.input == 2 * 3);
  CHECK(parts.output == 2 * 1'000);
  CHECK(parts.cost.low == 2 * (3 * kIn + 100 * kOut));
  CHECK(parts.cost.expected == 2 * (3 * kIn + 1'000 * kOut));
  // As JSON: "On trees" 10, "oak" 5, no mock text 2, no extra fields 2, and 1,000 around them.
  CHECK(parts.cost.worst == 2 * (1'019 * kIn + 5'000 * kOut));
  CHECK(parts.reserve == 1'019 * kIn + 5'000 * kOut);

  // whole: "1: 2: " is 6 bytes; two answers stand in it, 4 bytes a token.
  const StepEstimate& whole = estimate.steps[1];
  CHECK(whole.calls == 1);
  CHECK(whole.input == (6 + 2 * 1'000 * 4 + 3) / 4);
  CHECK(whole.output == 50);
  CHECK(whole.cost.low == (6 + 2 * 100 * 4 + 3) / 4 * kIn + 50 * kOut);
  CHECK(whole.cost.expected == (6 + 2 * 1'000 * 4 + 3) / 4 * kIn + 50 * kOut);
  CHECK(whole.cost.worst == (8 + 2 + 2 + 2 + 1'000 + 2 * 5'000 * 4) * kIn + 50 * kOut);
  CHECK(whole.reserve == (8 + 2 + 2 + 2 + 1'000 + 2 * 1'000 * 4) * kIn + 50 * kOut);

  CHECK(estimate.input == parts.input + whole.input);
  CHECK(estimate.output == 2'050);
  CHECK(estimate.cost.low == *parts.cost.low + *whole.cost.low);
  CHECK(estimate.cost.expected == *parts.cost.expected + *whole.cost.expected);
  CHECK(estimate.cost.worst == *parts.cost.worst + *whole.cost.worst);
  CHECK_MESSAGE(estimate.cost.asked_again == estimate.cost.worst, "no step asks again");
}

TEST_CASE("estimate: items add up, and nothing is one of them") {
  Estimate one = EstimateTrees(LoadTrees()), five = EstimateTrees(LoadTrees(), 5);
  CHECK(five.items == 5);
  CHECK(five.calls == 15);
  CHECK(five.cost.expected == 5 * *one.cost.expected);
  CHECK(five.cost.worst == 5 * *one.cost.worst);
  CHECK_MESSAGE(five.steps[0].reserve == one.steps[0].reserve, "of a single call");
  Estimate none = EstimateTrees(LoadTrees(), 0);
  CHECK(none.calls == 0);
  CHECK(none.steps.empty());
  CHECK(none.cost.worst == 0);
  CHECK(none.time.held_by.empty());
}

TEST_CASE("estimate: asking again is told apart from the worst of asking once") {
  Config config =
      LoadTrees("    chat: {model: p/m, system", "    ask_again: 3\n    chat: {model: p/m, system");
  Estimate estimate = EstimateTrees(config);
  const CostCases& parts = estimate.steps[0].cost;
  CHECK(parts.worst == 2 * (1'019 * kIn + 5'000 * kOut));
  CHECK(parts.asked_again == 4 * *parts.worst);
  CHECK(estimate.steps[1].cost.asked_again == estimate.steps[1].cost.worst);

  config.steps[0].say_why = true;  // the next asks are up to 2,500 bytes longer
  Estimate why = EstimateTrees(config);
  CHECK(why.steps[0].cost.worst == parts.worst);
  CHECK(why.steps[0].cost.asked_again == *parts.asked_again + 2 * 3 * 2'500 * kIn);
}

TEST_CASE("estimate: reasoning costs, but does not stand in later prompts") {
  Config config = LoadTrees("max_tokens: 5000", "max_tokens: 5000, reasoning_effort: medium");
  Estimate estimate = EstimateTrees(config);
  CHECK(estimate.steps[0].output == 2 * 3'000);
  CHECK(estimate.steps[1].input == (6 + 2 * 1'000 * 4 + 3) / 4);
}

TEST_CASE("estimate: a dearer tier holds for single long calls, not because there are many") {
  // As a file of prices: above 5 input tokens twice as dear. parts has 3 a call, whole 2,002.
  ConfigFolder folder;
  folder.Write("prices.json", R"({"source": "s", "date": "d", "unit": "picodollars per token",
      "vendors": {"v": {"m": {"input": 1000000, "output": 10000000,
          "above": [{"input_tokens_over": 5, "input": 2000000, "output": 20000000}]}}}})");
  auto prices = PriceTable::Load(folder / "prices.json");
  REQUIRE_MESSAGE(prices, prices.error());
  Config config = LoadTrees("prices: {m: {input: 1, output: 10}}", "price_vendor: v");
  auto rehearsal = Rehearse(config, kTreeItem);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  Estimator estimator(config, *prices, {}, 1);
  for (int i = 0; i < 100; ++i) estimator.Add(*rehearsal);
  Estimate estimate = estimator.Finish();
  CHECK(estimate.steps[0].cost.expected == 200 * (3 * kIn + 1'000 * kOut));
  CHECK(estimate.steps[1].cost.expected == 100 * (2'002 * 2 * kIn + 50 * 2 * kOut));
}

TEST_CASE("estimate: without a price the cost is unknown, without a bound only the worst is") {
  Config config = LoadTrees("whole\n    chat: {model: p/m", "whole\n    chat: {model: p/other");
  Estimate unpriced = EstimateTrees(config);
  CHECK(unpriced.steps[0].cost.worst);
  CHECK_FALSE(unpriced.steps[1].priced);
  CHECK_FALSE(unpriced.steps[1].cost.low);
  CHECK_FALSE(unpriced.cost.expected);
  CHECK_FALSE(unpriced.cost.worst);
  CHECK(unpriced.output == 2'050);

  config = LoadTrees("max_tokens: 5000", "verbosity: low");
  Estimate unbounded = EstimateTrees(config);
  CHECK(unbounded.steps[0].cost.expected == 2 * (3 * kIn + 500 * kOut));
  CHECK_FALSE(unbounded.steps[0].cost.worst);
  CHECK_FALSE(unbounded.steps[0].reserve);
  CHECK_MESSAGE(!unbounded.steps[1].cost.worst, "an answer without a bound stands in it");
  CHECK(unbounded.cost.expected);
  CHECK_FALSE(unbounded.cost.worst);
}

TEST_CASE("estimate: what was measured takes the place of what was guessed") {
  Measured parts;
  // 4 calls, 5 answers (one was rejected), 800 tokens of output of which 300 are reasoning.
  parts.calls = 4, parts.answers = 5, parts.with_usage = 5, parts.priced = 5;
  parts.usage = {.input = 50, .output = 800, .reasoning = 300};
  parts.cost = 4'444, parts.total_ms = 10'000;
  Measurements measured;
  measured.steps[{"parts", "p", "m"}] = parts;
  measured.steps[{"whole", "p", "other"}] = parts;  // another model's say nothing of this one
  measured.items = 2;
  Estimate estimate = EstimateTrees(LoadTrees(), 3, measured);
  CHECK(estimate.measured_items == 2);
  CHECK(estimate.steps[0].measured_calls == 4);
  CHECK(estimate.steps[1].measured_calls == 0);
  // 6 calls: 6/4 of the sums.
  CHECK(estimate.steps[0].input == 75);
  CHECK(estimate.steps[0].output == 1'200);
  CHECK(estimate.steps[0].cost.expected == 6'666);
  CHECK_MESSAGE(estimate.steps[0].cost.low == 6'666, "low is never more than expected");
  CHECK(estimate.steps[0].cost.worst == 6 * (1'019 * kIn + 5'000 * kOut));
  CHECK(estimate.steps[0].ms == 15'000);
  // One answer says (800 - 300) / 5 = 100 tokens, and two of them stand in each of 3 prompts.
  CHECK(estimate.steps[1].input == 3 * ((6 + 2 * 100 * 4 + 3) / 4));
}

TEST_CASE("estimate: a measured step whose cost was not known keeps its guess") {
  Measured parts;
  parts.calls = parts.answers = parts.with_usage = 2, parts.priced = 1;
  parts.usage = {.input = 10, .output = 20};
  Measurements measured;
  measured.steps[{"parts", "p", "m"}] = parts;
  Estimate estimate = EstimateTrees(LoadTrees(), 1, measured);
  CHECK(estimate.steps[0].output == 20);
  CHECK(estimate.steps[0].cost.expected == 2 * (3 * kIn + 1'000 * kOut));
}

TEST_CASE("estimate: answers that are there already cost nothing, but stand where they stood") {
  Config config = LoadTrees();
  PriceTable prices;
  Estimator estimator(config, prices, {}, 1);
  auto rehearsal = Rehearse(config, kTreeItem);
  REQUIRE(rehearsal);
  estimator.Add(*rehearsal, {"parts[1]", "another"});
  Estimate estimate = estimator.Finish();
  CHECK(estimate.replayed == 1);
  CHECK(estimate.calls == 2);
  CHECK(estimate.steps[0].cost.worst == 1'019 * kIn + 5'000 * kOut);
  CHECK(estimate.steps[1].input == (6 + 2 * 1'000 * 4 + 3) / 4);
}

// ---- pictures and values ----

TEST_CASE("estimate: pictures are likely to come to less than the most, and are counted so") {
  ConfigFolder pictures;
  pictures.Write("a.png", PngOf(1'000, 1'000));
  Config config = LoadTrees("p/m, system", "p/claude-x, images: [item.image], system");
  config.providers.at("p").prices["claude-x"] = config.providers.at("p").prices["m"];
  Json item = kTreeItem;
  item["image"] = pictures / "a.png";
  PriceTable prices;
  Estimator estimator(config, prices, {}, 1);
  auto rehearsal = Rehearse(config, item);
  REQUIRE_MESSAGE(rehearsal, rehearsal.error());
  ImageTokens tokens = rehearsal->calls[0].images.at(0).tokens;
  CHECK(tokens.likely == 1'334);
  CHECK(tokens.most > tokens.likely);
  estimator.Add(*rehearsal);
  Estimate estimate = estimator.Finish();
  const StepEstimate& parts = estimate.steps[0];
  CHECK(parts.images == 2);
  CHECK(parts.input == 2 * (3 + tokens.likely));
  CHECK(parts.cost.expected == 2 * ((3 + tokens.likely) * kIn + 1'000 * kOut));
  // Without the picture 1,019; its encoded bytes are no text, the words around it are.
  CHECK(parts.cost.worst == 2 * ((1'019 + 200 + tokens.most) * kIn + 5'000 * kOut));
  CHECK(parts.reserve == (1'019 + 200 + tokens.most) * kIn + 5'000 * kOut);
  CHECK(estimate.steps[1].images == 0);
}

TEST_CASE("estimate: pictures that an answer will name leave the worst case without a bound") {
  Config config =
      LoadTrees("whole\n    chat: {model: p/m",
                "whole\n    chat: {images: [\"{{#parts}}{{text}}{{/parts}}\"], model: p/m");
  Estimate estimate = EstimateTrees(config);
  CHECK_FALSE(estimate.steps[0].more_images);
  CHECK(estimate.steps[1].more_images);
  CHECK(estimate.steps[0].cost.worst);
  CHECK_FALSE(estimate.steps[1].cost.worst);
  CHECK(estimate.cost.expected);
}

TEST_CASE("estimate: a value in a prompt counts as the answer it is made of, a part as a part") {
  auto input_with = [](const char* text) {
    Config config = LoadTrees("{{#parts}}{{number}}: {{text}}{{/parts}}", text);
    config.steps[0].parse = ParseRule();
    config.steps[0].parse->json = Json::parse(
        R"({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "required": ["a", "b"], "additionalProperties": false})");
    return EstimateTrees(config).steps[1].input;
  };
  int64_t answers = 2 * 1'000;
  CHECK(input_with("{{#parts}}{{text}}{{/parts}}") == answers);
  CHECK(input_with("{{#parts}}{{value.a}}{{value.b}}{{/parts}}") == answers);
  CHECK(input_with("{{#parts}}{{value.a}}{{/parts}}") == answers / 2);
  int64_t whole = input_with("{{#parts}}{{value}}{{/parts}}");
  CHECK(whole > answers);
  CHECK(whole < answers + 20);  // the names of its members
}

}  // namespace
}  // namespace muster
