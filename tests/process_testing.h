#pragma once

// What the tests with real worker processes share. Nothing here waits without a bound.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/pool/process_pool.h"
#include "tests/programs.h"

namespace muster {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TestClock = std::chrono::steady_clock;

// How long a test waits for what must come; what takes longer never comes.
inline constexpr seconds kPatience{30};

// A pool changes signals and children of its whole process: this puts them back for the tests
// after.
class ProcessState {
 public:
  ProcessState() {
    sigprocmask(SIG_SETMASK, nullptr, &mask_);
    sigpipe_ = signal(SIGPIPE, SIG_IGN);  // as the programs do
  }
  ProcessState(const ProcessState&) = delete;
  ~ProcessState() {
    sigset_t all;
    sigfillset(&all);
    timespec now{0, 0};
    sigprocmask(SIG_SETMASK, &all, nullptr);
    while (sigtimedwait(&all, nullptr, &now) > 0) {
    }
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
    signal(SIGPIPE, sigpipe_);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

 private:
  sigset_t mask_;
  void (*sigpipe_)(int);
};

// A process's state as /proc has it: R, S, T (stopped), Z (zombie), …; X when there is none.
inline char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return 'X';
  size_t name_end = stat.rfind(')');
  return name_end == stat.npos ? 'X' : stat[name_end + 2];
}

inline bool IsGone(pid_t pid) { return StateOf(pid) == 'X' || StateOf(pid) == 'Z'; }

// What the open descriptors of a process are: number to "pipe:[17]", "/dev/null", …. Empty where we
// may not look.
inline std::map<int, std::string> DescriptorsOf(pid_t pid) {
  std::map<int, std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc/" + std::to_string(pid) + "/fd", error), end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;
    auto target = std::filesystem::read_symlink(it->path(), gone);
    if (!gone) found[std::stoi(it->path().filename().string())] = target.string();
  }
  return found;
}

