#pragma once

// Tells, without reading a source, that it gives the same items as before: by what the config says
// of them and by the size, the times and the inode of every file they come from.

#include <cstdint>
#include <optional>
#include <string>

#include "common/config/config.h"

namespace muster {

// Text that is equal only for the same items in the same lanes, and since when its files have not
// changed. A file whose content changes while its size, both of its times (to the nanosecond) and
// its inode stay is taken for the same; that takes a clock that was set back.
struct SourceStamp {
  std::string text;
  int64_t changed_ms = 0;  // when the youngest of its files did; 0 without files
};

// nullopt: only reading tells. So it is with folders, with outputs that are skipped where they
// exist, and where a file cannot be looked at.
std::optional<SourceStamp> StampOf(const Config& config);

// Whether files of a stamp taken at `now_ms` are old enough that a change right after it would show
// in their times, however coarse the file system's clock.
bool IsSettled(const SourceStamp& stamp, int64_t now_ms);

}  // namespace muster
