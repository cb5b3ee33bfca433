#pragma once

// A world without processes for the tests of the deciding layer: a clock that is turned by hand,
// workers that are scripts, a provider that answers them and keeps a log of its own.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/money.h"
#include "supervisor/pool/worker_pool.h"

namespace muster {

class FakeWorker;

// Stands still until the pool's Wait() moves it.
class FakeClock : public Clock {
 public:
  Time Now() const override { return now_; }
  int64_t WallMs() const override { return now_.time_since_epoch() / std::chrono::milliseconds(1); }
  void AdvanceTo(Time time) { now_ = std::max(now_, time); }
  void Advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  Time now_{std::chrono::hours(400'000)};
};

// What a scripted worker does with an item: steps one after another, each of calls side by side.
struct FakeCall {
  std::string step = "ask";
  std::string provider = "p", model = "m";
  int64_t ask_again = 0;
  int64_t input_estimate = 0, output_estimate = 0;  // tokens, as the worker guesses them
  int64_t input_most = 2'000, output_most = 500;
};
struct FakeStep {
  std::vector<FakeCall> calls;
  size_t concurrency = 1;
};
using FakePlan = std::vector<FakeStep>;

// One request as the fake provider saw it.
struct SentCall {
  Clock::Time at;
  WorkerId worker = 0;
  std::string item, step, provider, model;
  int64_t attempt = 0, ask = 0, try_number = 0;
  int64_t input_most = 0, output_most = 0;
  std::optional<Clock::Time> ended;  // when its reply was there; nullopt: its worker died first
  // Also when nobody was there to hear the reply:
  Picodollars bill = 0;
  Usage usage{};  // what was billed, tokens
  bool failed = false;
};

// What the provider replies: an answer unless `failure` is set.
struct FakeReply {
  std::chrono::milliseconds takes{100};
  std::optional<Failure> failure = {};
  std::string answer = {};
  std::optional<Usage> usage = Usage{1000, 0, 0, 100, 0};
};

// A place in a worker's life at which it may go wrong. Where a message is about to be said, the
// fault is instead of it (kDie, kSilence) or in it.
enum class Moment { kHello, kItem, kCall, kGo, kCalled, kRejected, kDone, kStop, kCancel };
struct Point {
  Moment moment = Moment::kHello;
  WorkerId worker = 0;
  std::string item;
  int64_t attempt = 0;
  std::string step;
};
enum class Fault {
  kNone,
  kDie,           // SIGSEGV; at kGo the request is on its way
  kExit,          // exit code 0 without a word
  kSilence,       // says and hears nothing any more
  kBootFailure,   // at kHello
  kOtherBuild,    // at kHello
  kWrongItem,     // the message is about another item …
  kWrongAttempt,  // … or attempt …
  kWrongCall,     // … or call
  kTwice,         // the message, twice
  kAgain,         // at kCall: the same request under two numbers
  kNeither,       // at kCalled: neither answer nor failure
  kReject,        // at kGo: rejects an answer that it does not have
  kDoneEarly,     // at kGo: done with a call in the air
  kGiveUp,        // at kItem: done(interrupted), unasked
};

// What happens in the fake world. Shared by the sessions of a test.
struct FakeScript {
  std::function<FakePlan(const std::string& item)> plan;
  std::function<FakeReply(const SentCall&)> provider;
  std::function<Fault(const Point&)> fault;                       // empty: none
  std::function<bool(const std::string& answer)> unusable;        // empty: all are of use
  std::function<int64_t(WorkerId)> memory_kb;                     // empty: little
  std::function<std::chrono::milliseconds()> transit;             // of a message; empty: 1 ms
  std::function<std::string(const std::string& item)> path;       // of its output; empty: ID.txt
  std::chrono::milliseconds dying{1};                             // from a kill to the end
  Picodollars input_price = 1'000'000, output_price = 5'000'000;  // a token
  std::map<std::string, ConfiguredPrice> prices;                  // by model; others cost the above
  std::vector<SentCall> log;                                      // the provider's own
  int64_t misfits = 0;  // sound workers that were told what does not fit
  int64_t spawned = 0;  // workers
  int64_t spin = 0;     // most turns in a row that neither brought anything nor waited
};

// The supervisor dies here, as by kill -9.
struct Crash {};

// Runs the script's workers in this process. Wait() moves the clock to the next thing that
// happens; every order of events follows from the script alone.
class FakePool : public WorkerPool {
 public:
  FakePool(FakeClock& clock, FakeScript& script);
  ~FakePool() override;

  Result<WorkerId> Spawn(size_t squad) override;
  void Send(WorkerId worker, const ToWorker& message) override;
  void Kill(WorkerId worker, int signal, const std::string& why) override;
  void Wait(Clock::Time until, std::vector<PoolEvent>* events) override;
  void AlsoWatch(int fd) override { watched_ = fd; }
  size_t alive() const override { return workers_.size(); }

  // ---- for tests ----
  // Runs `act` at that time, counted from now.
  void After(std::chrono::milliseconds delay, std::function<void()> act);
  void Signal(int signal) { ready_.push_back(SignalCame{signal}); }
  // The supervisor dies at its so many-th use of this pool; 0: never.
  int64_t crash_at_use = 0;
  // Why Spawn fails; empty: it does not.
  std::string cannot_spawn;
  // Sent to workers so far, by kind, in order.
  std::vector<std::pair<WorkerId, ToWorker>> told;
  std::vector<std::pair<WorkerId, int>> killed;  // by which signal
  std::map<WorkerId, size_t> squads;             // of all that were started
  // Requests at the provider that have no reply yet.
  size_t in_the_air() const { return in_the_air_; }
  int64_t uses() const { return uses_; }
  // What workers still do that have not noticed their supervisor's death.
  void Outlive(std::chrono::milliseconds lasts);

  // ---- for workers ----
  FakeScript& script() { return script_; }
  Clock::Time Now() const { return clock_.Now(); }
  void FromWorker(WorkerId worker, muster::FromWorker message);
  // The worker ends; what it said before still arrives.
  void End(WorkerId worker, WorkerLost lost, std::chrono::milliseconds delay);
  // Sends a request; its reply comes back to the worker if that still lives then.
  void Request(SentCall sent, const std::function<void(FakeWorker&, const FakeReply&)>& reply);
  void At(Clock::Time when, std::function<void()> act) { agenda_.emplace(when, std::move(act)); }
  FakeWorker* Find(WorkerId worker);

 private:
  void Use();
  void RunDue();
  bool SomebodySpoke() const;
  Picodollars BillOf(const std::string& model, const Usage& usage) const;
  std::chrono::milliseconds Transit() const;
  void CheckProgress(bool moved);

  FakeClock& clock_;
  FakeScript& script_;
  std::multimap<Clock::Time, std::function<void()>> agenda_;
  std::map<WorkerId, std::unique_ptr<FakeWorker>> workers_;
  std::map<WorkerId, Clock::Time> last_to_, last_from_;  // messages keep their order
  std::vector<PoolEvent> ready_;
  int watched_ = -1;  // the only thing here that is real
  size_t in_the_air_ = 0;
  int64_t uses_ = 0, turns_ = 0, spin_ = 0;
};

}  // namespace muster
