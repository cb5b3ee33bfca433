#pragma once

// The half of the invariants that is about calls and money: I3, I4, I6 and I7 (invariants.h).

#include <string>
#include <vector>

#include "tests/torture/invariants.h"

namespace muster::torture {

struct CallFindings {
  Scene::Answers answers;          // in the ledger, and given by the provider
  std::vector<std::string> wrong;  // a sentence each
};

CallFindings CheckCalls(const Evidence& evidence);

}  // namespace muster::torture
