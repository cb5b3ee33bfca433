#pragma once

#include <string>

#include "common/config/config.h"
#include "common/config/problems.h"

namespace muster {

// Judges the options and extra fields of a chat step that stands at `path` ("steps[0].chat"), as
// far as they are known before any item: against its model where that does not depend on the item,
// and by themselves.
void CheckChat(const Config& config, const ChatStep& chat, const std::string& path,
               Problems& problems);

// Why no chat can be had with a provider; "": it can.
std::string WhyNoChat(const Provider& provider);

// Judges how a step's answers are parsed; the rule stands at `path` ("steps[0].parse").
void CheckParse(const ParseRule& rule, const std::string& path, Problems& problems);

}  // namespace muster
