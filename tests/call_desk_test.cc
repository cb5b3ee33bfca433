// One call's conversation, message by message, with a real ledger and governor.

#include "supervisor/call_desk.h"

#include <doctest/doctest.h>

#include "tests/call_desk_testing.h"

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
  REQUIRE(test.desk->OnCall({1, "w1", 0}, call));
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
  test.governor.emplace(test.config, 1);
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
  test.governor.emplace(test.config, 1);
  test.config.providers["p"].limits.concurrency = 0;  // nothing goes
  test.governor.emplace(test.config, 1);
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

TEST_CASE(
    "call desk: calls of a lane that is closed for long give way only to other providers' items") {
  DeskTest test;
  REQUIRE(test.Ask(1, "s1"));
  test.Turn();
  REQUIRE(test.Fails(1, FailureKind::kRateLimited, 300'000));
  test.desk->DeferLongWaits(test.clock.Now(), 5);
  CHECK_FALSE(test.desk->DeferredUntil(1));  // no other provider was asked for
  REQUIRE(test.Ask(2, "s2", 2, 0, "q"));
  test.Turn();
  test.desk->DeferLongWaits(test.clock.Now(), 0);
  CHECK_FALSE(test.desk->DeferredUntil(1));  // nobody would take its place
  test.desk->DeferLongWaits(test.clock.Now(), 5);
  CHECK(test.desk->DeferredUntil(1) == test.clock.Now() + seconds(300));
  CHECK_FALSE(test.desk->DeferredUntil(2));
  test.Turn();
  CHECK(test.Heard<Defer>().size() == 1);
  CHECK(test.governor->waiting() == 0);
}

}  // namespace
}  // namespace muster
