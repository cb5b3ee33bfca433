// One call's conversation, message by message, with a real ledger and governor.

#include "supervisor/call_desk.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/call_desk_testing.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

using std::chrono::seconds;

TEST_CASE("call desk: asked, let go, answered, kept with its cost") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  CHECK(test.desk->CountsOf(1).waiting == 1);
  test.Turn();
  auto go = test.Heard<Go>();
  REQUIRE(go.size() == 1);
  CHECK(go[0].call == 1);
  CHECK(go[0].total_ms == test.config.time.base.count());
  CHECK(test.desk->CountsOf(1).in_the_air == 1);
  CHECK(test.desk->AtStake() == 100 * 1 + 10 * 10);
  CHECK(test.ledger->view().InTheAir().size() == 1);
  REQUIRE(test.Answer(1, "good"));
  CHECK(test.Heard<Kept>().empty());  // not before its commit
  test.Turn();
  REQUIRE(test.Heard<Kept>().size() == 1);
  CHECK(test.Heard<Kept>()[0].cost == 50 * 1 + 5 * 10);
  CHECK(test.desk->AtStake() == 0);
  CHECK(test.desk->CountsOf(1).made == 1);
}

TEST_CASE("call desk: an answer that the ledger has is replayed, with what it cost, and not sent") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  test.desk->Close(1, "done");
  REQUIRE(test.Ask(1, "s", 2));
  test.Turn();
  auto replay = test.Heard<Replay>(2);
  REQUIRE(replay.size() == 1);
  CHECK(replay[0].answer.data == "good");
  CHECK(replay[0].cost == 100);
  CHECK(test.Heard<Go>(2).empty());
  CHECK(test.desk->CountsOf(2).replayed == 1);
}

TEST_CASE("call desk: another request at the same step is another call") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  Call call;
  call.item = "a";
  call.call = 2;
  call.step = "s";
  call.provider = "p";
  call.model = "m";
  call.request_hash = "another hash";
  REQUIRE(test.desk->OnCall({1, "w1", 0}, call, test.clock.Now()));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 2);
  CHECK(test.Heard<Replay>().empty());
}

TEST_CASE("call desk: a failure that passes is tried again under the same call, unasked") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kOverloaded));
  test.clock.Advance(seconds(60));
  test.Turn();
  auto go = test.Heard<Go>();
  REQUIRE(go.size() == 2);
  CHECK(go[1].try_number == 2);
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  CHECK(test.ledger->view().FindCall("a", "s", 1, "hash of s")->tries == 2);
  CHECK(test.ledger->view().RunTotals().failed_tries == 1);
}

TEST_CASE("call desk: tries used up refuse for good, a stopped lane refuses for now") {
  for (auto [kind, final] : {std::pair(FailureKind::kBadRequest, true),
                             {FailureKind::kAuth, false},
                             {FailureKind::kModelNotFound, false}}) {
    CAPTURE(Name(kind));
    DeskTest test;
    REQUIRE(test.Ask(1, "s"));
    test.Turn();
    REQUIRE(test.Fails(1, kind));
    test.Turn();
    auto refuse = test.Heard<Refuse>();
    REQUIRE(refuse.size() == 1);
    CHECK(refuse[0].final == final);
    CHECK(refuse[0].reason.find(std::string(Name(kind))) != std::string::npos);
    CHECK(test.desk->HasEnded(1));
    CHECK(test.notices.size() == (final ? 0 : 1));
  }
}

TEST_CASE("call desk: a refusal takes waiting siblings along, and lets those in the air end") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 2;
  test.Govern();
  for (int64_t number : {1, 2, 3}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  REQUIRE(test.Ask(9, "t", 2));  // another item's is left alone
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kBadRequest));
  test.Turn();
  auto refused = test.Heard<Refuse>();
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].final);
  CHECK(refused[1].call == 3);
  CHECK_FALSE(refused[1].final);
  CHECK(test.Heard<Go>(2).size() == 1);
  REQUIRE(test.Ask(4, "s4"));  // a sibling that asks later
  REQUIRE(test.Answer(2, "good"));
  test.Turn();
  CHECK(test.Heard<Refuse>().size() == 3);
  CHECK(test.Heard<Kept>().size() == 1);
}

