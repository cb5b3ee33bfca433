#pragma once

// What `muster doctor` has found out about this machine, and how it says it.

#include <string>
#include <vector>

#include "common/json.h"

namespace muster {

enum class FactKind {
  kOk,
  kNote,     // muster works, but who runs it should know
  kMissing,  // something needed is not there
};

// One thing found out, a line of the page. Holds no secrets: of a key only where it is taken from.
struct Fact {
  FactKind kind = FactKind::kOk;
  std::string what;         // the thing: "open files"
  std::string detail;       // how it is with it
  std::string advice = {};  // what to do about it; empty: nothing
};

using Facts = std::vector<Fact>;

// A line for each fact, then one that sums them up. Nothing in it can do harm to a terminal.
std::string FactsPage(const Facts& facts);

// {"missing": how many, "facts": [{"kind", "what", "detail", "advice"}]}
Json FactsJson(const Facts& facts);

bool AnyMissing(const Facts& facts);

}  // namespace muster
