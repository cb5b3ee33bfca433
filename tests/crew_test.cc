#include "supervisor/crew/crew.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto kNever = [](WorkerId) { return false; };

struct CrewTest {
  explicit CrewTest(size_t size, milliseconds item_time = minutes(60))
      : CrewTest({LocalSquad(static_cast<int64_t>(size))}, item_time) {}
  explicit CrewTest(std::vector<SquadPlan> squads, milliseconds item_time = minutes(60))
      : config(MakeConfig(item_time)),
        crew(pool, outbox, config.guard, Start{}, std::move(squads)) {
    crew.notice = [this](const std::string& text) { notices.push_back(text); };
  }

  static SquadPlan LaunchedSquad(const std::string& pool, size_t size) {
    SquadPlan squad;
    squad.pool = pool;
    squad.prefix = pool + "/";
    squad.size = size;
    squad.command = {"srun", "muster-worker", "--pipe"};
    squad.start_within = seconds(20);
    squad.starts_at_once = 4;
    squad.lease = seconds(30);
    return squad;
  }

  static Config MakeConfig(milliseconds item_time) {
    Config config;
    config.guard.item_time = item_time;
    return config;
  }

  Clock::Time now() const { return clock.Now(); }
  Result<void> Recruit(size_t want) { return crew.Recruit(want, now()); }
  Hello MakeHello() const { return {kProtocolVersion, std::string(BuildId()), 1, "here"}; }
  // Workers that have said hello.
  void Staff(size_t want) {
    REQUIRE(Recruit(want));
    for (auto& [id, worker] : crew.workers()) REQUIRE(crew.OnHello(id, MakeHello()));
  }
  WorkerRecord& Busy(int64_t item = 1) {
    WorkerRecord* worker = crew.FindIdle();
    REQUIRE(worker);
    ItemRow row;
    row.id = std::to_string(item);
    row.attempts = 1;
    crew.GiveItem(*worker, row, now());
    return *worker;
  }
  void Die(WorkerId worker, bool bye = false) {
    WorkerLost lost;
    lost.worker = worker;
    lost.said_bye = bye;
    crew.OnLost(lost, now());
  }
  // Watches every 100 ms, as the supervisor does while workers are busy.
  void Pass(milliseconds time, const std::function<bool(WorkerId)>& waits, bool heard) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(100)) {
      clock.Advance(milliseconds(100));
      for (auto& [id, worker] : crew.workers()) {
        if (heard) worker.last_heard = now();
      }
      crew.Watch(now(), waits);
    }
  }
  template <class Message>
  size_t Told() {
    outbox.SendAll(pool);
    return static_cast<size_t>(
        std::count_if(pool.told.begin(), pool.told.end(),
                      [](const auto& one) { return std::holds_alternative<Message>(one.second); }));
  }

  Config config;
  FakeClock clock;
  FakeScript script;
  FakePool pool{clock, script};
  Outbox outbox;
  Crew crew;
  std::vector<std::string> notices;
};

TEST_CASE("crew: recruits as many as are wanted, never more than its size") {
  CrewTest test(3);
  REQUIRE(test.Recruit(2));
  CHECK(test.crew.alive() == 2);
  REQUIRE(test.Recruit(2));
  CHECK(test.crew.alive() == 2);
  REQUIRE(test.Recruit(9));
  CHECK(test.crew.alive() == 3);
}

TEST_CASE("crew: a worker is told its name and everything to start with after its hello") {
  CrewTest test(1);
  REQUIRE(test.Recruit(1));
  CHECK_FALSE(test.crew.FindIdle());
  CHECK(test.Told<Start>() == 0);
  REQUIRE(test.crew.OnHello(1, test.MakeHello()));
  CHECK(test.Told<Start>() == 1);
  CHECK(std::get<Start>(test.pool.told.back().second).worker == "w1");
  CHECK(test.crew.FindIdle()->host == "here");
}

TEST_CASE("crew: another version or build can never serve") {
  Hello build{kProtocolVersion, "another", 1, "here"};
  Hello version{kProtocolVersion + 1, std::string(BuildId()), 1, "here"};
  for (const Hello& other : {build, version}) {
    CrewTest test(1);
    REQUIRE(test.Recruit(1));
    CHECK_FALSE(test.crew.OnHello(1, other));
    CHECK_FALSE(test.crew.FindIdle());
    CHECK(test.pool.killed.size() == 1);
    CHECK(test.Told<Start>() == 0);  // it hears no keys
  }
}

TEST_CASE("crew: a replacement takes over the name of the lost") {
  CrewTest test(3);
  test.Staff(3);
  test.Die(2);
  test.clock.Advance(seconds(10));
  REQUIRE(test.Recruit(3));
  CHECK(test.crew.Find(4)->name == "w2");
}

