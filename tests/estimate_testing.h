#pragma once

// What the tests of estimates share: a config of two steps whose numbers are easy to follow.

#include <doctest/doctest.h>

#include <string>

#include "supervisor/plan/estimate.h"
#include "tests/config_testing.h"

namespace muster {

// $1 and $10 a million tokens, in picodollars a token.
inline constexpr Picodollars kIn = 1'000'000, kOut = 10'000'000;

// One item: "parts" is asked about two files, "whole" about their answers.
inline const Json kTreeItem = Json::parse(R"({"id": "a", "topic": "trees",
    "files": [{"name": "1.txt", "stem": "1", "text": "oak"},
              {"name": "2.txt", "stem": "2", "text": "ash"}]})");

inline const char* const kTreeConfig =
    "name: test\n"
    "items: {directories: in/*, files: \"*.txt\", fields: {topic: trees}}\n"
    "providers:\n"
    "  p: {api: openai-chat, base_url: 'http://127.0.0.1:1', prices: {m: {input: 1, output: 10}}}\n"
    "steps:\n"
    "  - id: parts\n"
    "    for_each: item.files\n"
    "    chat: {model: p/m, system: \"On {{item.topic}}\", user: \"{{each.text}}\", max_tokens: "
    "5000}\n"
    "  - id: whole\n"
    "    chat: {model: p/m, user: \"{{#parts}}{{number}}: {{text}}{{/parts}}\", max_tokens: 50}\n"
    "outputs:\n"
    "  - {file: \"{{item.id}}.txt\", text: \"{{whole.text}}\"}\n";

// That config with one text replaced by another, in a folder with two items, a and b.
inline Config LoadTrees(const std::string& from = "", const std::string& to = "") {
  ConfigFolder folder;
  for (const char* name : {"in/a/1.txt", "in/b/1.txt"}) folder.Write(name, "oak");
  for (const char* name : {"in/a/2.txt", "in/b/2.txt"}) folder.Write(name, "ash");
  std::string yaml = kTreeConfig;
  if (!from.empty()) yaml.replace(yaml.find(from), from.size(), to);
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config, config.error());
  return *std::move(config);
}

// The estimate of `items` items like that one.
inline Estimate EstimateTrees(const Config& config, int items = 1, Measurements measured = {},
                              int64_t workers = 1) {
  PriceTable prices;
  Estimator estimator(config, prices, std::move(measured), workers);
  for (int i = 0; i < items; ++i) {
    auto rehearsal = Rehearse(config, kTreeItem);
    REQUIRE_MESSAGE(rehearsal, rehearsal.error());
    estimator.Add(*rehearsal);
  }
  return estimator.Finish();
}

}  // namespace muster
