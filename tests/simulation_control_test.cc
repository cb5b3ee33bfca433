// People who talk to a run while it works, through the real socket in its folder. The times are
// the simulation's.

#include <deque>

#include "tests/control_testing.h"
#include "tests/simulation_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Says things at given times of the session, and keeps the answers.
class Person {
 public:
  explicit Person(TestRun& run) : run_(run) {}

  Person& Says(milliseconds when, Json request) {
    plans_.push_back({when, std::move(request), nullptr});
    return *this;
  }
  Person& Sets(milliseconds when, const std::string& lane, const std::string& name,
               const std::string& value) {
    return Says(when, {{"do", "set"}, {"lane", lane}, {"name", name}, {"value", value}});
  }
  // Something to do then, besides.
  Person& Does(milliseconds when, std::function<void()> act) {
    plans_.push_back({when, nullptr, std::move(act)});
    return *this;
  }

  SessionTrace Run(size_t workers) {
    SessionOptions options{.workers = workers, .control = true};
    options.set_up = [this](FakePool& pool) {
      for (const Plan& plan : plans_) {
        pool.After(plan.when, [this, &plan] { Act(plan); });
        pool.After(plan.when + milliseconds(90), [this, &plan] {
          if (!plan.request.is_null()) Listen();
        });
      }
    };
    auto trace = run_.Run(options);
    while (!clients_.empty()) Listen();  // what was said last
    return trace;
  }

  // The sentences that came back, "error: …" where they were refused; or whole objects.
  std::vector<std::string> answers;
  std::vector<Json> objects;

 private:
  struct Plan {
    milliseconds when;
    Json request;
    std::function<void()> act;
  };

  void Act(const Plan& plan) {
    if (plan.act) return plan.act();
    clients_.push_back(std::make_unique<RawClient>(run_.folder().path()));
    REQUIRE(clients_.back()->connected());
    clients_.back()->Send(DumpJson(plan.request) + "\n");
  }

  void Listen() {
    REQUIRE_FALSE(clients_.empty());
    std::string text = clients_.front()->Receive();
    clients_.pop_front();
    auto said = ParseJson(text);
    REQUIRE_MESSAGE(said, text);
    objects.push_back(*said);
    std::string error = StringMember(*said, "error");
    answers.push_back(error.empty() ? StringMember(*said, "ok") : "error: " + error);
  }

  TestRun& run_;
  std::vector<Plan> plans_;
  std::deque<std::unique_ptr<RawClient>> clients_;
};

// Items of two calls of a second each.
struct QuietRun : TestRun {
  explicit QuietRun(int64_t items) : TestRun(items) {
    config.providers["p"].limits.concurrency = 16;
    script.plan = [](const std::string&) { return Chain(2); };
    script.provider = [](const SentCall&) { return FakeReply{.takes = seconds(1)}; };
  }
  static int64_t Sent(const SessionTrace& trace, milliseconds from, milliseconds to) {
    return SentBetween(trace.log, trace.began + from, trace.began + to);
  }
};

