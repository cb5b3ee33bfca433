// The time limits of one request: which one ends it, what is said of it and what it may have cost.

#include <sys/socket.h>
#include <unistd.h>

#include "tests/http_testing.h"

namespace muster {
namespace {

constexpr char kHead[] = "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n";

bool Says(const HttpOutcome& outcome, const std::string& words) {
  return outcome.failure.message.find(words) != std::string::npos;
}

// A server that takes a request, sends `bytes` and then nothing more.
TcpServer::Script SilentAfter(const std::string& bytes) {
  return [bytes](TcpConnection& client) {
    client.ReadRequest();
    client.Send(bytes);
    client.WaitForClose();
  };
}

HttpRequest Limited(const std::string& url, int64_t first_byte_ms, int64_t between_bytes_ms) {
  HttpRequest request = RequestTo(url);
  request.first_byte_limit = milliseconds(first_byte_ms);
  request.between_bytes_limit = milliseconds(between_bytes_ms);
  return request;
}

TEST_CASE("a server that never begins its reply is given up after the first-byte limit") {
  std::string before;
  SUBCASE("without a byte") {}
  SUBCASE("after an interim reply, which is none yet") {
    before = "HTTP/1.1 102 Processing\r\nX-A: 1\r\n\r\n";
  }
  TcpServer server(SilentAfter(before));
  HttpOutcome outcome = Do(Limited(server.Url(), 200, 50));
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kUnknown);
  CHECK(Says(outcome, "no byte of the reply of 127.0.0.1:"));
  CHECK(Says(outcome, "within 200 ms (limits.time.first_byte)"));
  CHECK(outcome.total_ms >= 200);
}

TEST_CASE("a server that falls silent within its reply is given up after the silence limit") {
  std::string before = kHead;
  SUBCASE("after the head") {}
  SUBCASE("within the head") { before = "HTTP/1.1 200 OK\r\nX-A: 1\r\n"; }
  SUBCASE("after a burst") { before += std::string(50'000, 'x'); }
  TcpServer server(SilentAfter(before));
  HttpOutcome outcome = Do(Limited(server.Url(), 15'000, 200));
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kUnknown);
  CHECK(Says(outcome, "fell silent within its reply for 200 ms (limits.time.between_bytes)"));
  CHECK(outcome.total_ms >= 200);
  CHECK(outcome.total_ms < 15'000);
}

TEST_CASE("a server that thinks longer than it may be silent later is waited for") {
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    usleep(400'000);
    client.Send(Reply("thought over"));
  });
  HttpOutcome outcome = Do(Limited(server.Url(), 15'000, 100));
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->body == "thought over");
  CHECK(outcome.first_byte_ms >= 400);
}

TEST_CASE("the shorter of two limits ends a request first") {
  TcpServer mute(SilentAfter("")), stuck(SilentAfter(kHead));
  HttpOutcome soon = Do(Limited(mute.Url(), 100, 10'000));
  HttpOutcome later = Do(Limited(mute.Url(), 600, 10));
  CHECK(soon.total_ms < later.total_ms);
  HttpOutcome stuck_soon = Do(Limited(stuck.Url(), 10'000, 100));
  HttpOutcome stuck_later = Do(Limited(stuck.Url(), 10'000, 600));
  CHECK(stuck_soon.total_ms < stuck_later.total_ms);
  HttpRequest whole = Limited(mute.Url(), 10'000, 10'000);
  whole.total_limit = milliseconds(100);
  HttpOutcome outcome = Do(whole);
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kUnknown);
  CHECK(Says(outcome, "no complete reply"));
  CHECK(outcome.total_ms < 10'000);
}

TEST_CASE("every request has limits of its own, whichever was posted first") {
  TcpServer mute(SilentAfter(""));
  HttpClient client;
  std::vector<int64_t> ended;
  for (int64_t limit : {1'500, 100}) {
    client.Send(Limited(mute.Url(), limit, 10'000), [&ended, limit](HttpOutcome outcome) {
      CHECK(Name(outcome.failure.kind) == "timeout");
      ended.push_back(limit);
    });
  }
  while (client.in_the_air() > 0) client.WaitAndPerform({}, milliseconds(5'000), nullptr);
  CHECK(ended == std::vector<int64_t>{100, 1'500});
}

TEST_CASE("a slow drip does not trip the silence limit, the total limit ends it") {
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.Send(kHead);
    for (int i = 0; i < 500 && client.Send("x"); ++i) usleep(20'000);
  });
  HttpRequest request = Limited(server.Url(), 2'000, 2'000);
  request.total_limit = milliseconds(400);
  HttpOutcome outcome = Do(request);
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kUnknown);
  CHECK(Says(outcome, "no complete reply"));
  CHECK(Says(outcome, "400 ms (limits.time.base, per_1k_chars, most)"));
}

TEST_CASE("a listener that never accepts runs into the connect limit, unbilled") {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(bind(listener, any, size) == 0);
  REQUIRE(listen(listener, 0) == 0);
  getsockname(listener, any, &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {  // the backlog is full then, and further SYNs are dropped
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    connect(fillers.back(), any, size);
  }
  HttpRequest request = RequestTo("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  request.connect_limit = milliseconds(200);
  HttpOutcome outcome = Do(request);
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kNo);
  CHECK(Says(outcome, "200 ms (limits.time.connect)"));
  for (int fd : fillers) close(fd);
  close(listener);
}

TEST_CASE("http: a success's body goes to who takes it, and ends where that cannot take more") {
  TcpServer server(TcpServer::Always(Reply(std::string(100'000, 'x'))));
  HttpRequest request = RequestTo(server.Url());
  size_t taken = 0;
  request.take = [&](std::string_view bytes) { return taken += bytes.size(), true; };
  HttpOutcome outcome = Do(request);
  REQUIRE(outcome.reply);
  CHECK(taken == 100'000);
  CHECK(outcome.reply->body.empty());
  request.take = [&](std::string_view) { return false; };
  CHECK_FALSE(Do(request).reply);
  request.take = [](std::string_view) { return true; };
  request.most_bytes = 99'999;
  CheckFailed(Do(request), FailureKind::kTooLarge, Billing::kUnknown);
  request.most_bytes = 100'000;
  CHECK(Do(request).reply);
}

TEST_CASE("http: an error's body is the reply's, also where somebody takes successes") {
  TcpServer server(TcpServer::Always("HTTP/1.1 403 X\r\nContent-Length: 4\r\n\r\ngone"));
  HttpRequest request = RequestTo(server.Url());
  bool taken = false;
  request.take = [&](std::string_view) { return taken = true; };
  HttpOutcome outcome = Do(request);
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->body == "gone");
  CHECK_FALSE(taken);
}

TEST_CASE("http: where a URL leads is read as it is dialled") {
  struct Row {
    const char* url;
    UrlPlace place;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"https://Api.Example.com/v1", {"https", "api.example.com", 443, false, false}},
           {"http://localhost:81/", {"http", "localhost", 81, false, true}},
           {"https://0x7f.1/", {"https", "127.0.0.1", 443, true, true}},
           {"https://2130706433/", {"https", "127.0.0.1", 443, true, true}},
           {"https://[::1]:5/", {"https", "[::1]", 5, true, true}}}) {
    CAPTURE(row.url);
    auto place = PlaceOf(row.url);
    REQUIRE_MESSAGE(place, place.error());
    CHECK(place->scheme == row.place.scheme);
    CHECK(place->host == row.place.host);
    CHECK(place->port == row.place.port);
    CHECK(place->is_address == row.place.is_address);
    CHECK(place->loopback == row.place.loopback);
  }
  for (const char* url : {"", "example.com", "/v1", "https://", "https://a:secret@h/"}) {
    CAPTURE(url);
    CHECK_FALSE(PlaceOf(url));
  }
}

}  // namespace
}  // namespace muster
