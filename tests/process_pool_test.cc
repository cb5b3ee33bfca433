// The pool with real processes: what workers say arrives, what ends them is told as it was, and
// what they should not say ends them and nobody else.

#include "supervisor/pool/process_pool.h"

#include <doctest/doctest.h>

#include "common/hash.h"
#include "tests/config_testing.h"
#include "tests/process_testing.h"

namespace muster {
namespace {

// Sanitized programs take long to start, and much longer for many bytes.
const size_t kCutStep = IsSanitized() ? 7 : 1;
const size_t kLarge = IsSanitized() ? 1 << 20 : 10 << 20;

std::string Misbehave(const std::string& how) { return "--misbehave=" + how; }

// The type names of messages: "hello call called".
std::string TypesOf(const std::vector<FromWorker>& messages) {
  std::string types;
  for (const FromWorker& message : messages) {
    auto json = ParseJson(Encode(message));
    REQUIRE(json.ok());
    types += (types.empty() ? "" : " ") + StringMember(*json, "type");
  }
  return types;
}

TEST_CASE("what a worker says arrives in order, and nothing after its end") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker());
  driver.Begin(worker);
  driver.Finish(worker);
  driver.Send(worker, Stop{});
  WorkerLost lost = driver.Lost(worker);
  CHECK(TypesOf(driver.Said(worker)) == "hello call called call called done");
  CHECK(lost.said_bye);
  CHECK_FALSE(lost.boot_failure);
  CHECK(lost.how == "exit code 0");
  CHECK(lost.peak_memory_kb > 0);
  CHECK(driver.pool().alive() == 0);
  driver.Send(worker, Alive{});
  driver.pool().Kill(worker, SIGKILL, "again");
  driver.Turn();
  CHECK(driver.ends() == std::vector{worker});
}

TEST_CASE("muster-worker does an item for the pool and says goodbye") {
  ConfigFolder folder;
  auto config = folder.Load(kLeastConfig);
  REQUIRE(config.ok());
  PoolDriver driver;
  WorkerId worker = driver.Spawn(RealWorker());
  Start start;
  start.config = ConfigToJson(*config);
  driver.Begin(worker, start);
  CHECK(driver.Finish(worker).outcome == Outcome::kDone);
  driver.Send(worker, Stop{});
  CHECK(driver.Lost(worker).said_bye);
  CHECK(driver.Lost(worker).stderr_tail == "");
}

TEST_CASE("the end of a worker is told as it was") {
  struct Row {
    const char* fault;
    const char* how;
  };
  PoolDriver driver;
  for (Row row : {Row{"segv", "SIGSEGV"}, Row{"segv@start", "SIGSEGV"}, Row{"abort@go", "SIGABRT"},
                  Row{"kill9@called", "SIGKILL"}, Row{"kill9@mid-frame", "SIGKILL"},
                  Row{"exit=3@kept", "exit code 3"}, Row{"exit=100", "exit code 100"},
                  Row{"exit0@begun", "exit code 0"}, Row{"exit0@done", "exit code 0"}}) {
    CAPTURE(row.fault);
    WorkerId worker = driver.Spawn(BadWorker({Misbehave(row.fault)}));
    driver.Send(worker, Start{});
    driver.Send(worker, Item{"a", 1, Json::object()});
    WorkerLost lost = driver.ServeUntilLost(worker);
    CHECK(lost.how.starts_with(row.how));
    CHECK_FALSE(lost.said_bye);
    CHECK(lost.boot_failure == (std::string(row.fault) == "exit=100"));
  }
}

TEST_CASE("a worker that can never start says why") {
  PoolDriver driver;
  WorkerLost lost = driver.Lost(driver.Spawn(BadWorker({Misbehave("boot-fail")})));
  CHECK(lost.boot_failure);
  CHECK_FALSE(lost.said_bye);
  CHECK(lost.how == "bad-worker was told not to start");
}

TEST_CASE("only the end of what a worker prints is kept, and printing holds nothing up") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker({Misbehave("printf-flood=8M"), Misbehave("exit@kept")}));
  driver.Begin(worker);
  driver.Hear<Call>(worker);
  driver.Send(worker, PoolDriver::GoFor(1));
  driver.Hear<Called>(worker);
  driver.Send(worker, Kept{1, {}});
  WorkerLost lost = driver.Lost(worker);
  CHECK(lost.stderr_tail.size() == 4096);
  CHECK(lost.stderr_tail.ends_with("the end of the flood\n"));
}

TEST_CASE("the most memory that a worker had is told") {
  PoolDriver driver;
  WorkerId small = driver.Spawn(BadWorker({Misbehave("kill9@hello")}));
  WorkerId large =
      driver.Spawn(BadWorker({Misbehave("alloc=200M@hello"), Misbehave("kill9@begun")}));
  driver.Send(large, Start{});
  CHECK(driver.Lost(large).peak_memory_kb >= 200 * 1024);
  // A sanitizer's shadow of this very process counts for its children.
  if (!IsSanitized()) CHECK(driver.Lost(small).peak_memory_kb < 200 * 1024);
  CHECK(driver.Lost(small).peak_memory_kb > 0);
}

// Runs workers, several at a time, that each die after another number of bytes, and checks that
// exactly the messages that were whole by then have come.
void CheckCut(PoolDriver& driver, size_t cut, WorkerId worker, const std::vector<size_t>& lengths) {
  CAPTURE(cut);
  WorkerLost lost = driver.Lost(worker);
  CHECK(lost.how.starts_with("SIGKILL"));
  size_t heard = 0;
  const auto& said = driver.Said(worker);
  REQUIRE(said.size() < lengths.size());
  for (const FromWorker& message : said) heard += Encode(message).size() + 5;
  CHECK(heard <= cut);
  // The next one was not whole. Only a hello's length is not always the same: it has the pid.
  CHECK(heard + lengths[said.size()] + (said.empty() ? 3 : 0) >= cut);
}

