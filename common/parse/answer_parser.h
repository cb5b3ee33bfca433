#pragma once

// How the text of an answer becomes the step's value. The text is a model's and thus hostile; the
// rule is the user's. Pure: the same text and rule give the same value, at every replay.

#include <optional>
#include <string_view>

#include "common/config/config.h"
#include "common/json.h"
#include "common/parse/json_repair.h"
#include "common/parse/json_schema.h"
#include "common/parse/pattern.h"
#include "common/result.h"

namespace muster {

// A rule made ready for many answers. Immutable.
class AnswerParser {
 public:
  // Exactly one of json, regex and line is given, the regex compiles, the schema is understood in
  // full.
  static Result<AnswerParser> Make(const ParseRule& rule);

  // The value, or why the answer does not fit: one sentence that can be told to the model.
  //
  // json: where several values stand in the text, the one that meets the schema; if they are equal
  // they count as one. regex: the last match's first group, or all of it. line: what follows
  // "LINE:" on the last line that begins so, also as "**Line:** 5", "- Line: 5" or "## line: 5",
  // in any case and without emphasis around it. The value of both is text.
  Result<Json> Parse(std::string_view text) const;

 private:
  AnswerParser() = default;

  Result<Json> ParseJsonAnswer(std::string_view text) const;
  Result<Json> ParseRegex(std::string_view text) const;
  Result<Json> ParseLine(std::string_view text) const;

  JsonMending mending_;
  std::optional<JsonSchema> schema_;
  std::optional<Pattern> pattern_;
  std::string line_;
};

// The same for one use.
Result<void> CheckParseRule(const ParseRule& rule);
Result<Json> ParseAnswer(const ParseRule& rule, std::string_view text);

}  // namespace muster
