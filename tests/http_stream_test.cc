// Replies that are complete before HTTP says so: streams whose last event has come.

#include "tests/http_testing.h"

namespace muster {
namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

std::string Chunk(const std::string& bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

// Complete once "END" has come.
HttpRequest StreamFrom(const std::string& url) {
  HttpRequest request = RequestTo(url);
  request.complete = [seen = std::string()](std::string_view bytes) mutable {
    seen += bytes;
    return seen.find("END") != seen.npos;
  };
  return request;
}

TEST_CASE("a server that leaves the connection open after the last event is not waited for") {
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.Send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("a") + Chunk("bEN") +
                Chunk("D"));
    client.WaitForClose();
  });
  HttpOutcome outcome = Do(StreamFrom(server.Url()));
  REQUIRE(outcome.reply);
  CHECK(outcome.reply->status == 200);
  CHECK(outcome.reply->body == "abEND");
  CHECK(outcome.total_ms < 20'000);
}

TEST_CASE("a connection that breaks after the last event does not spoil the reply") {
  for (bool reset : {false, true}) {
    CAPTURE(reset);
    TcpServer server([&](TcpConnection& client) {
      client.ReadRequest();
      client.Send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("aEND"));
      usleep(50'000);
      if (reset) client.Reset();
    });
    HttpOutcome outcome = Do(StreamFrom(server.Url()));
    REQUIRE(outcome.reply);
    CHECK(outcome.reply->body == "aEND");
  }
}

TEST_CASE("one that breaks before it is a failure that keeps what came") {
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.Send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("half"));
  });
  HttpOutcome outcome = Do(StreamFrom(server.Url()));
  CheckFailed(outcome, FailureKind::kNetwork, Billing::kUnknown);
  CHECK(outcome.partial.body == "half");
  CHECK(outcome.partial.Header("content-type") == "text/event-stream");
}

TEST_CASE("a stream that ends as HTTP has it leaves its connection to the next request") {
  TcpServer server([&](TcpConnection& client) {
    while (!client.ReadRequest().empty()) {
      client.Send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("END") + "0\r\n\r\n");
    }
  });
  HttpClient client;
  for (int i = 0; i < 3; ++i) REQUIRE(Do(client, StreamFrom(server.Url())).reply);
  CHECK(server.connections() == 1);
}

TEST_CASE("silence between two events ends a stream, an error's body is not taken for one") {
  TcpServer server([&](TcpConnection& client) {
    client.ReadRequest();
    client.Send(kHead + "Transfer-Encoding: chunked\r\n\r\n" + Chunk("half"));
    client.WaitForClose();
  });
  HttpRequest request = StreamFrom(server.Url());
  request.between_bytes_limit = milliseconds(100);
  HttpOutcome outcome = Do(request);
  CheckFailed(outcome, FailureKind::kTimeout, Billing::kUnknown);
  CHECK(outcome.partial.body == "half");
  TcpServer failing(TcpServer::Always("HTTP/1.1 500 Oh\r\nContent-Length: 7\r\n\r\nEND...."));
  HttpOutcome error = Do(StreamFrom(failing.Url()));
  REQUIRE(error.reply);
  CHECK(error.reply->body == "END....");
}

TEST_CASE("a GET has no body and no content type") {
  std::string seen;
  {
    TcpServer server([&](TcpConnection& client) {
      seen = client.ReadRequest();
      client.Send(Reply("{}"));
    });
    HttpRequest request = RequestTo(server.Url("/v1/models"), "");
    request.method = "GET";
    REQUIRE(Do(request).reply);
  }
  CHECK(seen.starts_with("GET /v1/models HTTP/1.1\r\n"));
  CHECK(seen.find("ontent-") == seen.npos);
}

}  // namespace
}  // namespace muster
