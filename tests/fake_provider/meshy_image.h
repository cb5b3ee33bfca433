#pragma once

#include <string>
#include <string_view>

namespace fake_provider::meshy {

// What keeps these bytes from being a PNG or JPEG that can be decoded; "" when nothing does. A PNG
// is read to its last pixel (chunks, checksums, packed rows), of a JPEG the frame of markers.
std::string WhatIsWrongWithPicture(std::string_view bytes);

}  // namespace fake_provider::meshy