TEST_CASE("call desk: an answer of no use is asked for again as often as its step and item allow") {
  for (int64_t extra : {0, 2}) {
    CAPTURE(extra);
    DeskTest test;
    test.extra_asks = extra;
    REQUIRE(test.Ask(1, "s", 1, 1));
    for (int64_t ask = 1; ask <= 2 + extra; ++ask) {
      test.Turn();
      REQUIRE(test.Heard<Go>().size() == static_cast<size_t>(ask));
      CHECK(test.Heard<Go>().back().ask == ask);
      CHECK(test.Heard<Go>().back().try_number == 1);
      REQUIRE(test.Answer(1, fmt::format("bad {}", ask)));
      test.Turn();
      REQUIRE(test.Reject(1));
    }
    test.Turn();
    REQUIRE(test.Heard<Refuse>().size() == 1);
    CHECK(test.Heard<Refuse>()[0].final);
    CHECK(test.Heard<Refuse>()[0].reason == "of no use");
    CHECK(test.ledger->view().FindCall("a", "s", 1, "hash of s")->rejected);
  }
}

TEST_CASE("call desk: what does not fit the conversation is an error and changes nothing") {
  DeskTest test;
  CHECK_FALSE(test.Answer(1, "unasked"));
  CHECK_FALSE(test.Reject(1));
  REQUIRE(test.Ask(1, "s"));
  CHECK_FALSE(test.Ask(1, "s2"));  // the same number
  CHECK_FALSE(test.Ask(2, "s"));   // the same request
  CHECK_FALSE(test.Answer(1, "too early"));
  CHECK_FALSE(test.Reject(1));
  test.Turn();
  CHECK_FALSE(test.Reject(1));
  CHECK_FALSE(test.Answer(1, "of another worker", 2));
  CHECK_FALSE(test.desk->OnCalled(1, DeskTest::MakeCalled(1), test.clock.Now()));
  REQUIRE(test.Fails(1, FailureKind::kOverloaded));
  CHECK_FALSE(test.Reject(1));
  CHECK_FALSE(test.Answer(1, "not sent again yet"));
  test.clock.Advance(seconds(60));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  CHECK_FALSE(test.Answer(1, "twice"));
  test.Turn();
  CHECK(test.ledger->view().RunTotals().calls == 1);
}

TEST_CASE("call desk: a call that an earlier session left unanswered cannot be rejected") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s"));
  test.Turn();
  test.desk->Close(1, "its worker was lost");
  test.config.providers["p"].limits.concurrency = 0;  // nothing goes
  test.Govern();
  REQUIRE(test.Ask(1, "s", 2));
  test.Turn();
  CHECK_FALSE(test.Reject(1, 2));
}

TEST_CASE("call desk: closing makes what is in the air unknown and frees its permits") {
  DeskTest test;
  for (int64_t number : {1, 2}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  test.Turn();
  REQUIRE(test.Ask(3, "s3"));
  REQUIRE(test.Answer(1, "good"));
  test.desk->Close(1, "its worker was lost: SIGKILL");
  test.Turn();
  auto unknown = test.ledger->view().UnknownTries();
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].step == "s2");
  CHECK(unknown[0].worst == 200);
  CHECK(test.governor->in_the_air() == 0);
  CHECK(test.governor->waiting() == 0);
  CHECK(test.Heard<Go>().size() == 2);
}

TEST_CASE("call desk: refusing from now on refuses who waits and who asks, but still replays") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));
  test.Turn();
  test.config.providers["p"].limits.concurrency = 0;
  REQUIRE(test.Ask(2, "s2"));
  test.desk->RefuseFromNowOn("stopped by Ctrl+C");
  REQUIRE(test.Ask(3, "s3"));
  REQUIRE(test.Ask(4, "s1", 2));
  test.Turn();
  auto refused = test.Heard<Refuse>();
  REQUIRE(refused.size() == 2);
  for (const Refuse& refuse : refused) {
    CHECK_FALSE(refuse.final);
    CHECK(refuse.reason == "stopped by Ctrl+C");
  }
  CHECK(test.Heard<Replay>(2).size() == 1);
  CHECK(test.Heard<Go>().size() == 1);
}

