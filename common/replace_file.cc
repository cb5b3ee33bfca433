#include "common/replace_file.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/fd.h"
#include "common/folder_below.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

Result<void> WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{ErrnoText(errno)};
    text.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// The file is made anew: what is there may be the rest of a crash, or a link that somebody planted.
Result<void> WriteAndSync(int folder, const std::string& name, std::string_view text) {
  unlinkat(folder, name.c_str(), 0);
  Fd file(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return Error{ErrnoText(errno)};
  if (auto written = WriteAll(file.get(), text); !written) return written;
  if (fsync(file.get()) != 0) return Error{ErrnoText(errno)};
  return {};
}

// `name` in the open folder `folder`, or by its path with AT_FDCWD. The error is only the reason.
Result<void> ReplaceFileAt(int folder, const std::string& name, std::string_view text) {
  std::string temporary = name + ".tmp";
  auto written = WriteAndSync(folder, temporary, text);
  if (written && renameat(folder, temporary.c_str(), folder, name.c_str()) == 0) return {};
  std::string why = written ? ErrnoText(errno) : written.error();
  unlinkat(folder, temporary.c_str(), 0);
  return Error{why};
}

}  // namespace

Result<void> ReplaceFile(const std::string& path, std::string_view text) {
  fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) return Fail("cannot make folder {}: {}", folder.string(), error.message());
  auto written = ReplaceFileAt(AT_FDCWD, path, text);
  if (!written) return Fail("cannot write {}: {}", path, written.error());
  return {};
}

Result<void> ReplaceFileBelow(const std::string& root, const std::string& path,
                              std::string_view text) {
  auto folder = OpenFolderOf(root, path, true);
  if (!folder) return Error{folder.error()};
  auto written = ReplaceFileAt(folder->get(), fs::path(path).filename().string(), text);
  if (!written)
    return Fail("cannot write {}: {}", (fs::path(root) / path).string(), written.error());
  return {};
}

}  // namespace muster
