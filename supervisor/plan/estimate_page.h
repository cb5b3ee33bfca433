#pragma once

// An estimate as people read it. Every text is safe for a terminal; lines fit 80 columns unless a
// name in them does not.

#include <string>

#include "common/config/config.h"
#include "common/prices.h"
#include "supervisor/plan/estimate.h"

namespace muster {

// "  cost       …" with what follows broken into lines that begin below it.
std::string LabelledText(const std::string& label, const std::string& text);

// A duration as good as an estimate of it is: "40 s", "12 min", "3.5 h", "2.3 days".
std::string AboutTime(Milliseconds time);

// A line per step (and model, where a step has several) and one for all: calls, tokens expected,
// low, expected and worst cost.
std::string EstimateTable(const Estimate& estimate);

// What the numbers rest on: how answers were guessed or measured, what worst means, the time and
// what holds it.
std::string EstimateNotes(const Config& config, const PriceTable& prices, const Estimate& estimate);

// Models whose cost is not known and why, and how much less a max_tokens would reserve.
std::string EstimateHints(const Config& config, const PriceTable& prices, const Estimate& estimate);

// What is left after a pilot: "the other 97 items: about $12.40 (worst $88.00), about 25 min".
std::string ProjectionText(const Estimate& left);

}  // namespace muster