TEST_CASE("call desk: a silenced worker is told nothing, its late answers are kept") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Ask(2, "s2"));
  test.desk->Silence(1);
  REQUIRE(test.Answer(1, "late"));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 1);
  CHECK(test.Heard<Kept>().empty());
  CHECK(test.ledger->view().FindCall("a", "s1", 1, "hash of s1")->answer == "late");
  test.desk->Close(1, "cancelled");
  CHECK(test.governor->waiting() == 0);
}

TEST_CASE("call desk: an item that only waits for a lane without room gives way, one at a time") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 1;
  test.Govern();
  REQUIRE(test.Ask(1, "s1", 1));
  REQUIRE(test.Ask(1, "s2", 2));
  REQUIRE(test.Ask(1, "s3", 3));
  REQUIRE(test.Ask(2, "t3", 3));
  REQUIRE(test.Ask(3, "u3", 3, 0, "q"));
  REQUIRE(test.Ask(1, "s4", 4, 0, "q"));
  test.Turn();
  REQUIRE(test.Heard<Go>(1).size() == 1);
  REQUIRE(test.Heard<Go>(3).size() == 1);  // of q: 3 waits for p, but not only
  test.desk->DeferOneLongWait(test.clock.Now());
  test.desk->DeferOneLongWait(test.clock.Now());  // the first one's worker is not free yet
  test.Turn();
  CHECK(test.desk->DeferredFor(2) == "p/m");
  CHECK(test.Heard<Defer>(2).size() == 1);
  CHECK(test.desk->HasEnded(2));
  for (WorkerId other : {1, 3, 4}) {
    CHECK_FALSE(test.desk->DeferredFor(other));
    CHECK(test.Heard<Defer>(other).empty());
  }
  test.desk->Close(2, "deferred");
  CHECK_FALSE(test.desk->DeferredFor(2));
  REQUIRE(test.Answer(3, "good", 3));
  test.Turn();
  test.desk->DeferOneLongWait(test.clock.Now());
  test.Turn();
  CHECK(test.desk->DeferredFor(3) == "p/m");  // what is answered does not hold it
  CHECK(test.governor->waiting() == 0);
}

TEST_CASE("call desk: all calls of an item that gives way are taken back") {
  DeskTest test;
  test.config.providers["p"].limits.concurrency = 1;
  test.Govern();
  REQUIRE(test.Ask(1, "s1", 1));
  REQUIRE(test.Ask(1, "s2", 2));
  REQUIRE(test.Ask(2, "t2", 2));
  test.Turn();
  test.desk->DeferOneLongWait(test.clock.Now());
  test.Turn();
  CHECK(test.Heard<Defer>(2).size() == 1);
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK_FALSE(test.Heard<Refuse>(2)[0].final);
  CHECK(test.governor->waiting() == 0);
  CHECK(test.desk->CountsOf(2).waiting == 0);
}

TEST_CASE("call desk: a wait that is over within a second is no reason to give way") {
  for (auto [delay, gives_way] : {std::pair(seconds(1), false), {seconds(3), true}}) {
    CAPTURE(delay.count());
    DeskTest test;
    test.config.providers["p"].limits.min_delay = delay;
    test.Govern();
    REQUIRE(test.Ask(1, "s1", 1));
    REQUIRE(test.Ask(1, "s2", 2));
    test.Turn();
    test.desk->DeferOneLongWait(test.clock.Now());
    CHECK(test.desk->DeferredFor(2).has_value() == gives_way);
  }
}

TEST_CASE("call desk: a call that waits to be tried again does not give way") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kServer));
  test.desk->DeferOneLongWait(test.clock.Now());
  CHECK_FALSE(test.desk->DeferredFor(1));
}

