#pragma once

#include <string>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// "rpm=300", "openai.concurrency=none", "openai/gpt-5.1.tpm=100000" as the request that sets it
// (control_server.h). Names are those of the config, or short; values are checked by the config's
// own table of settings. "none" takes a limit off.
Result<Json> ParseCtlSetting(const std::string& word);

}  // namespace muster
