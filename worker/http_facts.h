#pragma once

#include "common/json.h"

namespace muster {

// What this program's HTTP stands on, for `muster doctor`, which has no HTTP: {"protocol", "build",
// "libcurl", "tls", "certificates", "found"}: the file or folder that certificates to trust are
// taken from, and whether it holds any.
Json HttpFacts();

}  // namespace muster
