#include "common/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace muster {

void KeepSecretsOutOfCores() {
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // the leak check of a sanitized build traces its own process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace muster
