#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/json.h"

namespace muster {

// One connection to the control socket, seen from the supervisor. Passive: it never waits; the
// server owns the poll and tells it what is ready. Nothing that comes in can make it grow: a line
// that is too long, and answers that are not fetched, end it.
class ControlPeer {
 public:
  explicit ControlPeer(Fd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  // Reads once and returns the lines that are whole now, without their newlines.
  std::vector<std::string> ReadLines();

  // Queues a line and sends what the connection takes. One whose earlier answers wait for more than
  // a megabyte is broken off instead.
  void Say(const Json& line);
  void Flush();

  // A request that the supervisor has taken on, and its answer.
  void Owe() { ++owed_; }
  void Answer(const Json& line);
  size_t owed() const { return owed_; }

  void BreakOff() { broken_ = true; }
  // Nothing more will come of it: broken, or its end has said and heard all.
  bool over() const { return broken_ || (ended_ && owed_ == 0 && unsent_.empty()); }
  // What to wait for (EPOLLIN, EPOLLOUT).
  uint32_t interest() const;

 private:
  std::vector<std::string> CutLines();
  void RefuseLongLine();

  Fd socket_;
  std::string received_;  // what follows the last newline
  std::string unsent_;
  size_t owed_ = 0;
  bool ended_ = false;  // it says nothing more, but may still listen
  bool broken_ = false;
};

}  // namespace muster