TEST_CASE("a worker that dies in the middle of a message, at any byte, has said what was whole") {
  PoolDriver driver;
  std::vector<size_t> lengths;
  WorkerId whole = driver.Spawn(BadWorker());
  driver.Begin(whole);
  driver.Finish(whole);
  for (const FromWorker& message : driver.Said(whole))
    lengths.push_back(Encode(message).size() + 5);
  size_t most = lengths[0] + lengths[1] + lengths[2];  // hello, call, called
  const size_t kAtOnce = 8 * kCutStep;
  for (size_t first = 0; first < most; first += kAtOnce) {
    PoolDriver few;
    std::map<size_t, WorkerId> workers;
    for (size_t cut = first; cut < std::min(first + kAtOnce, most); cut += kCutStep) {
      WorkerId worker = few.Spawn(BadWorker({Misbehave("cut@" + std::to_string(cut))}));
      workers[cut] = worker;
      few.Send(worker, Start{});
      few.Send(worker, Item{"a", 1, Json{{"id", "a"}}});
      few.Send(worker, PoolDriver::GoFor(1));
    }
    for (auto [cut, worker] : workers) CheckCut(few, cut, worker, lengths);
  }
}

TEST_CASE("a worker that says what is no message is killed, and the others go on") {
  PoolDriver driver;
  WorkerId good = driver.Spawn(BadWorker());
  for (const char* fault : {"garbage", "huge-length", "no-newline", "unknown-type"}) {
    CAPTURE(fault);
    WorkerId bad = driver.Spawn(BadWorker({Misbehave(fault)}));
    driver.Begin(bad);
    WorkerLost lost = driver.Lost(bad);
    CHECK(lost.how.starts_with("protocol: "));
    CHECK_FALSE(lost.said_bye);
    CHECK(TypesOf(driver.Said(bad)) == "hello");
  }
  driver.Begin(good);
  CHECK(driver.Finish(good).outcome == Outcome::kDone);
}

TEST_CASE("messages that only the supervisor can judge are passed on") {
  PoolDriver driver;
  auto called_by = [&driver](const char* fault, bool go) {
    WorkerId worker = driver.Spawn(BadWorker({Misbehave(fault)}));
    driver.Begin(worker);
    driver.Hear<Call>(worker);
    if (go) driver.Send(worker, PoolDriver::GoFor(1));
    driver.Hear<Called>(worker, std::string(fault) == "duplicate" ? 2 : 1);
    return driver.All<Called>(worker);
  };
  CHECK(called_by("early", false)[0].call == 1);
  CHECK(called_by("wrong-item", true)[0].item == "a-other");
  CHECK(called_by("wrong-attempt", true)[0].attempt == 2);
  CHECK(called_by("duplicate", true)[1].call == 1);
}

TEST_CASE("messages of many megabytes go both ways between the pool and several workers at once") {
  PoolDriver driver;
  Item item{"large", 1, Json{{"text", std::string(kLarge, 'p') + "\u00e9\n"}}};
  std::string hash = Sha256Hex(CanonicalJson(item.fields));
  std::vector<WorkerId> workers;
  for (int i = 0; i < 4; ++i) {
    workers.push_back(driver.Spawn(BadWorker({"--answer-size=" + std::to_string(kLarge)})));
    driver.Send(workers.back(), Start{});
    driver.Send(workers.back(), item);
  }
  CHECK(driver.WaitUntil([&] {
    for (WorkerId worker : workers) driver.Serve(worker);
    return std::ranges::all_of(workers, [&](WorkerId w) { return driver.Count<Done>(w) == 1; });
  }));
  for (WorkerId worker : workers) {
    auto called = driver.All<Called>(worker);
    CHECK(called.size() == 2);
    for (const Called& each : called) {
      CHECK(each.answer->data.size() > kLarge);
      CHECK(each.answer->data.find(hash) != std::string::npos);  // of the fields as they arrived
    }
  }
}

TEST_CASE("a worker that does not read holds nobody up, and is killed when too much waits for it") {
  PoolDriver driver;
  WorkerId deaf = driver.Spawn(BadWorker({Misbehave("hang@hello")}));
  WorkerId good = driver.Spawn(BadWorker());
  driver.Hear<Hello>(deaf);
  const Item large{"large", 1, Json{{"text", std::string(8 << 20, 'p')}}};
  for (int i = 0; i < 4; ++i) driver.Send(deaf, large);
  driver.Begin(good);
  CHECK(driver.Finish(good).outcome == Outcome::kDone);
  CHECK_FALSE(driver.Find(deaf));
  for (int i = 0; i < 6; ++i) driver.Send(deaf, large);
  CHECK(driver.Lost(deaf).how == "does not read its messages");
}

TEST_CASE("a message that is too large for a frame costs the worker, not the pool") {
  PoolDriver driver;
  WorkerId worker = driver.Spawn(BadWorker());
  driver.Hear<Hello>(worker);
  driver.Send(worker, Item{"huge", 1, Json{{"text", std::string(kMaxFrame, 'p')}}});
  CHECK(driver.Lost(worker).how.find("too large") != std::string::npos);
}

}  // namespace
}  // namespace muster
