#include "common/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/fd.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr off_t kMostBytes = 64 * 1024;
constexpr mode_t kOwnerOnly = 0600;

Result<void> CheckFile(const std::string& path, const struct stat& file) {
  std::string shown = VisibleText(path);
  if (!S_ISREG(file.st_mode)) return Fail("{}: not a file", shown);
  if (file.st_uid != geteuid()) return Fail("{}: it belongs to another user", shown);
  mode_t mode = file.st_mode & 07777;
  if ((mode & ~kOwnerOnly) != 0) {
    return Fail("{}: its mode is {:o}, so that others may get at the key; chmod 600 it", shown,
                mode);
  }
  if (file.st_size > kMostBytes) return Fail("{}: larger than {} KB", shown, kMostBytes / 1024);
  return {};
}

// All of it; at most one byte more than allowed.
Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string text(kMostBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    ssize_t count = read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Fail("{}: {}", VisibleText(path), ErrnoText(errno));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace

Result<bool> KeyFileExists(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return Fail("{}: {}", VisibleText(path), ErrnoText(errno));
  }
  if (auto checked = CheckFile(path, file); !checked) return Error{checked.error()};
  return true;
}

Result<std::string> ReadKeyFile(const std::string& path) {
  std::string shown = VisibleText(path);
  // A pipe must not make us wait for somebody who writes to it.
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Fail("{}: {}", shown, ErrnoText(errno));
  struct stat file {};
  if (fstat(fd.get(), &file) != 0) return Fail("{}: {}", shown, ErrnoText(errno));
  if (auto checked = CheckFile(path, file); !checked) return Error{checked.error()};
  auto text = ReadAll(fd.get(), path);
  if (!text) return text;
  if (text->size() > static_cast<size_t>(kMostBytes)) {
    return Fail("{}: larger than {} KB", shown, kMostBytes / 1024);
  }
  for (char end : {'\n', '\r'}) {
    if (text->ends_with(end)) text->pop_back();
  }
  if (text->empty()) return Fail("{}: it is empty; expected the key in its one line", shown);
  bool plain = std::none_of(text->begin(), text->end(),
                            [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!plain) return Fail("{}: expected the key in its one line, and nothing else", shown);
  return text;
}

}  // namespace muster
