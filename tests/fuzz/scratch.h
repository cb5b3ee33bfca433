#pragma once

// Files that are made for one input: in memory, where that can be had.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "common/fd.h"
#include "tests/files.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {

// A file without a folder, gone with this.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    auto size = static_cast<ssize_t>(bytes.size());
    Must(file_ && write(file_.get(), bytes.data(), bytes.size()) == size, "no memory for a file");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

 private:
  Fd file_;
};

// Without a stream: many thousand times a second.
inline void WriteScratch(const std::string& path, std::string_view bytes) {
  Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  auto size = static_cast<ssize_t>(bytes.size());
  Must(file && write(file.get(), bytes.data(), bytes.size()) == size, "a file cannot be written");
}

// "" where there is none.
inline std::string ReadScratch(const std::string& path) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  char part[65536];
  while (file) {
    ssize_t size = read(file.get(), part, sizeof part);
    if (size <= 0) break;
    bytes.append(part, static_cast<size_t>(size));
  }
  return bytes;
}

}  // namespace muster::fuzz
