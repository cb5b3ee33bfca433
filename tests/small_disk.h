#pragma once

// A small file system in memory, mounted on a folder while this object lives, if this user may.

#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace muster {

class SmallDisk {
 public:
  // `options`: "size=1m", "nr_inodes=20", …
  SmallDisk(const std::string& path, const std::string& options) : path_(path) {
    std::filesystem::create_directories(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }
  bool Remount(const std::string& options, unsigned long flags = 0) {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, options.c_str()) == 0;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace muster
