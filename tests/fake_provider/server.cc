#include "tests/fake_provider/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fake_provider {
namespace {

using std::chrono::milliseconds;

constexpr uint32_t kReading = EPOLLIN | EPOLLRDHUP;
constexpr uint32_t kAnswering = EPOLLRDHUP;
constexpr uint32_t kSending = EPOLLRDHUP | EPOLLOUT;
constexpr uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr int kMaxResetWaits = 1000;  // of a millisecond each

}  // namespace

Result<Fd> Server::Listen(const std::string& address, uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) {
    return Error{fmt::format("{}: expected an IPv4 address", address)};
  }
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0 ||
      listen(fd.get(), 4096) != 0) {
    return Error{fmt::format("{}:{}: {}", address, port, std::strerror(errno))};
  }
  return fd;
}

Server::Server(Loop& loop, RequestSink& sink, Fd listener)
    : loop_(loop), sink_(sink), listener_(std::move(listener)) {
  listener_watch_ = loop_.Watch(listener_.get(), EPOLLIN, [this](uint32_t) { Accept(); });
}

uint16_t Server::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Connection* Server::Find(ConnectionId id) {
  auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Server::Accept() {
  for (;;) {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid() && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!socket.valid() && (errno == EMFILE || errno == ENFILE)) {
      loop_.Change(listener_watch_, 0);
      loop_.After(milliseconds(50), [this] { loop_.Change(listener_watch_, EPOLLIN); });
    }
    if (!socket.valid()) return;
    int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ConnectionId id = ++last_id_;
    auto connection = std::make_unique<Connection>(id, std::move(socket));
    connection->interest = kReading;
    connection->watch = loop_.Watch(connection->fd(), kReading,
                                    [this, id](uint32_t events) { OnReady(id, events); });
    connections_.emplace(id, std::move(connection));
  }
}

void Server::OnReady(ConnectionId id, uint32_t events) {
  Connection* connection = Find(id);
  if (!connection) return;
  if (connection->busy) {
    if (events & kGone) {
      Drop(*connection);
    } else if (events & EPOLLOUT) {
      queue_.push_back(id);
    }
    return;
  }
  bool open = connection->Receive();
  TakeRequest(*connection);
  if (!open) Drop(*connection);
}

void Server::TakeRequest(Connection& connection) {
  Connection::Read read = connection.NextRequest();
  if (std::holds_alternative<Connection::Incomplete>(read)) return;
  connection.busy = true;
  SetInterest(connection, kAnswering);
  if (const Error* error = std::get_if<Error>(&read)) return Refuse(connection, error->message);
  int nth = ++connection.requests;
  connection.ticket = sink_.OnRequest(connection.id(), nth, std::move(std::get<Request>(read)));
}

// A request that cannot be read has no taker: the server answers it and closes.
void Server::Refuse(Connection& connection, const std::string& why) {
  Transmission refusal;
  std::string body = why + "\n";
  refusal.bytes.Append(FormatHead(400, {{"Content-Type", "text/plain"},
                                        {"Content-Length", std::to_string(body.size())},
                                        {"Connection", "close"}}) +
                       body);
  refusal.then = Transmission::Then::kClose;
  Send(connection.id(), std::move(refusal));
}

void Server::Send(ConnectionId id, Transmission transmission) {
  Connection* connection = Find(id);
  if (!connection) return;
  connection->Load(std::move(transmission));
  queue_.push_back(id);
}

void Server::SendQueued() {
  // What the sending itself queues (the next request of a client that sends ahead) waits a turn.
  for (ConnectionId id : std::exchange(queue_, {})) {
    if (Connection* connection = Find(id)) Pump(*connection);
  }
}

void Server::Pump(Connection& connection) {
  switch (connection.Pump()) {
    case Connection::Pumped::kAll:
      return Finish(connection);
    case Connection::Pumped::kBlocked:
      return SetInterest(connection, kSending);
    case Connection::Pumped::kPaced:
      return PumpLater(connection, connection.pause());
    case Connection::Pumped::kBroken:
      return Drop(connection);
  }
}

void Server::PumpLater(Connection& connection, Clock::duration delay) {
  SetInterest(connection, kAnswering);
  loop_.After(delay, [this, id = connection.id()] { queue_.push_back(id); });
}

void Server::Finish(Connection& connection) {
  switch (connection.outgoing().then) {
    case Transmission::Then::kKeepOpen:
      return BecomeIdle(connection);
    case Transmission::Then::kClose:
      return Deliver(connection);
    case Transmission::Then::kReset:
      return FinishReset(connection);
    case Transmission::Then::kStayOpen:
      if (Ticket ticket = std::exchange(connection.ticket, 0)) sink_.OnDelivered(ticket);
      return SetInterest(connection, kAnswering);
    case Transmission::Then::kHang:
      return SetInterest(connection, kAnswering);
  }
}

// A RST throws away what the kernel has not sent yet, so it waits until the client has it all.
void Server::FinishReset(Connection& connection) {
  if (connection.UnacknowledgedBytes() > 0 && ++connection.reset_waits < kMaxResetWaits) {
    return PumpLater(connection, milliseconds(1));
  }
  connection.ArmReset();
  Deliver(connection);
}

void Server::BecomeIdle(Connection& connection) {
  connection.busy = false;
  Ticket ticket = std::exchange(connection.ticket, 0);
  if (ticket) sink_.OnDelivered(ticket);
  SetInterest(connection, kReading);
  TakeRequest(connection);
}

void Server::SetInterest(Connection& connection, uint32_t events) {
  if (connection.interest == events) return;
  connection.interest = events;
  loop_.Change(connection.watch, events);
}

// Says that the reply is out, then closes: who sees the end of it finds it in the books.
void Server::Deliver(Connection& connection) {
  Ticket ticket = std::exchange(connection.ticket, 0);
  if (ticket) sink_.OnDelivered(ticket);
  Drop(connection);
}

// Closes; whoever answers an open request hears that the client is gone.
void Server::Drop(Connection& connection) {
  Ticket ticket = connection.ticket;
  loop_.Forget(connection.watch);
  connections_.erase(connection.id());
  if (ticket) sink_.OnGone(ticket);
}

}  // namespace fake_provider
