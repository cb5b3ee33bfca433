// What a muster-worker says of its calls and does not: what is too large, secret, of the provider's
// limits, or only for those who want to see more.

#include <doctest/doctest.h>

#include "tests/tcp_server.h"
#include "tests/worker_line.h"

namespace muster {
namespace {

TEST_CASE("an answer that no frame can hold is a failure that is paid, and the worker lives on") {
  ConfigFolder folder;
  auto config = folder.Load(
      "name: large\nitems: {range: 1..1}\nsteps:\n"
      "  - {id: ask, chat: {model: mock/m, user: hello}, mock: \"{{item.text}}\"}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  worker.Start(*config);
  worker.GiveItem("1", 1, Json{{"text", std::string(7 << 20, '"')}});  // doubles in every JSON
  Called called = worker.LetGo();
  REQUIRE(called.failure);
  CHECK(called.failure->kind == FailureKind::kTooLarge);
  CHECK(called.failure->billing == Billing::kUsage);
  CHECK(called.usage.has_value());
  worker.Send(Refuse{called.call, true, "too large"});
  CHECK(worker.Next<Done>().outcome == Outcome::kFailed);
}

TEST_CASE("outputs that no frame can hold fail the item with the reason") {
  ConfigFolder folder;
  auto config = folder.Load(
      "name: large\nitems: {range: 1..1}\nsteps:\n"
      "  - {id: ask, chat: {model: mock/m, user: hello}}\n"
      "outputs:\n"
      "  - {file: a, text: \"{{item.text}}\"}\n"
      "  - {file: b, text: \"{{item.text}}\"}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  worker.Start(*config);
  worker.GiveItem("1", 1, Json{{"text", std::string(9 << 20, 'x')}});
  worker.Send(Kept{worker.LetGo().call, {}});
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason.find("too large") != std::string::npos);
  CHECK(done.outputs.empty());
}

TEST_CASE("a key that a provider echoes is in nothing that the worker says") {
  const std::string key = "sk-canary-0123456789";
  const std::string body =
      R"({"error": {"message": "Incorrect API key provided: )" + key + R"("}})";
  TcpServer server(TcpServer::Always("HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json" +
                                     ("\r\nContent-Length: " + std::to_string(body.size())) +
                                     "\r\n\r\n" + body));
  ConfigFolder folder;
  auto config = folder.Load(
      "name: key\nitems: {range: 1..1}\nproviders:\n  p: {api: openai-chat, key_env: SOME_KEY, "
      "base_url: \"" +
      server.Url("/v1") + "\"}\nsteps: [{id: ask, chat: {model: p/m, user: hello}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  Start start;
  start.config = ConfigToJson(*config);
  start.keys = {{"p", key}};
  start.verbose = true;
  worker.Start(start);
  worker.GiveItem("1");
  worker.Next<Event>();
  Called called = worker.LetGo();
  REQUIRE(called.failure);
  CHECK(called.failure->kind == FailureKind::kAuth);
  CHECK(called.failure->message != "");
  CHECK(Encode(called).find(key) == std::string::npos);
  worker.Send(Refuse{called.call, true, "the key " + key + " is wrong"});
  CHECK(Encode(worker.Next<Done>()).find(key) == std::string::npos);
  worker.Send(Stop{});
  CHECK(worker.ExitCode() == 0);
  CHECK(worker.errors().find(key) == std::string::npos);
}

TEST_CASE("only a verbose worker tells its steps and the answers") {
  ConfigFolder folder;
  WorkerLine worker;
  Start start;
  start.config = ConfigToJson(OneStep(folder));
  start.verbose = true;
  worker.Start(start);
  worker.GiveItem("1");
  CHECK(worker.Next<Event>().kind == "step");
  worker.Send(Kept{worker.LetGo().call, {}});
  CHECK(worker.Next<Event>().kind == "step");
  Event reply = worker.Next<Event>();
  CHECK(reply.kind == "reply");
  CHECK(reply.step == "ask");
  CHECK(reply.text == "forty-two");
  worker.Next<Done>();
}

// ---- what replies and requests hold ----

// A config of one chat step that goes to `server`.
Config Asking(const ConfigFolder& folder, const TcpServer& server) {
  auto config = folder.Load(
      "name: asking\nitems: {range: 1..1}\nproviders: {p: {api: openai-chat, base_url: \"" +
      server.Url("/v1") + "\"}}\nsteps: [{id: ask, chat: {model: p/m, user: hello}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

TEST_CASE("the limits that a reply names are told, with answers and with failures") {
  const std::string body = R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})";
  for (const char* status : {"200 OK", "429 Too Many Requests"}) {
    CAPTURE(status);
    TcpServer server(TcpServer::Always(
        "HTTP/1.1 " + std::string(status) +
        "\r\nX-RateLimit-Limit-Requests: 60\r\nX-RateLimit-Remaining-Requests: 7\r\n"
        "X-RateLimit-Reset-Requests: 1m2s\r\nX-RateLimit-Limit-Tokens: 0\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body));
    ConfigFolder folder;
    WorkerLine worker;
    worker.Start(Asking(folder, server));
    worker.GiveItem("1");
    Called called = worker.LetGo();
    CHECK(called.answer.has_value() == (std::string_view(status) == "200 OK"));
    REQUIRE(called.limits.size() == 1);
    CHECK(called.limits[0].unit == LimitUnit::kRequests);
    CHECK(called.limits[0].limit == 60);
    CHECK(called.limits[0].remaining == 7);
    CHECK(called.limits[0].full_in_ms == 62'000);
  }
}

TEST_CASE("a try that is over a time limit is told as such, with the setting that says so") {
  TcpServer server([](TcpConnection& client) {
    client.ReadRequest();
    client.WaitForClose();
  });
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(Asking(folder, server));
  worker.GiveItem("1");
  Go go = PoolDriver::GoFor(worker.Next<Call>().call);
  go.first_byte_ms = 100;
  worker.Send(go);
  Called called = worker.Next<Called>();
  REQUIRE(called.failure);
  CHECK(called.failure->kind == FailureKind::kTimeout);
  CHECK(called.failure->message.find("limits.time.first_byte") != std::string::npos);
}

TEST_CASE("extra fields that change what a call can cost fail the item before it asks for a call") {
  TcpServer server(TcpServer::Always("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
  ConfigFolder folder;
  WorkerLine worker;
  Config config = Asking(folder, server);
  config.steps[0].chat->extra = {{"max_tokens", 9}};  // a config that says so is a mistake at load
  worker.Start(config);
  worker.GiveItem("1");
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason.find("extra: max_tokens cannot be used") != std::string::npos);
  CHECK(server.connections() == 0);
}

}  // namespace
}  // namespace muster
