// bad-worker: a worker that speaks the protocol and misbehaves on demand; left alone it does items
// with one or two calls that it answers itself.
//
//   bad-worker [--pipe] [--misbehave=KIND[=VALUE][@WHEN]]… [--once FILE] [--only ITEM]
//              [--latency=MS] [--answer-size=BYTES]
//
// The words of the environment variable BAD_WORKER come before those of the command line, so that
// it can stand in for muster-worker. With --once the first process that misbehaves makes FILE, and
// whoever finds it behaves. With --only it misbehaves while it has that item.
//
// WHEN: start, hello (said), begun (start heard), item (heard), call (said), go (or after-go:
// heard), called (said), kept (heard), done (said). What KINDs there are, and their usual WHEN:
// kKinds in bad_worker_options.h.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>

#include "common/config/config.h"
#include "common/frame.h"
#include "common/hash.h"
#include "common/protocol.h"
#include "common/step_values.h"
#include "common/template.h"
#include "tests/bad_worker_acts.h"
#include "tests/bad_worker_options.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kProtocolError = 101;

// The loop of a worker, kept simple: one item, one call at a time, all descriptors blocking.
class BadWorker {
 public:
  explicit BadWorker(Options options) : options_(std::move(options)) {}

  int Run() {
    ignores_term_ = IsDue("ignores-term", "start");
    if (ignores_term_) BlockTerm();
    Reach("start");
    Say(Hello{kProtocolVersion, IsDue("other-build", "start") ? "another" : std::string(BuildId()),
              getpid(), "bad-worker"});
    Reach("hello");
    for (;;) {
      pollfd in{0, POLLIN, 0};
      poll(&in, 1, TimeoutMs());
      if (in.revents != 0) Read();
      for (auto frame = decoder_.Next(); !frame || *frame; frame = decoder_.Next()) {
        auto message = frame ? DecodeToWorker(**frame) : Result<ToWorker>(Error{frame.error()});
        if (!message) return kProtocolError;
        if (std::holds_alternative<Stop>(*message)) return Say(Bye{}), 0;
        std::visit([this](const auto& m) { On(m); }, *message);
      }
      if (due_ && Clock::now() >= *due_) Answer();
      if (Clock::now() - last_said_ >= alive_every_) Say(Alive{});
    }
  }

 private:
  // What one of its calls is about.
  struct Ask {
    std::string step, provider = "mock", model = "m";
  };

