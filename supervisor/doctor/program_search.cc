#include "supervisor/doctor/program_search.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace muster {
namespace {

bool IsProgram(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string FindProgram(const std::string& name, const std::string& base_dir,
                        const std::string& path) {
  if (name.empty()) return "";
  if (name.find('/') != name.npos) {
    auto full = std::filesystem::path(base_dir) / name;
    return IsProgram(full.string()) ? full.lexically_normal().string() : "";
  }
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find(':', begin), path.size());
    std::string full = path.substr(begin, end - begin) + "/" + name;
    if (full.starts_with('/') && end > begin && IsProgram(full)) return full;
    begin = end + 1;
  }
  return "";
}

std::string SearchPath() {
  const char* path = std::getenv("PATH");
  return path ? path : "/usr/local/bin:/usr/bin:/bin";
}

}  // namespace muster
