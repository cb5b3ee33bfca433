#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace muster::fuzz {

void Must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace muster::fuzz
