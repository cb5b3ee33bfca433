#include "tests/kill_points/system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include <algorithm>

#ifndef __x86_64__
#error "kill points are known for x86-64 only"
#endif

namespace muster::kill_points {
namespace {

constexpr std::array kOfReads{EIO, EINTR, EAGAIN};
constexpr std::array kOfFiles{ENOSPC, EIO, EINTR};
constexpr std::array kOfPipes{ENOSPC, EIO, EINTR, EAGAIN};
constexpr std::array kOfFlushes{EIO, ENOSPC, EINTR};
constexpr std::array kOfOpens{EMFILE, ENOSPC, EIO, EINTR, ENOMEM};
constexpr std::array kOfFolders{ENOSPC, EIO, ENOMEM};
constexpr std::array kOfLooks{EIO, ENOMEM};
constexpr std::array kOfMemory{ENOMEM};
constexpr std::array kOfDescriptors{EMFILE, ENOMEM};
constexpr std::array kOfSockets{EINTR, EAGAIN, ENOMEM};
constexpr std::array kOfConnects{EAGAIN, EINTR, ENOMEM};
constexpr std::array kOfProcesses{EAGAIN, ENOMEM};
constexpr std::array kOfPrograms{ENOMEM, EIO, EAGAIN};
constexpr std::array kOfWaits{EINTR, ENOMEM};
constexpr std::array kOfInterruptions{EINTR};
constexpr std::array kOfWatches{ENOMEM, ENOSPC};
constexpr std::array kOfLocks{EAGAIN, EINTR, EMFILE};

constexpr SystemCall Call(std::string_view name, int64_t number, std::span<const int> errors) {
  return {name, number, false, errors};
}

constexpr SystemCall Write(std::string_view name, int64_t number, std::span<const int> errors) {
  return {name, number, true, errors};
}

#define CALL(name, errors) Call(#name, SYS_##name, errors)
#define WRITE(name, errors) Write(#name, SYS_##name, errors)

constexpr auto kCalls = std::to_array<SystemCall>({
    WRITE(write, kOfPipes),
    WRITE(pwrite64, kOfFiles),
    WRITE(writev, kOfPipes),
    WRITE(pwritev, kOfFiles),
    WRITE(sendto, kOfSockets),
    WRITE(sendmsg, kOfSockets),
    WRITE(fsync, kOfFlushes),
    WRITE(fdatasync, kOfFlushes),
    WRITE(sync_file_range, kOfFlushes),
    WRITE(ftruncate, kOfFiles),
    WRITE(truncate, kOfFiles),
    WRITE(fallocate, kOfFiles),
    WRITE(open, kOfOpens),
    WRITE(openat, kOfOpens),
    WRITE(openat2, kOfOpens),
    WRITE(creat, kOfOpens),
    WRITE(mkdir, kOfFolders),
    WRITE(mkdirat, kOfFolders),
    WRITE(rename, kOfFolders),
    WRITE(renameat, kOfFolders),
    WRITE(renameat2, kOfFolders),
    WRITE(unlink, kOfFolders),
    WRITE(unlinkat, kOfFolders),
    WRITE(rmdir, kOfFolders),
    WRITE(link, kOfFolders),
    WRITE(linkat, kOfFolders),
    WRITE(symlink, kOfFolders),
    WRITE(symlinkat, kOfFolders),
    WRITE(chmod, kOfLooks),
    WRITE(fchmod, kOfLooks),
    WRITE(fchown, kOfLooks),
    WRITE(utimensat, kOfLooks),
    WRITE(copy_file_range, kOfFiles),
    WRITE(bind, kOfFolders),
    WRITE(listen, kOfMemory),
    WRITE(connect, kOfConnects),
    WRITE(shutdown, kOfMemory),
    WRITE(fcntl, kOfLocks),
    WRITE(clone, kOfProcesses),
    WRITE(clone3, kOfProcesses),
    WRITE(fork, kOfProcesses),
    WRITE(vfork, kOfProcesses),
    WRITE(execve, kOfPrograms),
    WRITE(kill, kOfProcesses),
    WRITE(pidfd_send_signal, kOfProcesses),
    CALL(read, kOfReads),
    CALL(readv, kOfReads),
    CALL(pread64, kOfReads),
    CALL(recvfrom, kOfSockets),
    CALL(recvmsg, kOfSockets),
    CALL(accept4, kOfSockets),
    CALL(getdents64, kOfLooks),
    CALL(stat, kOfLooks),
    CALL(fstat, kOfLooks),
    CALL(lstat, kOfLooks),
    CALL(newfstatat, kOfLooks),
    CALL(statfs, kOfLooks),
    CALL(access, kOfLooks),
    CALL(readlink, kOfLooks),
    CALL(readlinkat, kOfLooks),
    CALL(mmap, kOfMemory),
    CALL(brk, kOfMemory),
    CALL(mprotect, kOfMemory),
    CALL(pipe2, kOfDescriptors),
    CALL(socketpair, kOfDescriptors),
    CALL(socket, kOfDescriptors),
    CALL(dup, kOfDescriptors),
    CALL(dup2, kOfInterruptions),
    CALL(epoll_create1, kOfDescriptors),
    CALL(epoll_ctl, kOfWatches),
    CALL(epoll_wait, kOfInterruptions),
    CALL(poll, kOfWaits),
    CALL(ppoll, kOfWaits),
    CALL(signalfd4, kOfDescriptors),
    CALL(eventfd2, kOfDescriptors),
    CALL(timerfd_create, kOfDescriptors),
    CALL(memfd_create, kOfDescriptors),
    CALL(pidfd_open, kOfDescriptors),
    CALL(wait4, kOfInterruptions),
    CALL(waitid, kOfInterruptions),
});

#undef CALL
#undef WRITE

constexpr auto kErrors = std::to_array<std::pair<std::string_view, int>>({
    {"ENOSPC", ENOSPC},
    {"EIO", EIO},
    {"EINTR", EINTR},
    {"EMFILE", EMFILE},
    {"ENOMEM", ENOMEM},
    {"EAGAIN", EAGAIN},
});

bool IsOpen(const SystemCall& call) {
  return call.number == SYS_open || call.number == SYS_openat || call.number == SYS_creat;
}

uint64_t OpenFlags(const SystemCall& call, const Arguments& arguments) {
  if (call.number == SYS_creat) return O_CREAT;
  return arguments[call.number == SYS_open ? 1 : 2];
}

bool IsLock(uint64_t command) {
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK;
}

}  // namespace

std::span<const SystemCall> SystemCalls() { return kCalls; }

const SystemCall* FindSystemCall(int64_t number) {
  auto found = std::find_if(kCalls.begin(), kCalls.end(),
                            [&](const SystemCall& call) { return call.number == number; });
  return found == kCalls.end() ? nullptr : &*found;
}

const SystemCall* FindSystemCall(std::string_view name) {
  auto found = std::find_if(kCalls.begin(), kCalls.end(),
                            [&](const SystemCall& call) { return call.name == name; });
  return found == kCalls.end() ? nullptr : &*found;
}

bool ChangesSomething(const SystemCall& call, const Arguments& arguments) {
  if (IsOpen(call)) return OpenFlags(call, arguments) & (O_CREAT | O_TRUNC);
  if (call.number == SYS_fcntl) return false;  // locks go with their process
  return call.writes;
}

std::optional<int> DescriptorOf(const SystemCall& call, const Arguments& arguments) {
  constexpr auto kOfDescriptor = std::to_array<int64_t>(
      {SYS_write,     SYS_pwrite64,   SYS_writev,  SYS_pwritev,    SYS_sendto,  SYS_sendmsg,
       SYS_fsync,     SYS_fdatasync,  SYS_listen,  SYS_ftruncate,  SYS_read,    SYS_readv,
       SYS_pread64,   SYS_recvfrom,   SYS_recvmsg, SYS_getdents64, SYS_fcntl,   SYS_fallocate,
       SYS_epoll_ctl, SYS_epoll_wait, SYS_connect, SYS_bind,       SYS_accept4, SYS_fchmod,
       SYS_fchown,    SYS_shutdown,   SYS_fstat});
  bool has =
      std::find(kOfDescriptor.begin(), kOfDescriptor.end(), call.number) != kOfDescriptor.end();
  return has ? std::optional(static_cast<int>(arguments[0])) : std::nullopt;
}

bool CanFailWith(const SystemCall& call, const Arguments& arguments, bool waits, int error) {
  if (std::find(call.errors.begin(), call.errors.end(), error) == call.errors.end()) return false;
  if (IsOpen(call)) return error != ENOSPC || (OpenFlags(call, arguments) & O_CREAT);
  if (call.number == SYS_mmap)
    return static_cast<int>(arguments[4]) < 0;  // of memory, not of files
  if (call.number == SYS_brk) return arguments[0] != 0;
  if (call.number == SYS_clone && error == EAGAIN) return true;
  if (call.number == SYS_fcntl) {
    uint64_t command = arguments[1];
    if (command == F_DUPFD_CLOEXEC || command == F_DUPFD) return error == EMFILE;
    return IsLock(command) && arguments[3] &&
           (error == EAGAIN || (command == F_SETLKW && error == EINTR));
  }
  bool of_descriptor = DescriptorOf(call, arguments).has_value();
  return error != EAGAIN || !of_descriptor || !waits;
}

std::string_view ErrorName(int error) {
  auto found = std::find_if(kErrors.begin(), kErrors.end(),
                            [&](const auto& pair) { return pair.second == error; });
  return found == kErrors.end() ? "E?" : found->first;
}

std::optional<int> ErrorNamed(std::string_view name) {
  auto found = std::find_if(kErrors.begin(), kErrors.end(),
                            [&](const auto& pair) { return pair.first == name; });
  return found == kErrors.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace muster::kill_points
