#include "supervisor/doctor/control_group.h"

#include <unistd.h>

#include <charconv>

#include "common/fd.h"

namespace muster {
namespace {

constexpr char kRoot[] = "/sys/fs/cgroup";
constexpr size_t kMostRead = 1 << 16;

}  // namespace

std::optional<uint64_t> ControlGroup::Number(const std::string& file) const {
  if (path.empty()) return std::nullopt;
  auto text = ReadFile(path + "/" + file, kMostRead);
  uint64_t number = 0;
  if (!text) return std::nullopt;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

bool ControlGroup::Has(const std::string& file) const {
  return !path.empty() && access((path + "/" + file).c_str(), F_OK) == 0;
}

bool ControlGroup::writable() const {
  return !path.empty() && access(path.c_str(), W_OK) == 0 &&
         access((path + "/cgroup.procs").c_str(), W_OK) == 0;
}

std::string GroupIn(std::string_view text) {
  constexpr std::string_view kVersion2 = "0::";
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.starts_with(kVersion2)) return std::string(line.substr(kVersion2.size()));
    at = end + 1;
  }
  return "";
}

// In a container the path is the one outside of it, and the root its own group.
ControlGroup OwnControlGroup() {
  auto text = ReadFile("/proc/self/cgroup", kMostRead);
  std::string group = text ? GroupIn(*text) : "";
  if (group.empty()) return {};
  ControlGroup own{kRoot + (group == "/" ? "" : group)};
  if (own.Has("cgroup.procs")) return own;
  own.path = kRoot;
  return own.Has("cgroup.procs") ? own : ControlGroup();
}

}  // namespace muster