// Looks again and again until `true_now` or the patience is over.
inline bool Eventually(const std::function<bool()>& true_now, milliseconds patience = kPatience) {
  auto end = TestClock::now() + patience;
  while (!true_now()) {
    if (TestClock::now() > end) return false;
    usleep(2'000);
  }
  return true;
}

// The numbers that `text` tells after `word`: "daemon 17\nchild 18".
inline std::vector<pid_t> PidsIn(const std::string& text, const std::string& word) {
  std::vector<pid_t> pids;
  for (size_t at = 0; (at = text.find(word + " ", at)) != text.npos; at += word.size()) {
    pids.push_back(std::atoi(text.c_str() + at + word.size()));
  }
  return pids;
}

inline std::vector<std::string> BadWorker(const std::vector<std::string>& words = {}) {
  std::vector<std::string> command{ProgramPath("bad-worker")};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

inline std::vector<std::string> RealWorker() { return {ProgramPath("muster-worker"), "--pipe"}; }

// A ProcessPool whose workers are each of a command of their own, and all it has told so far.
class PoolDriver {
 public:
  PoolDriver() : PoolDriver(nullptr) {}
  // Workers by `spawner`, whatever the command.
  explicit PoolDriver(std::unique_ptr<Spawner> spawner) {
    if (!spawner) spawner = std::make_unique<Chooser>(&command_);
    std::vector<std::unique_ptr<Spawner>> spawners;
    spawners.push_back(std::move(spawner));
    auto made = ProcessPool::Create(std::move(spawners));
    if (!made) std::abort();
    pool_ = std::move(*made);
  }

  ProcessPool& pool() { return *pool_; }
  // Ends the pool as the end of a supervisor does.
  void Destroy() { pool_.reset(); }

  Result<WorkerId> TrySpawn(std::vector<std::string> command) {
    command_ = std::move(command);
    return pool_->Spawn(0);
  }
  WorkerId Spawn(std::vector<std::string> command) {
    auto id = TrySpawn(std::move(command));
    REQUIRE_MESSAGE(id.ok(), id.error());
    return *id;
  }

  void Send(WorkerId worker, const ToWorker& message) { pool_->Send(worker, message); }

  // One turn of at most `most`. A worker says nothing after its end, and ends once.
  void Turn(milliseconds most = milliseconds(20)) {
    std::vector<PoolEvent> events;
    pool_->Wait(TestClock::now() + most, &events);
    for (PoolEvent& event : events) {
      if (auto* said = std::get_if<WorkerSaid>(&event)) {
        REQUIRE_FALSE(Find(said->worker));
        said_[said->worker].push_back(std::move(said->message));
      } else if (auto* lost = std::get_if<WorkerLost>(&event)) {
        REQUIRE(lost_.emplace(lost->worker, *lost).second);
        ends_.push_back(lost->worker);
      } else {
        signals_.push_back(std::get<SignalCame>(event).signal);
      }
    }
  }

  bool WaitUntil(const std::function<bool()>& true_now) {
    auto end = TestClock::now() + kPatience;
    while (!true_now()) {
      if (TestClock::now() > end) return false;
      Turn();
    }
    return true;
  }

  // All signals that came, and the workers that ended, in order.
  const std::vector<int>& signals() const { return signals_; }
  const std::vector<WorkerId>& ends() const { return ends_; }

  // What a worker has said.
  const std::vector<FromWorker>& Said(WorkerId worker) { return said_[worker]; }

  // The messages of one type that a worker has said.
  template <class M>
  std::vector<M> All(WorkerId worker) {
    std::vector<M> found;
    for (const FromWorker& message : Said(worker)) {
      if (auto* m = std::get_if<M>(&message)) found.push_back(*m);
    }
    return found;
  }
  template <class M>
  size_t Count(WorkerId worker) {
    return static_cast<size_t>(std::ranges::count_if(
        Said(worker), [](const FromWorker& m) { return std::holds_alternative<M>(m); }));
  }

  // Waits until a worker has said so many messages of type M; the last of them.
  template <class M>
  M Hear(WorkerId worker, size_t count = 1) {
    REQUIRE(WaitUntil([&] { return Count<M>(worker) >= count || Find(worker); }));
    REQUIRE_MESSAGE(Count<M>(worker) >= count, "lost: ", Find(worker) ? Find(worker)->how : "");
    return All<M>(worker)[count - 1];
  }

  // How a worker ended, if it has.
  const WorkerLost* Find(WorkerId worker) const {
    auto lost = lost_.find(worker);
    return lost == lost_.end() ? nullptr : &lost->second;
  }

  // Waits for the end of a worker.
  WorkerLost Lost(WorkerId worker) {
    REQUIRE(WaitUntil([&] { return Find(worker) != nullptr; }));
    return *Find(worker);
  }

  pid_t PidOf(WorkerId worker) { return static_cast<pid_t>(Hear<Hello>(worker).pid); }

  // Says start and hands out an item.
  void Begin(WorkerId worker, const Start& start = {}, const std::string& item = "a") {
    Hear<Hello>(worker);
    Send(worker, start);
    Send(worker, Item{item, 1, Json{{"id", item}}});
  }

  // Answers what a worker has asked, as a supervisor does.
  void Serve(WorkerId worker) {
    const auto& said = Said(worker);
    for (size_t& next = answered_[worker]; next < said.size(); ++next) {
      if (auto* call = std::get_if<Call>(&said[next])) Send(worker, GoFor(call->call));
      if (auto* called = std::get_if<Called>(&said[next])) {
        Send(worker, Kept{called->call, int64_t{5}});
      }
    }
  }

  // Serves a worker until it is lost.
  WorkerLost ServeUntilLost(WorkerId worker) {
    REQUIRE(WaitUntil([&] {
      Serve(worker);
      return Find(worker) != nullptr;
    }));
    return *Find(worker);
  }

  // Serves a worker until it is done.
  Done Finish(WorkerId worker) {
    REQUIRE(WaitUntil([&] {
      Serve(worker);
      return Find(worker) || Count<Done>(worker) > 0;
    }));
    REQUIRE_MESSAGE(!Find(worker), "lost: ", Find(worker)->how);
    return All<Done>(worker).back();
  }

  static Go GoFor(int64_t call) {
    Go go;
    go.call = call;
    go.connect_ms = 5'000;
    go.first_byte_ms = go.between_bytes_ms = go.total_ms = 60'000;
    return go;
  }

 private:
  class Chooser : public Spawner {
   public:
    explicit Chooser(std::vector<std::string>* command) : command_(command) {}
    Result<Spawned> Spawn() override { return ExecSpawner(*command_).Spawn(); }

   private:
    std::vector<std::string>* command_;
  };

  ProcessState state_;  // put back last
  std::vector<std::string> command_;
  std::unique_ptr<ProcessPool> pool_;
  std::map<WorkerId, std::vector<FromWorker>> said_;
  std::map<WorkerId, WorkerLost> lost_;
  std::vector<WorkerId> ends_;
  std::vector<int> signals_;
  std::map<WorkerId, size_t> answered_;
};

// Runs `body` in a forked process; "" when it says so, else what went wrong. Of doctest's macros
// only REQUIRE tells us of a failure in there. A process that outlives the patience is killed.
inline std::string InChild(const std::function<std::string()>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    // As a shell starts us, whatever doctest, nohup or a background job has set.
    for (int number : {SIGABRT, SIGSEGV, SIGTERM, SIGINT, SIGFPE, SIGILL, SIGHUP, SIGCONT}) {
      signal(number, SIG_DFL);
    }
    int answer = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);  // away from 0, 1 and 2
    std::string wrong;
    try {
      wrong = body();
    } catch (...) {  // what REQUIRE throws
      wrong = "a REQUIRE failed";
    }
    if (wrong.empty()) wrong = "fine";
    ssize_t written = write(answer, wrong.data(), wrong.size());
    _exit(written > 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string answer;
  auto end = TestClock::now() + 3 * kPatience;
  for (;;) {
    pollfd in{ends[0], POLLIN, 0};
    auto left = std::chrono::ceil<milliseconds>(end - TestClock::now()).count();
    if (left <= 0 || poll(&in, 1, static_cast<int>(left)) == 0) {
      kill(child, SIGKILL);
      answer = "took too long";
      break;
    }
    char chunk[4096];
    ssize_t n = read(ends[0], chunk, sizeof chunk);
    if (n <= 0) break;
    answer.append(chunk, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (answer == "fine") return "";
  return answer.empty() ? "the process died, status " + std::to_string(status) : answer;
}

}  // namespace muster