TEST_CASE("call desk: what a try cost, or at worst can have cost, is counted against the budget") {
  // A cap of three worst cases, each 100 × 1 + 10 × 10; an answer costs half of that.
  DeskTest test;
  test.config.budget.max_cost = 600;
  test.Govern();
  for (int64_t number : {1, 2, 3, 4}) REQUIRE(test.Ask(number, fmt::format("s{}", number)));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 3);
  REQUIRE(test.Answer(1, "good"));  // 100
  test.Turn();
  CHECK(test.Heard<Go>().size() == 3);  // 100 + 200 + 200 + 200 is over it
  REQUIRE(test.Answer(2, "good"));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 4);
  test.desk->Close(1, "its worker was lost");  // two in the air: unknown, at their worst
  test.Turn();
  REQUIRE(test.Ask(1, "t", 2));
  test.Turn();
  CHECK(test.Heard<Go>(2).empty());
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK_FALSE(test.Heard<Refuse>(2)[0].final);
  CHECK_FALSE(test.governor->why_stop().empty());
}

TEST_CASE("call desk: an item's budget counts what its calls cost in earlier attempts") {
  DeskTest test;
  test.config.budget.max_cost_per_item = 350;
  test.Govern();
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Answer(1, "good"));  // 100
  test.Turn();
  test.desk->Close(1, "done");
  test.Govern();  // another session
  REQUIRE(test.Ask(1, "s2", 2));
  test.Turn();
  REQUIRE(test.Heard<Go>(2).size() == 1);
  REQUIRE(test.Answer(1, "good", 2));
  test.Turn();
  REQUIRE(test.Ask(2, "s3", 2));  // 200 + 200 is over it
  test.Turn();
  REQUIRE(test.Heard<Refuse>(2).size() == 1);
  CHECK(test.Heard<Refuse>(2)[0].final);
  CHECK(test.governor->why_stop().empty());
}

// ---- commands and HTTP jobs ----

// Asks for a call of an HTTP job, or of a command.
Result<void> AskFixed(DeskTest& test, int64_t number, const std::string& step,
                      std::optional<int64_t> cost, WorkerId worker = 1,
                      const std::string& holds_for = "") {
  Call call;
  call.item = "a";
  call.attempt = 1;
  call.call = number;
  call.step = step;
  call.provider = "jobs";
  call.model = "it";
  call.request_hash = "hash of " + step;
  call.output_most = 0;
  call.fixed_cost = cost;
  call.holds_for = holds_for;
  call.goes_on = step.ends_with(".poll");
  return test.desk->OnCall({worker, fmt::format("w{}", worker), test.extra_asks}, call,
                           test.clock.Now());
}

struct JobDesk : DeskTest {
  JobDesk() {
    Provider& jobs = config.providers["jobs"];
    jobs.name = "jobs";
    jobs.api = "http";
  }
  void AnswerPlain(int64_t number, WorkerId worker = 1) {
    Called called = MakeCalled(number);
    called.answer = Bytes{"{}"};
    REQUIRE(desk->OnCalled(worker, called, clock.Now()));
  }
  Rejected Stale(int64_t number) {
    return Rejected{"a", 1, number, "out.png has changed", std::nullopt, true};
  }
};

TEST_CASE("call desk: what has a fixed cost is priced by it, and is no prompt") {
  JobDesk test;
  REQUIRE(AskFixed(test, 1, "it.post", 700));
  test.Turn();
  CHECK(test.desk->AtStake() == 700);
  test.AnswerPlain(1);
  test.Turn();
  REQUIRE(test.Heard<Kept>().size() == 1);
  CHECK(test.Heard<Kept>()[0].cost == 700);
  CHECK_FALSE(test.Heard<Kept>()[0].context_window);
  CHECK(test.books->run().cost == 700);
  CHECK(test.books->run().unpriced == 0);
  REQUIRE(AskFixed(test, 2, "other.post", std::nullopt));
  test.Turn();
  CHECK(test.desk->AtStake() == std::nullopt);
}

