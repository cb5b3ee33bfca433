#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/ledger/view.h"

namespace muster {

// What an item that ended without a result leaves in the files that want to know (errors: true).
struct ErrorRecords {
  std::vector<OutputText> outputs;
  std::vector<std::string> problems;  // why some could not be made, a sentence each
};

// The records of an item that failed because of `reason`, by what the ledger has of it. One that
// cannot be made is an empty record in the place of an earlier one, so that this does not pass for
// the item's.
ErrorRecords MakeErrorRecords(const Config& config, const LedgerView& view, const ItemRow& row,
                              const std::string& reason);

}  // namespace muster
