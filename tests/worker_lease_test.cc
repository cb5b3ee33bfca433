// A worker whose supervisor can no longer be heard ends by itself, whatever holds it up.

#include <doctest/doctest.h>

#include <thread>

#include "tests/worker_line.h"

namespace muster {
namespace {

constexpr int kSupervisorGone = 102;
constexpr int64_t kLease = 300;  // milliseconds

void StartWithLease(WorkerLine& worker, const Config& config, int64_t alive_every = 50) {
  Start start;
  start.config = ConfigToJson(config);
  start.lease_ms = kLease;
  start.alive_every_ms = alive_every;
  worker.Start(start);
}

TEST_CASE("a worker that hears nothing for its lease exits, idle or busy") {
  ConfigFolder folder;
  for (bool busy : {false, true}) {
    CAPTURE(busy);
    WorkerLine worker;
    StartWithLease(worker, OneStep(folder, kSlowMock));
    if (busy) {
      worker.GiveItem("1");
      worker.SendGo(worker.Next<Call>().call);
    }
    CHECK(worker.ExitCode() == kSupervisorGone);
  }
}

TEST_CASE("a worker that hears of its supervisor goes on for many leases") {
  ConfigFolder folder;
  WorkerLine worker;
  StartWithLease(worker, OneStep(folder));
  for (int i = 0; i < 15; ++i) {
    std::this_thread::sleep_for(milliseconds(kLease / 5));
    worker.Send(Alive{});
  }
  worker.GiveItem("1");
  worker.LetGo();
  CHECK(worker.lives());
}

// The text of its only call fills the pipe, which nobody empties.
void FillThePipe(WorkerLine& worker, const ConfigFolder& folder) {
  Config config = OneStep(folder, "providers: {mock: {mock: {latency: 0ms..0ms}}}\n");
  StartWithLease(worker, config, 10);
  Json fields = Json::object();
  fields["id"] = "1";
  worker.GiveItem(std::string(300'000, 'x'), 1, std::move(fields));  // its calls name the item
  std::this_thread::sleep_for(milliseconds(50));
}

TEST_CASE("a worker that cannot write exits when its lease is over") {
  ConfigFolder folder;
  WorkerLine worker;
  FillThePipe(worker, folder);
  CHECK(worker.ExitCode() == kSupervisorGone);
}

TEST_CASE("a worker that cannot write exits at the end of its input") {
  ConfigFolder folder;
  WorkerLine worker;
  FillThePipe(worker, folder);
  for (int i = 0; i < 10; ++i) {  // it is heard of, long enough for the lease
    std::this_thread::sleep_for(milliseconds(kLease / 5));
    worker.Send(Alive{});
  }
  CHECK(worker.lives());
  worker.CloseInput();
  CHECK(worker.ExitCode() == kSupervisorGone);
}

TEST_CASE("what was held up arrives when it is read again") {
  ConfigFolder folder;
  WorkerLine worker;
  FillThePipe(worker, folder);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(kLease / 5));
    worker.Send(Alive{});
  }
  Call call = worker.Next<Call>();
  CHECK(call.item == std::string(300'000, 'x'));
  worker.SendGo(call.call);
  CHECK(worker.Next<Called>().answer.has_value());
}

TEST_CASE("a worker that was stopped beyond its lease does nothing more when it is let go on") {
  ConfigFolder folder;
  WorkerLine worker;
  StartWithLease(worker, OneStep(folder));
  worker.Send(Alive{});
  REQUIRE(worker.Hear());  // alive: it has read all that
  kill(worker.pid(), SIGSTOP);
  worker.GiveItem("1");
  std::this_thread::sleep_for(milliseconds(3 * kLease));
  kill(worker.pid(), SIGCONT);
  CHECK(worker.ExitCode() == -SIGALRM);
}

}  // namespace
}  // namespace muster
