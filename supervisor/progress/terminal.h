#pragma once

// Where progress is written to: a terminal, a pipe or a file, of which none may ever hold up the
// supervisor. Knows bytes and lines, not what they say.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/fd.h"

namespace muster {

// A sink that never blocks. Terminals and pipes are written through a description of its own, so
// that making it non-blocking changes nothing for the shell and others that share `fd`; where none
// can be had, `fd` itself is written in small pieces, each after asking whether there is room. What
// is not taken waits in memory, up to kMostWaiting bytes: then the oldest lines are dropped, and a
// line in their place says how many. When nobody can read any more (EPIPE, EIO) it is silent for
// ever. The program must ignore SIGPIPE. `fd` is borrowed and outlives it.
class TerminalOut {
 public:
  static constexpr size_t kMostWaiting = 1 << 20;  // bytes

  explicit TerminalOut(int fd);
  TerminalOut(const TerminalOut&) = delete;
  TerminalOut& operator=(const TerminalOut&) = delete;
  ~TerminalOut();  // waits as Flush does

  // `text` is whole lines, each with its newline. Sends what can be sent now.
  void Write(std::string_view text);

  // Sends what can be sent now of what waits.
  void Send();

  // Waits until all is sent, a second at most; what is left then is given up, for ever.
  void Flush();

  // Nothing waits: a frame written now is shown now.
  bool Idle() const { return sent_ == sending_.size() && waiting_.empty(); }

  // Nobody can see it any more.
  bool Silent() const { return silent_; }

  // Columns as the terminal says now; 80 where it does not say.
  int Columns() const;

  // Other programs use the terminal while this one is in the background of its shell.
  bool InBackground() const;

 private:
  void TakeMore();
  void DropOldest();
  bool SendPiece();
  bool HasRoom(int wait_ms) const;

  Fd own_;                // empty: `fd_` is written with care
  int fd_;                // what is written to
  bool file_ = false;     // a regular file: never waits, may be full
  bool careful_ = false;  // no description of our own
  bool silent_ = false;
  std::string sending_;  // begun, never dropped
  size_t sent_ = 0;      // of it, bytes
  std::string waiting_;  // begins at a line's begin
  int64_t dropped_ = 0;  // lines dropped before waiting_, not yet told of
};

}  // namespace muster
