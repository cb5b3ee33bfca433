#include "supervisor/doctor/folder_facts.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <vector>

#include "common/text.h"
#include "supervisor/control/control_socket.h"
#include "supervisor/ledger/file_system.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kTooLittle = 64 << 20;    // bytes: a ledger's log alone can be 32 MB
constexpr uint64_t kLittle = 1 << 30;        // bytes
constexpr int kWrites = 7;                   // whose median counts
constexpr size_t kBytesOfACommit = 8 << 10;  // of a small one

std::string Shown(uint64_t bytes) {
  return bytes >= 10'000'000'000 ? FormatCount(static_cast<int64_t>(bytes / 1'000'000'000)) + " GB"
                                 : FormatCount(static_cast<int64_t>(bytes / 1'000'000)) + " MB";
}

// A folder for one try, removed with what is in it by whoever made that.
class TryFolder {
 public:
  explicit TryFolder(const std::string& where) : path_(where + "/.muster-doctor-XXXXXX") {
    made_ = mkdtemp(path_.data()) != nullptr;
    error_ = errno;
  }
  TryFolder(const TryFolder&) = delete;
  ~TryFolder() {
    if (made_) rmdir(path_.c_str());
  }

  bool made() const { return made_; }
  int error() const { return error_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
  int error_ = 0;
};

// A file that has no name any more.
Fd MakeNamelessFile(const TryFolder& folder) {
  std::string path = folder.path() + "/file";
  Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file) unlink(path.c_str());
  return file;
}

struct flock WholeFileLock() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Whether another process sees the lock that this one holds.
bool LocksHold(int file) {
  struct flock lock = WholeFileLock();
  if (fcntl(file, F_SETLK, &lock) != 0) return false;
  pid_t pid = fork();
  if (pid == 0) {
    struct flock asked = WholeFileLock();
    _exit(fcntl(file, F_GETLK, &asked) == 0 && asked.l_type == F_WRLCK ? 0 : 1);
  }
  int status = -1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Fact LocksFact(int file) {
  if (LocksHold(file)) return {FactKind::kOk, "locks", "a run directory can be locked"};
  return {FactKind::kMissing, "locks",
          "the file system does not keep locks: a run directory could be used twice at a time",
          "another place for it (run: or --run)"};
}

// Milliseconds that writing a small commit takes until it is on the disk; -1: it cannot be.
double CommitMs(int file) {
  const std::string bytes(kBytesOfACommit, 'x');
  std::vector<double> times;
  for (int i = 0; i < kWrites; ++i) {
    auto begin = std::chrono::steady_clock::now();
    off_t at = static_cast<off_t>(i) * static_cast<off_t>(bytes.size());
    bool written =
        pwrite(file, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size());
    if (!written || fdatasync(file) != 0) return -1;
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

Fact CommitFact(int file) {
  constexpr double kSlow = 50;
  double ms = CommitMs(file);
  if (ms < 0) {
    return {FactKind::kMissing, "commits", "a file cannot be written: " + ErrnoText(errno),
            "another place for the run directory (run: or --run)"};
  }
  Fact fact{FactKind::kOk, "commits", fmt::format("about {:.{}f} ms each", ms, ms < 10 ? 1 : 0)};
  if (ms < kSlow) return fact;
  fact.kind = FactKind::kNote;
  fact.advice = "many workers will wait for the disk";
  return fact;
}

Fact SocketFact(const TryFolder& folder) {
  auto held = OpenRunFolder(folder.path());
  auto listener = held ? MakeStreamSocket() : Result<Fd>(Error{held.error()});
  std::string why = listener ? "" : listener.error();
  if (listener) {
    sockaddr_un address = ControlAddress(*held);
    bool bound = bind(listener->get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (!bound) why = ErrnoText(errno);
    if (bound) unlinkat(held->get(), kControlSocket, 0);
  }
  if (why.empty()) return {FactKind::kOk, "sockets", "muster ctl can talk to a run"};
  return {FactKind::kNote, "sockets", why, "runs work, muster ctl does not"};
}

}  // namespace

std::string NearestFolder(const std::string& path) {
  std::error_code error;
  fs::path folder = fs::absolute(path, error).lexically_normal();
  while (!fs::is_directory(folder, error) && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder.string();
}

Fact FileSystemFact(const FolderSpace& space) {
  Fact fact{FactKind::kOk, "run directory",
            fmt::format("in {}: {}", space.folder, FileSystemName(space.type))};
  if (IsSharedFileSystem(space.type)) {
    fact.kind = FactKind::kNote;
    fact.detail += ", shared with other machines: the ledger is kept in a slower way";
    fact.advice = "a local disk is better for it (run: or --run)";
  } else if (IsInMemory(space.type)) {
    fact.kind = FactKind::kNote;
    fact.detail += ", in memory alone: gone when the machine stops";
    fact.advice = "a disk keeps it (run: or --run)";
  } else {
    fact.detail += ", local";
  }
  return fact;
}

Fact FreeSpaceFact(const FolderSpace& space) {
  Fact fact{FactKind::kOk, "disk space", Shown(space.free) + " are free"};
  if (space.free >= kLittle) return fact;
  fact.kind = space.free < kTooLittle ? FactKind::kMissing : FactKind::kNote;
  fact.advice = "a run on a full disk waits until there is room again";
  return fact;
}

Facts FolderFacts(const std::string& run_dir) {
  FolderSpace space;
  space.folder = NearestFolder(run_dir);
  Facts facts;
  struct statfs info;
  if (statfs(space.folder.c_str(), &info) == 0) {
    space.type = static_cast<uint32_t>(info.f_type);
    space.free = static_cast<uint64_t>(info.f_bavail) * static_cast<uint64_t>(info.f_bsize);
    facts = {FileSystemFact(space), FreeSpaceFact(space)};
  }
  TryFolder folder(space.folder);
  Fd file = folder.made() ? MakeNamelessFile(folder) : Fd();
  if (!file) {
    int why = folder.made() ? errno : folder.error();
    facts.push_back({FactKind::kMissing, "run directory",
                     fmt::format("nothing can be made in {}: {}", space.folder, ErrnoText(why)),
                     "another place for it (run: or --run)"});
    return facts;
  }
  facts.push_back(LocksFact(file.get()));
  facts.push_back(CommitFact(file.get()));
  facts.push_back(SocketFact(folder));
  return facts;
}

}  // namespace muster
