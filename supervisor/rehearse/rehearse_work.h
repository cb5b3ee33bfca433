#pragma once

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/rehearsal.h"
#include "supervisor/rehearse/example_context.h"

namespace muster {

// Rehearses one call of a command or request step, as RehearseChat does of a chat: its texts are
// rendered and the files it names are looked for; nothing is run or sent.
Result<Left> RehearseCommand(const Config& config, ExampleContext& context, const Step& step,
                             RehearsedCall call, Rehearsal& rehearsal);
Result<Left> RehearseRequest(const Config& config, ExampleContext& context, const Step& step,
                             RehearsedCall call, Rehearsal& rehearsal);

}  // namespace muster
