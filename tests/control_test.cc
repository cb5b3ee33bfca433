// The control socket: requests come in whole, answers go to who asked, and nothing that comes in
// hurts the supervisor or those who behave.

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <deque>
#include <filesystem>
#include <random>

#include "supervisor/control/control_client.h"
#include "supervisor/pool/process_pool.h"
#include "tests/control_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLong{20};

std::unique_ptr<ControlServer> OpenIn(const std::string& run_dir) {
  auto server = ControlServer::Open(run_dir);
  REQUIRE_MESSAGE(server, server.error());
  return *std::move(server);
}

// Lets the server work until it has nothing to do; answers requests with {"ok": what they do}.
std::vector<Json> Turn(ControlServer& server) {
  std::vector<Json> seen;
  for (int i = 0; i < 10'000 && IsReadable(server.fd()); ++i) {
    for (const auto& request : server.Take()) {
      seen.push_back(request.body);
      server.Reply(request.id, {{"ok", StringMember(request.body, "do")}});
    }
  }
  CHECK_FALSE(IsReadable(server.fd()));
  return seen;
}

std::string Pause() { return "{\"do\":\"pause\"}\n"; }
const std::string kPaused = "{\"ok\":\"pause\"}\n";

bool Behaves(ControlServer& server, RawClient& client) {
  client.Send(Pause());
  Turn(server);
  return client.Receive() == kPaused;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void MakeRun(const std::string& dir) { WriteBytes(dir + "/ledger.sqlite", ""); }

mode_t ModeOf(const std::string& path) {
  struct stat info;
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("a request comes in and its answer goes back to the one who asked") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient first(dir.path()), second(dir.path());
  CHECK(first.Send("{\"do\":\"cancel\",\"item\":\"x\"}\n") > 0);
  CHECK(second.Send(Pause()) > 0);
  std::deque<ControlServer::Request> requests;
  while (IsReadable(server->fd())) {
    for (auto& request : server->Take()) requests.push_back(std::move(request));
  }
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].body == Json{{"do", "cancel"}, {"item", "x"}});
  CHECK(requests[1].body == Json{{"do", "pause"}});
  server->Reply(requests[1].id, {{"ok", "paused"}});
  server->Reply(requests[0].id, {{"error", "no such item"}});
  server->Reply(requests[0].id, {{"ok", "twice"}});
  CHECK(first.Receive() == "{\"error\":\"no such item\"}\n");
  CHECK(second.Receive() == "{\"ok\":\"paused\"}\n");
  CHECK_FALSE(first.closed());
}

TEST_CASE("requests in pieces and many in one piece are the same") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  for (char byte : Pause()) {
    CHECK(client.Receive() == "");
    client.Send({&byte, 1});
    Turn(*server);
  }
  CHECK(client.Receive() == kPaused);
  client.Send("\n" + Pause() + "{\"do\":\"resume\"}\n{\"do\":");
  CHECK(Turn(*server).size() == 2);
  client.Send("\"stop\"}\n");
  Turn(*server);
  CHECK(client.Receive() == kPaused + "{\"ok\":\"resume\"}\n{\"ok\":\"stop\"}\n");
}

TEST_CASE("the socket is for its owner only and goes with the server, also in a long directory") {
  TempDir dir;
  std::string run = dir.path();
  for (int i = 0; i < 8; ++i) run += "/a-name-of-a-directory-that-is-rather-long";
  std::filesystem::create_directories(run);
  REQUIRE(run.size() > 300);
  mode_t before = umask(0);
  {
    auto server = OpenIn(run);
    CHECK(ModeOf(run + "/control.sock") == 0600);
    RawClient client(run);
    CHECK(Behaves(*server, client));
  }
  umask(before);
  CHECK(std::filesystem::is_empty(run));
}

