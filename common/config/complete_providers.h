#pragma once

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Adds the providers that need not be written (openai, anthropic, gemini, ollama, openrouter,
// claude-code, mock, and command, which all commands are calls of; what a config says of them comes
// first) and fills in what every provider left open: address, key, header, whose prices. Judges
// addresses and key files, which depend on this machine.
void CompleteProviders(Config& config, Problems& problems);

}  // namespace muster
