#pragma once

#include "common/config/config.h"
#include "supervisor/governor/governor.h"
#include "supervisor/ledger/view.h"
#include "supervisor/pool/worker_pool.h"

namespace muster {

// Tells a new governor what earlier sessions did: what they sent, as far back as the longest limit
// looks, and what they spent. So a restart neither forgets a limit nor a budget.
void PrimeGovernor(Governor& governor, const Config& config, const LedgerView& view,
                   const Clock& clock);

}  // namespace muster
