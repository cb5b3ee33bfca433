#pragma once

// A muster-worker process with the test as its supervisor.

#include "common/frame.h"
#include "supervisor/pool/spawner.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"

namespace muster {

// One worker and our ends of its pipes. Reads and writes are bounded by the patience; destroying it
// kills the worker.
class WorkerLine {
 public:
  explicit WorkerLine(std::vector<std::string> command = RealWorker()) {
    auto spawned = ExecSpawner(std::move(command)).Spawn();
    REQUIRE_MESSAGE(spawned.ok(), spawned.error());
    process_ = std::move(*spawned);
  }
  WorkerLine(const WorkerLine&) = delete;
  ~WorkerLine() {
    if (code_) return;
    kill(process_.pid, SIGKILL);
    waitpid(process_.pid, nullptr, 0);
  }

  pid_t pid() const { return process_.pid; }

  void Send(const ToWorker& message) {
    std::string frame;
    AppendFrame(Encode(message), frame);
    SendBytes(frame);
  }

  // What the worker does not take because it is gone is lost.
  void SendBytes(std::string_view bytes) {
    auto end = TestClock::now() + kPatience;
    while (!bytes.empty()) {
      REQUIRE(TestClock::now() < end);
      ssize_t n = write(process_.input.get(), bytes.data(), bytes.size());
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
      if (n < 0 && errno == EPIPE) return;
      if (n < 0) Poll(process_.input.get(), POLLOUT, milliseconds(100));
    }
  }

  void CloseInput() { process_.input.Reset(); }

  // The next message, nullopt when none comes within `patience` or its output has ended.
  std::optional<FromWorker> Hear(milliseconds patience = kPatience) {
    auto end = TestClock::now() + patience;
    for (;;) {
      auto frame = decoder_.Next();
      REQUIRE_MESSAGE(frame.ok(), frame.error());
      if (*frame) {
        auto message = DecodeFromWorker(**frame);
        REQUIRE_MESSAGE(message.ok(), message.error());
        return *message;
      }
      auto left = std::chrono::ceil<milliseconds>(end - TestClock::now());
      if (left.count() <= 0 || !ReadMore(left)) return std::nullopt;
    }
  }

  // The next message but alive; it must be an M.
  template <class M>
  M Next() {
    for (;;) {
      auto message = Hear();
      REQUIRE_MESSAGE(message, "nothing came; it printed: ", errors());
      if (std::holds_alternative<Alive>(*message)) continue;
      REQUIRE_MESSAGE(std::holds_alternative<M>(*message),
                      "came: ", Encode(*message).substr(0, 500));
      return std::get<M>(*message);
    }
  }

  // Whether nothing but alive comes for a moment. What must not come shows within any time or not
  // at all, so a short one does.
  bool IsQuiet() {
    auto end = TestClock::now() + milliseconds(150);
    while (TestClock::now() < end) {
      auto message = Hear(milliseconds(20));
      if (message && !std::holds_alternative<Alive>(*message)) return false;
    }
    return true;
  }

  // Waits for its end: the exit code, or minus the signal.
  int ExitCode() {
    int status = 0;
    bool ended = Eventually([&] { return waitpid(process_.pid, &status, WNOHANG) != 0; });
    REQUIRE(ended);
    code_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return *code_;
  }

  bool lives() const { return !IsGone(process_.pid); }

  // What it has printed to stderr and was not yet asked for.
  std::string errors() {
    std::string text(65536, '\0');
    ssize_t n = read(process_.errors.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }

  // ---- short forms ----

  // Hears hello, says start.
  void Start(const Config& config) {
    muster::Start start;
    start.config = ConfigToJson(config);
    Start(start);
  }
  void Start(const muster::Start& start) {
    Next<Hello>();
    Send(start);
  }

  void GiveItem(const std::string& id, int64_t attempt = 1, Json fields = Json::object()) {
    fields["id"] = id;
    Send(Item{id, attempt, std::move(fields)});
  }

  void SendGo(int64_t call, int64_t ask = 1, int64_t try_number = 1) {
    Go go = PoolDriver::GoFor(call);
    go.ask = ask;
    go.try_number = try_number;
    Send(go);
  }

  // Hears a call and lets it go; what came of it.
  Called LetGo() {
    Call call = Next<Call>();
    SendGo(call.call);
    return Next<Called>();
  }

 private:
  static bool Poll(int fd, short events, milliseconds patience) {
    pollfd one{fd, events, 0};
    return poll(&one, 1, static_cast<int>(patience.count())) > 0;
  }

  bool ReadMore(milliseconds patience) {
    if (!Poll(process_.output.get(), POLLIN, patience)) return true;
    char chunk[65536];
    ssize_t n = read(process_.output.get(), chunk, sizeof chunk);
    if (n > 0) decoder_.Feed({chunk, static_cast<size_t>(n)});
    return n > 0 || (n < 0 && errno == EAGAIN);
  }

  ProcessState state_;  // for SIGPIPE
  Spawned process_;
  FrameDecoder decoder_;
  std::optional<int> code_;
};

// A config of one chat step, `ask`, that answers "forty-two", and of one output. `more` are further
// lines of YAML.
inline Config OneStep(const ConfigFolder& folder, const std::string& more = "") {
  auto config = folder.Load(
      "name: one\n"
      "items: {range: 1..3}\n"
      "steps:\n"
      "  - id: ask\n"
      "    chat: {model: mock/m, user: \"What about {{item.id}}?\"}\n"
      "    mock: forty-two\n"
      "outputs: [{file: \"{{item.id}}.txt\", text: \"{{item.id}}: {{ask.text}}\"}]\n" +
      more);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

// Calls of the mock provider that never end within a test.
inline constexpr const char* kSlowMock = "providers: {mock: {mock: {latency: 10m..10m}}}\n";

}  // namespace muster
