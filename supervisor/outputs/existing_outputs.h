#pragma once

#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "supervisor/ledger/view.h"

namespace muster {

// Finds items whose outputs are there already, from elsewhere (skip_existing). Both must outlive
// it.
class ExistingOutputs {
 public:
  ExistingOutputs(const Config& config, const LedgerView& view);

  // Why the item with these fields need not be done: every output with skip_existing is a file that
  // the ledger knows nothing of. "" where one is missing, or depends on answers.
  std::string WhySkipped(const Json& item_fields) const;

 private:
  const Config& config_;
  const LedgerView& view_;
  bool any_;
};

}  // namespace muster