TEST_CASE("a socket that a killed supervisor left is replaced") {
  TempDir dir;
  MakeRun(dir.path());
  {
    FakeSupervisor killed(dir.path(), [](const Json&) { return Json(); });
  }
  REQUIRE(std::filesystem::exists(dir / "control.sock"));
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  CHECK(Behaves(*server, client));
}

TEST_CASE("what is no socket is not replaced") {
  TempDir dir;
  WriteBytes(dir / "control.sock", "precious");
  auto server = ControlServer::Open(dir.path());
  REQUIRE_FALSE(server);
  CHECK(Has(server.error(), "control.sock is in the way"));
  CHECK(ReadBytes(dir / "control.sock") == "precious");
}

TEST_CASE("where there is no directory, the error names it") {
  auto server = ControlServer::Open("/nonexistent/run");
  REQUIRE_FALSE(server);
  CHECK(Has(server.error(), "/nonexistent/run: No such file or directory"));
}

TEST_CASE("lines that are no requests are answered by the server, and the next one counts") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  std::string deep(1'000, '[');
  for (const std::string& line :
       {std::string("hello"), std::string("[]"), std::string("3"), std::string("{"),
        std::string("{\"do\":\"pause\",\"do\":\"stop\"}"), std::string("{\"do\":\"\xff\xfe\"}"),
        std::string("GET / HTTP/1.1\r"), std::string(1, '\0'), deep}) {
    CAPTURE(line);
    client.Send(line + "\n");
    CHECK(Turn(*server).empty());
    auto answer = ParseJson(client.Receive());
    REQUIRE(answer);
    CHECK(StringMember(*answer, "error").starts_with("not a request: "));
  }
  CHECK(Behaves(*server, client));
}

TEST_CASE("a line may have 64 KB; a longer one is refused and its sender not heard again") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  std::string head = "{\"do\":\"", tail = "\"}";
  std::string line = head + std::string((64 << 10) - head.size() - tail.size(), 'x') + tail;
  auto send_all = [&](std::string_view bytes) {
    for (int i = 0; i < 1'000 && !bytes.empty(); ++i) {
      bytes.remove_prefix(client.Send(bytes));
      Turn(*server);
    }
  };
  send_all(line + "\n");
  CHECK(client.Receive().size() > (64 << 10));
  SUBCASE("with its end") { send_all(" " + line + "\n" + Pause()); }
  SUBCASE("without") { send_all(" " + line); }
  CHECK(client.Receive() == "{\"error\":\"a request is longer than 65536 bytes\"}\n");
  CHECK(client.closed());
  RawClient other(dir.path());
  CHECK(Behaves(*server, other));
}

TEST_CASE("sixteen may be connected and idle; who comes then is told so") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  std::deque<RawClient> idle;
  for (int i = 0; i < 16; ++i) {
    idle.emplace_back(dir.path());
    Turn(*server);
  }
  RawClient late(dir.path());
  Turn(*server);
  CHECK(Has(late.Receive(), "too many others are connected"));
  CHECK(late.closed());
  for (RawClient& client : idle) CHECK(Behaves(*server, client));
  idle.pop_front();
  Turn(*server);
  RawClient next(dir.path());
  CHECK(Behaves(*server, next));
}

TEST_CASE("who does not fetch its answers is dropped, and nobody else notices") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient slow(dir.path()), quick(dir.path());
  Json large{{"ok", std::string(100'000, 'x')}};
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    slow.Send(Pause());
    for (const auto& request : server->Take()) server->Reply(request.id, large), ++answered;
  }
  CHECK(answered > 10);
  CHECK(answered < 30);
  slow.Receive();
  CHECK(slow.closed());
  CHECK(Behaves(*server, quick));
}

TEST_CASE("one answer may be larger than what may wait") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  Json large{{"ok", std::string(5 << 20, 'x')}};
  client.Send(Pause());
  for (int i = 0; i < 10; ++i) {
    for (const auto& request : server->Take()) server->Reply(request.id, large);
  }
  std::string got;
  for (int i = 0; i < 100'000 && !got.ends_with("\n"); ++i) {
    got += client.Receive();
    if (IsReadable(server->fd())) server->Take();
  }
  CHECK(got == DumpJson(large) + "\n");
  CHECK(Behaves(*server, client));
}

