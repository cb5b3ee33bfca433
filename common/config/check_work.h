#pragma once

#include <string>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/config/template_names.h"

namespace muster {

// Judges what a step does, chat, command or request, which stands at `path` ("steps[0].chat"):
// the names in its texts, programs that are not there, providers that cannot be asked so.
void CheckChatTexts(const ChatStep& chat, const std::string& path, const KnownNames& known);
void CheckCommand(const Config& config, const CommandStep& command, const std::string& path,
                  const KnownNames& known, Problems& problems);
void CheckRequest(const Config& config, const RequestStep& request, const std::string& path,
                  const KnownNames& known, Problems& problems);

}  // namespace muster
