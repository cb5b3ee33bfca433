#include "supervisor/control/control_peer.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>

#include "supervisor/control/control_socket.h"

namespace muster {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kMostUnsent = 1 << 20;  // before another answer is added

bool IsPassing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

std::vector<std::string> ControlPeer::ReadLines() {
  if (ended_ || broken_) return {};
  char piece[kReadBytes];
  ssize_t n = recv(fd(), piece, sizeof piece, 0);
  if (n < 0) {
    broken_ = broken_ || !IsPassing(errno);
    return {};
  }
  ended_ = n == 0;
  received_.append(piece, static_cast<size_t>(n));
  return CutLines();
}

std::vector<std::string> ControlPeer::CutLines() {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end; (end = received_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (end - begin > kMostRequestBytes) return RefuseLongLine(), lines;
    if (end > begin) lines.push_back(received_.substr(begin, end - begin));
  }
  received_.erase(0, begin);
  if (received_.size() > kMostRequestBytes) RefuseLongLine();
  return lines;
}

// Where the next line begins is no longer of interest: it is heard no more.
void ControlPeer::RefuseLongLine() {
  received_.clear();
  ended_ = true;
  Say({{"error", fmt::format("a request is longer than {} bytes", kMostRequestBytes)}});
}

void ControlPeer::Say(const Json& line) {
  if (broken_) return;
  if (unsent_.size() > kMostUnsent) return BreakOff();
  unsent_ += DumpJson(line) + "\n";
  Flush();
}

void ControlPeer::Answer(const Json& line) {
  assert(owed_ > 0);
  --owed_;
  Say(line);
}

void ControlPeer::Flush() {
  size_t sent = 0;
  while (!broken_ && sent < unsent_.size()) {
    ssize_t n = send(fd(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      broken_ = !IsPassing(errno);
      break;
    }
  }
  unsent_.erase(0, sent);
}

uint32_t ControlPeer::interest() const {
  uint32_t events = 0;
  if (!ended_) events |= EPOLLIN;
  if (!unsent_.empty()) events |= EPOLLOUT;
  return events;
}

}  // namespace muster
