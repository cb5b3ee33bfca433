#include "common/folder_below.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace muster {
namespace {

namespace fs = std::filesystem;

Error CannotWrite(const std::string& root, const std::string& path, const std::string& why) {
  return Fail("cannot write {}: {}", (fs::path(root) / path).string(), why);
}

std::string WhyNotOpened(int at, const std::string& part, int error) {
  struct stat info;
  bool link = fstatat(at, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
  return link ? part + " is a link, which is not followed below the output folder"
              : ErrnoText(error);
}

// On the disk too, so that what is kept in it is not lost with it.
bool MakeFolder(int at, const fs::path& name) {
  if (mkdirat(at, name.c_str(), 0777) == 0) return fsync(at) == 0;
  return errno == EEXIST;
}

}  // namespace

Result<Fd> OpenFolderOf(const std::string& root, const std::string& path, bool make) {
  constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  if (make) {
    std::error_code ignored;  // what is wrong, open says
    fs::create_directories(root, ignored);
  }
  Fd at(open(root.c_str(), kFolder));
  if (!at) return CannotWrite(root, path, ErrnoText(errno));
  for (const fs::path& part : fs::path(path).parent_path()) {
    if (part.empty() || part == ".") continue;
    if (make && !MakeFolder(at.get(), part)) return CannotWrite(root, path, ErrnoText(errno));
    Fd next(openat(at.get(), part.c_str(), kFolder | O_NOFOLLOW));
    if (!next) return CannotWrite(root, path, WhyNotOpened(at.get(), part.string(), errno));
    at = std::move(next);
  }
  return at;
}

Result<void> SyncFolderOf(const std::string& root, const std::string& path) {
  auto folder = OpenFolderOf(root, path, false);
  if (!folder) return Error{folder.error()};
  if (fsync(folder->get()) != 0) return CannotWrite(root, path, ErrnoText(errno));
  return {};
}

}  // namespace muster
