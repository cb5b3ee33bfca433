#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

namespace muster {

// Owns one file descriptor and closes it. Move-only; -1 means none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};

// Both ends close-on-exec.
Result<Pipe> MakePipe();

Result<void> SetNonBlocking(int fd);

// errno as text: "No such file or directory".
std::string ErrnoText(int error);

// A whole file, at most `most` bytes; the error is one sentence with the path.
Result<std::string> ReadFile(const std::string& path, size_t most);

// To be called before anything is opened: a program started with 0, 1 or 2 closed gets /dev/null
// there, so that no file of ours becomes its standard output.
void OpenStandardDescriptors();

}  // namespace muster
