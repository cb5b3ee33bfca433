#include "tests/fake_server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "tests/programs.h"

namespace muster {
namespace {

constexpr std::chrono::seconds kLongestTest{120};
constexpr int kPatienceSeconds = 10;  // for one reply

ChildOptions ServerOptions(const std::vector<std::string>& flags) {
  ChildOptions options;
  options.argv = {ProgramPath("fake-provider"), "--port=0", "--no-fsync"};
  options.argv.push_back(fmt::format("--key={}", FakeServer::kKey));
  options.argv.insert(options.argv.end(), flags.begin(), flags.end());
  options.deadline = kLongestTest;
  return options;
}

Fd ConnectTo(int port) {
  Fd socket_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval patience{kPatienceSeconds, 0};
  setsockopt(socket_fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  int rc = connect(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  REQUIRE_MESSAGE(rc == 0, "no connection to the fake provider");
  return socket_fd;
}

}  // namespace

FakeServer::FakeServer(const std::string& script, const std::vector<std::string>& flags)
    : child_(ServerOptions(flags)) {
  REQUIRE_MESSAGE(child_.ReadUntil("\n"), "the fake provider did not start");
  port_ = std::atoi(child_.out().c_str() + child_.out().rfind(':') + 1);
  REQUIRE(port_ > 0);
  if (!script.empty()) SetScript(script);
}

std::string FakeServer::Url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

std::string FakeServer::UrlFor(const std::string& api) const {
  static const std::map<std::string, std::string> kBases = {
      {"openai", "/v1"},
      {"azure", "/openai/v1"},
      {"azure-deployments", "/openai/deployments"},
      {"openrouter", "/api/v1"},
      {"ollama", ""},
      {"compat", "/compat/v1"},
      {"anthropic", "/anthropic/v1"},
      {"claude-code", "/anthropic"},
      {"gemini", "/v1beta"}};
  auto base = kBases.find(api);
  REQUIRE_MESSAGE(base != kBases.end(), "the fake provider has no API " << api);
  return fmt::format("http://127.0.0.1:{}{}", port_, base->second);
}

Json FakeServer::Books() const {
  auto books = ParseJson(Fetch("GET", "/_books", ""));
  REQUIRE(books);
  return *books;
}

int64_t FakeServer::Book(const std::string& name) const {
  auto value = IntMember(Books(), name);
  REQUIRE_MESSAGE(value, "the books have no " << name);
  return *value;
}

Json FakeServer::Requests(int count) const {
  auto requests = ParseJson(Fetch("GET", fmt::format("/_requests?last={}", count), ""));
  REQUIRE(requests);
  return *requests;
}

void FakeServer::SetScript(const std::string& script) const {
  auto reply = ParseJson(Fetch("POST", "/_script", script));
  REQUIRE(reply);
  REQUIRE_MESSAGE(reply->contains("rules"), DumpJson(*reply));
}

void FakeServer::SetLimits(const std::string& limits) const {
  auto reply = ParseJson(Fetch("POST", "/_limits", limits));
  REQUIRE(reply);
  REQUIRE_MESSAGE(reply->contains("limits"), DumpJson(*reply));
}

Json FakeServer::Windows(int64_t window_ms) const {
  auto windows = ParseJson(Fetch("GET", fmt::format("/_windows?window_ms={}", window_ms), ""));
  REQUIRE(windows);
  return *windows;
}

void FakeServer::BeginOutage(const std::string& kind, int64_t for_ms) const {
  Json outage = {{"kind", kind}, {"for_ms", for_ms}};
  auto reply = ParseJson(Fetch("POST", "/_outage", DumpJson(outage)));
  REQUIRE(reply);
  REQUIRE_MESSAGE(reply->contains("outage"), DumpJson(*reply));
}

std::string FakeServer::Post(const std::string& path, const std::string& body) const {
  return Ask("POST", path, fmt::format("Authorization: Bearer {}\r\n", kKey), body);
}

std::string FakeServer::Ask(const std::string& method, const std::string& path,
                            const std::string& headers, const std::string& body) const {
  return Exchange(
      fmt::format("{} {} HTTP/1.1\r\n{}Content-Type: application/json\r\n", method, path, headers),
      body);
}

// The body of its reply.
std::string FakeServer::Fetch(const std::string& method, const std::string& path,
                              const std::string& body) const {
  std::string reply = Exchange(fmt::format("{} {} HTTP/1.1\r\n", method, path), body);
  size_t head = reply.find("\r\n\r\n");
  REQUIRE_MESSAGE(head != std::string::npos, "no reply from the fake provider");
  return reply.substr(head + 4);
}

// `head` is as yet without what every request needs. Returns all bytes that come back.
std::string FakeServer::Exchange(const std::string& head, const std::string& body) const {
  Fd connection = ConnectTo(port_);
  std::string request = fmt::format(
      "{}Host: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", head, body.size(), body);
  REQUIRE(send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string reply;
  char bytes[65536];
  for (ssize_t got; (got = recv(connection.get(), bytes, sizeof bytes, 0)) > 0;) {
    reply.append(bytes, static_cast<size_t>(got));
  }
  return reply;
}

}  // namespace muster
