#pragma once

#include <cstdint>
#include <optional>

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/rehearsal.h"
#include "supervisor/rehearse/example_context.h"

namespace muster {

// Rehearses one call of a chat step: completes `call`, which knows where it stands, adds it to the
// rehearsal and returns an example of what it leaves. `wanted`: how many values a round of it is
// asked for; nullopt: that is not known.
Result<Left> RehearseChat(const Config& config, ExampleContext& context, const Step& step,
                          RehearsedCall call, std::optional<int64_t> wanted, Rehearsal& rehearsal);

}  // namespace muster