TEST_CASE("requests without their answers have a bound") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  std::string many;
  for (int i = 0; i < 100; ++i) many += Pause();
  client.Send(many);
  std::vector<ControlServer::Request> taken;
  while (IsReadable(server->fd())) {
    for (auto& request : server->Take()) taken.push_back(std::move(request));
  }
  CHECK(taken.size() == 64);
  CHECK(Has(client.Receive(), "too many requests without an answer"));
  for (const auto& request : taken) server->Reply(request.id, {{"ok", "x"}});
  client.Receive();
  CHECK(Behaves(*server, client));
}

TEST_CASE("who only asks and leaves is obeyed; the answer goes nowhere") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  client.Send(Pause());
  client.Leave();
  CHECK(Turn(*server).size() == 1);
  RawClient gone(dir.path());
  gone.Send(Pause());
  server->Take();
  auto requests = server->Take();
  REQUIRE(requests.size() == 1);
  gone.Leave();
  while (IsReadable(server->fd())) server->Take();
  for (const auto& request : requests) server->Reply(request.id, {{"ok", "x"}});
  RawClient other(dir.path());
  CHECK(Behaves(*server, other));
}

TEST_CASE("who says no more but listens gets its answer, and does not keep the loop awake") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient client(dir.path());
  client.Send(Pause());
  client.SayNoMore();
  std::vector<ControlServer::Request> requests;
  for (int i = 0; i < 100 && IsReadable(server->fd()); ++i) {
    for (auto& request : server->Take()) requests.push_back(std::move(request));
  }
  REQUIRE(requests.size() == 1);
  CHECK_FALSE(IsReadable(server->fd()));
  server->Reply(requests[0].id, {{"ok", "pause"}});
  CHECK(client.Receive() == kPaused);
  CHECK(client.closed());
}

TEST_CASE("any bytes in any pieces hurt nobody") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient good(dir.path());
  std::mt19937 dice(7);
  for (int round = 0; round < 300; ++round) {
    RawClient bad(dir.path());
    for (size_t i = dice() % 8; i > 0; --i) {
      std::string bytes(dice() % 3'000, '\0');
      for (char& byte : bytes)
        byte = static_cast<char>(dice() % 4 ? "{}[]\":,\n0e\\u"[dice() % 12] : dice());
      bad.Send(bytes);
      if (dice() % 2) Turn(*server);
    }
    if (dice() % 4 == 0) bad.SayNoMore();
    if (dice() % 4 == 0) bad.Receive();
  }
  CHECK(Behaves(*server, good));
}

