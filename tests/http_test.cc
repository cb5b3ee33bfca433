#include "worker/http.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>

#include "tests/http_testing.h"

namespace muster {
namespace {

// Every request a server saw, in order; scripts run in threads.
class Seen {
 public:
  bool Add(std::string request) {
    if (request.empty()) return false;
    std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    return true;
  }
  std::vector<std::string> all() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
};

// What gzip makes of so many zeros.
std::string GzipOfZeros(size_t bytes) {
  std::string command = "head -c " + std::to_string(bytes) + " /dev/zero | gzip -1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string zipped(1024 * 1024, '\0');
  zipped.resize(std::fread(zipped.data(), 1, zipped.size(), pipe));
  REQUIRE(pclose(pipe) == 0);
  return zipped;
}

TEST_CASE("a POST carries body and headers, and the reply comes back whole") {
  Seen seen;
  TcpServer server([&](TcpConnection& client) {
    while (seen.Add(client.ReadRequest())) {
      client.Send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
      client.Send(
          "HTTP/1.1 429 Slow\r\nRetry-After:  7 \r\nX-A: 1\r\nX-A: 2\r\n"
          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
    }
  });
  HttpOutcome outcome = Do(RequestTo(server.Url("/v1/x")));
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->status == 429);
  CHECK(outcome.reply->body == "abcde");
  CHECK(outcome.reply->Header("retry-after") == "7");
  CHECK(outcome.reply->Header("x-a") == "1");
  CHECK(outcome.reply->Header("x-early") == "");
  CHECK(outcome.reply->Header("x-trailer") == "");
  CHECK(outcome.first_byte_ms <= outcome.total_ms);
  REQUIRE(seen.all().size() == 1);
  std::string sent = seen.all()[0];
  CHECK(sent.starts_with("POST /v1/x HTTP/1.1\r\n"));
  CHECK(sent.find("\r\nContent-Type: application/json\r\n") != sent.npos);
  CHECK(sent.find("\r\nUser-Agent: muster/") != sent.npos);
  CHECK(sent.find(std::string("\r\nx-api-key: ") + kKey + "\r\n") != sent.npos);
  CHECK(sent.find("gzip") != sent.npos);
  CHECK(sent.find("Expect") == sent.npos);
  CHECK(sent.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a body over 1 MB goes out at once, without waiting for 100-continue") {
  Seen seen;
  TcpServer server([&](TcpConnection& client) {
    while (seen.Add(client.ReadRequest())) client.Send(Reply("ok"));
  });
  std::string body(3 * 1024 * 1024, 'x');
  CHECK(Do(RequestTo(server.Url(), body)).reply);
  REQUIRE(seen.all().size() == 1);
  CHECK(seen.all()[0].find("Expect") == std::string::npos);
  CHECK(seen.all()[0].ends_with(body));
}

TEST_CASE("one connection serves one request after the other") {
  TcpServer server(TcpServer::Always(Reply("ok")));
  HttpClient client;
  for (int i = 0; i < 3; ++i) CHECK(Do(client, RequestTo(server.Url())).reply);
  CHECK(server.connections() == 1);
}

TEST_CASE("a reused connection that dies under a request is not resent: its outcome is unknown") {
  Seen seen;
  TcpServer server([&](TcpConnection& client) {
    if (seen.Add(client.ReadRequest())) client.Send(Reply("ok"));
    if (seen.Add(client.ReadRequest()) && client.index() > 0) client.Send(Reply("again"));
  });
  HttpClient client;
  CHECK(Do(client, RequestTo(server.Url(), R"({"n":1})")).reply);
  CheckFailed(Do(client, RequestTo(server.Url(), R"({"n":2})")), FailureKind::kNetwork,
              Billing::kUnknown);
  CHECK(seen.all().size() == 2);
  CHECK(Do(client, RequestTo(server.Url(), R"({"n":3})")).reply);
  CHECK(seen.all().size() == 3);
}

TEST_CASE("a connection closed while idle is replaced, each request arriving once") {
  Seen seen;
  TcpServer server([&](TcpConnection& client) {
    if (seen.Add(client.ReadRequest())) client.Send(Reply("ok"));
  });
  HttpClient client;
  for (size_t i = 1; i <= 3; ++i) {
    CHECK(Do(client, RequestTo(server.Url())).reply);
    CHECK(seen.all().size() == i);
    usleep(50'000);  // lets the close arrive
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("redirects are not followed and the key goes nowhere else") {
  TcpServer elsewhere(TcpServer::Always(Reply("stolen")));
  for (const char* status : {"301 Moved", "302 Found", "307 Temporary", "308 Permanent"}) {
    TcpServer server(TcpServer::Always("HTTP/1.1 " + std::string(status) + "\r\nLocation: " +
                                       elsewhere.Url() + "\r\nContent-Length: 0\r\n\r\n"));
    HttpOutcome outcome = Do(RequestTo(server.Url()));
    REQUIRE(outcome.reply);
    CHECK(outcome.reply->status == std::atoi(status));
    CHECK(outcome.reply->Header("location") == elsewhere.Url());
  }
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a compressed reply is unpacked, and capped while it is") {
  std::string small = GzipOfZeros(1000), bomb = GzipOfZeros(100 * 1024 * 1024);
  CHECK(bomb.size() < 1024 * 1024);
  TcpServer honest(TcpServer::Always(Reply(small, "Content-Encoding: gzip\r\n")));
  HttpOutcome outcome = Do(RequestTo(honest.Url()));
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->body == std::string(1000, '\0'));
  TcpServer hostile(TcpServer::Always(Reply(bomb, "Content-Encoding: gzip\r\n")));
  CheckFailed(Do(RequestTo(hostile.Url())), FailureKind::kTooLarge, Billing::kUnknown);
}

TEST_CASE("a reply of just the largest size is taken, one byte more is not") {
  TcpServer full(TcpServer::Always(Reply(std::string(kMaxReplyBytes, 'x'))));
  HttpOutcome outcome = Do(RequestTo(full.Url()));
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->body.size() == kMaxReplyBytes);
  TcpServer over(TcpServer::Always(Reply(std::string(kMaxReplyBytes + 1, 'x'))));
  CheckFailed(Do(RequestTo(over.Url())), FailureKind::kTooLarge, Billing::kUnknown);
}

TEST_CASE("a head that is too large ends the request") {
  std::string one_line = "X-Big: " + std::string(400 * 1024, 'x') + "\r\n", many_lines;
  for (int i = 0; i < 5'000; ++i) many_lines += "X-Many: " + std::string(90, 'x') + "\r\n";
  for (const std::string& head : {one_line, many_lines}) {
    TcpServer server(TcpServer::Always(Reply("ok", head)));
    CheckFailed(Do(RequestTo(server.Url())), FailureKind::kTooLarge, Billing::kUnknown);
  }
}

TEST_CASE("a reply cut at any byte is never taken for a whole one") {
  const std::string whole = Reply(R"({"text":"hello"})");
  std::atomic<size_t> cut = 0;
  std::atomic<bool> reset = false;
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.Send(std::string_view(whole).substr(0, cut));
    if (reset) client.Reset();
  });
  for (bool hard : {false, true}) {
    reset = hard;
    for (cut = 0; cut < whole.size(); ++cut) {
      CAPTURE(cut.load());
      HttpOutcome outcome = Do(RequestTo(server.Url()));
      CHECK_FALSE(outcome.reply);
      CHECK(Name(outcome.failure.billing) == Name(Billing::kUnknown));
    }
  }
  reset = false;
  CHECK(Do(RequestTo(server.Url())).reply);
}

TEST_CASE("a chunked reply cut short is not a whole one") {
  TcpServer server([](TcpConnection& client) {
    client.ReadRequest();
    client.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  });
  CheckFailed(Do(RequestTo(server.Url())), FailureKind::kNetwork, Billing::kUnknown);
}

TEST_CASE("what was never sent is known to cost nothing") {
  int closed_port = TcpServer([](TcpConnection&) {}).port();
  CheckFailed(Do(RequestTo("http://127.0.0.1:" + std::to_string(closed_port) + "/")),
              FailureKind::kNetwork, Billing::kNo);
  CheckFailed(Do(RequestTo("https://no-such-host.invalid/")), FailureKind::kNetwork, Billing::kNo);
}

TEST_CASE("a server without TLS on an https address is a matter of configuration") {
  TcpServer server([](TcpConnection& client) {
    client.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    client.WaitForClose();
  });
  std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  CheckFailed(Do(RequestTo(url)), FailureKind::kTls, Billing::kNo);
}

TEST_CASE("a TLS handshake cut by the network may be tried again") {
  TcpServer server([](TcpConnection& client) { client.Reset(); });
  std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  CheckFailed(Do(RequestTo(url)), FailureKind::kNetwork, Billing::kNo);
}

TEST_CASE("what is no HTTP is a bad reply") {
  for (const char* bytes :
       {"hello there, this is no HTTP\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"}) {
    CAPTURE(bytes);
    TcpServer server([&](TcpConnection& client) {
      client.ReadRequest();
      client.Send(bytes);
    });
    CheckFailed(Do(RequestTo(server.Url())), FailureKind::kBadReply, Billing::kUnknown);
  }
}

TEST_CASE("requests that must not leave are refused with the reason and never arrive") {
  TcpServer server(TcpServer::Always(Reply("ok")));
  auto refused = [&](HttpRequest request, const std::string& reason) {
    HttpOutcome outcome = Do(request);
    CheckFailed(outcome, FailureKind::kBadRequest, Billing::kNo);
    CHECK(outcome.failure.message.find(reason) != std::string::npos);
  };
  auto with_header = [&](const std::string& name, const std::string& value) {
    HttpRequest request = RequestTo(server.Url());
    request.headers.emplace_back(name, value);
    return request;
  };
  refused(with_header("X-A", std::string(kKey) + "\r\nX-B: 1"), "line break");
  refused(with_header("X-A", "a\nb"), "line break");
  refused(with_header("X-A", std::string("a\0b", 3)), "control character");
  refused(with_header("X-A\r\nX-B", "1"), "not a header name");
  refused(with_header("X-A: 1", "1"), "not a header name");
  refused(with_header("", "1"), "not a header name");
  refused(with_header("Content-Length", "3"), "not to be set");
  refused(with_header("transfer-encoding", "chunked"), "not to be set");
  refused(RequestTo("http://example.com/"), "insecure_http");
  refused(RequestTo("http://127.0.0.1.example.com/"), "insecure_http");
  refused(RequestTo("http://localhost.example.com/"), "insecure_http");
  refused(RequestTo("ftp://127.0.0.1/"), "only https and http");
  refused(RequestTo("file:///etc/passwd"), "");
  refused(RequestTo("https://user:" + std::string(kKey) + "@example.com/"), "user name");
  refused(RequestTo("not a url"), "URL");
  refused(RequestTo(""), "URL");
  CHECK(server.connections() == 0);
}

TEST_CASE("a header without a value is sent as one") {
  Seen seen;
  TcpServer server([&](TcpConnection& client) {
    while (seen.Add(client.ReadRequest())) client.Send(Reply("ok"));
  });
  HttpRequest request = RequestTo(server.Url());
  request.headers = {{"X-Empty", ""}, {"Content-Type", "text/plain"}};
  CHECK(Do(request).reply);
  REQUIRE(seen.all().size() == 1);
  CHECK(seen.all()[0].find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(seen.all()[0].find("text/plain") != std::string::npos);
  CHECK(seen.all()[0].find("application/json") == std::string::npos);
}

TEST_CASE("loopback is never reached through a proxy, other hosts are") {
  Seen seen;
  TcpServer proxy([&](TcpConnection& client) {
    while (seen.Add(client.ReadRequest())) client.Send(Reply("from the proxy"));
  });
  TcpServer server(TcpServer::Always(Reply("direct")));
  setenv("http_proxy", proxy.Url("").c_str(), 1);
  HttpOutcome local = Do(RequestTo(server.Url()));
  HttpRequest far_request = RequestTo("http://no-such-host.invalid/x");
  far_request.insecure_http = true;
  HttpOutcome far_outcome = Do(far_request);
  unsetenv("http_proxy");
  REQUIRE(local.reply);
  CHECK(local.reply->body == "direct");
  REQUIRE(far_outcome.reply);
  CHECK(far_outcome.reply->body == "from the proxy");
  CHECK(seen.all().size() == 1);
}

TEST_CASE("an aborted request closes its connection and calls nobody") {
  std::atomic<bool> closed = false;
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.WaitForClose();
    closed = true;
  });
  HttpClient client;
  bool called = false;
  int64_t number = client.Send(RequestTo(server.Url()), [&](HttpOutcome) { called = true; });
  for (int i = 0; i < 10; ++i) client.WaitAndPerform({}, milliseconds(10), nullptr);
  CHECK(client.in_the_air() == 1);
  client.Abort(number);
  client.Abort(number);
  CHECK(client.in_the_air() == 0);
  for (int i = 0; i < 200 && !closed; ++i) client.WaitAndPerform({}, milliseconds(10), nullptr);
  CHECK(closed);
  CHECK_FALSE(called);
  int64_t refused = client.Send(RequestTo("nonsense"), [&](HttpOutcome) { called = true; });
  client.Abort(refused);
  client.Perform();
  CHECK_FALSE(called);
}

TEST_CASE("callbacks may post and abort") {
  TcpServer server(TcpServer::Always(Reply("ok")));
  HttpClient client;
  int ended = 0;
  std::vector<int64_t> numbers;
  for (int i = 0; i < 4; ++i) {
    numbers.push_back(client.Send(RequestTo(server.Url()), [&](HttpOutcome outcome) {
      CHECK(outcome.reply);
      ++ended;
      for (int64_t number : numbers) client.Abort(number);
      client.Send(RequestTo("bad"), [&](HttpOutcome) { ++ended; });
    }));
  }
  CHECK(ended == 0);
  while (client.in_the_air() > 0) client.WaitAndPerform({}, milliseconds(1'000), nullptr);
  CHECK(ended == 2);
}

TEST_CASE("many requests at once each get their own reply") {
  TcpServer server([&](TcpConnection& client) {
    for (std::string request; !(request = client.ReadRequest()).empty();) {
      client.Send(Reply(request.substr(request.find("\r\n\r\n") + 4)));
    }
  });
  HttpClient client;
  int right = 0;
  for (int i = 0; i < 50; ++i) {
    std::string body = "body " + std::to_string(i);
    client.Send(RequestTo(server.Url(), body), [&, body](HttpOutcome outcome) {
      right += outcome.reply && outcome.reply->body == body;
    });
  }
  while (client.in_the_air() > 0) client.WaitAndPerform({}, milliseconds(1'000), nullptr);
  CHECK(right == 50);
}

TEST_CASE("waiting tells which descriptors can be read, a closed pipe among them") {
  int quiet[2], spoken[2], closed[2];
  for (int* ends : {quiet, spoken, closed}) REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(write(spoken[1], "x", 1) == 1);
  close(closed[1]);
  HttpClient client;
  std::vector<bool> readable;
  client.WaitAndPerform({quiet[0], spoken[0], closed[0]}, milliseconds(60'000), &readable);
  CHECK(readable == std::vector<bool>{false, true, true});
  client.WaitAndPerform({quiet[0]}, milliseconds(1), &readable);
  CHECK(readable == std::vector<bool>{false});
  for (int fd : {quiet[0], quiet[1], spoken[0], spoken[1], closed[0]}) close(fd);
}

}  // namespace
}  // namespace muster
