#include "common/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace muster {

Result<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Fail("cannot make a pipe: {}", ErrnoText(errno));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<void> SetNonBlocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Fail("cannot make a descriptor non-blocking: {}", ErrnoText(errno));
  }
  return {};
}

std::string ErrnoText(int error) { return std::system_category().message(error); }

Result<std::string> ReadFile(const std::string& path, size_t most) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Fail("cannot read {}: {}", path, ErrnoText(errno));
  struct stat info;
  if (fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Fail("cannot read {}: it is a folder", path);
  }
  std::string text;
  char chunk[65536];
  for (;;) {
    ssize_t n = read(file.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail("cannot read {}: {}", path, ErrnoText(errno));
    if (n == 0) return text;
    text.append(chunk, static_cast<size_t>(n));
    if (text.size() > most) return Fail("{} is larger than {} bytes", path, most);
  }
}

void OpenStandardDescriptors() {
  int fd;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

}  // namespace muster
