#pragma once

// A TCP server on a loopback port of its own that plays a script on every connection: what HTTP
// code meets from servers that are slow, broken or hostile, byte by byte. Only for tests.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace muster {

// The server's side of one connection, handed to the script. Closed when the script returns.
class TcpConnection {
 public:
  TcpConnection(int fd, int index) : fd_(fd), index_(index) {}
  ~TcpConnection() { Close(); }
  TcpConnection(const TcpConnection&) = delete;

  // 0 for the server's first connection, and so on.
  int index() const { return index_; }

  // One HTTP request, head and Content-Length body; "" when the client closed first.
  std::string ReadRequest() {
    while (true) {
      size_t head = buffer_.find("\r\n\r\n");
      if (head != buffer_.npos) {
        size_t whole = head + 4 + ContentLength(buffer_.substr(0, head));
        if (buffer_.size() >= whole) {
          std::string request = buffer_.substr(0, whole);
          buffer_.erase(0, whole);
          return request;
        }
      }
      char bytes[65536];
      ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return {};
      buffer_.append(bytes, static_cast<size_t>(got));
    }
  }

  // False once the client has gone.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Blocks until the client has closed its side.
  void WaitForClose() {
    char byte;
    while (recv(fd_, &byte, 1, 0) > 0) {
    }
  }

  void Close() {
    std::lock_guard lock(mutex_);
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // Wakes a script that waits for the client; from any thread.
  void ShutDown() {
    std::lock_guard lock(mutex_);
    if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
  }

  // Ends with RST instead of FIN.
  void Reset() {
    linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    Close();
  }

 private:
  static size_t ContentLength(const std::string& head) {
    constexpr std::string_view kName = "\r\ncontent-length:";
    for (size_t at = 0; at + kName.size() < head.size(); ++at) {
      if (strncasecmp(head.c_str() + at, kName.data(), kName.size()) == 0) {
        return std::strtoul(head.c_str() + at + kName.size(), nullptr, 10);
      }
    }
    return 0;
  }

  std::mutex mutex_;  // of closing
  int fd_;
  int index_;
  std::string buffer_;
};

// Accepts until it is destroyed, each connection in a thread of its own. Destroying it shuts every
// connection down and waits for the scripts.
class TcpServer {
 public:
  using Script = std::function<void(TcpConnection&)>;

  explicit TcpServer(Script script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 64);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~TcpServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (TcpConnection& each : clients_) each.ShutDown();
    }
    for (std::thread& each : players_) each.join();
    close(listener_);
  }

  // Answers every request with `reply`, as often as the client asks.
  static Script Always(std::string reply) {
    return [reply = std::move(reply)](TcpConnection& client) {
      while (!client.ReadRequest().empty()) client.Send(reply);
    };
  }

  int port() const { return port_; }
  int connections() const { return connections_; }
  std::string Url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  void Accept() {
    while (true) {
      int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::lock_guard lock(mutex_);
      TcpConnection& client = clients_.emplace_back(fd, connections_++);
      players_.emplace_back([this, &client] {
        script_(client);
        client.Close();
      });
    }
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::list<TcpConnection> clients_;
  std::list<std::thread> players_;
  std::thread acceptor_;
};

}  // namespace muster
