#pragma once

#include <string>

namespace muster {

// `muster metrics RUN HOST:PORT`: serves the numbers of a live or finished run to Prometheus until
// it is ended. Says where on stdout, in one line, once it listens; port 0 lets the system choose.
// Returns 2, with one sentence on stderr, when it cannot. The supervisor starts it as a child
// (metrics_child.h).
int MetricsCommand(const std::string& run_dir, const std::string& host_port);

}  // namespace muster
