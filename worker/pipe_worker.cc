#include "worker/pipe_worker.h"

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

// Writes frames to the supervisor, which always reads: blocking is safe. When nobody is left to
// read, neither is anything left to do.
class PipeLink : public Link {
 public:
  explicit PipeLink(Fd out) : out_(std::move(out)) {}

  // Called when nobody reads any more; must not return.
  std::function<void()> on_gone;

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
  }

  int Run() {
    Hello hello = MakeHello();
    hello.warm = warm_;
    link_.Say(hello);
    last_heard_ = Clock::now();
    for (;;) {
      std::vector<bool> readable;
      worker_.Turn({in_.get()}, NextDeadline(), &readable);
      if (!readable.empty() && readable[0]) {
        Read();
        if (auto code = HandleMessages()) return *code;
      }
      auto now = Clock::now();
      ArmAlarm(now);
      if (now - link_.last_said() >= worker_.alive_every()) link_.Say(Alive{});
      if (worker_.lease().count() > 0 && now - last_heard_ > worker_.lease()) Leave();
    }
  }

 private:
  // The supervisor is gone: at once, taking the commands along.
  [[noreturn]] void Leave() {
    worker_.KillCommands();
    _exit(kSupervisorGone);
  }

  // A leased worker that hangs does not look at the clock any more: the kernel does, and ends it.
  void ArmAlarm(Clock::time_point now) {
    auto lease = worker_.lease();
    if (lease.count() == 0 || now - armed_ < lease / 4) return;
    auto seconds = std::chrono::ceil<std::chrono::seconds>(2 * lease).count();
    alarm(static_cast<unsigned>(seconds));
    armed_ = now;
  }

  Clock::time_point NextDeadline() const {
    auto next = link_.last_said() + worker_.alive_every();
    if (worker_.lease().count() > 0) next = std::min(next, last_heard_ + worker_.lease());
    return next;
  }

  void Read() {
    char chunk[65536];
    ssize_t n = read(in_.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) Leave();
    last_heard_ = Clock::now();
    decoder_.Feed({chunk, static_cast<size_t>(n)});
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
  Clock::time_point last_heard_, armed_;
};

}  // namespace

Hello MakeHello() {
  utsname names{};
  uname(&names);
  return Hello{kProtocolVersion, std::string(BuildId()), getpid(), names.nodename};
}

int RunPipeWorker(Fd in, Fd out, const Inherited* inherited) {
  return PipeWorker(std::move(in), std::move(out), inherited).Run();
}

}  // namespace muster
