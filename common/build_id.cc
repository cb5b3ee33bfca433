#include "common/protocol.h"

// The Makefile writes it: a hash of the sources that both programs share.
#if __has_include("build_id.h")
#include "build_id.h"
#else
#define MUSTER_BUILD_ID "made-by-hand"
#endif

namespace muster {

std::string_view BuildId() { return MUSTER_BUILD_ID; }

}  // namespace muster
