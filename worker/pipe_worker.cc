#include "worker/pipe_worker.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>

#include "common/frame.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kProtocolError = 101;
constexpr int kSupervisorGone = 102;

// Who has said hello and hears no `start` for so long was forgotten: its lease comes with `start`.
constexpr std::chrono::minutes kForgotten{10};

// Writes frames to the supervisor, which always reads; what lies between may hold them up for as
// long as it likes. When nobody is left to read, neither is anything left to do.
class PipeLink : public Link {
 public:
  explicit PipeLink(Fd out) : out_(std::move(out)) {}

  // Called when nobody reads any more; must not return.
  std::function<void()> on_gone;
  // Called when nothing more can be written now; returns when something might.
  std::function<void(int fd)> on_full;

  void Say(const FromWorker& message) override {
    std::string json = Encode(message);
    if (json.size() >= kMaxFrame) json = Encode(TooLarge(message));
    std::string frame;
    AppendFrame(json, frame);
    Write(frame);
    last_said_ = Clock::now();
  }

  Clock::time_point last_said() const { return last_said_; }

 private:
  // What to say instead of a message that no frame can hold.
  static FromWorker TooLarge(const FromWorker& message) {
    if (const auto* called = std::get_if<Called>(&message)) {
      Called small = *called;
      small.answer.reset();
      small.failure = Failure{FailureKind::kTooLarge,
                              "the answer is too large to keep",
                              0,
                              {},
                              called->usage ? Billing::kUsage : Billing::kUnknown};
      return small;
    }
    if (const auto* done = std::get_if<Done>(&message)) {
      Done small = *done;
      small.outputs.clear();
      small.outcome = Outcome::kFailed;
      small.reason = "the item's outputs are too large to keep (16 MB)";
      return small;
    }
    return Alive{};
  }

  void Write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t n = write(out_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        on_full(out_.get());
        continue;
      }
      if (n < 0) on_gone();
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }

  Fd out_;
  Clock::time_point last_said_;
};

class PipeWorker {
 public:
  PipeWorker(Fd in, Fd out, const Inherited* inherited)
      : in_(std::move(in)),
        link_(std::move(out)),
        warm_(inherited != nullptr),
        worker_(link_, inherited) {
    link_.on_gone = [this] { Leave(); };
    link_.on_full = [this](int fd) { WaitToWrite(fd); };
  }

  // Without tidying up, which would take longer than many a worker lived: the kernel closes what is
  // open.
  [[noreturn]] void RunAndExit() {
    int code = Run();
    fflush(nullptr);
    worker_.KillCommands();
    _exit(code);
  }

 private:
  int Run() {
    last_heard_ = Clock::now();
    Hello hello = MakeHello();
    hello.warm = warm_;
    link_.Say(hello);
    for (;;) {
      std::vector<bool> readable;
      worker_.Turn({in_.get()}, NextDeadline(), &readable);
      if (!readable.empty() && readable[0]) Read();
      auto now = Clock::now();
      if (now - link_.last_said() >= worker_.alive_every()) link_.Say(Alive{});
      if (auto code = HandleMessages()) return *code;
      if (now > LeaseEnd()) Leave();
    }
  }

  // The supervisor is gone: at once, taking the commands along.
  [[noreturn]] void Leave() {
    worker_.KillCommands();
    _exit(kSupervisorGone);
  }

  Clock::time_point NextDeadline() const {
    return std::min(link_.last_said() + worker_.alive_every(), LeaseEnd());
  }

  // When to give up on a supervisor that has not been heard since.
  Clock::time_point LeaseEnd() const {
    if (!worker_.config()) return last_heard_ + kForgotten;
    return worker_.lease().count() > 0 ? last_heard_ + worker_.lease() : Clock::time_point::max();
  }

  // A cut connection must not hold us for ever: the end of the input and of the lease count here
  // too. What comes meanwhile is handled later.
  void WaitToWrite(int fd) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(LeaseEnd() - Clock::now()).count();
    if (left < 0) Leave();
    pollfd fds[] = {{fd, POLLOUT, 0}, {in_.get(), POLLIN, 0}};
    poll(fds, 2, static_cast<int>(std::clamp<int64_t>(left + 1, 1, 60'000)));
    if (fds[1].revents != 0) Read();
  }

  void Read() {
    // Not on the stack, where room is made by touching every page of it, in every worker.
    static char chunk[65536];
    ssize_t n = read(in_.get(), chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) Leave();
    last_heard_ = Clock::now();
    decoder_.Feed({chunk, static_cast<size_t>(n)});
    SetAlarm();
  }

  // One that hangs does not look at its lease: the kernel ends it when twice the time is over. A
  // stopped one is ended before it does anything more.
  void SetAlarm() {
    if (worker_.lease().count() == 0) return;
    auto lease = std::chrono::duration_cast<std::chrono::microseconds>(2 * worker_.lease()).count();
    itimerval time{};
    time.it_value = {lease / 1'000'000, lease % 1'000'000};
    setitimer(ITIMER_REAL, &time, nullptr);
  }

  // The exit code once the worker is told to stop or hears what does not fit.
  std::optional<int> HandleMessages() {
    for (;;) {
      auto frame = decoder_.Next();
      if (!frame) return Misfit(frame.error());
      if (!*frame) return std::nullopt;
      auto message = DecodeToWorker(**frame);
      if (!message) return Misfit(message.error());
      if (std::holds_alternative<Stop>(*message)) {
        link_.Say(Bye{});
        return 0;
      }
      bool starting = std::holds_alternative<Start>(*message);
      auto handled = worker_.Handle(std::move(*message));
      if (!handled && starting) {
        link_.Say(Bye{handled.error()});
        return kWorkerBootFailure;
      }
      if (!handled) return Misfit(handled.error());
      if (starting) SetAlarm();
    }
  }

  static int Misfit(const std::string& what) {
    fmt::print(stderr, "muster-worker: {}\n", what);
    return kProtocolError;
  }

  Fd in_;
  PipeLink link_;
  bool warm_;
  Worker worker_;
  FrameDecoder decoder_;
  Clock::time_point last_heard_;
};

}  // namespace

Hello MakeHello() {
  utsname names{};
  uname(&names);
  return Hello{kProtocolVersion, std::string(BuildId()), getpid(), names.nodename};
}

void RunPipeWorker(Fd in, Fd out, const Inherited* inherited) {
  if (auto set = SetNonBlocking(out.get()); !set) _exit(kWorkerBootFailure);
  signal(SIGALRM, SIG_DFL);
  PipeWorker(std::move(in), std::move(out), inherited).RunAndExit();
}

}  // namespace muster
