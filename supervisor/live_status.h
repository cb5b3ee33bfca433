#pragma once

// What a working supervisor says about itself (control_server.h, "status"), as lines for people:
// what each worker does, how each lane stands, and why calls wait.

#include <string>

#include "common/json.h"

namespace muster {

// Lines, each with its newline; safe for terminals. `most` workers are told one by one.
std::string LiveStatusText(const Json& said, size_t most);

}  // namespace muster
