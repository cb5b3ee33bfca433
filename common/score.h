#pragma once

// Scoring: what an item came to against what would be right. Pure; recomputed by replay.
//
//   exact              equal texts without blanks around them (numbers by their text)
//   number [TOLERANCE] equal numbers, or closer than a share (5%) of the expected one, or an amount
//                      (0.5); of a text its last number counts, as people write it (1,234.5,
//                      −3, 2e6, 3/4); 12% equals 12 and 0.12
//   class              equal without case, blanks, marks and quotes around them
//   set                F1 of two sets: lists, or texts with , ; or line breaks between the elements
//                      (compared like classes, numbers as numbers); "none" is an empty one
//   yes-no             both mean yes (yes, true, y, 1) or both no: all of a text, its first word or
//                      its last
//   regex              the expected one is a regular expression that must match all of it
//
// A score is 0 to 1; only `set` gives others than 0 and 1. What cannot be understood scores 0; only
// an expectation that makes no sense (no number, a bad pattern) is an error.

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// Scores `got` against `expect`; nullopt when `got` is null: the step was skipped.
Result<std::optional<double>> ScoreOf(const Json& got, const Json& expect, const std::string& by);

// Checks the words of a `by` that is no name of a field.
Result<void> CheckScoreMethod(const std::string& by);
// Whether `by` is one of the methods above (else it is the path of one in the item's context).
bool IsScoreMethod(const std::string& by);

// All scores of an item: name → {"value": 0.…1 or null, "got", "expect", "by"}.
Result<Json> ScoreItem(const Config& config, const Json& context);

}  // namespace muster
