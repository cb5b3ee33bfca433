#pragma once

// What the tests of the call desk share: a desk with everything around it that it talks to.

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "supervisor/call_desk.h"
#include "tests/supervisor_testing.h"

namespace muster {

// Sees what a turn would send.
class HeardPool : public FakePool {
 public:
  using FakePool::FakePool;
  template <class Message>
  std::vector<Message> Heard(WorkerId worker) const {
    std::vector<Message> all;
    for (const auto& [to, message] : told) {
      if (auto* one = std::get_if<Message>(&message); one && to == worker) all.push_back(*one);
    }
    return all;
  }
};

// A desk over a ledger with item "a", at whose attempt 1 worker 1 is.
struct DeskTest {
  DeskTest() {
    config.retry.attempts = 3;
    for (const char* name : {"p", "q"}) {
      config.providers[name].name = name;
      config.providers[name].prices["m"] = {1, 10, {}, {}};
    }
    auto opened = Ledger::Open(":memory:", {1, "host", "muster run", 1'000});
    REQUIRE(opened);
    ledger.emplace(*std::move(opened));
    ledger->Add(record::Item{1, "a", "{}", "hash"});
    REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
    books.emplace(*ledger, config, prices, clock);
    Govern();
    desk.emplace(config, *books, *governor, outbox);
    desk->notice = [this](const std::string& text) { notices.push_back(text); };
  }

  // A governor that knows nothing yet, of the config as it is now.
  void Govern() {
    governor.emplace(config, 1);
    governor->notice = [this](const std::string& text) { notices.push_back(text); };
  }

  Result<void> Ask(int64_t number, const std::string& step, WorkerId worker = 1,
                   int64_t ask_again = 0, const std::string& provider = "p") {
    Call call;
    call.item = "a";
    call.attempt = 1;
    call.call = number;
    call.step = step;
    call.provider = provider;
    call.model = "m";
    call.request_hash = "hash of " + step;
    call.input_most = 100;
    call.output_most = 10;
    call.ask_again = ask_again;
    return desk->OnCall({worker, fmt::format("w{}", worker), extra_asks}, call, clock.Now());
  }
  Result<void> Answer(int64_t number, const std::string& answer, WorkerId worker = 1) {
    Called called = MakeCalled(number);
    called.answer = Bytes{answer};
    called.usage = Usage{50, 0, 0, 5, 0};
    return desk->OnCalled(worker, called, clock.Now());
  }
  Result<void> Fails(int64_t number, FailureKind kind, std::optional<int64_t> retry_ms = {},
                     WorkerId worker = 1) {
    Called called = MakeCalled(number);
    called.failure = MakeFailure(kind, retry_ms);
    return desk->OnCalled(worker, called, clock.Now());
  }
  Result<void> Reject(int64_t number, WorkerId worker = 1) {
    return desk->OnRejected(worker, Rejected{"a", 1, number, "of no use"});
  }
  // The end of a turn.
  void Turn() {
    desk->Grant(clock.Now());
    REQUIRE(books->Commit() == CommitOutcome::kCommitted);
    outbox.SendAll(pool);
  }
  static Called MakeCalled(int64_t number) {
    Called called;
    called.item = "a";
    called.attempt = 1;
    called.call = number;
    return called;
  }
  template <class Message>
  std::vector<Message> Heard(WorkerId worker = 1) const {
    return pool.Heard<Message>(worker);
  }

  Config config;
  PriceTable prices;
  FakeClock clock;
  FakeScript script;
  HeardPool pool{clock, script};
  Outbox outbox;
  int64_t extra_asks = 0;
  std::vector<std::string> notices;
  std::optional<Ledger> ledger;
  std::optional<Books> books;
  std::optional<Governor> governor;
  std::optional<CallDesk> desk;
};

}  // namespace muster
