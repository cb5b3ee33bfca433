#pragma once

// What is kept of a done item beside its outputs, for reports: JSON in `done` and in the ledger.
//
//   {"scores": {name: {"value", "got", "expect", "by"}},   as ScoreItem
//    "steps": {name: [step ids]},   which steps each score's branch made, to find its tokens
//    "group": text,                 report.group_by, if given; not there: null
//    "against": number,             report.against, where against_when holds; not there: null
//    "warnings": [texts]}

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// Of an item whose context is complete; its scores are taken from there if they stand there
// (AddItemEnd), else made.
Result<Json> MakeItemResult(const Config& config, const Json& context);

}  // namespace muster
