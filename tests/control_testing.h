#pragma once

// What the tests of the control socket share: a supervisor that is only a lock and a socket, in a
// process of its own, and a client that sends any bytes.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "common/json.h"
#include "supervisor/control/control_server.h"
#include "supervisor/control/control_socket.h"
#include "tests/ledger_testing.h"

namespace muster {

// Opens the run's control socket and answers with what `answer` makes of each request; null: with
// nothing. Without an `answer` it opens none and only holds the run's lock. Killed when destroyed,
// and so its socket stays behind.
class FakeSupervisor {
 public:
  using Answer = std::function<Json(const Json& request)>;

  explicit FakeSupervisor(const std::string& run_dir, const Answer& answer = nullptr) {
    auto ready = MakePipe();
    REQUIRE(ready);
    child_ = Fork([&] {
      struct flock lock {};
      lock.l_type = F_WRLCK;
      int fd = open((run_dir + "/lock").c_str(), O_RDWR | O_CREAT, 0600);
      if (fcntl(fd, F_SETLK, &lock) != 0) return 1;
      return Serve(run_dir, answer, ready->write.get());
    });
    ready->write.Reset();
    char byte = 0;
    REQUIRE(read(ready->read.get(), &byte, 1) == 1);
  }
  FakeSupervisor(const FakeSupervisor&) = delete;
  ~FakeSupervisor() {
    kill(child_, SIGKILL);
    Wait(child_);
  }

 private:
  static int Serve(const std::string& run_dir, const Answer& answer, int ready) {
    std::unique_ptr<ControlServer> server;
    if (answer) {
      auto opened = ControlServer::Open(run_dir);
      if (!opened) return 1;
      server = *std::move(opened);
    }
    if (write(ready, "x", 1) != 1) return 1;
    for (;;) {
      pollfd wait{server ? server->fd() : -1, POLLIN, 0};
      poll(&wait, 1, -1);
      for (const auto& request : server->Take()) {
        Json said = answer(request.body);
        if (!said.is_null()) server->Reply(request.id, said);
      }
    }
  }

  pid_t child_ = -1;
};

// A connection to the control socket in `run_dir`; what it sends is up to the test. Non-blocking.
class RawClient {
 public:
  explicit RawClient(const std::string& run_dir) {
    auto folder = OpenRunFolder(run_dir);
    auto made = MakeStreamSocket();
    REQUIRE(folder);
    REQUIRE(made);
    socket_ = *std::move(made);
    sockaddr_un address = ControlAddress(*folder);
    connected_ = connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  bool connected() const { return connected_; }
  int fd() const { return socket_.get(); }
  void Leave() { socket_.Reset(); }
  void SayNoMore() { shutdown(socket_.get(), SHUT_WR); }

  // How much of it the socket took.
  size_t Send(std::string_view bytes) {
    ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<size_t>(n);
  }

  // All that has come by now.
  std::string Receive() {
    std::string text;
    char piece[4096];
    for (;;) {
      ssize_t n = recv(socket_.get(), piece, sizeof piece, 0);
      if (n > 0) {
        text.append(piece, static_cast<size_t>(n));
        continue;
      }
      closed_ = closed_ || n == 0 || (errno != EAGAIN && errno != EINTR);
      return text;
    }
  }
  // Whether Receive came to the end.
  bool closed() const { return closed_; }

 private:
  Fd socket_;
  bool connected_ = false, closed_ = false;
};

inline bool IsReadable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

}  // namespace muster
