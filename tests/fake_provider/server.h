#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/fake_provider/connection.h"
#include "tests/fake_provider/fd.h"
#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/result.h"

namespace fake_provider {

// Who answers requests. Calls come from the Server's turn; Server::Send may be called from within.
class RequestSink {
 public:
  virtual ~RequestSink() = default;

  // A whole request, the `nth` (1-based) on its connection. The ticket returned comes back in
  // exactly one of the two calls below; with ticket 0 neither is made.
  virtual Ticket OnRequest(ConnectionId connection, int nth, Request request) = 0;

  // The last byte of the reply was handed to the kernel; if so asked, the connection is closed or
  // reset right after.
  virtual void OnDelivered(Ticket ticket) = 0;

  // The client closed or lost its connection before that.
  virtual void OnGone(Ticket ticket) = 0;
};

// The connections: accepts, reads whole requests, sends replies, keeps alive. It knows HTTP framing
// and sockets, nothing of providers. A client that closes its sending side counts as gone.
//
// Replies given to Send() wait for SendQueued(), so that the caller can write its books durably
// in between.
class Server {
 public:
  // Listens at the IPv4 `address` and `port`; 0 lets the kernel choose.
  static Result<Fd> Listen(const std::string& address, uint16_t port);

  // `loop` and `sink` must outlive the server.
  Server(Loop& loop, RequestSink& sink, Fd listener);

  uint16_t port() const;
  uint64_t accepted() const { return last_id_; }

  void Send(ConnectionId id, Transmission transmission);

  bool HasQueued() const { return !queue_.empty(); }
  void SendQueued();

 private:
  void Accept();
  void OnReady(ConnectionId id, uint32_t events);
  void TakeRequest(Connection& connection);
  void Refuse(Connection& connection, const std::string& why);
  void Pump(Connection& connection);
  void Finish(Connection& connection);
  void FinishReset(Connection& connection);
  void BecomeIdle(Connection& connection);
  void PumpLater(Connection& connection, Clock::duration delay);
  void SetInterest(Connection& connection, uint32_t events);
  void Drop(Connection& connection);
  void Deliver(Connection& connection);
  Connection* Find(ConnectionId id);

  Loop& loop_;
  RequestSink& sink_;
  Fd listener_;
  Loop::Token listener_watch_ = 0;
  ConnectionId last_id_ = 0;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::vector<ConnectionId> queue_;  // have something to send this turn
};

}  // namespace fake_provider
