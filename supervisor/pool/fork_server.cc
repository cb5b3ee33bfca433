#include "supervisor/pool/fork_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/frame.h"
#include "common/text.h"

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// For reading the config and all that is read once.
constexpr milliseconds kWarmUpLimit{5'000};
// For one worker.
constexpr milliseconds kForkLimit{2'000};

// For what takes longer while there is a signal.
constexpr milliseconds kWithSignalLimit{200};

constexpr size_t kLastWords = 300;  // bytes of what it printed last

// Blocked by the pool, which hears them when we are done.
sigset_t SignalsToStop() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<ForkServer> ForkServer::Begin(const std::vector<std::string>& command, const Start& start) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Fail("cannot make a socket pair: {}", ErrnoText(errno));
  }
  Fd ours(ends[0]), theirs(ends[1]);
  auto errors = MakePipe();
  if (!errors) return Error{errors.error()};
  for (int fd : {ours.get(), errors->read.get()}) {
    if (auto set = SetNonBlocking(fd); !set) return Error{set.error()};
  }
  auto process = StartProgram(command, {theirs.get(), errors->write.get(), errors->write.get()});
  if (!process) return Error{process.error()};
  theirs.Reset();
  errors->write.Reset();
  ForkServer server(*std::move(process), std::move(ours), std::move(errors->read));
  if (auto told = server.Tell(start); !told) return Error{told.error()};
  return server;
}

ForkServer::~ForkServer() { KillAndBury(process_.pidfd); }

Result<void> ForkServer::Tell(const Start& start) {
  std::string frame, json = Encode(start);
  if (json.size() >= kMaxFrame) return Fail("the config is too large to send");
  AppendFrame(json, frame);
  return Send(frame, SteadyClock::now() + kWarmUpLimit);
}

Result<void> ForkServer::AwaitReady() {
  Time until = SteadyClock::now() + kWarmUpLimit;
  FrameDecoder decoder;
  for (;;) {
    char chunk[4096];
    auto size = Receive(chunk, sizeof chunk, until);
    if (!size) return Error{size.error()};
    decoder.Feed({chunk, *size});
    auto next = decoder.Next();
    if (!next) return Error{next.error()};
    if (!*next) continue;
    auto message = DecodeFromWorker(**next);
    if (!message) return Error{message.error()};
    if (auto* bye = std::get_if<Bye>(&*message)) return Fail("{}", VisibleText(bye->boot_failure));
    auto* hello = std::get_if<Hello>(&*message);
    if (!hello) return Fail("its first message is no hello");
    ready_ = hello->version == kProtocolVersion && hello->build == BuildId();
    if (ready_) return {};
    return Fail("it is of another build ({}, not {})", VisibleText(hello->build.substr(0, 32)),
                BuildId());
  }
}

Result<NewProcess> ForkServer::Fork(StandardFds fds) {
  if (!ready_) {
    if (auto ready = AwaitReady(); !ready) return Error{ready.error()};
  }
  Time until = SteadyClock::now() + kForkLimit;
  if (auto sent = SendRequest(fds, until); !sent) return Error{sent.error()};
  int32_t answer = 0;
  char bytes[sizeof answer];
  for (size_t have = 0; have < sizeof answer;) {
    auto size = Receive(bytes + have, sizeof answer - have, until);
    if (!size) return Error{size.error()};
    have += *size;
  }
  std::memcpy(&answer, bytes, sizeof answer);
  if (answer <= 0) return Fail("cannot fork: {}", ErrnoText(-answer));
  return OpenChild(answer);
}

Result<void> ForkServer::SendRequest(StandardFds fds, Time until) {
  int numbers[] = {fds.input, fds.output, fds.errors};
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof numbers)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof numbers);
  std::memcpy(CMSG_DATA(header), numbers, sizeof numbers);
  for (;;) {
    ssize_t n = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n == 1) return {};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return Fail("it has ended{}", LastWords());
    if (auto ready = WaitFor(POLLOUT, until); !ready) return ready;
  }
}

Result<void> ForkServer::Send(std::string_view bytes, Time until) {
  while (!bytes.empty()) {
    ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return Fail("it has ended{}", LastWords());
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    if (auto ready = WaitFor(POLLOUT, until); !ready) return ready;
  }
  return {};
}

// At least one byte.
Result<size_t> ForkServer::Receive(char* to, size_t most, Time until) {
  for (;;) {
    ssize_t n = recv(socket_.get(), to, most, 0);
    if (n > 0) return static_cast<size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || errno != EAGAIN) return Fail("it has ended{}", LastWords());
    if (auto ready = WaitFor(POLLIN, until); !ready) return Error{ready.error()};
  }
}

// Not for long while a signal waits to be heard.
Result<void> ForkServer::WaitFor(short events, Time until) const {
  auto wait = [](pollfd* fds, nfds_t count, Time end) {
    auto left = std::chrono::ceil<milliseconds>(end - SteadyClock::now()).count();
    return left > 0 ? poll(fds, count, static_cast<int>(left)) : 0;
  };
  sigset_t stops = SignalsToStop();
  Fd signals(signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK));  // not read: they stay pending
  pollfd fds[] = {{socket_.get(), events, 0}, {signals.get(), POLLIN, 0}};
  int n = wait(fds, 2, until);
  if (n > 0 && fds[0].revents == 0) {
    n = wait(fds, 1, std::min(until, SteadyClock::now() + kWithSignalLimit));
  }
  if (n == 0) return Fail("it does not answer");
  return {};
}

// The end of what it printed, for a message: "" or ": …".
std::string ForkServer::LastWords() const {
  std::string text;
  char chunk[4096];
  for (ssize_t n; (n = read(errors_.get(), chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<size_t>(n));
    if (text.size() > kLastWords) text.erase(0, text.size() - kLastWords);
  }
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "" : ": " + VisibleText(text);
}

}  // namespace muster
