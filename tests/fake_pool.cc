#include "tests/fake_pool.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>

#include "tests/fake_worker.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kKillAfterSignal{5'000};  // as the real pool's timetable
constexpr milliseconds kKillAfterStop{4'000};
constexpr int64_t kMostTurns = 3'000'000;
constexpr int64_t kMostSpin = 1'000;

}  // namespace

FakePool::FakePool(FakeClock& clock, FakeScript& script) : clock_(clock), script_(script) {}
FakePool::~FakePool() = default;

void FakePool::Use() {
  if (++uses_ == crash_at_use) throw Crash{};
}

milliseconds FakePool::Transit() const {
  return script_.transit ? script_.transit() : milliseconds(1);
}

void FakePool::After(milliseconds delay, std::function<void()> act) {
  At(clock_.Now() + delay, std::move(act));
}

FakeWorker* FakePool::Find(WorkerId worker) {
  auto it = workers_.find(worker);
  return it == workers_.end() ? nullptr : it->second.get();
}

Result<WorkerId> FakePool::Spawn(size_t squad) {
  Use();
  if (!cannot_spawn.empty()) return Error{cannot_spawn};
  WorkerId id = ++script_.spawned;
  squads[id] = squad;
  workers_[id] = std::make_unique<FakeWorker>(*this, id);
  After(Transit(), [this, id] {
    if (FakeWorker* worker = Find(id)) worker->Begin();
  });
  return id;
}

// What was sent before a crash still arrives: the bytes are in the pipe.
void FakePool::Send(WorkerId worker, const ToWorker& message) {
  Use();
  told.emplace_back(worker, message);
  if (!Find(worker)) return;
  auto arrives = std::max(clock_.Now() + Transit(), last_to_[worker]);
  last_to_[worker] = arrives;
  At(arrives, [this, worker, message] {
    FakeWorker* hears = Find(worker);
    if (hears && !hears->silent()) return hears->Hear(message);
    if (hears && std::holds_alternative<Stop>(message)) {
      hears->Die("SIGKILL", kKillAfterStop);
    }
  });
}

void FakePool::Kill(WorkerId worker, int signal, const std::string& why) {
  Use();
  FakeWorker* victim = Find(worker);
  if (!victim) return;
  killed.emplace_back(worker, signal);
  bool deaf = victim->silent() && signal != SIGKILL;
  victim->Die(why, deaf ? kKillAfterSignal : script_.dying);
}

void FakePool::FromWorker(WorkerId worker, muster::FromWorker message) {
  auto arrives = std::max(clock_.Now() + Transit(), last_from_[worker]);
  last_from_[worker] = arrives;
  At(arrives, [this, worker, message = std::move(message)] {
    if (Find(worker)) ready_.push_back(WorkerSaid{worker, message});
  });
}

void FakePool::End(WorkerId worker, WorkerLost lost, milliseconds delay) {
  At(std::max(clock_.Now() + delay, last_from_[worker]), [this, worker, lost] {
    if (workers_.erase(worker) == 0) return;
    ready_.push_back(lost);
  });
}

void FakePool::Request(SentCall sent,
                       const std::function<void(FakeWorker&, const FakeReply&)>& reply) {
  FakeReply made = script_.provider ? script_.provider(sent) : FakeReply{};
  if (made.answer.empty()) made.answer = sent.item + "/" + sent.step;
  bool billed = !made.failure || made.failure->billing != Billing::kNo;
  if (billed && made.usage) {
    sent.usage = *made.usage;
    sent.bill = BillOf(sent.model, sent.usage);
  }
  sent.failed = made.failure.has_value();
  size_t index = script_.log.size();
  WorkerId id = sent.worker;
  script_.log.push_back(std::move(sent));
  ++in_the_air_;
  After(made.takes, [this, id, index, made, reply] {
    --in_the_air_;
    FakeWorker* worker = Find(id);
    if (!worker || worker->silent()) return;
    script_.log[index].ended = clock_.Now();
    reply(*worker, made);
  });
}

Picodollars FakePool::BillOf(const std::string& model, const Usage& usage) const {
  auto own = script_.prices.find(model);
  bool listed = own != script_.prices.end();
  Picodollars input = listed ? own->second.input : script_.input_price;
  Picodollars output = listed ? own->second.output : script_.output_price;
  return AddMoney(PriceOf(usage.input, input), PriceOf(usage.output, output));
}

bool FakePool::SomebodySpoke() const {
  pollfd wait{watched_, POLLIN, 0};
  return watched_ >= 0 && poll(&wait, 1, 0) == 1;
}

void FakePool::RunDue() {
  while (!agenda_.empty() && agenda_.begin()->first <= clock_.Now()) {
    auto act = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    act();
  }
  if (SomebodySpoke()) ready_.push_back(ControlCame{});
}

void FakePool::CheckProgress(bool moved) {
  spin_ = moved ? 0 : spin_ + 1;
  script_.spin = std::max(script_.spin, spin_);
  if (spin_ > kMostSpin) FAIL("the loop turns without waiting for anything");
  if (++turns_ > kMostTurns) FAIL("the run does not come to an end");
}

void FakePool::Wait(Clock::Time until, std::vector<PoolEvent>* events) {
  Use();
  auto began = clock_.Now();
  for (RunDue(); ready_.empty() && clock_.Now() < until; RunDue()) {
    clock_.AdvanceTo(agenda_.empty() ? until : std::min(until, agenda_.begin()->first));
  }
  CheckProgress(!ready_.empty() || clock_.Now() > began);
  for (PoolEvent& event : ready_) events->push_back(std::move(event));
  ready_.clear();
}

void FakePool::Outlive(milliseconds lasts) {
  auto end = clock_.Now() + lasts;
  while (!agenda_.empty() && agenda_.begin()->first <= end) {
    auto act = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    act();
  }
}

}  // namespace muster
