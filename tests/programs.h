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

}  // namespace muster
