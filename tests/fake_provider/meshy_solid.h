#pragma once

#include <cstdint>
#include <string>

namespace fake_provider::meshy {

// A solid of unit cubes in columns on a floor of three by three, another for nearly every `seed`,
// as a binary glTF 2.0 file: its outer faces with normals, centred over the origin, y up.
std::string SolidAsGlb(uint64_t seed);

}  // namespace fake_provider::meshy
