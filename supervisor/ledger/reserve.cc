#include "supervisor/ledger/reserve.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/fd.h"

namespace muster {
namespace {

bool IsFull(int error) { return error == ENOSPC || error == EDQUOT; }

// Where a file system cannot set room aside, bytes are written: 0, or why not.
int Fill(int fd, int64_t bytes) {
  static const char kZeros[65536] = {};
  for (int64_t at = 0; at < bytes;) {
    auto size = static_cast<size_t>(std::min<int64_t>(bytes - at, sizeof kZeros));
    ssize_t n = pwrite(fd, kZeros, size, at);
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) at += n;
  }
  return 0;
}

int SetAside(int fd, int64_t bytes) {
  int result = 0;
  do {
    result = fallocate(fd, 0, 0, bytes);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return 0;
  return errno == EOPNOTSUPP ? Fill(fd, bytes) : errno;
}

}  // namespace

Reserve::Reserve(std::string path, int64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

// Only a full disk is a reason to wait: where nothing can be set aside for another reason (a limit
// on the size of files, a damaged folder) the ledger itself will tell.
bool Reserve::Take() {
  if (held_) return true;
  int error = 0;
  {
    Fd file(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    error = file ? SetAside(file.get(), bytes_) : errno;
  }
  held_ = error == 0;
  if (!held_) unlink(path_.c_str());
  return held_ || !IsFull(error);
}

bool Reserve::GiveUp() {
  if (!held_) return false;
  held_ = false;
  return unlink(path_.c_str()) == 0;
}

}  // namespace muster
