#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "tests/fake_provider/fd.h"
#include "tests/fake_provider/http.h"
#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/transmission.h"

namespace fake_provider {

using ConnectionId = uint64_t;  // 1, 2, 3 … in the order of acceptance
using Ticket = uint64_t;        // names a request whose fate its taker wants to hear; 0: none

// One client connection: the bytes read so far and the reply on its way out. It never waits and
// never decides: the Server says when to read and to pump. One request at a time; what a client
// sends ahead stays in the kernel and in the buffer. Closes its socket when destroyed.
class Connection {
 public:
  struct Incomplete {};  // more bytes are needed
  using Read = std::variant<Incomplete, Request, Error>;
  enum class Pumped { kAll, kBlocked, kPaced, kBroken };

  Connection(ConnectionId id, Fd socket) : id_(id), socket_(std::move(socket)) {}

  // Takes what has arrived; false when the client has closed its side or the connection broke.
  bool Receive();

  // The next whole request, if it is there. Sends the `100 Continue` a client may be waiting for.
  Read NextRequest();

  void Load(Transmission transmission) { outgoing_ = std::move(transmission); }

  // Hands bytes to the kernel: all of them, or until it is full, or one burst of them.
  Pumped Pump();

  // How long to wait after a Pump() that was kPaced.
  Clock::duration pause() const { return pause_; }

  // Bytes the kernel holds that the client's kernel has not acknowledged.
  int UnacknowledgedBytes() const;

  // Makes closing send a RST instead of a FIN.
  void ArmReset();

  ConnectionId id() const { return id_; }
  int fd() const { return socket_.get(); }
  const Transmission& outgoing() const { return outgoing_; }

  // Kept by the Server.
  Loop::Token watch = 0;
  uint32_t interest = 0;
  bool busy = false;  // a request is being answered
  Ticket ticket = 0;  // of that request
  int requests = 0;   // so far
  int reset_waits = 0;

 private:
  ConnectionId id_;
  Fd socket_;
  std::string incoming_;
  std::optional<Request> head_;  // read already, waiting for its body
  Transmission outgoing_;
  Clock::duration pause_{};
};

}  // namespace fake_provider
