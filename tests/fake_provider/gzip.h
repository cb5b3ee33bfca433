#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fake_provider {

// One gzip member that unpacks to `text` and blanks, `decoded_bytes` in all (or to `text` alone
// when that is longer). Takes time and room for about a thousandth of that.
std::string GzipPadded(std::string_view text, uint64_t decoded_bytes);

}  // namespace fake_provider
