#include "supervisor/control/control_server.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "supervisor/control/control_socket.h"

namespace muster {
namespace {

constexpr size_t kMostPeers = 16;
constexpr size_t kMostOwed = 64;   // requests of one peer without their answers
constexpr int kMostAccepted = 64;  // in one turn
constexpr int64_t kListener = 0;   // in place of a peer's number

bool IsOursOrRoot(const Fd& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

// Removes what a killed supervisor left; what is no socket was put there by someone else.
Result<void> RemoveStale(const Fd& folder, const std::string& run_dir) {
  struct stat info;
  if (fstatat(folder.get(), kControlSocket, &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) {
    return Fail("{}/{} is in the way: it is no socket", run_dir, kControlSocket);
  }
  if (unlinkat(folder.get(), kControlSocket, 0) == 0) return {};
  return Fail("{}/{} cannot be replaced: {}", run_dir, kControlSocket, ErrnoText(errno));
}

bool Watch(const Fd& epoll, int operation, int fd, uint32_t events, int64_t id) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(id);
  return epoll_ctl(epoll.get(), operation, fd, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::Open(const std::string& run_dir) {
  auto folder = OpenRunFolder(run_dir);
  if (!folder) return Error{folder.error()};
  std::unique_ptr<ControlServer> server(new ControlServer(*std::move(folder)));
  if (auto set_up = server->SetUp(run_dir); !set_up) return Error{set_up.error()};
  return server;
}

Result<void> ControlServer::SetUp(const std::string& run_dir) {
  auto made = MakeStreamSocket();
  if (!made) return Error{made.error()};
  listener_ = *std::move(made);
  if (auto removed = RemoveStale(folder_, run_dir); !removed) return removed;
  if (auto bound = Bind(run_dir); !bound) return bound;
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  spare_.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (epoll_ && Watch(epoll_, EPOLL_CTL_ADD, listener_.get(), EPOLLIN, kListener)) return {};
  return Fail("cannot watch {}/{}: {}", run_dir, kControlSocket, ErrnoText(errno));
}

// The mode of the socket before it has a name is the mode that its file gets: at no moment may
// others connect.
Result<void> ControlServer::Bind(const std::string& run_dir) {
  sockaddr_un address = ControlAddress(folder_);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bound_ =
      fchmod(listener_.get(), 0600) == 0 && bind(listener_.get(), generic, sizeof address) == 0;
  if (bound_ && listen(listener_.get(), kMostPeers) == 0) return {};
  return Fail("cannot open {}/{}: {}", run_dir, kControlSocket, ErrnoText(errno));
}

ControlServer::~ControlServer() {
  if (bound_) unlinkat(folder_.get(), kControlSocket, 0);
}

std::vector<ControlServer::Request> ControlServer::Take() {
  std::vector<Request> requests;
  epoll_event ready[kMostPeers + 1];
  int n = epoll_wait(epoll_.get(), ready, std::size(ready), 0);
  for (int i = 0; i < n; ++i) {
    auto id = static_cast<int64_t>(ready[i].data.u64);
    if (id == kListener) {
      AcceptAll();
    } else {
      Serve(id, ready[i].events, &requests);
    }
  }
  return requests;
}

void ControlServer::AcceptAll() {
  for (int i = 0; i < kMostAccepted; ++i) {
    Fd socket = AcceptOne();
    if (!socket) return;
    if (IsOursOrRoot(socket)) Admit(std::move(socket));
  }
}

// Without a descriptor left, the one in reserve takes the caller in and throws it out: a caller
// left at the door would wake the loop forever.
Fd ControlServer::AcceptOne() {
  Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket || (errno != EMFILE && errno != ENFILE)) return socket;
  spare_.Reset();
  Fd turned_away(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  turned_away.Reset();
  spare_.Reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return {};
}

void ControlServer::Admit(Fd socket) {
  ControlPeer peer(std::move(socket));
  if (peers_.size() >= kMostPeers) {
    return peer.Say({{"error", "too many others are connected; try again later"}});
  }
  int64_t id = ++last_peer_;
  if (Watch(epoll_, EPOLL_CTL_ADD, peer.fd(), peer.interest(), id)) {
    peers_.emplace(id, std::move(peer));
  }
}

void ControlServer::Serve(int64_t id, uint32_t events, std::vector<Request>* requests) {
  auto found = peers_.find(id);
  if (found == peers_.end()) return;
  ControlPeer& peer = found->second;
  if (events & EPOLLOUT) peer.Flush();
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    for (const std::string& line : peer.ReadLines()) TakeLine(id, peer, line, requests);
  }
  // Closed, not only silent: what it asked is done, but nobody hears of it.
  if (events & (EPOLLHUP | EPOLLERR)) peer.BreakOff();
  Settle(id, peer);
}

void ControlServer::TakeLine(int64_t id, ControlPeer& peer, std::string_view line,
                             std::vector<Request>* requests) {
  if (peer.owed() >= kMostOwed) {
    return peer.Say({{"error", "too many requests without an answer; ask again later"}});
  }
  auto body = ParseJson(line);
  if (!body) return peer.Say({{"error", "not a request: " + body.error()}});
  if (!body->is_object()) {
    return peer.Say({{"error", "not a request: expected one JSON object a line"}});
  }
  peer.Owe();
  asked_by_[++last_request_] = id;
  requests->push_back({last_request_, *std::move(body)});
}

void ControlServer::Reply(int64_t id, const Json& body) {
  auto asked = asked_by_.find(id);
  if (asked == asked_by_.end()) return;
  int64_t by = asked->second;
  asked_by_.erase(asked);
  ControlPeer& peer = peers_.at(by);
  peer.Answer(body);
  Settle(by, peer);
}

// Forgets a peer that is over (closing its descriptor ends the watch), else watches for what it
// needs next.
void ControlServer::Settle(int64_t id, const ControlPeer& peer) {
  if (!peer.over() && Watch(epoll_, EPOLL_CTL_MOD, peer.fd(), peer.interest(), id)) return;
  std::erase_if(asked_by_, [id](const auto& asked) { return asked.second == id; });
  peers_.erase(id);
}

}  // namespace muster