bool Says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("simulation: a paused run sends nothing, and goes on where it was") {
  QuietRun run(60);
  Person person(run);
  person.Says(milliseconds(3'500), {{"do", "pause"}})
      .Says(seconds(20), {{"do", "pause"}})
      .Says(seconds(63), {{"do", "resume"}})
      .Says(milliseconds(63'500), {{"do", "resume"}});
  auto trace = person.Run(4);
  REQUIRE(person.answers.size() == 4);
  CHECK(Says(person.answers[0], "paused"));
  CHECK(Says(person.answers[1], "error: "));
  CHECK(Says(person.answers[2], "resumed"));
  CHECK(Says(person.answers[3], "error: "));
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(QuietRun::Sent(trace, milliseconds(3'600), seconds(63)) == 0);
  CHECK(QuietRun::Sent(trace, milliseconds(63'000), milliseconds(63'200)) == 4);
  CHECK(run.sent() == 120);
  CHECK(run.view().UnknownTries().empty());
  CHECK(trace.progress.waits.contains("paused"));
  for (int i = 1; i <= 60; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: the number of workers goes up and down while they work") {
  QuietRun run(200);
  Person person(run);
  std::vector<int64_t> most;
  person.Sets(seconds(10), "", "workers", "12")
      .Sets(seconds(20), "", "workers", "3")
      .Sets(seconds(30), "", "workers", "0")
      .Sets(seconds(31), "", "workers", "8");
  auto trace = person.Run(4);
  CHECK(trace.end.exit_code == kAllDone);
  REQUIRE(person.answers.size() == 4);
  CHECK(Says(person.answers[0], "12, was 4"));
  CHECK(Says(person.answers[1], "3, was 12"));
  CHECK(Says(person.answers[2], "error: "));
  CHECK(Says(person.answers[3], "8, was 3"));
  // A second a call: as many calls a second as workers.
  CHECK(QuietRun::Sent(trace, seconds(5), seconds(9)) <= 4 * 4 + 4);
  CHECK(QuietRun::Sent(trace, seconds(12), seconds(18)) >= 12 * 5);
  CHECK(QuietRun::Sent(trace, seconds(24), seconds(30)) <= 3 * 6 + 3);
  CHECK(QuietRun::Sent(trace, seconds(33), seconds(37)) >= 8 * 3);
  CHECK(run.sent() == 400);  // those who left had ended their items
  for (int i = 1; i <= 200; ++i) CHECK(run.RowOf(std::to_string(i)).attempts == 1);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: limits and budgets that are set hold from then on") {
  QuietRun run(300);
  Person person(run);
  person.Sets(seconds(5), "p", "concurrency", "2")
      .Sets(seconds(15), "p", "concurrency", "16")
      .Sets(seconds(20), "p/m", "requests_per_minute", "30")
      .Sets(minutes(3), "p/m", "requests_per_minute", "")
      .Sets(minutes(3) + seconds(1), "x", "concurrency", "2")
      .Sets(minutes(3) + seconds(2), "p", "colour", "2");
  auto trace = person.Run(16);
  CHECK(trace.end.exit_code == kAllDone);
  REQUIRE(person.answers.size() == 6);
  CHECK(Says(person.answers[0], "p.concurrency is 2, was 16"));
  CHECK(Says(person.answers[3], "none, was 30"));
  CHECK(Says(person.answers[4], "error: "));
  CHECK(Says(person.answers[5], "error: "));
  CHECK(QuietRun::Sent(trace, seconds(7), seconds(14)) <= 2 * 7 + 2);
  CHECK(QuietRun::Sent(trace, seconds(21), seconds(81)) <= 30);
  CHECK(QuietRun::Sent(trace, seconds(85), seconds(145)) <= 30);
  CHECK(QuietRun::Sent(trace, seconds(85), minutes(3)) >= 30);
  CHECK(QuietRun::Sent(trace, minutes(3), minutes(3) + seconds(5)) > 40);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: a budget that is raised before it is used up lets the run go on") {
  for (bool raise : {false, true}) {
    CAPTURE(raise);
    QuietRun run(100);
    Picodollars each = 1000 * run.script.input_price + 100 * run.script.output_price;
    run.config.budget.max_cost = 60 * each;
    Person person(run);
    if (raise) person.Sets(seconds(3), "", "max_cost", "1000");
    person.Says(seconds(4), {{"do", "status"}});
    auto trace = person.Run(4);
    CHECK(trace.end.exit_code == (raise ? kAllDone : kStopped));
    CHECK(run.Count(ItemStatus::kFailed) == 0);
    REQUIRE_FALSE(person.objects.empty());
    CHECK(StringMember(person.objects.back(), "mode") == "working");
    run.CheckBooks(trace);
  }
}

TEST_CASE("simulation: a cancelled item is failed, wherever it is, and a retried one done") {
  QuietRun run(40);
  Person person(run);
  run.script.provider = [&](const SentCall& sent) {
    bool wrong = sent.item == "2" && run.SentOf("2") == 0;
    return wrong ? FailedReply(MakeFailure(FailureKind::kBadRequest), seconds(1))
                 : FakeReply{.takes = seconds(sent.item == "1" ? 500 : 1)};
  };
  auto item = [](const char* act, const char* id) { return Json{{"do", act}, {"item", id}}; };
  person
      .Says(milliseconds(2'500), item("cancel", "1"))   // in a worker's hands
      .Says(milliseconds(2'600), item("cancel", "30"))  // not handed out yet
      .Says(milliseconds(2'700), item("cancel", "99"))
      .Says(milliseconds(2'800), item("retry", "2"))
      .Says(milliseconds(2'900), item("retry", "31"))
      .Says(milliseconds(6'000), item("cancel", "2"));  // by then done
  auto trace = person.Run(4);
  REQUIRE(person.answers.size() == 6);
  CHECK(Says(person.answers[0], "being cancelled"));
  CHECK(Says(person.answers[1], "is cancelled"));
  CHECK(Says(person.answers[2], "error: "));
  CHECK(Says(person.answers[3], "tried again"));
  CHECK(Says(person.answers[4], "error: "));
  CHECK(Says(person.answers[5], "error: "));
  CHECK(trace.end.exit_code == kSomeFailed);
  for (const char* cancelled : {"1", "30"}) {
    CHECK(run.StatusOf(cancelled) == ItemStatus::kFailed);
    CHECK(run.RowOf(cancelled).reason == "cancelled");
  }
  CHECK(run.SentOf("30") == 0);
  CHECK(run.StatusOf("2") == ItemStatus::kDone);
  CHECK(run.Count(ItemStatus::kDone) == 38);
  CHECK(trace.end.failed == 2);
  CHECK(trace.end.wall < seconds(60));
  CHECK(run.view().UnknownTries().size() == 1);
  CHECK(trace.in_the_air == 0);
  run.CheckBooks(trace);
  run.script.provider = nullptr;
  CHECK(run.Run({.retry_failed = true}).end.exit_code == kAllDone);
}

TEST_CASE(
    "simulation: an item that was given back can be cancelled too, and one that was retried") {
  QuietRun run(20);
  run.config.providers["q"].limits.concurrency = 1;
  run.script.plan = [](const std::string& item) {
    return std::stoi(item) <= 5 ? FakePlan{{{{"s1", "p"}}, 1}, {{{"s2", "q"}}, 1}} : Chain(2);
  };
  run.script.provider = [](const SentCall& sent) {
    return FakeReply{.takes = seconds(sent.provider == "q" ? 30 : 1)};
  };
  Person person(run);
  std::string parked;
  person.Does(seconds(10), [&] {
    run.view().ForEachItem([&](const ItemRow& row) {
      if (row.status == ItemStatus::kWaiting) parked = row.id;
    });
  });
  for (const char* id : {"2", "3", "4", "5"}) {
    person.Says(seconds(10 + std::stoi(id)), {{"do", "cancel"}, {"item", id}});
    person.Says(seconds(20 + std::stoi(id)), {{"do", "retry"}, {"item", id}});
  }
  auto trace = person.Run(4);
  CHECK_FALSE(parked.empty());
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(run.Count(ItemStatus::kDone) == 20);
  CHECK(trace.end.failed == 0);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: a run that is told to stop finishes what is in the air") {
  QuietRun run(60);
  Person person(run);
  person.Says(milliseconds(3'500), {{"do", "stop"}}).Says(milliseconds(3'700), {{"do", "pause"}});
  auto trace = person.Run(4);
  REQUIRE(person.answers.size() == 2);
  CHECK(Says(person.answers[0], "stopping"));
  CHECK(Says(person.answers[1], "error: "));
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.wall < seconds(6));
  CHECK(QuietRun::Sent(trace, milliseconds(3'600), seconds(60)) == 0);
  CHECK(run.view().UnknownTries().empty());
  CHECK(run.Count(ItemStatus::kFailed) == 0);
  run.CheckBooks(trace);
  CHECK(run.Run().end.exit_code == kAllDone);
  CHECK(run.sent() == 120);
}

TEST_CASE("simulation: a paused run can be stopped, and a status tells why workers wait") {
  QuietRun run(60);
  Person person(run);
  person.Says(milliseconds(3'500), {{"do", "pause"}})
      .Says(seconds(10), {{"do", "status"}})
      .Says(seconds(20), {{"do", "stop"}});
  auto trace = person.Run(4);
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.wall < seconds(22));
  REQUIRE(person.objects.size() == 3);
  const Json& status = person.objects[1];
  CHECK(StringMember(status, "mode") == "paused");
  const Json* workers = Member(status, "workers");
  REQUIRE(workers);
  CHECK(workers->size() == 4);
  CHECK(run.Count(ItemStatus::kFailed) == 0);
  run.CheckBooks(trace);
}

TEST_CASE("simulation: whatever people say at whatever moment, every item has its end") {
  ForEachSeed(30, [](uint64_t seed) {
    Dice dice(seed);
    QuietRun run(30);
    run.config.guard.worker_deaths = 9;
    run.script.fault = [&](const Point&) { return dice.Chance(0.01) ? Fault::kDie : Fault::kNone; };
    Person person(run);
    for (int64_t n = dice.Draw(5, 25); n > 0; --n) {
      auto when = dice.Time(milliseconds(1), seconds(12));
      std::string id = std::to_string(dice.Draw(1, 31)), number = std::to_string(dice.Draw(0, 12));
      static constexpr const char* kActs[] = {"cancel", "retry", "pause", "resume", "status"};
      int64_t act = dice.Draw(0, 6);
      if (act < 5) person.Says(when, {{"do", kActs[act]}, {"item", id}});
      if (act == 5) person.Sets(when, "", "workers", number);
      if (act == 6) person.Sets(when, "p", "concurrency", number);
    }
    person.Says(seconds(13), {{"do", "resume"}});
    auto trace = person.Run(5);
    CHECK((trace.end.exit_code == kAllDone || trace.end.exit_code == kSomeFailed));
    CHECK(run.Count(ItemStatus::kDone) + run.Count(ItemStatus::kFailed) == 30);
    CHECK(trace.end.done + trace.end.failed >= 30);
    CHECK(trace.in_the_air == 0);
    CHECK(trace.waiting == 0);
    CHECK(run.script.misfits == 0);
    run.view().ForEachItem([](const ItemRow& row) {
      if (row.status == ItemStatus::kFailed) CHECK(row.reason == "cancelled");
    });
    run.CheckBooks(trace, true);
  });
}

}  // namespace
}  // namespace muster
