#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace muster {

// The names of a chat step's options, as the table of settings has them.
const std::vector<std::string>& OptionNames();

// Sets an option back to what it is where a config does not mention it.
void ClearOption(ChatOptions& options, std::string_view name);

}  // namespace muster
