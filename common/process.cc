#include "common/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace muster {
namespace {

int exit_code_without_memory = 0;

void EndNow() {
  TellLast("no memory is left");
  _exit(exit_code_without_memory);
}

}  // namespace

void KeepSecretsOutOfCores() {
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // the leak check of a sanitized build traces its own process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

void TellLast(std::string_view why) {
  for (std::string_view part : {std::string_view(program_invocation_short_name),
                                std::string_view(": stopped: "), why, std::string_view("\n")}) {
    ssize_t ignored = write(2, part.data(), part.size());
    (void)ignored;
  }
}

void EndWhenOutOfMemory(int code) {
  exit_code_without_memory = code;
  std::set_new_handler(EndNow);
}

}  // namespace muster
