#include "tests/fake_provider/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fake_provider {
namespace {

constexpr size_t kMaxHeadBytes = 1u << 20;
constexpr size_t kMaxBytesPerTurn = 32u << 20;

}  // namespace

bool Connection::Receive() {
  char buffer[64 << 10];
  for (size_t taken = 0; taken < kMaxBytesPerTurn;) {
    ssize_t count = recv(fd(), buffer, sizeof buffer, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    incoming_.append(buffer, count);
    taken += count;
  }
  return true;
}

Connection::Read Connection::NextRequest() {
  if (!head_) {
    size_t end = incoming_.find("\r\n\r\n");
    if (end == std::string::npos && incoming_.size() > kMaxHeadBytes)
      return Error{"head: too long"};
    if (end == std::string::npos) return Incomplete{};
    Result<Request> head = ParseHead(std::string_view(incoming_).substr(0, end));
    if (!head.ok()) return Error{head.error()};
    head_ = std::move(head.value());
    incoming_.erase(0, end + 4);
    if (head_->expects_continue && incoming_.size() < head_->content_length) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      send(fd(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
    }
  }
  if (incoming_.size() < head_->content_length) return Incomplete{};
  Request request = std::move(*head_);
  head_.reset();
  if (incoming_.size() == request.content_length) {
    request.body = std::exchange(incoming_, {});
  } else {
    request.body = incoming_.substr(0, request.content_length);
    incoming_.erase(0, request.content_length);
  }
  return request;
}

Connection::Pumped Connection::Pump() {
  std::deque<Transmission::Burst>& bursts = outgoing_.bursts;
  while (!outgoing_.bytes.empty()) {
    if (bursts.empty() && outgoing_.drip.bytes) bursts.push_back(outgoing_.drip);
    if (!bursts.empty() && bursts.front().bytes == 0) {
      pause_ = bursts.front().pause;
      bursts.pop_front();
      return Pumped::kPaced;
    }
    uint64_t most = bursts.empty() ? outgoing_.bytes.size() : bursts.front().bytes;
    std::string_view next = outgoing_.bytes.Peek(most);
    ssize_t count = send(fd(), next.data(), next.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? Pumped::kBlocked : Pumped::kBroken;
    outgoing_.bytes.Consume(count);
    if (!bursts.empty()) bursts.front().bytes -= count;
  }
  return Pumped::kAll;
}

int Connection::UnacknowledgedBytes() const {
  int count = 0;
  return ioctl(fd(), SIOCOUTQ, &count) == 0 ? count : 0;
}

void Connection::ArmReset() {
  linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

}  // namespace fake_provider
