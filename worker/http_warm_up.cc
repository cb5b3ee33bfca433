#include "worker/http_warm_up.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "common/fd.h"
#include "worker/ca_store.h"
#include "worker/http.h"
#include "worker/http_transfer.h"

namespace muster {
namespace {

constexpr char kReply[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
constexpr int kMostTurns = 20;
constexpr std::chrono::milliseconds kTurn{5};

// A socket on loopback that listens, at a port of the kernel's choice; 0: there is none.
uint16_t Listen(const Fd& socket) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket.get(), any, size) != 0 || listen(socket.get(), 1) != 0) return 0;
  return getsockname(socket.get(), any, &size) == 0 ? ntohs(address.sin_port) : uint16_t{0};
}

// One request to ourselves, from end to end: what the libraries look up, bind and make when they
// are first used, they have then. Without loopback it does no harm.
void RehearseRequest() {
  Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  uint16_t port = Listen(server);
  if (port == 0) return;
  HttpClient client;
  HttpRequest request;
  request.url = fmt::format("http://127.0.0.1:{}/", port);
  request.headers = {{"Authorization", "Bearer none"}};
  request.body = "{}";
  client.Send(request, [](HttpOutcome) {});
  for (int i = 0; i < kMostTurns && client.in_the_air() > 0; ++i) {
    std::vector<bool> readable;
    client.WaitAndPerform({server.get()}, kTurn, &readable);
    if (!readable[0]) continue;
    Fd accepted(accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    (void)send(accepted.get(), kReply, sizeof kReply - 1, MSG_NOSIGNAL);
  }
}

}  // namespace

void WarmUpHttp(bool tls) {
  RehearseRequest();
  if (!tls) return;
  if (const char* bundle = WholeBundle()) LoadCertificates(bundle);
  WarmUpTls();
}

}  // namespace muster
