#include "worker/shared_folder.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <cerrno>

#include "common/config/text_file.h"
#include "common/fd.h"

namespace muster {
namespace {

constexpr size_t kMostMarkBytes = 256;

// Why not; empty: it does.
std::string WhyUnseen(const std::string& run_dir, const std::string& mark,
                      const std::string& config_dir) {
  auto found = ReadTextFile("", run_dir + "/lock", kMostMarkBytes);
  if (!found) return found.error();
  if (*found != mark) return "another folder has this path there";
  struct stat info;
  if (stat(config_dir.c_str(), &info) == 0) return "";
  return fmt::format("{}: {}", config_dir, ErrnoText(errno));
}

}  // namespace

Result<void> CheckSharedFolder(const std::string& run_dir, const std::string& mark,
                               const std::string& config_dir) {
  if (mark.empty()) return {};
  std::string why = WhyUnseen(run_dir, mark, config_dir);
  if (why.empty()) return {};
  utsname names{};
  uname(&names);
  return Fail(
      "{} does not see the run directory {} ({}); expected a file system that all machines share, "
      "under the same path",
      names.nodename, run_dir, why);
}

}  // namespace muster