TEST_CASE("call desk: a try after one of which nobody knows is told so, in any session") {
  JobDesk test;
  REQUIRE(AskFixed(test, 1, "it.post", 700));
  test.Turn();
  CHECK_FALSE(test.Heard<Go>().at(0).unsure);
  SUBCASE("the same worker's") {
    Called called = JobDesk::MakeCalled(1);
    called.failure = MakeFailure(FailureKind::kNetwork, {});
    called.failure->billing = Billing::kUnknown;
    REQUIRE(test.desk->OnCalled(1, called, test.clock.Now()));
    test.clock.Advance(seconds(60));
    test.Turn();
    REQUIRE(test.Heard<Go>().size() == 2);
    CHECK(test.Heard<Go>()[1].unsure);
  }
  SUBCASE("a lost worker's") {
    test.desk->Close(1, "lost");
    test.Turn();
    REQUIRE(AskFixed(test, 1, "it.post", 700, 2));
    test.Turn();
    REQUIRE(test.Heard<Go>(2).size() == 1);
    CHECK(test.Heard<Go>(2)[0].unsure);
  }
  SUBCASE("one that was never sent is none") {
    Called called = JobDesk::MakeCalled(1);
    called.failure = MakeFailure(FailureKind::kNetwork, {});
    called.failure->billing = Billing::kNo;
    REQUIRE(test.desk->OnCalled(1, called, test.clock.Now()));
    test.clock.Advance(seconds(60));
    test.Turn();
    REQUIRE(test.Heard<Go>().size() == 2);
    CHECK_FALSE(test.Heard<Go>()[1].unsure);
    return;
  }
  CHECK(test.books->run().unknown_cost == 700);
  CHECK(test.books->run().unknown_tries == 1);
}

TEST_CASE("call desk: an answer whose files are gone costs none of the asks, however often") {
  JobDesk test;
  for (int64_t session = 1; session <= 6; ++session) {
    CAPTURE(session);
    auto worker = static_cast<WorkerId>(session);
    REQUIRE(AskFixed(test, 1, "it", 0, worker));
    test.Turn();
    // Every answer of the sessions before is replayed, and stale by now.
    for (int64_t i = 1; i < session; ++i) {
      REQUIRE(test.Heard<Replay>(worker).size() == static_cast<size_t>(i));
      REQUIRE(test.desk->OnRejected(worker, test.Stale(1)));
      test.Turn();
    }
    REQUIRE(test.Heard<Go>(worker).size() == 1);
    CHECK(test.Heard<Go>(worker)[0].ask == session);
    test.AnswerPlain(1, worker);
    test.Turn();
    CHECK(test.Heard<Kept>(worker).size() == 1);
    CHECK(test.Heard<Refuse>(worker).empty());
    test.desk->Close(worker, "done");
  }
}

TEST_CASE("call desk: new answers that are stale at once end the item before long") {
  JobDesk test;
  REQUIRE(AskFixed(test, 1, "it", 0));
  for (int i = 0; i < 3; ++i) {
    test.Turn();
    REQUIRE(test.Heard<Go>().size() == static_cast<size_t>(i + 1));
    test.AnswerPlain(1);
    test.Turn();
    REQUIRE(test.desk->OnRejected(1, test.Stale(1)));
  }
  test.Turn();
  CHECK(test.Heard<Go>().size() == 3);
  REQUIRE(test.Heard<Refuse>().size() == 1);
  CHECK(test.Heard<Refuse>()[0].final);
}

TEST_CASE("call desk: a job keeps its place in its lane from its POST to its end") {
  JobDesk test;
  test.config.providers["jobs"].limits.concurrency = 2;
  test.Govern();
  test.ledger->Add(record::Item{2, "b", "{}", "hash"});
  for (WorkerId worker : {1, 2, 3, 4}) {
    REQUIRE(AskFixed(test, 1, fmt::format("s{}.post", worker), 0, worker,
                     fmt::format("s{}.poll", worker)));
  }
  test.Turn();
  CHECK(test.desk->in_the_air() == 2);
  test.AnswerPlain(1, 1);
  test.AnswerPlain(1, 2);
  CHECK(test.desk->in_the_air() == 0);  // nothing is: the jobs only hold their places
  test.Turn();
  CHECK(test.Heard<Go>(3).empty());
  REQUIRE(AskFixed(test, 2, "s1.poll", 0, 1));
  test.Turn();
  CHECK(test.Heard<Go>(1).size() == 2);  // before the others, which came first
  CHECK(test.Heard<Go>(3).empty());
  test.AnswerPlain(2, 1);
  test.Turn();
  CHECK(test.Heard<Go>(3).size() == 1);
  CHECK(test.Heard<Go>(4).empty());
  test.desk->Close(2, "lost");  // its job may go on, but nobody waits for it
  test.Turn();
  CHECK(test.Heard<Go>(4).size() == 1);
}

