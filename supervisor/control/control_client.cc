#include "supervisor/control/control_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "common/duration.h"
#include "supervisor/control/control_socket.h"
#include "supervisor/run_status.h"

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kMostReplyBytes = 64 << 20;
constexpr milliseconds kKnockAgain{10};  // while the door is crowded

// One question to one run, until its answer or the deadline.
class Question {
 public:
  Question(const std::string& run_dir, milliseconds limit)
      : run_dir_(run_dir), limit_(limit), until_(SteadyClock::now() + limit) {}

  Result<Json> Ask(const Json& request) {
    if (auto connected = Connect(); !connected) return Error{connected.error()};
    if (auto sent = Send(DumpJson(request) + "\n"); !sent) return Error{sent.error()};
    auto line = ReceiveLine();
    if (!line) return Error{line.error()};
    auto reply = ParseJson(*line);
    if (!reply) return Fail("the supervisor of {} answered nonsense: {}", run_dir_, reply.error());
    if (!reply->is_object()) {
      return Fail("the supervisor of {} answered nonsense: no JSON object", run_dir_);
    }
    return reply;
  }

 private:
  Result<void> Connect() {
    std::error_code error;
    if (!std::filesystem::exists(run_dir_ + "/ledger.sqlite", error)) {
      return Fail("there is no run in {}: {}", run_dir_,
                  error ? error.message() : "it holds no ledger.sqlite");
    }
    if (!IsRunLocked(run_dir_)) return Fail("{} is not running", run_dir_);
    auto folder = OpenRunFolder(run_dir_);
    if (!folder) return Error{folder.error()};
    auto made = MakeStreamSocket();
    if (!made) return Error{made.error()};
    socket_ = *std::move(made);
    sockaddr_un address = ControlAddress(*folder);
    while (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return NotListening(errno);
      if (SteadyClock::now() >= until_) return TimedOut();
      poll(nullptr, 0, static_cast<int>(kKnockAgain.count()));
    }
    return {};
  }

  Result<void> Send(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        text.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EPIPE || errno == ECONNRESET) {
        return {};  // it may have said why
      } else if (auto ready = Await(POLLOUT); !ready) {
        return ready;
      }
    }
    return {};
  }

  Result<std::string> ReceiveLine() {
    std::string text;
    char piece[64 << 10];
    for (;;) {
      ssize_t n = recv(socket_.get(), piece, sizeof piece, 0);
      if (n > 0) {
        size_t before = text.size();
        text.append(piece, static_cast<size_t>(n));
        if (size_t end = text.find('\n', before); end != std::string::npos) {
          return text.substr(0, end);
        }
        if (text.size() > kMostReplyBytes) {
          return Fail("the supervisor of {} answers without end", run_dir_);
        }
      } else if (n == 0 || errno == ECONNRESET) {
        return Fail("the supervisor of {} gave no answer: it hung up", run_dir_);
      } else if (auto ready = Await(POLLIN); !ready) {
        return Error{ready.error()};
      }
    }
  }

  // After a call that gave EAGAIN or EINTR (what else there is, the next one reports).
  Result<void> Await(int16_t events) {
    if (errno != EAGAIN && errno != EINTR) {
      return Fail("cannot ask the supervisor of {}: {}", run_dir_, ErrnoText(errno));
    }
    auto left = std::chrono::ceil<milliseconds>(until_ - SteadyClock::now()).count();
    if (left <= 0) return TimedOut();
    pollfd wait{socket_.get(), events, 0};
    poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    return {};
  }

  Error NotListening(int error) const {
    if (error == ENOENT || error == ECONNREFUSED) {
      return Fail("the supervisor of {} does not listen: it is just starting or ending", run_dir_);
    }
    return Fail("cannot ask the supervisor of {}: {}", run_dir_, ErrnoText(error));
  }

  Error TimedOut() const {
    return Fail("the supervisor of {} gave no answer within {}", run_dir_, FormatDuration(limit_));
  }

  const std::string& run_dir_;
  const milliseconds limit_;
  const SteadyClock::time_point until_;
  Fd socket_;
};

}  // namespace

Result<Json> AskRun(const std::string& run_dir, const Json& request, milliseconds limit) {
  return Question(run_dir, limit).Ask(request);
}

}  // namespace muster
