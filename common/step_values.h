#pragma once

// The shapes that templates see: what a step leaves behind, and what stands around it. Workers fill
// them with answers; `check` fills them with examples, so that a wrong name is found before a call.

#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/usage.h"

namespace muster {

// What a chat call leaves. `value` is what the step's parse made of the text; null without one.
struct ChatOutcome {
  std::string text;
  Json value;
  std::string finish;  // stop, length (cut, and the step keeps such), other
  std::string model;
  std::optional<Usage> usage;
};

// {"text", "value", "finish", "model", "usage": {input, cached, cache_write, output, reasoning,
// total}}; usage is null where it is not known, value is not there where it is null: a template
// that asks for it is told so.
Json ChatValue(const ChatOutcome& outcome);

// How a step's answers are parsed: by its `parse`; without one, by its response_schema if it has
// that; else not at all.
std::optional<ParseRule> ParseRuleOf(const Step& step);

// The value of one element of a for_each: number (from 1), key, each (the element), and its call's.
Json ElementValue(int64_t number, const std::string& key, const Json& each, Json value);

// What names an element in a step's path, never its position: itself if it is a string or number,
// its stem, id or name if it is an object, else a hash of it.
std::string ElementKey(const Json& each);

// The keys of a list's elements; equal ones are told apart by how often they came before: "a",
// "a#2".
std::vector<std::string> ElementKeys(const Json& list);

// The names every template of an item may use: item, params, run.
Json ItemContext(const Config& config, const Json& item);

// The item's sums, known to output templates as `usage`: calls, tokens, cost ("$0.0312",
// "unknown").
struct ItemUsage {
  int64_t calls = 0;
  Usage usage;
  bool usage_known = true;
  int64_t cost = 0;  // picodollars
  bool cost_known = true;
};
Json UsageValue(const ItemUsage& usage);

}  // namespace muster
