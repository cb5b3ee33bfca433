#pragma once

#include <string>

#include "common/result.h"

namespace muster::power_cuts {

// A disk whose power can be cut: a file system (ext4) in a file that lies on another one (xfs)
// which can clone files. A clone, made at one instant, holds what had reached the disk by then and
// nothing of what the kernel still kept in memory. Needs root, loop devices, mkfs.xfs, mkfs.ext4.
// Everything is unmounted and removed when it is destroyed.
class SmallDisk {
 public:
  // The error says what is missing on this machine.
  static Result<std::unique_ptr<SmallDisk>> Make(const std::string& folder);
  SmallDisk(const SmallDisk&) = delete;
  ~SmallDisk();

  // An empty file system at path().
  Result<void> StartAfresh();
  // What is on the disk now is what will be found after the power cut.
  Result<void> Cut();
  // To be called once nothing uses the disk: it is there again, as it was at the cut.
  Result<void> PowerUp();

  std::string path() const { return folder_ + "/disk"; }

 private:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}
  Result<void> Mount(const std::string& image, const std::string& path);
  void Unmount(const std::string& path);

  std::string Outer(const std::string& name) const { return folder_ + "/outer/" + name; }

  std::string folder_;
  bool outer_mounted_ = false, mounted_ = false;
};

}  // namespace muster::power_cuts
