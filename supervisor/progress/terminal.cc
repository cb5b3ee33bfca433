#include "supervisor/progress/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kFlushTime = std::chrono::seconds(1);
constexpr size_t kPiece = 64 << 10;  // bytes that are begun together
// With a shared, blocking description: less than what a terminal or pipe that says it has room is
// sure to take.
constexpr size_t kCarefulPiece = 256;

bool IsRegularFile(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

// The same terminal, pipe or device once more, with flags of its own. Empty where that cannot be:
// sockets, terminals of another user.
Fd OpenAgain(int fd) {
  std::string path = fmt::format("/proc/self/fd/{}", fd);
  return Fd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

// Not now, perhaps later. A full disk may have room again.
bool IsTemporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOSPC || error == EDQUOT;
}

}  // namespace

TerminalOut::TerminalOut(int fd) : fd_(fd), file_(IsRegularFile(fd)) {
  if (file_) return;  // opened again it would be written from its begin
  own_ = OpenAgain(fd);
  careful_ = !own_;
  if (own_) fd_ = own_.get();
}

TerminalOut::~TerminalOut() { Flush(); }

void TerminalOut::Write(std::string_view text) {
  if (silent_) return;
  waiting_ += text;
  Send();
  if (waiting_.size() > kMostWaiting) DropOldest();
}

void TerminalOut::Send() {
  while (!silent_ && !Idle() && SendPiece()) {
  }
  if (!silent_) return;
  sending_.clear();
  waiting_.clear();
  sent_ = 0;
}

void TerminalOut::Flush() {
  auto end = Clock::now() + kFlushTime;
  Send();
  while (!silent_ && !Idle() && !file_) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) break;
    HasRoom(static_cast<int>(left));
    Send();
  }
  if (!Idle() && !file_) silent_ = true;
}

int TerminalOut::Columns() const {
  winsize size{};
  bool known = ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

bool TerminalOut::InBackground() const {
  pid_t foreground = tcgetpgrp(fd_);  // -1 where it is not our controlling terminal
  return foreground > 0 && foreground != getpgrp();
}

// Begins the next piece: word of what was dropped, or the next lines.
void TerminalOut::TakeMore() {
  sent_ = 0;
  sending_.clear();
  if (dropped_ > 0) {
    sending_ = fmt::format("note: {} lines were not shown here: the output was not read in time\n",
                           dropped_);
    dropped_ = 0;
    return;
  }
  size_t size = waiting_.size();
  if (size > kPiece) {
    size_t newline = waiting_.rfind('\n', kPiece - 1);
    if (newline == std::string::npos) newline = waiting_.find('\n', kPiece);
    if (newline != std::string::npos) size = newline + 1;
  }
  sending_.assign(waiting_, 0, size);
  waiting_.erase(0, size);
}

// A quarter at once, so that a flood does not move the rest for every line.
void TerminalOut::DropOldest() {
  size_t newline = waiting_.find('\n', kMostWaiting / 4);
  auto end = newline == std::string::npos ? waiting_.end() : waiting_.begin() + newline + 1;
  dropped_ += std::count(waiting_.begin(), end, '\n');
  waiting_.erase(waiting_.begin(), end);
}

// False when nothing more can be sent now.
bool TerminalOut::SendPiece() {
  if (sent_ == sending_.size()) TakeMore();
  size_t size = sending_.size() - sent_;
  if (careful_) {
    if (!HasRoom(0)) return false;
    size = std::min(size, kCarefulPiece);
  }
  ssize_t written = write(fd_, sending_.data() + sent_, size);
  if (written >= 0) {
    sent_ += static_cast<size_t>(written);
    return written > 0;
  }
  if (errno == EINTR) return true;
  silent_ = !IsTemporary(errno);
  return false;
}

bool TerminalOut::HasRoom(int wait_ms) const {
  pollfd asked{fd_, POLLOUT, 0};
  return poll(&asked, 1, wait_ms) > 0;  // also at an error or hang-up: write() says which
}

}  // namespace muster
