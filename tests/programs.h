#pragma once

#include <cstdlib>
#include <string>

namespace muster {

// Where the program `name` ("muster-worker", "bad-worker", …) of this build is: in the folder that
// MUSTER_PROGRAMS names, by default "build".
inline std::string ProgramPath(const std::string& name) {
  const char* programs = getenv("MUSTER_PROGRAMS");
  return std::string(programs ? programs : "build") + "/" + name;
}

// Whether strace, which lets system calls fail, may be used here.
inline bool CanTrace() { return system("strace -o /dev/null true 2>/dev/null") == 0; }

// Whether what is tested was compiled with a sanitizer: its programs take longer and more memory.
extern "C" {
void __asan_init() __attribute__((weak));
void __tsan_init() __attribute__((weak));
}
inline bool IsSanitized() { return __asan_init || __tsan_init; }

}  // namespace muster
