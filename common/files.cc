#include "common/files.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "common/text.h"

namespace muster {

namespace fs = std::filesystem;

std::string ProgramFolder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().string();
}

Result<std::string> FindDataFile(const std::string& name) {
  std::vector<std::string> folders;
  if (const char* data = std::getenv("MUSTER_DATA")) folders.push_back(data);
  folders.push_back(ProgramFolder() + "/../share/muster");
  folders.push_back(ProgramFolder() + "/../configs");
  std::string looked;
  for (const std::string& folder : folders) {
    std::string path = folder + "/" + name;
    std::error_code error;
    if (fs::is_regular_file(path, error)) return path;
    looked += (looked.empty() ? "" : ", ") + folder;
  }
  return Fail("cannot find {}: looked in {}", name, looked);
}

Result<std::string> PathInside(const std::string& folder, const std::string& relative) {
  fs::path path(relative);
  bool leaves = relative.empty() || path.is_absolute() || relative.find('\0') != std::string::npos;
  for (const auto& part : path) leaves = leaves || part == "..";
  if (leaves || path.filename().empty() || path.filename() == ".") {
    return Fail("output path \"{}\" is not a file inside the output folder", VisibleText(relative));
  }
  return (fs::path(folder) / path).lexically_normal().string();
}

}  // namespace muster
