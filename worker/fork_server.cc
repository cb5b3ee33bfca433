// Forking is by the bare system call, because the C library's fork() cannot make the new process a
// child of our parent (CLONE_PARENT), which alone may wait for it and by whose death it dies. What
// fork() does besides has no use here, with glibc 2.36 (2.34 and later are alike in this):
//   - It takes the locks of malloc, stdio and the resolver, lest another thread holds one: there is
//     no other thread. We count them before the first fork and refuse to serve when there is one.
//   - It runs handlers of pthread_atfork: only libraries for threads register any here. OpenSSL's
//     random numbers notice a fork by the pid, which glibc does not cache.
//   - It lets the kernel write the new thread id into the thread's descriptor, where locks that
//     know their owner look: so do we (the address is asked of the kernel).
//   - It registers the list of robust mutexes again: nobody uses any.
// A process with threads must never be forked like this, nor may code run in between that holds a
// lock or iterates over something that the child uses.

#include "worker/fork_server.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "common/frame.h"
#include "common/hash.h"
#include "common/keys.h"
#include "worker/command/leftovers.h"
#include "worker/http_warm_up.h"
#include "worker/pipe_worker.h"

namespace muster {
namespace {

constexpr int kStandardFds = 3;

// The descriptors of a worker to come, in the order 0, 1, 2.
using StandardFds = std::array<Fd, kStandardFds>;

bool HasThreads() {
  struct stat tasks {};
  return stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink != 3;  // ".", ".." and ourselves
}

// Where the C library keeps the id of this thread, and lets the kernel clear it at its end.
void* ThreadIdAddress() {
  void* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address) != 0) return nullptr;
  return address;
}

// Like fork(), but the new process has our parent. Flags that go with an address are left out where
// there is none. The architectures differ in the order of the last two arguments; of these the
// other one is not looked at.
pid_t ForkSibling(void* thread_id) {
  unsigned long flags = CLONE_PARENT | SIGCHLD;
  if (thread_id) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, nullptr, thread_id, thread_id));
}

// Closes everything above 2 but these two.
void CloseOthers(int one, int two) {
  auto close_range = [](int from, int to) {
    if (from <= to)
      syscall(SYS_close_range, static_cast<unsigned>(from), static_cast<unsigned>(to), 0);
  };
  auto [low, high] = std::minmax(one, two);
  close_range(3, low - 1);
  close_range(low + 1, high - 1);
  syscall(SYS_close_range, static_cast<unsigned>(high) + 1, ~0U, 0);
}

// What its exec and main do for a worker that is started alone. 0 is /dev/null already.
[[noreturn]] void BecomeWorker(const StandardFds& fds, pid_t supervisor,
                               const Inherited& inherited) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(127);  // it died before prctl
  AdoptOrphans();
  int in = fds[0].get(), out = fds[1].get();
  if (dup2(fds[2].get(), 2) < 0 || dup2(2, 1) < 0) _exit(kWorkerBootFailure);
  CloseOthers(in, out);
  RunPipeWorker(Fd(in), Fd(out), &inherited);
}

bool UsesTls(const Config& config) {
  return std::ranges::any_of(ProvidersInUse(config), [](const Provider* provider) {
    return provider->base_url.starts_with("https:");
  });
}

class ForkServer {
 public:
  ForkServer(Fd socket, char* shown_as) : socket_(std::move(socket)), shown_as_(shown_as) {}

  int Run() {
    auto inherited = WarmUp();
    if (!inherited) {
      Say(Bye{inherited.error()});
      return kWorkerBootFailure;
    }
    if (!Say(MakeHello())) return kWorkerBootFailure;
    while (auto fds = Receive()) {
      pid_t pid = ForkSibling(thread_id_);
      if (pid == 0) {
        std::fill_n(shown_as_, std::strlen(shown_as_), '\0');
        std::strcpy(shown_as_, kWorkerArgument);
        BecomeWorker(*fds, supervisor_, *inherited);
      }
      int32_t answer = pid < 0 ? -errno : pid;
      if (!Write({reinterpret_cast<const char*>(&answer), sizeof answer})) break;
    }
    return 0;
  }

 private:
  Result<Inherited> WarmUp() {
    auto start = ReadStart();
    if (!start) return Error{start.error()};
    if (start->version != kProtocolVersion) {
      return Fail("the supervisor speaks protocol {}, this worker {}", start->version,
                  kProtocolVersion);
    }
    auto config = ConfigFromJson(start->config);
    if (!config) return Fail("config: {}", config.error());
    WarmUpHttp(UsesTls(*config));
    Sha256Hex("");  // its first use takes OpenSSL a millisecond
    if (HasThreads()) return Fail("a process with threads cannot be forked safely");
    Inherited inherited{std::move(*config), std::move(start->keys)};
    // What was freed is put in order once, which workers would do each on pages of their own.
    malloc_trim(0);
    return inherited;
  }

  Result<Start> ReadStart() {
    FrameDecoder decoder;
    char chunk[65536];
    for (;;) {
      ssize_t n = read(socket_.get(), chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Fail("no start came");
      decoder.Feed({chunk, static_cast<size_t>(n)});
      auto frame = decoder.Next();
      if (!frame) return Error{frame.error()};
      if (!*frame) continue;
      auto message = DecodeToWorker(**frame);
      if (!message) return Error{message.error()};
      auto* start = std::get_if<Start>(&*message);
      if (!start) return Fail("the first message is no start");
      return std::move(*start);
    }
  }

  // Waits for a request. nullopt: the supervisor has gone, or does not speak as it should.
  std::optional<StandardFds> Receive() {
    char byte;
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(kStandardFds * sizeof(int))];
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t n;
    do {
      n = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    const cmsghdr* header = n == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (!header || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(kStandardFds * sizeof(int))) {
      return std::nullopt;
    }
    int numbers[kStandardFds];
    std::memcpy(numbers, CMSG_DATA(header), sizeof numbers);
    return StandardFds{Fd(numbers[0]), Fd(numbers[1]), Fd(numbers[2])};
  }

  bool Say(const FromWorker& message) {
    std::string frame;
    AppendFrame(Encode(message), frame);
    return Write(frame);
  }

  // False: it cannot be said, and whoever waits for it is better told so by our end.
  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  Fd socket_;
  char* shown_as_;
  pid_t supervisor_ = getppid();
  void* thread_id_ = ThreadIdAddress();
};

}  // namespace

int RunForkServer(Fd socket, char* shown_as) {
  return ForkServer(std::move(socket), shown_as).Run();
}

}  // namespace muster
