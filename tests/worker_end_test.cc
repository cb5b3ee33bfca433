// How a muster-worker ends, and what does not end it.

#include <doctest/doctest.h>

#include <atomic>

#include "tests/tcp_server.h"
#include "tests/worker_line.h"

namespace muster {
namespace {

constexpr int kProtocolError = 101;
constexpr int kSupervisorGone = 102;

// A worker whose only call is in the air and will not end by itself.
void MakeBusy(WorkerLine& worker, const ConfigFolder& folder) {
  worker.Start(OneStep(folder, kSlowMock));
  worker.GiveItem("1");
  worker.SendGo(worker.Next<Call>().call);
}

TEST_CASE("a worker that is told to stop says goodbye, idle or busy") {
  ConfigFolder folder;
  for (bool busy : {false, true}) {
    CAPTURE(busy);
    WorkerLine worker;
    busy ? MakeBusy(worker, folder) : worker.Start(OneStep(folder));
    worker.Send(Stop{});
    CHECK(worker.Next<Bye>().boot_failure == "");
    CHECK(worker.ExitCode() == 0);
  }
}

TEST_CASE("a worker exits at the end of its input, before start, idle or busy") {
  ConfigFolder folder;
  WorkerLine fresh, idle, busy;
  fresh.Next<Hello>();
  idle.Start(OneStep(folder));
  MakeBusy(busy, folder);
  for (WorkerLine* worker : {&fresh, &idle, &busy}) {
    worker->CloseInput();
    CHECK(worker->ExitCode() == kSupervisorGone);
  }
}

TEST_CASE("at the end of its input a worker lets go of a request in the air") {
  std::atomic<bool> asked{false}, closed{false};
  TcpServer server([&](TcpConnection& client) {
    asked = !client.ReadRequest().empty();
    client.WaitForClose();
    closed = true;
  });
  ConfigFolder folder;
  auto config = folder.Load(
      "name: air\nitems: {range: 1..1}\nproviders: {p: {api: openai-chat, base_url: \"" +
      server.Url("/v1") + "\"}}\nsteps: [{id: ask, chat: {model: p/m, user: hello}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  worker.Start(*config);
  worker.GiveItem("1");
  worker.SendGo(worker.Next<Call>().call);
  REQUIRE(Eventually([&] { return asked.load(); }));
  CHECK_FALSE(closed);
  worker.CloseInput();
  CHECK(worker.ExitCode() == kSupervisorGone);
  CHECK(Eventually([&] { return closed.load(); }));
}

std::string FrameOf(std::string_view json) {
  std::string frame;
  AppendFrame(json, frame);
  return frame;
}

TEST_CASE("what does not fit ends a worker, with a word about it on stderr") {
  ConfigFolder folder;
  const std::string go = Encode(ToWorker(PoolDriver::GoFor(9)));
  struct Row {
    const char* what;
    std::string bytes;
  };
  for (const Row& row :
       {Row{"garbage", std::string("\x7fgarbage, no frame at all")},
        Row{"a length of 4 GB", std::string("\xff\xff\xff\xff{}\n")},
        Row{"no newline", std::string("\0\0\0\x03{} ", 7)}, Row{"no JSON", FrameOf("{")},
        Row{"no object", FrameOf("[1]")}, Row{"no type", FrameOf("{}")},
        Row{"an unknown type", FrameOf(R"({"type":"sing"})")},
        Row{"a worker's message", FrameOf(Encode(FromWorker(Hello{})))},
        Row{"a missing field", FrameOf(R"({"type":"item","item":"a"})")},
        Row{"a mistyped field", FrameOf(R"({"type":"kept","call":"1"})")},
        Row{"a verdict for no call", FrameOf(go)},
        Row{"a second item", FrameOf(Encode(ToWorker(Item{"2", 1, Json::object()})))}}) {
    CAPTURE(row.what);
    WorkerLine worker;
    MakeBusy(worker, folder);
    worker.SendBytes(row.bytes);
    CHECK(worker.ExitCode() == kProtocolError);
    CHECK(worker.errors().starts_with("muster-worker: "));
    CHECK_FALSE(worker.Hear());  // no bye
  }
}

TEST_CASE("an item before start ends a worker") {
  WorkerLine worker;
  worker.Next<Hello>();
  worker.GiveItem("1");
  CHECK(worker.ExitCode() == kProtocolError);
}

TEST_CASE("a worker that cannot start says why, and that it never will") {
  ConfigFolder folder;
  Start other_version, bad_config;
  other_version.version = kProtocolVersion + 1;
  other_version.config = ConfigToJson(OneStep(folder));
  bad_config.config = Json{{"name", 3}};
  for (const Start& start : {other_version, bad_config}) {
    WorkerLine worker;
    worker.Start(start);
    CHECK(worker.Next<Bye>().boot_failure != "");
    CHECK(worker.ExitCode() == kWorkerBootFailure);
  }
}

TEST_CASE("a cancelled item is given back at once, and the worker takes the next one") {
  ConfigFolder folder;
  WorkerLine worker;
  MakeBusy(worker, folder);
  worker.Send(Cancel{"1", 2});  // not this attempt
  worker.Send(Cancel{"2", 1});  // not this item
  CHECK(worker.IsQuiet());
  worker.Send(Cancel{"1", 1});
  Done done = worker.Next<Done>();
  CHECK(done.item == "1");
  CHECK(done.outcome == Outcome::kInterrupted);
  worker.GiveItem("2");
  worker.SendGo(worker.Next<Call>().call);
  worker.Send(Cancel{"2", 1});
  CHECK(worker.Next<Done>().item == "2");
  worker.Send(Cancel{"2", 1});  // late
  worker.Send(Stop{});
  worker.Next<Bye>();
}

TEST_CASE("a verdict that crosses with a cancelled attempt's end is for nobody") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(OneStep(folder));
  worker.GiveItem("1");
  Called called = worker.LetGo();
  worker.Send(Cancel{"1", 1});
  worker.Send(Kept{called.call, {}});
  CHECK(worker.Next<Done>().outcome == Outcome::kInterrupted);
  worker.GiveItem("2");
  Call call = worker.Next<Call>();
  CHECK(worker.IsQuiet());
  worker.SendGo(call.call);
  worker.Send(Kept{worker.Next<Called>().call, {}});
  CHECK(worker.Next<Done>().outcome == Outcome::kDone);
  worker.Send(Kept{1, {}});  // without a cancel it fits nothing
  CHECK(worker.ExitCode() == kProtocolError);
}

TEST_CASE("a worker says that it lives, as often as it was told, idle or busy") {
  ConfigFolder folder;
  Start start;
  start.config = ConfigToJson(OneStep(folder, kSlowMock));
  start.alive_every_ms = 30;
  WorkerLine worker;
  worker.Start(start);
  for (bool busy : {false, true}) {
    CAPTURE(busy);
    if (busy) {
      worker.GiveItem("1");
      worker.SendGo(worker.Next<Call>().call);
    }
    for (int i = 0; i < 5; ++i) {
      auto said = worker.Hear();
      REQUIRE(said);
      CHECK(std::holds_alternative<Alive>(*said));
    }
  }
}

TEST_CASE("a worker that was told to say so seldom does not chatter") {
  ConfigFolder folder;
  Start start;
  start.config = ConfigToJson(OneStep(folder));
  start.alive_every_ms = 600'000;
  WorkerLine worker;
  worker.Start(start);
  CHECK_FALSE(worker.Hear(milliseconds(200)));
  CHECK(worker.lives());
}

TEST_CASE("a worker with a lease ends when it hears nothing, and lives while it hears something") {
  ConfigFolder folder;
  Start start;
  start.config = ConfigToJson(OneStep(folder));
  start.lease_ms = 1'000;
  WorkerLine worker;
  worker.Start(start);
  for (auto end = TestClock::now() + milliseconds(2'000); TestClock::now() < end;) {
    worker.Send(Alive{});
    usleep(20'000);
  }
  CHECK(worker.lives());
  CHECK(worker.ExitCode() == kSupervisorGone);
}

TEST_CASE("a worker that was started without stderr has /dev/null there") {
  WorkerLine worker({"sh", "-c", "exec \"$0\" --pipe 2>&-", ProgramPath("muster-worker")});
  worker.Next<Hello>();
  std::error_code error;
  std::string folder = "/proc/" + std::to_string(worker.pid()) + "/fd/";
  auto target = std::filesystem::read_symlink(folder + "2", error);
  if (error == std::errc::permission_denied) {
    MESSAGE("skipped: this user may not look into the worker");
    return;
  }
  CHECK(target == "/dev/null");
}

}  // namespace
}  // namespace muster