TEST_CASE("call desk: what the run may ask of providers does not hold commands back") {
  JobDesk test;
  Provider& command = test.config.providers["command"];
  command.name = command.api = "command";
  test.config.limits.concurrency = 1;
  test.config.limits.requests_per_minute = 1;
  test.Govern();
  Call call;
  call.item = "a";
  call.attempt = 1;
  call.provider = "command";
  call.model = "views";
  call.fixed_cost = 0;
  for (call.call = 1; call.call <= 20; ++call.call) {
    call.step = fmt::format("views[{}]", call.call);
    call.request_hash = call.step;
    REQUIRE(test.desk->OnCall({1, "w1", 0}, call, test.clock.Now()));
  }
  REQUIRE(test.Ask(100, "s"));
  test.Turn();
  CHECK(test.Heard<Go>().size() == 21);  // nor do they count against it
}

TEST_CASE("call desk: a limit of commands is one of a step, or of all of them") {
  JobDesk test;
  Provider& command = test.config.providers["command"];
  command.name = command.api = "command";
  command.limits.concurrency = 3;
  command.models["views"].limits.concurrency = 1;
  test.Govern();
  Call call;
  call.item = "a";
  call.attempt = 1;
  call.provider = "command";
  call.fixed_cost = 0;
  for (call.call = 1; call.call <= 10; ++call.call) {
    call.model = call.call <= 5 ? "views" : "frame";
    call.step = fmt::format("{}[{}]", call.model, call.call);
    call.request_hash = call.step;
    REQUIRE(test.desk->OnCall({1, "w1", 0}, call, test.clock.Now()));
  }
  test.Turn();
  auto go = test.Heard<Go>();
  REQUIRE(go.size() == 3);
  CHECK(std::count_if(go.begin(), go.end(), [](const Go& each) { return each.call <= 5; }) == 1);
}

TEST_CASE("call desk: a prompt over its model's context window is told of, and is sent") {
  DeskTest test;
  TempDir dir;
  WriteBytes(dir / "prices.json",
             R"({"unit":"picodollars per token","vendors":{"v":{"m":{"input":1,"output":1,)"
             R"("max_input":1000}}}})");
  auto loaded = PriceTable::Load(dir / "prices.json");
  REQUIRE_MESSAGE(loaded, loaded.error());
  test.prices = *std::move(loaded);
  test.config.providers["p"].api = "openai-chat";
  test.config.providers["p"].price_vendor = "v";
  Call call;
  call.item = "a";
  call.attempt = 1;
  call.provider = "p";
  call.model = "m";
  for (int64_t tokens : {1'000, 1'001}) {
    call.call = tokens;
    call.step = fmt::format("s{}", tokens);
    call.request_hash = call.step;
    call.input_estimate = tokens;
    REQUIRE(test.desk->OnCall({1, "w1", 0}, call, test.clock.Now()));
  }
  REQUIRE(test.notices.size() == 1);
  CHECK(test.notices[0] ==
        "[a] s1001: the prompt of about 1,001 tokens is over m's context window of 1,000");
  test.Turn();
  CHECK(test.Heard<Go>().size() == 2);
  REQUIRE(test.Answer(1'001, "good"));
  test.Turn();
  REQUIRE(test.Heard<Kept>().size() == 1);
  CHECK(test.Heard<Kept>()[0].context_window == 1'000);
  test.desk->Close(1, "done");
  call.call = 1;
  REQUIRE(test.desk->OnCall({2, "w2", 0}, call, test.clock.Now()));
  test.Turn();
  REQUIRE(test.Heard<Replay>(2).size() == 1);
  CHECK(test.Heard<Replay>(2)[0].context_window == 1'000);
  CHECK(test.notices.size() == 1);
}

}  // namespace
}  // namespace muster