TEST_CASE("another user is turned away, whatever the modes of file and directory") {
  if (geteuid() != 0) return;  // only root can become another user
  TempDir dir;
  auto server = OpenIn(dir.path());
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  REQUIRE(chmod((dir / "control.sock").c_str(), 0666) == 0);
  pid_t stranger = Fork([&] {
    if (setuid(65534) != 0) return 9;
    RawClient client(dir.path());
    if (!client.connected()) return 8;
    client.Send(Pause());
    pollfd wait{client.fd(), POLLIN, 0};
    poll(&wait, 1, 20'000);
    bool nothing = client.Receive().empty();
    return nothing && client.closed() ? 0 : 1;
  });
  pollfd wait{server->fd(), POLLIN, 0};
  CHECK(poll(&wait, 1, 20'000) == 1);
  CHECK(Turn(*server).empty());
  CHECK(muster::Wait(stranger) == 0);
}

TEST_CASE("without a descriptor left, callers are turned away and the loop sleeps") {
  TempDir dir;
  auto server = OpenIn(dir.path());
  RawClient good(dir.path());
  CHECK(Behaves(*server, good));
  RawClient first(dir.path()), second(dir.path());
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(second.fd()) + 1;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  std::deque<Fd> all;
  do {
    all.emplace_back(dup(0));
  } while (all.back());
  for (int i = 0; i < 10; ++i) server->Take();
  bool awake = IsReadable(server->fd());
  all.clear();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(awake);
  for (RawClient* client : {&first, &second}) {
    CHECK(client->Receive() == "");
    CHECK(client->closed());
  }
  CHECK(Behaves(*server, good));
  RawClient next(dir.path());
  CHECK(Behaves(*server, next));
}

TEST_CASE("a run is asked and answers") {
  TempDir dir;
  MakeRun(dir.path());
  FakeSupervisor supervisor(dir.path(), [](const Json& request) {
    return Json{{"ok", "heard " + StringMember(request, "do")},
                {"large", std::string(3 << 20, 'y')}};
  });
  for (int i = 0; i < 3; ++i) {
    auto reply = AskRun(dir.path(), {{"do", "pause"}}, kLong);
    REQUIRE_MESSAGE(reply, reply.error());
    CHECK(StringMember(*reply, "ok") == "heard pause");
    CHECK(StringMember(*reply, "large").size() == 3 << 20);
  }
}

TEST_CASE("asking says in a sentence what is wrong") {
  TempDir dir;
  auto error = [&](seconds limit = kLong) {
    auto reply = AskRun(dir.path(), {{"do", "status"}}, limit);
    REQUIRE_FALSE(reply);
    return reply.error();
  };
  CHECK(error() == "there is no run in " + dir.path() + ": it holds no ledger.sqlite");
  MakeRun(dir.path());
  CHECK(error() == dir.path() + " is not running");
  {
    FakeSupervisor starting(dir.path());
    CHECK(Has(error(), "does not listen: it is just starting or ending"));
  }
  {
    FakeSupervisor deaf(dir.path(), [](const Json&) { return Json(); });
    CHECK(Has(error(seconds(0)), "gave no answer within"));
    auto reply = AskRun(dir.path(), {{"do", "status"}}, milliseconds(200));
    REQUIRE_FALSE(reply);
    CHECK(Has(reply.error(), "gave no answer within 200 ms"));
  }
  CHECK(error() == dir.path() + " is not running");  // though its socket is still there
  {
    FakeSupervisor stale(dir.path());
    CHECK(Has(error(), "does not listen"));
  }
  {
    std::filesystem::remove(dir / "control.sock");
    FakeSupervisor dying(dir.path(), [](const Json&) -> Json { _exit(0); });
    CHECK(Has(error(), "hung up"));
  }
}

TEST_CASE("the pool reports the control socket once a Wait, while it has something to do") {
  auto pool = ProcessPool::Create({});
  REQUIRE(pool);
  Fd said(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  (*pool)->AlsoWatch(said.get());
  auto waited = [&] {
    std::vector<PoolEvent> events;
    (*pool)->Wait(std::chrono::steady_clock::now(), &events);
    int64_t came = 0;
    for (const PoolEvent& event : events) came += std::holds_alternative<ControlCame>(event);
    return came;
  };
  CHECK(waited() == 0);
  REQUIRE(eventfd_write(said.get(), 1) == 0);
  CHECK(waited() == 1);
  CHECK(waited() == 1);
  eventfd_t value = 0;
  REQUIRE(eventfd_read(said.get(), &value) == 0);
  CHECK(waited() == 0);
  REQUIRE(eventfd_write(said.get(), 1) == 0);
  std::deque<Fd> more;  // than it asks the kernel for at once
  for (int i = 0; i < 300; ++i) {
    more.emplace_back(dup(said.get()));
    (*pool)->AlsoWatch(more.back().get());
  }
  CHECK(waited() == 1);
  more.clear();
  said.Reset();
  CHECK(waited() == 0);
}

}  // namespace muster
