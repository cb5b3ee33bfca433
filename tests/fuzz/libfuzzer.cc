// The way into one target for libFuzzer; which one, the build says (-DFUZZ_TARGET=FuzzReplies).

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::fuzz::FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
