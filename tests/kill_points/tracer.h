#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/fd.h"
#include "common/result.h"
#include "tests/kill_points/system_calls.h"

namespace muster::kill_points {

// The supervisor, or what it started: forks on their way to be workers, and workers.
enum class Role { kSupervisor, kWorker };
std::string_view Name(Role role);

// A process about to do a system call, stopped.
struct Stop {
  pid_t pid = 0;
  Role role = Role::kSupervisor;
  const SystemCall& call;
  Arguments arguments{};
  int64_t count = 0;  // the how manieth of this call in this role, from 1
};

// What is to be done about it.
struct Order {
  enum Kind {
    kGoOn,
    kKillBefore,  // the process dies, the call is not carried out
    kKillAfter,   // the call is carried out, then the process dies
    kFail,        // the call is not carried out and gives the error
    kPretend,     // the call is not carried out and gives 0
  };
  Kind kind = kGoOn;
  int error = 0;
};

// Stops the processes of one start of muster at system calls and lets them go on as it is told. It
// traces a process that waits at a Gate, and all that comes of it; what one of our own children
// ends with is left for its owner to be waited for. System calls count from the first act of a
// program's main, which opens /dev/null: what the loader does before is not the program's. One
// tracer and one thread: whoever creates it. Destroying it kills what is still traced.
class Tracer {
 public:
  static Result<std::unique_ptr<Tracer>> Make(std::function<Order(const Stop&)> decide);
  Tracer(const Tracer&) = delete;
  ~Tracer();

  Result<void> Take(pid_t supervisor);

  // Readable when a traced process may have stopped or ended; then Attend is to be called.
  int fd() const { return signals_.get(); }
  void Attend();

  // Called while a process is about to die of a signal of its own making, SIGSEGV or SIGABRT.
  std::function<void(pid_t, Role, int signal)> on_crash;

  // Still traced; without the supervisor, whose end is not waited for here.
  std::vector<pid_t> others() const;
  pid_t supervisor() const { return supervisor_; }

 private:
  struct Tracee {
    Role role = Role::kSupervisor;
    bool counting = false;                  // its main has begun
    bool kill_at_end = false;               // of the call it is in
    std::optional<uint64_t> end_of_memory;  // what the brk it is in asked for
  };

  explicit Tracer(std::function<Order(const Stop&)> decide) : decide_(std::move(decide)) {}
  bool AttendTo(pid_t pid);
  bool FindUnannounced();
  void OnStop(pid_t pid, Tracee& tracee, int status);
  void OnSystemCall(pid_t pid, Tracee& tracee);
  void Carry(pid_t pid, Tracee& tracee, const Stop& stop, const Order& order);
  void OnNew(pid_t parent, const Tracee& tracee);
  void OnCallEnds(pid_t pid, Tracee& tracee);
  void GoOn(pid_t pid, const Tracee& tracee, int signal);

  std::function<Order(const Stop&)> decide_;
  Fd signals_;
  pid_t supervisor_ = 0;
  std::map<pid_t, Tracee> tracees_;
  std::map<std::pair<Role, int64_t>, int64_t> counts_;
};

}  // namespace muster::kill_points