  static void BlockTerm() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, nullptr);
  }

  int TimeoutMs() const {
    auto until = last_said_ + alive_every_;
    if (due_) until = std::min(until, *due_);
    auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    return static_cast<int>(std::max<int64_t>(left, 0));
  }

  void Read() {
    static char chunk[65536];
    ssize_t n = read(0, chunk, sizeof chunk);
    if (n > 0) return decoder_.Feed({chunk, static_cast<size_t>(n)});
    if (n < 0 && errno == EINTR) return;
    if (ignores_term_) SleepForEver();
    _exit(kSupervisorGone);
  }

  // ---- when to misbehave ----

  // Whether this process is the one that misbehaves.
  bool MayMisbehave() {
    if (!options_.only.empty() && options_.only != item_.item) return false;
    if (options_.once.empty() || claimed_) return true;
    int fd = open(options_.once.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    return claimed_ = fd >= 0;
  }

  bool IsDue(std::string_view kind, std::string_view when) {
    for (const Fault& fault : options_.faults) {
      if (fault.kind == kind && fault.when == when && MayMisbehave()) return true;
    }
    return false;
  }

  void Reach(std::string_view when) {
    for (const Fault& fault : options_.faults) {
      if (fault.when == when && MayMisbehave()) Misbehave(fault);
    }
  }

  void Misbehave(const Fault& fault) {
    const std::string& kind = fault.kind;
    if (kind == "segv") Die(SIGSEGV);
    if (kind == "abort") Die(SIGABRT);
    if (kind == "kill9") Die(SIGKILL);
    if (kind == "exit") _exit(std::atoi(fault.value.c_str()));
    if (kind == "exit0") _exit(0);
    if (kind == "hang") SleepForEver();
    if (kind == "stop") raise(SIGSTOP);
    if (kind == "mute") close(1), SleepForEver();
    if (kind.starts_with("slow"))
      usleep(1000 * static_cast<unsigned>(std::atoi(fault.value.c_str())));
    if (kind == "alloc") hoard_.assign(ParseSize(fault.value), 'x');
    if (kind == "garbage") WriteAll(1, Garbage());
    if (kind == "huge-length") WriteAll(1, "\xff\xff\xff\xff{}\n");
    if (kind == "no-newline") WriteAll(1, std::string("\0\0\0\x11{\"type\":\"alive\"} ", 21));
    if (kind == "unknown-type") WriteAll(1, FrameOf(R"({"type":"sing"})"));
    if (kind == "printf-flood") Flood(ParseSize(fault.value));
    if (kind == "grandchild") LeaveChild();
    if (kind == "daemon") LeaveDaemon();
    if (kind == "boot-fail") {
      Say(Bye{"bad-worker was told not to start"});
      _exit(kWorkerBootFailure);
    }
  }

  // ---- what it says ----

  void Say(const FromWorker& message) { Write(FrameOf(Encode(message))); }

  void Write(std::string_view bytes) {
    if (options_.cut && written_ + bytes.size() >= *options_.cut && MayMisbehave()) {
      WriteAll(1, bytes.substr(0, *options_.cut - written_));
      Die(SIGKILL);
    }
    WriteAll(1, bytes);
    written_ += bytes.size();
    last_said_ = Clock::now();
  }

  void NextCall() {
    if (call_ == static_cast<int64_t>(asks_.size())) return SayDone(Outcome::kDone, "");
    const Ask& ask = asks_[static_cast<size_t>(call_++)];
    Call call;
    call.item = item_.item;
    call.attempt = item_.attempt;
    call.call = call_;
    call.step = ask.step;
    call.provider = ask.provider;
    call.model = ask.model;
    call.request_hash = Sha256Hex(item_.item + "\n" + ask.step);
    call.request_chars = call.input_most = 400;
    call.input_estimate = 100;
    call.output_estimate = 50;
    call.output_most = 500;
    Say(call);
    Reach("call");
    if (IsDue("early", "call")) Answer();
  }

  // A reply of the kind that the mock provider gives (worker/providers/mock.cc).
  std::string AnswerBody() const {
    std::string text = fmt::format("{} of {}: ", asks_[static_cast<size_t>(call_ - 1)].step,
                                   Sha256Hex(CanonicalJson(item_.fields)));
    while (text.size() < options_.answer_size) text += "a word or two, \"quoted\"\n";
    return DumpJson(
        {{"id", fmt::format("bad-{}-{}", item_.item, call_)},
         {"model", asks_[static_cast<size_t>(call_ - 1)].model},
         {"text", text},
         {"finish", "stop"},
         {"usage",
          {{"input", 100}, {"cached", 0}, {"cache_write", 0}, {"output", 50}, {"reasoning", 0}}}});
  }

  void Answer() {
    due_.reset();
    Called called;
    called.item = item_.item + (IsDue("wrong-item", "called") ? "-other" : "");
    called.attempt = item_.attempt + (IsDue("wrong-attempt", "called") ? 1 : 0);
    called.call = call_;
    called.answer = Bytes{AnswerBody()};
    called.usage = Usage{100, 0, 0, 50, 0};
    called.served_model = asks_[static_cast<size_t>(call_ - 1)].model;
    std::string frame = FrameOf(Encode(called));
    if (IsDue("kill9", "mid-frame")) {
      WriteAll(1, frame.substr(0, frame.size() / 2));
      Die(SIGKILL);
    }
    Write(frame);
    if (IsDue("duplicate", "called")) Write(frame);
    Reach("called");
  }

  void SayDone(Outcome outcome, const std::string& reason) {
    Done done;
    done.item = item_.item;
    done.attempt = item_.attempt;
    done.outcome = outcome;
    done.reason = reason;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    done.memory_kb = usage.ru_maxrss;
    if (outcome == Outcome::kDone) done.outputs = Outputs();
    due_.reset();
    Say(done);
    Reach("done");
    item_ = Item();
  }

  // Files whose paths need nothing but the item, with a text of its own.
  std::vector<OutputText> Outputs() const {
    std::vector<OutputText> outputs;
    if (!config_) return outputs;
    for (size_t i = 0; i < config_->outputs.size(); ++i) {
      const TextSource& source = config_->outputs[i].path();
      auto path = Render(source.text, source.origin, ItemContext(*config_, item_.fields));
      if (!path) continue;
      outputs.push_back({static_cast<int64_t>(i), *path, "by bad-worker: " + item_.item + "\n"});
    }
    return outputs;
  }

  // ---- what it hears ----

  void On(const Start& start) {
    alive_every_ = milliseconds(std::max<int64_t>(start.alive_every_ms, 10));
    if (auto config = ConfigFromJson(start.config)) config_ = std::move(*config);
    Reach("begun");
  }

  void On(const Item& item) {
    item_ = item;
    call_ = 0;
    asks_ = AsksOf();
    Reach("item");
    NextCall();
  }

  // A call for each of the config's first two steps; without a config two of the mock provider.
  std::vector<Ask> AsksOf() const {
    if (!config_) return {{"first"}, {"second"}};
    std::vector<Ask> asks;
    for (const Step& step : config_->steps) {
      if (!step.chat || asks.size() == 2) continue;
      const TextSource& source = step.chat->model;
      auto text = Render(source.text, source.origin, ItemContext(*config_, item_.fields));
      auto model = text ? ResolveModel(*config_, *text) : Result<ModelRef>(Error{text.error()});
      if (model) asks.push_back({step.id, model->provider->name, model->model});
    }
    return asks;
  }

  void On(const Go&) {
    Reach("go");
    due_ = Clock::now() + options_.latency;
  }
  void On(const Kept&) {
    Reach("kept");
    NextCall();
  }
  void On(const Replay&) { NextCall(); }
  void On(const Refuse& refuse) {
    SayDone(refuse.final ? Outcome::kFailed : Outcome::kInterrupted, refuse.reason);
  }
  void On(const Defer&) { SayDone(Outcome::kInterrupted, "deferred"); }
  void On(const Cancel& cancel) {
    if (cancel.item == item_.item) SayDone(Outcome::kInterrupted, "cancelled");
  }
  void On(const Alive&) {}
  void On(const Stop&) {}

  Options options_;
  std::optional<Config> config_;
  FrameDecoder decoder_;
  milliseconds alive_every_{5'000};
  Clock::time_point last_said_ = Clock::now();
  size_t written_ = 0;
  bool ignores_term_ = false;
  bool claimed_ = false;  // made the file of --once
  std::string hoard_;
  // The item at hand, its calls, the number of the one it is at, and when that is answered.
  Item item_;
  std::vector<Ask> asks_;
  int64_t call_ = 0;
  std::optional<Clock::time_point> due_;
};

int Main(int argc, char** argv) {
  std::vector<std::string> words;
  if (const char* more = std::getenv("BAD_WORKER")) {
    std::istringstream stream(more);
    for (std::string word; stream >> word;) words.push_back(word);
  }
  words.insert(words.end(), argv + 1, argv + argc);
  signal(SIGPIPE, SIG_IGN);
  return BadWorker(ParseOptions(words)).Run();
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) { return muster::Main(argc, argv); }
