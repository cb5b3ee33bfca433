#pragma once

// Real programs as children of a test: started with arguments, environment and folder, read from
// through pipes or on a terminal of their own, signalled, and gone when the test is.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/fd.h"

namespace muster {

// A program to be started. What the test's own environment has, the program has too, but for the
// variables named here.
struct ChildOptions {
  std::vector<std::string> argv;  // argv[0] is looked for in PATH when it has no slash
  std::map<std::string, std::optional<std::string>> env;  // nullopt: not set
  std::string cwd;                                        // empty: the test's
  int columns = 0;  // 0: stdout and stderr are pipes; else a terminal so wide, 24 rows high
  std::optional<uid_t> user;          // become this user first; only root can
  std::chrono::seconds deadline{30};  // from the start on; then it is killed and the test fails
};

// How a program ended and what it said. On a terminal all it said is `out`.
struct ChildEnd {
  int code = -1;  // its exit code; 128 + the signal that killed it
  bool overdue = false;
  std::string out, err;
};

// A running program: leader of a session of its own, without input. Destroying it kills its whole
// group and waits. Not thread-safe; what it prints is only read in the calls that say so.
class Child {
 public:
  explicit Child(const ChildOptions& options);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  // Its children that live now: a supervisor's workers and the server they are forked from.
  std::vector<pid_t> Children() const;
  // Of these the workers.
  std::vector<pid_t> Workers() const;

  void Signal(int signal) const;
  // Types on its terminal: "\x03" is Ctrl+C.
  void Type(const std::string& keys);
  // The terminal goes away (SIGHUP), or nobody reads the pipes any more (EPIPE).
  void CloseOutput();

  // Reads until `text` has been printed; false when the program ends or the deadline comes first.
  bool ReadUntil(const std::string& text);
  // Reads until `condition`, which is asked again and again, holds; false as above.
  bool ReadUntil(const std::function<bool()>& condition);
  // Reads until it has ended.
  ChildEnd Wait();
  // The same without reading anything it prints until then.
  ChildEnd WaitUnread();
  const std::string& out() const { return end_.out; }

 private:
  [[noreturn]] void Become(const ChildOptions& options, const Fd& terminal, const Pipe& out,
                           const Pipe& err) const;
  bool Read(std::chrono::milliseconds patience);
  bool Take(Fd& from, std::string* to);
  bool Reap();
  bool Overdue();

  std::chrono::steady_clock::time_point deadline_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  Fd out_, err_;  // on a terminal `out_` is its other side
  ChildEnd end_;
};

// Starts, reads and waits.
ChildEnd RunChild(const ChildOptions& options);

// No process, or only the remains of one, has this number.
bool ProcessEnded(pid_t pid);

}  // namespace muster
