#pragma once

#include <string>

#include "supervisor/metrics/metrics_source.h"

namespace muster {

// A reading as a page for Prometheus. Families that nothing is known of are left out: those of
// lanes and workers of a run that nobody works on, those of a ledger that could not be read.
std::string MetricsText(const RunFigures& figures);

}  // namespace muster
