#include "worker/command/leftovers.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <random>
#include <string_view>

#include "common/fd.h"

namespace muster {
namespace {

constexpr size_t kMostProcText = 4 * 1024 * 1024;  // the kernel's limit for environments is lower

template <class T>
std::optional<T> NumberIn(std::string_view text) {
  T number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// From "pid (name) state ppid …", where the name may hold anything.
std::optional<pid_t> ParentOf(pid_t pid) {
  auto text = ReadFile(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text) return std::nullopt;  // it has gone meanwhile
  size_t name_end = text->rfind(')');
  if (name_end == text->npos || name_end + 4 > text->size()) return std::nullopt;
  return NumberIn<pid_t>(std::string_view(*text).substr(name_end + 4));
}

}  // namespace

void AdoptOrphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

// By chance, because pids come again, and in another PID namespace at the same time.
std::string OurMarks() {
  static const uint64_t chance =
      std::random_device{}() * (uint64_t{1} << 32) + std::random_device{}();
  return fmt::format("MUSTER_COMMAND={}.{:x}.", getpid(), chance);
}

std::string MakeMark(int64_t number) { return OurMarks() + std::to_string(number); }

std::set<pid_t> OurChildren() {
  std::set<pid_t> children;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().filename().string();
    auto pid = NumberIn<pid_t>(name);
    if (pid && ParentOf(*pid) == getpid()) children.insert(*pid);
  }
  return children;
}

std::optional<int64_t> NumberInMark(pid_t pid) {
  auto text = ReadFile(fmt::format("/proc/{}/environ", pid), kMostProcText);
  if (!text) return std::nullopt;
  std::string ours = OurMarks();
  for (std::string_view rest = *text; !rest.empty();) {
    std::string_view entry = rest.substr(0, rest.find('\0'));
    if (entry.starts_with(ours)) return NumberIn<int64_t>(entry.substr(ours.size()));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
  }
  return std::nullopt;
}

}  // namespace muster
