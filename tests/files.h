#pragma once

// Files and folders of tests.

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace muster {

// A new folder under $TMPDIR or /tmp; removed with all it holds when destroyed.
class TempDir {
 public:
  TempDir() : TempDir(Base()) {}
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 protected:
  explicit TempDir(const std::string& base) : path_(base + "/muster-test-XXXXXX") {
    if (!mkdtemp(path_.data())) abort();
  }
  static std::string Base() {
    const char* wanted = getenv("TMPDIR");
    return wanted && *wanted ? wanted : "/tmp";
  }

 private:
  std::string path_;
};

// One in memory, where that can be had.
class MemoryDir : public TempDir {
 public:
  MemoryDir() : TempDir(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : Base()) {}
};

// All bytes of a file; "" where there is none.
inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace muster
