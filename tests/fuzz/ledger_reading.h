#pragma once

#include <string>
#include <vector>

#include "supervisor/ledger/view.h"

namespace muster::fuzz {

// Everything that a reader of the ledger can see, as text; by item of those with these ids. Fails
// the target where a reading goes on without end.
std::string Describe(const LedgerView& view, const std::vector<std::string>& ids);

}  // namespace muster::fuzz
