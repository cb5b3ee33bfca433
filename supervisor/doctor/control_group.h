#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

// The control group (version 2) that this process is in, as files show it. Empty path: there is
// none, or an older kind of them.
struct ControlGroup {
  std::string path;  // "/sys/fs/cgroup/…"

  // The number in one of its files; nullopt: no such file, or "max".
  std::optional<uint64_t> Number(const std::string& file) const;
  bool Has(const std::string& file) const;
  // Groups can be made in it.
  bool writable() const;
};

ControlGroup OwnControlGroup();

// The path of the group in the text of /proc/self/cgroup ("0::/user.slice"); "": version 2 names
// none.
std::string GroupIn(std::string_view text);

}  // namespace muster
