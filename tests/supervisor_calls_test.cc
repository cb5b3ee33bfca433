// What follows from what providers say: retries, pauses, stopped lanes.

#include <doctest/doctest.h>

#include <algorithm>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

int64_t MostTries(const std::vector<SentCall>& log) {
  int64_t most = 0;
  for (const SentCall& sent : log) most = std::max(most, sent.try_number);
  return most;
}

TEST_CASE("supervisor: a 429 with Retry-After closes the lane for every worker until then") {
  TestRun run(12);
  Clock::Time closed, opens;
  run.script.provider = [&](const SentCall& sent) {
    if (run.sent() != 3) return FakeReply{.takes = milliseconds(500)};
    closed = sent.at + milliseconds(200);
    opens = closed + seconds(20);
    return FailedReply(MakeFailure(FailureKind::kRateLimited, 20'000), milliseconds(200));
  };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kAllDone);
  CHECK(trace.end.wall >= seconds(20));
  int64_t early = 0;
  for (const SentCall& sent : trace.log)
    early += sent.at > closed + milliseconds(5) && sent.at < opens;
  CHECK(early == 0);
  CHECK(run.sent() == 13);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a 429 of one provider does not hold the calls of another") {
  TestRun run(10);
  run.script.plan = [](const std::string& item) { return Chain(1, item == "1" ? "p" : "q"); };
  bool first = true;
  run.script.provider = [&](const SentCall& sent) {
    if (sent.provider != "p" || !std::exchange(first, false)) return FakeReply{};
    return FailedReply(MakeFailure(FailureKind::kRateLimited, 25'000));
  };
  auto trace = run.Run({.workers = 2});
  CHECK(trace.end.done == 10);
  auto other = TimesOf(trace.log, "q");
  CHECK(other.size() == 9);
  CHECK(*std::max_element(other.begin(), other.end()) < trace.began + seconds(3));
}

TEST_CASE("supervisor: 429s without Retry-After are waited out, however many come to one call") {
  TestRun run(1);
  run.config.retry.attempts = 2;
  run.script.provider = [&](const SentCall&) {
    return run.sent() < 15 ? FailedReply(MakeFailure(FailureKind::kRateLimited)) : FakeReply{};
  };
  auto trace = run.Run();
  CHECK(trace.end.done == 1);
  CHECK(run.sent() == 16);
  CHECK(trace.end.wall <= 16 * run.config.retry.most);
  run.CheckBooks(trace);
}

TEST_CASE("supervisor: a provider that only says 429 fails the call in the end") {
  TestRun run(1);
  run.config.retry.attempts = 2;
  run.config.retry.give_up_after = seconds(60);
  run.script.provider = [](const SentCall&) {
    return FailedReply(MakeFailure(FailureKind::kRateLimited, 1'000));
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kSomeFailed);
  CHECK(trace.end.failures.at(0).second.find("rate-limited") != std::string::npos);
  CHECK(run.sent() > 2);  // it is not a matter of attempts
  CHECK(run.sent() < 70);
  CHECK(trace.end.wall < run.config.retry.give_up_after + run.config.retry.most + seconds(2));
}

TEST_CASE("supervisor: a 429 that asks for longer than max_wait stops the lane, nothing fails") {
  TestRun run(6);
  run.script.provider = [](const SentCall&) {
    return FailedReply(MakeFailure(FailureKind::kRateLimited, 3'600'000));
  };
  auto trace = run.Run({.workers = 3});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(run.sent() <= 3);
  CHECK(run.Count(ItemStatus::kPending) == 6);
  CHECK(trace.end.wall < seconds(10));
}

TEST_CASE("supervisor: an overload that asks for longer than max_wait stops the lane too") {
  TestRun run(6);
  run.script.provider = [](const SentCall&) {
    return FailedReply(MakeFailure(FailureKind::kOverloaded, 3'600'000));
  };
  auto trace = run.Run({.workers = 3});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(run.sent() <= 3);
  CHECK(run.Count(ItemStatus::kPending) == 6);
}

TEST_CASE("supervisor: passing trouble is tried again, at most `attempts` times") {
  for (FailureKind kind : {FailureKind::kNetwork, FailureKind::kTimeout, FailureKind::kServer,
                           FailureKind::kOverloaded, FailureKind::kBadReply}) {
    CAPTURE(Name(kind));
    TestRun run(4);
    run.config.retry.attempts = 3;
    run.script.provider = [&](const SentCall& sent) {
      if (sent.item != "2" && sent.try_number == 3) return FakeReply{};
      FakeReply reply = FailedReply(MakeFailure(kind));
      reply.failure->billing = Billing::kUnknown;  // it was reached
      return reply;
    };
    auto trace = run.Run();
    CHECK(trace.end.exit_code == kSomeFailed);
    CHECK(run.Count(ItemStatus::kDone) == 3);
    CHECK(run.StatusOf("2") == ItemStatus::kFailed);
    CHECK(run.RowOf("2").reason.find("tried 3 times") != std::string::npos);
    CHECK(run.sent() == 12);
    CHECK(MostTries(trace.log) == 3);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: a failed try costs what its reply says, nothing, or is unknown") {
  for (Billing billing : {Billing::kNo, Billing::kUsage, Billing::kUnknown}) {
    CAPTURE(Name(billing));
    TestRun run(1);
    run.script.provider = [billing](const SentCall&) {
      FakeReply reply = FailedReply(MakeFailure(FailureKind::kBadRequest));
      reply.failure->billing = billing;
      return reply;
    };
    auto trace = run.Run();
    Totals totals = run.view().RunTotals();
    Picodollars bill = 1000 * run.script.input_price + 100 * run.script.output_price;
    Picodollars worst = 2000 * run.script.input_price + 500 * run.script.output_price;
    CHECK(totals.cost == (billing == Billing::kUsage ? bill : 0));
    CHECK(totals.unknown_cost == (billing == Billing::kUnknown ? worst : 0));
    CHECK(totals.failed_tries == (billing == Billing::kUnknown ? 0 : 1));
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: a provider that nobody reaches is stopped, its items are not to blame") {
  for (size_t workers : {1, 2, 4}) {
    CAPTURE(workers);
    TestRun run(8);
    run.config.retry.max_wait = minutes(3);
    run.script.provider = [&](const SentCall&) {
      return run.sent() < 4 ? FakeReply{} : FailedReply(MakeFailure(FailureKind::kNetwork));
    };
    auto trace = run.Run({.workers = workers});
    CHECK(trace.end.exit_code == kStopped);
    CHECK(trace.end.stopped_by.find("down") != std::string::npos);
    CHECK(run.Count(ItemStatus::kFailed) == 0);
    CHECK(run.Count(ItemStatus::kDone) == 4);
    CHECK(run.sent() <= 4 + 10 + 180);
    run.CheckBooks(trace);
    run.script.provider = nullptr;
    CHECK(run.Run().end.exit_code == kAllDone);
  }
}

TEST_CASE("supervisor: a provider that was never reached is stopped soon") {
  TestRun run(8);
  run.script.provider = [&](const SentCall&) {
    return FailedReply(MakeFailure(FailureKind::kNetwork));
  };
  auto trace = run.Run({.workers = 4});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(run.Count(ItemStatus::kFailed) == 0);
  CHECK(trace.end.wall < minutes(2));
  CHECK(run.sent() < 60);
}

TEST_CASE("supervisor: a call that is not connected while others are fails its item alone") {
  TestRun run(8);
  run.config.retry.attempts = 3;
  run.script.provider = [](const SentCall& sent) {
    return sent.item == "2" ? FailedReply(MakeFailure(FailureKind::kNetwork)) : FakeReply{};
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kSomeFailed);
  CHECK(run.StatusOf("2") == ItemStatus::kFailed);
  CHECK(run.Count(ItemStatus::kDone) == 7);
}

TEST_CASE("supervisor: key, quota and TLS trouble stops the provider at its first reply") {
  for (FailureKind kind : {FailureKind::kAuth, FailureKind::kQuota, FailureKind::kTls}) {
    CAPTURE(Name(kind));
    TestRun run(30);
    Clock::Time told;
    int64_t failed = 0;
    run.script.provider = [&](const SentCall& sent) {
      if (run.sent() < 8) return FakeReply{};
      auto takes = milliseconds(100 + 10 * run.sent());
      if (failed++ == 0) told = sent.at + takes;
      return FailedReply(MakeFailure(kind), takes);
    };
    auto trace = run.Run({.workers = 4});
    CHECK(trace.end.exit_code == kStopped);
    CHECK(trace.end.stopped_by.find(std::string(Name(kind))) != std::string::npos);
    CHECK(failed <= 4);
    CHECK(trace.log.back().at <= told + milliseconds(2));
    CHECK(run.Count(ItemStatus::kFailed) == 0);
    CHECK(run.Count(ItemStatus::kDone) == 8);
    CHECK(run.Count(ItemStatus::kPending) == 22);
    CHECK(trace.alive == 0);
    run.CheckBooks(trace);
    run.script.provider = nullptr;
    auto again = run.Run({.workers = 4});
    CHECK(again.end.exit_code == kAllDone);
    CHECK(again.log.size() == 22);
  }
}

TEST_CASE("supervisor: a stopped provider leaves the items of another one alone") {
  TestRun run(20);
  run.script.plan = [](const std::string& item) {
    return Chain(2, std::stoi(item) % 2 ? "p" : "q");
  };
  run.script.provider = [](const SentCall& sent) {
    return sent.provider == "p" ? FailedReply(MakeFailure(FailureKind::kAuth)) : FakeReply{};
  };
  auto trace = run.Run({.workers = 3});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(run.Count(ItemStatus::kDone) == 10);
  CHECK(run.Count(ItemStatus::kPending) == 10);
  CHECK(TimesOf(trace.log, "p").size() <= 3);
}

TEST_CASE("supervisor: a stop does not wait for the calls that were to be tried again later") {
  TestRun run(2);
  run.script.provider = [](const SentCall& sent) {
    if (sent.item == "1") return FailedReply(MakeFailure(FailureKind::kRateLimited, 600'000));
    return FailedReply(MakeFailure(FailureKind::kAuth), seconds(1));
  };
  auto trace = run.Run();
  CHECK(trace.end.exit_code == kStopped);
  CHECK(trace.end.wall < seconds(5));
  CHECK(run.Count(ItemStatus::kPending) == 2);
}

TEST_CASE("supervisor: an unknown model stops only itself") {
  TestRun run(20);
  run.script.plan = [](const std::string& item) {
    FakeCall call;
    call.model = std::stoi(item) % 2 ? "m" : "n";
    return FakePlan{{{call}, 1}};
  };
  run.script.provider = [](const SentCall& sent) {
    return sent.model == "n" ? FailedReply(MakeFailure(FailureKind::kModelNotFound)) : FakeReply{};
  };
  auto trace = run.Run({.workers = 2});
  CHECK(trace.end.exit_code == kStopped);
  CHECK(run.Count(ItemStatus::kDone) == 10);
  CHECK(run.Count(ItemStatus::kPending) == 10);
  auto wrong = std::count_if(trace.log.begin(), trace.log.end(),
                             [](const SentCall& sent) { return sent.model == "n"; });
  CHECK(wrong <= 2);
}

TEST_CASE("supervisor: a request that can never succeed fails its item alone, after one try") {
  for (FailureKind kind :
       {FailureKind::kBadRequest, FailureKind::kTooLarge, FailureKind::kInternal}) {
    CAPTURE(Name(kind));
    TestRun run(8);
    run.script.provider = [kind](const SentCall& sent) {
      return sent.item == "3" ? FailedReply(MakeFailure(kind)) : FakeReply{};
    };
    auto trace = run.Run();
    CHECK(trace.end.exit_code == kSomeFailed);
    CHECK(run.StatusOf("3") == ItemStatus::kFailed);
    CHECK(run.Count(ItemStatus::kDone) == 7);
    CHECK(run.SentOf("3") == 1);
    CHECK(trace.end.failures.size() == 1);
    run.CheckBooks(trace);
  }
}

TEST_CASE("supervisor: a refused call takes its waiting siblings along, not those in the air") {
  TestRun run(1);
  run.config.providers["p"].limits.concurrency = 2;
  run.script.plan = [](const std::string&) { return Fan(6, 6); };
  run.script.provider = [](const SentCall& sent) {
    if (sent.step == "f1") return FailedReply(MakeFailure(FailureKind::kBadRequest));
    return FakeReply{.takes = seconds(30)};
  };
  auto trace = run.Run();
  CHECK(run.StatusOf("1") == ItemStatus::kFailed);
  CHECK(run.sent() == 2);
  CHECK(trace.end.wall >= seconds(30));
  CHECK(run.view().RunTotals().calls == 1);  // what was in the air is kept
  CHECK(run.view().RunTotals().unknown_tries == 0);
  run.CheckBooks(trace);
}

}  // namespace
}  // namespace muster
