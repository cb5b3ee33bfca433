#pragma once

// The shapes that templates see: what a step leaves behind, and what stands around it. Workers fill
// them with answers; `check` fills them with examples, so that a wrong name is found before a call.
//
//   chat      {text, value?, finish, model, usage, context_window, warning}
//   command   {text, value?, file, files, exit_code}: what it printed; paths of what it made
//   request   {reply, job, file, files}: the last reply; paths of what was downloaded
//   reused    {file, files, reused: true}: a command or request whose file was there already
//   for_each  a list: {number, key, each, and what the step leaves} of every element
//   repeat    {rounds, values, count}: what each round left, with its number; all their values in
//             one list (a value that is a list gives its elements), and how many these are
//   branches  {id: what that branch left}; the branches' own names are known beside it
//   skipped   null, by `when`

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
  std::optional<int64_t> context_window = {};  // tokens, of the model
  std::string warning = {};                    // for people; empty: none
};

// {"text", "value", "finish", "model", "usage": {input, cached, cache_write, output, reasoning,
// total}, "context_window", "warning"}; usage and context_window are null where they are not known.
// value is not there where it is null: a template that asks for it is told so.
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

// The value of a repeated step after these rounds; `values` of a round without a value are none.
// Cut to `total` values where that is given.
Json RepeatValue(const std::vector<Json>& rounds, std::optional<int64_t> total);

// What a round's templates know as `round`: number (from 1), most (rounds there can be, as far as
// is known), wanted (values still to come, of this round; null: any number), left (the same of all
// rounds to come).
struct RoundInfo {
  int64_t number = 1;
  int64_t most = 1;
  std::optional<int64_t> wanted, left;
};
Json RoundValue(const RoundInfo& round);

// How many rounds are expected: total / batch where both are given, at most `most`.
int64_t ExpectedRounds(const RepeatRule& rule, std::optional<int64_t> total,
                       std::optional<int64_t> batch);

// What templates know as `run`: name, and range: which items were asked for ("1..10"), else "".
Json RunValue(const Config& config);

// The names that are the same for all items: params, run.
Json FixedNames(const Config& config);

// The names every template of an item may use: item, params, run. Workers add `work`, the path of
// the item's work folder.
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

// How an item ended, as outputs see it: status (ok; warning: some step has one; error), error (why,
// else ""), warnings (texts), usage (UsageValue) and scores (score.h: name → {value, got, expect}).
struct ItemEnd {
  std::string error;
  std::vector<std::string> warnings;
  ItemUsage usage;
  Json scores = Json::object();
};
void AddItemEnd(Json& context, const ItemEnd& end);

// For an item that ended without them: every step, branches too, is null.
void AddMissingSteps(const Config& config, Json& context);

}  // namespace muster