TEST_CASE("crew: replacements wait twice as long after each death, up to five seconds") {
  CrewTest test(1);
  milliseconds expected{100};
  for (int death = 0; death < 9; ++death) {
    test.Staff(1);
    WorkerId id = test.crew.workers().begin()->first;
    test.Die(id);
    test.clock.Advance(expected - milliseconds(1));
    REQUIRE(test.Recruit(1));
    CHECK(test.crew.alive() == 0);
    test.clock.Advance(milliseconds(1));
    expected = std::min(expected * 2, milliseconds(5'000));
  }
  test.Staff(1);
  WorkerRecord& worker = test.Busy();
  test.crew.OnItemEnded(worker, 1);
  test.Die(worker.id);
  test.clock.Advance(milliseconds(100));
  REQUIRE(test.Recruit(1));
  CHECK(test.crew.alive() == 1);  // an item that ended makes it short again
}

TEST_CASE("crew: a clean end is no death, and is replaced at once") {
  CrewTest test(1);
  test.Staff(1);
  test.Die(1, true);
  REQUIRE(test.Recruit(1));
  CHECK(test.crew.alive() == 1);
  CHECK(test.crew.Storm(test.now()) == "");
}

TEST_CASE("crew: more than three deaths a worker and a few within a minute are a storm") {
  for (seconds apart : {seconds(6), seconds(15)}) {
    CAPTURE(apart.count());
    CrewTest test(2);
    bool storm = false;
    for (int death = 0; death < 12; ++death) {
      test.clock.Advance(apart);
      REQUIRE(test.Recruit(2));
      test.Die(test.crew.workers().begin()->first);
      storm = storm || !test.crew.Storm(test.now()).empty();
    }
    CHECK(storm == (apart == seconds(6)));
  }
}

TEST_CASE("crew: an item that ends well ends the counting of deaths") {
  CrewTest test(1);
  for (int death = 0; death < 20; ++death) {
    test.clock.Advance(seconds(5));
    test.Staff(1);
    WorkerRecord& worker = test.Busy();
    if (death % 3 == 0) test.crew.OnItemEnded(worker, 1);
    test.Die(worker.id);
    CHECK(test.crew.Storm(test.now()) == "");
  }
}

TEST_CASE("crew: silence kills with ABRT, in every state, and once") {
  for (int state : {0, 1, 2}) {
    CAPTURE(state);
    CrewTest test(1);
    state == 0 ? void(test.Recruit(1)) : test.Staff(1);
    if (state == 2) test.Busy();
    test.Pass(test.config.guard.worker_silence, kNever, false);
    CHECK(test.pool.killed.empty());
    test.Pass(seconds(2), kNever, false);
    CHECK(test.pool.killed == std::vector<std::pair<WorkerId, int>>{{1, SIGABRT}});
  }
}

TEST_CASE("crew: who is being killed gets no item, and a late hello does not change that") {
  CrewTest test(2);
  test.Staff(1);
  test.crew.Kill(*test.crew.Find(1), SIGKILL, "why");
  CHECK_FALSE(test.crew.FindIdle());
  CHECK(test.crew.available() == 0);
  REQUIRE(test.Recruit(1));  // somebody else for the work
  CHECK(test.crew.alive() == 2);
  test.crew.Kill(*test.crew.Find(2), SIGKILL, "why");
  REQUIRE(test.crew.OnHello(2, test.MakeHello()));
  CHECK_FALSE(test.crew.FindIdle());
}

TEST_CASE("crew: an item over its time is cancelled, its worker killed if it does not obey") {
  CrewTest test(1, seconds(60));
  test.Staff(1);
  WorkerRecord& worker = test.Busy();
  test.Pass(seconds(60), kNever, true);
  CHECK(test.Told<Cancel>() == 0);
  test.Pass(seconds(1), kNever, true);
  CHECK(test.Told<Cancel>() == 1);
  CHECK(worker.attempt->cancelled);
  test.Pass(seconds(3), kNever, true);
  CHECK(test.pool.killed.empty());
  test.Pass(seconds(3), kNever, true);
  CHECK(test.Told<Cancel>() == 1);
  CHECK(test.pool.killed == std::vector<std::pair<WorkerId, int>>{{1, SIGABRT}});
}

TEST_CASE("crew: time spent waiting for a verdict is not an item's time") {
  CrewTest test(1, seconds(60));
  test.Staff(1);
  WorkerRecord& worker = test.Busy();
  bool waits = false;
  for (int turn = 0; turn < 10; ++turn, waits = !waits) {
    test.Pass(
        seconds(10), [&](WorkerId) { return waits; }, true);
  }
  CHECK(worker.attempt->worked == seconds(50));
  CHECK(test.Told<Cancel>() == 0);
  test.Pass(seconds(11), kNever, true);
  CHECK(test.Told<Cancel>() == 1);
}

TEST_CASE("crew: a worker past its memory is told to stop after its item") {
  CrewTest test(2);
  test.Staff(2);
  int64_t limit_kb = test.config.guard.worker_memory_mb * 1024;
  WorkerRecord& small = test.Busy();
  WorkerRecord& large = test.Busy(2);
  test.crew.OnItemEnded(small, limit_kb);
  test.crew.OnItemEnded(large, limit_kb + 1);
  CHECK(small.state == WorkerState::kIdle);
  CHECK(large.state == WorkerState::kStopping);
  CHECK(test.Told<Stop>() == 1);
}

TEST_CASE("crew: without any worker a spawn that fails is an error, with some it is waited for") {
  CrewTest test(2);
  test.pool.cannot_spawn = "no memory";
  auto failed = test.Recruit(2);
  REQUIRE_FALSE(failed);
  CHECK(failed.error() == "no memory");
  test.pool.cannot_spawn = "";
  test.clock.Advance(minutes(1));
  REQUIRE(test.Recruit(1));
  test.pool.cannot_spawn = "no memory";
  REQUIRE(test.Recruit(2));
  test.pool.cannot_spawn = "";
  REQUIRE(test.Recruit(2));
  CHECK(test.crew.alive() == 1);
  CHECK(test.crew.NextDeadline(test.now()));
  test.clock.Advance(minutes(1));
  REQUIRE(test.Recruit(2));
  CHECK(test.crew.alive() == 2);
}

TEST_CASE("crew: a launcher that cannot be started is told once, and others may still come back") {
  CrewTest test({LocalSquad(1), CrewTest::LaunchedSquad("a", 1)});
  test.Staff(1);
  test.pool.cannot_spawn = "no such program";
  for (int turn = 0; turn < 3; ++turn) {
    REQUIRE(test.Recruit(2));
    test.clock.Advance(seconds(10));
  }
  REQUIRE(test.Recruit(2));
  CHECK(test.notices == std::vector<std::string>{"pool a: no such program; it is tried again"});
  test.clock.Advance(milliseconds(4'990));
  test.Die(1);
  test.clock.Advance(milliseconds(50));
  CHECK(test.Recruit(2));  // the local one only waits
  test.clock.Advance(seconds(10));
  auto none = test.Recruit(2);
  REQUIRE_FALSE(none);
  CHECK(none.error() == "no such program");
  test.pool.cannot_spawn = "";
  test.clock.Advance(seconds(10));
  CHECK(test.Recruit(2));
  CHECK(test.crew.alive() == 2);
}

TEST_CASE("crew: those without an item are retired, the busy are not; killing spares nobody") {
  CrewTest test(3);
  test.Staff(2);
  WorkerRecord& busy = test.Busy();
  REQUIRE(test.Recruit(3));
  test.crew.RetireIdle();
  CHECK(test.Told<Stop>() == 2);
  CHECK(busy.state == WorkerState::kBusy);
  test.crew.KillAll();
  CHECK(test.pool.killed.size() == 3);
  for (auto& [id, worker] : test.crew.workers()) CHECK(worker.state == WorkerState::kStopping);
}

TEST_CASE("crew: launched workers are named by their pool, and told of their lease") {
  CrewTest test({LocalSquad(1), CrewTest::LaunchedSquad("srun", 2)});
  test.Staff(3);
  std::map<std::string, int64_t> leases;
  test.outbox.SendAll(test.pool);
  for (const auto& [id, message] : test.pool.told) {
    if (auto* start = std::get_if<Start>(&message)) leases[start->worker] = start->lease_ms;
  }
  CHECK(leases ==
        std::map<std::string, int64_t>{{"w1", 0}, {"srun/1", 30'000}, {"srun/2", 30'000}});
}

TEST_CASE("crew: local workers come first, launched squads evenly and a few at a time") {
  CrewTest test({LocalSquad(2), CrewTest::LaunchedSquad("a", 8), CrewTest::LaunchedSquad("b", 8)});
  REQUIRE(test.Recruit(2));
  CHECK(test.pool.squads == std::map<WorkerId, size_t>{{1, 0}, {2, 0}});
  REQUIRE(test.Recruit(100));
  std::map<size_t, int> started;
  for (const auto& [id, squad] : test.pool.squads) ++started[squad];
  CHECK(started == std::map<size_t, int>{{0, 2}, {1, 4}, {2, 4}});  // starts_at_once
  for (auto& [id, worker] : test.crew.workers()) REQUIRE(test.crew.OnHello(id, test.MakeHello()));
  REQUIRE(test.Recruit(100));
  CHECK(test.crew.alive() == 18);
}

TEST_CASE("crew: an idle local worker gets an item before a launched one") {
  CrewTest test({LocalSquad(1), CrewTest::LaunchedSquad("a", 1)});
  test.Staff(2);
  CHECK(test.Busy().name == "w1");
  CHECK(test.Busy(2).name == "a/1");
}

TEST_CASE("crew: one that does not report within its time is ended by TERM and tried again later") {
  CrewTest test({CrewTest::LaunchedSquad("a", 1)});
  REQUIRE(test.Recruit(1));
  test.Pass(seconds(20), kNever, false);
  CHECK(test.pool.killed.empty());
  test.Pass(seconds(1), kNever, false);
  CHECK(test.pool.killed == std::vector<std::pair<WorkerId, int>>{{1, SIGTERM}});
  test.Die(1);
  CHECK(test.notices.size() == 1);
  test.clock.Advance(seconds(1));
  REQUIRE(test.Recruit(1));
  CHECK(test.crew.alive() == 1);
}

TEST_CASE("crew: launched workers hear something thrice within their lease, local ones need not") {
  CrewTest test({LocalSquad(1), CrewTest::LaunchedSquad("a", 1)});
  test.Staff(2);
  test.Busy();
  test.Busy(2);
  test.Pass(seconds(60), kNever, true);
  std::map<WorkerId, int> alive;
  for (const auto& [id, message] : test.pool.told)
    alive[id] += std::holds_alternative<Alive>(message);
  CHECK(alive[1] == 0);
  CHECK(alive[2] >= 5);
  CHECK(alive[2] <= 6);
}

TEST_CASE("crew: a pool that cannot serve is given up alone, the last one ends the run") {
  CrewTest test({CrewTest::LaunchedSquad("a", 1), CrewTest::LaunchedSquad("b", 1)});
  REQUIRE(test.Recruit(2));
  CHECK(test.crew.GiveUp(0, "no such program"));
  REQUIRE(test.notices.size() == 1);
  CHECK(test.notices[0] == "pool a: no such program; the run goes on without it");
  CHECK(test.crew.size() == 1);
  CHECK(test.crew.GiveUp(0, "again"));
  CHECK(test.notices.size() == 1);
  auto last = test.crew.GiveUp(1, "no such program");
  REQUIRE_FALSE(last);
  CHECK(last.error() == "pool b: no such program");
}

TEST_CASE(
    "crew: a machine that is lost is tried again ever more seldom, one that never served not "
    "long") {
  for (bool served : {false, true}) {
    CAPTURE(served);
    CrewTest test({LocalSquad(1), CrewTest::LaunchedSquad("a", 4)});
    test.Staff(5);
    if (served) {
      WorkerRecord& worker = *test.crew.Find(2);
      ItemRow row;
      row.id = "1";
      test.crew.GiveItem(worker, row, test.now());
      test.crew.OnItemEnded(worker, 1);
    }
    milliseconds passed{0};
    size_t starts = test.pool.squads.size();
    while (test.crew.size() == 5 && passed < minutes(60)) {
      for (WorkerId id = 1; id <= static_cast<WorkerId>(test.pool.squads.size()); ++id) {
        if (test.pool.squads[id] == 1 && test.crew.Find(id)) test.Die(id);
      }
      passed += milliseconds(100);
      test.clock.Advance(milliseconds(100));
      CHECK(test.crew.Storm(test.now()) == "");
      REQUIRE(test.Recruit(5));
    }
    CHECK(passed > (served ? minutes(8) : seconds(8)));
    CHECK(passed < (served ? minutes(20) : minutes(1)));
    CHECK(test.pool.squads.size() - starts < 100);
  }
}

TEST_CASE("crew: pools are resized by name, over their nodes") {
  CrewTest test({LocalSquad(2), CrewTest::LaunchedSquad("a", 3), CrewTest::LaunchedSquad("a", 3)});
  CHECK(*test.crew.Resize("a", 3) == 6);
  CHECK(*test.crew.Resize("", 4) == 2);
  CHECK(test.crew.size() == 7);
  CHECK_FALSE(test.crew.Resize("b", 1));
}

TEST_CASE("workers: states follow each other only as the table says") {
  using enum WorkerState;
  CHECK(MayFollow(kStarting, kIdle));
  CHECK(MayFollow(kIdle, kBusy));
  CHECK(MayFollow(kBusy, kIdle));
  CHECK_FALSE(MayFollow(kStarting, kBusy));
  CHECK_FALSE(MayFollow(kStopping, kIdle));
  CHECK_FALSE(MayFollow(kStopping, kStopping));
  for (auto from : {kStarting, kIdle, kBusy}) CHECK(MayFollow(from, kStopping));
  for (auto from : {kStarting, kIdle, kBusy, kStopping}) CHECK_FALSE(MayFollow(from, kStarting));
}

}  // namespace
}  // namespace muster
