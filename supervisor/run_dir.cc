#include "supervisor/run_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>

namespace muster {
namespace {

namespace fs = std::filesystem;

struct flock WholeFile(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// The lock is a record lock: the kernel drops it with its process, and no child inherits it.
pid_t Holder(int fd) {
  struct flock lock = WholeFile(F_WRLCK);
  if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return 0;
  return lock.l_pid;
}

RunDir::Problem Cannot(const std::string& path, int error) {
  return {fmt::format("cannot use run directory {}: {}", path, ErrnoText(error)), false};
}

// The first of path.1, path.2, … that is not there.
std::string FreeName(const std::string& path) {
  for (int n = 1;; ++n) {
    std::string name = fmt::format("{}.{}", path, n);
    if (!fs::exists(fs::symlink_status(name))) return name;
  }
}

std::variant<Fd, RunDir::Problem> MakeAndLock(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return Cannot(path, error.value());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Cannot(path, errno);
  Fd file(open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Cannot(path, errno);
  struct flock lock = WholeFile(F_WRLCK);
  if (fcntl(file.get(), F_SETLK, &lock) == 0) return file;
  if (errno != EACCES && errno != EAGAIN) return Cannot(path, errno);
  return RunDir::Problem{
      fmt::format("run directory {} is in use by process {}", path, Holder(file.get())), true};
}

// Written anew by every session. A full disk is no reason not to take the directory.
std::string WriteMark(int fd) {
  std::random_device random;
  std::string mark = fmt::format("{:08x}{:08x}\n", random(), random());
  bool written = ftruncate(fd, 0) == 0 &&
                 pwrite(fd, mark.data(), mark.size(), 0) == static_cast<ssize_t>(mark.size());
  return written ? mark : "";
}

}  // namespace

std::variant<RunDir, RunDir::Problem> RunDir::Take(const std::string& path, bool fresh) {
  auto locked = MakeAndLock(path);
  if (auto* problem = std::get_if<Problem>(&locked)) return *problem;
  RunDir dir;
  dir.path_ = path;
  dir.lock_ = std::move(std::get<Fd>(locked));
  if (!fresh || !fs::exists(dir.ledger())) {
    dir.mark_ = WriteMark(dir.lock_.get());
    return dir;
  }
  dir.set_aside_ = FreeName(path);
  if (rename(path.c_str(), dir.set_aside_.c_str()) != 0) return Cannot(path, errno);
  locked = MakeAndLock(path);
  if (auto* problem = std::get_if<Problem>(&locked)) return *problem;
  dir.lock_ = std::move(std::get<Fd>(locked));
  dir.mark_ = WriteMark(dir.lock_.get());
  return dir;
}

int64_t OwnerOf(const std::string& path) {
  Fd file(open((path + "/lock").c_str(), O_RDONLY | O_CLOEXEC));
  return file ? Holder(file.get()) : 0;
}

}  // namespace muster
