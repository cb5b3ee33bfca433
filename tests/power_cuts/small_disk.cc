#include "tests/power_cuts/small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "common/fd.h"
#include "tests/torture/child.h"

namespace muster::power_cuts {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kToolLimit{60'000};
constexpr int64_t kOuterBytes = 1 << 30;  // holes, for the most part
constexpr int64_t kInnerBytes = 64 << 20;

Result<void> Tool(std::vector<std::string> words) {
  words.insert(words.begin(), "/usr/bin/env");
  auto child = torture::RunToEnd({words, {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}}}, kToolLimit);
  if (!child) return Error{child.error()};
  if ((*child)->ending().exit_code == 0) return {};
  return Fail("{}: {} {}", words[1], (*child)->ending().Text(), (*child)->errors());
}

Result<void> MakeHole(const std::string& path, int64_t bytes) {
  Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file && ftruncate(file.get(), bytes) == 0) return {};
  return Fail("cannot make {}: {}", path, ErrnoText(errno));
}

// `to` becomes what `from` is at this instant.
Result<void> Clone(const std::string& from, const std::string& to) {
  unlink(to.c_str());
  Fd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  Fd target(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (source && target && ioctl(target.get(), FICLONE, source.get()) == 0) return {};
  return Fail("cannot clone {}: {}", from, ErrnoText(errno));
}

}  // namespace

Result<std::unique_ptr<SmallDisk>> SmallDisk::Make(const std::string& folder) {
  if (geteuid() != 0) return Fail("only root may mount disks");
  std::unique_ptr<SmallDisk> disk(new SmallDisk(folder));
  for (const char* name : {"/outer", "/disk"}) fs::create_directories(folder + name);
  std::string image = folder + "/outer.img";
  if (auto made = MakeHole(image, kOuterBytes); !made) return Error{made.error()};
  if (auto made = Tool({"mkfs.xfs", "-q", "-m", "reflink=1", image}); !made) {
    return Error{made.error()};
  }
  if (auto mounted = disk->Mount(image, folder + "/outer"); !mounted) return Error{mounted.error()};
  disk->outer_mounted_ = true;
  if (auto made = MakeHole(disk->Outer("empty"), kInnerBytes); !made) return Error{made.error()};
  if (auto made = Tool({"mkfs.ext4", "-q", disk->Outer("empty")}); !made) {
    return Error{made.error()};
  }
  return disk;
}

SmallDisk::~SmallDisk() {
  if (mounted_) Unmount(path());
  if (outer_mounted_) Unmount(folder_ + "/outer");
  std::error_code error;
  fs::remove_all(folder_, error);
}

Result<void> SmallDisk::StartAfresh() {
  if (mounted_) Unmount(path());
  mounted_ = false;
  if (auto cloned = Clone(Outer("empty"), Outer("image")); !cloned) return cloned;
  auto mounted = Mount(Outer("image"), path());
  mounted_ = mounted.ok();
  return mounted;
}

Result<void> SmallDisk::Cut() { return Clone(Outer("image"), Outer("cut")); }

Result<void> SmallDisk::PowerUp() {
  Unmount(path());
  mounted_ = false;
  fs::rename(Outer("cut"), Outer("image"));
  auto mounted = Mount(Outer("image"), path());
  mounted_ = mounted.ok();
  return mounted;
}

Result<void> SmallDisk::Mount(const std::string& image, const std::string& path) {
  return Tool({"mount", "-o", "loop", image, path});
}

void SmallDisk::Unmount(const std::string& path) {
  if (auto done = Tool({"umount", "-d", path}); !done) umount2(path.c_str(), MNT_DETACH);
}

}  // namespace muster::power_cuts
