#include "tests/fake_worker.h"

#include <algorithm>

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAliveEvery{5'000};
constexpr milliseconds kExitTakes{2};
constexpr milliseconds kStopTakes{4'000};  // of one that does not stop by itself

}  // namespace

Fault FakeWorker::At(Moment moment, const std::string& step) {
  auto& fault = pool_.script().fault;
  Fault here = fault ? fault({moment, id_, item_, attempt_, step}) : Fault::kNone;
  at_fault_ = at_fault_ || here != Fault::kNone;
  return here;
}

void FakeWorker::Die(const std::string& how, milliseconds delay) {
  if (ending_) return;
  ending_ = delay <= kExitTakes;  // until then it goes on talking
  WorkerLost lost;
  lost.worker = id_;
  lost.how = how;
  lost.stderr_tail = "the end of its stderr";
  lost.peak_memory_kb = 4321;
  pool_.End(id_, lost, delay);
}

void FakeWorker::Misfit() {
  if (!at_fault_) ++pool_.script().misfits;
  Die("exit code 101", milliseconds(0));
}

void FakeWorker::Begin() {
  Fault fault = At(Moment::kHello);
  if (fault == Fault::kBootFailure) {
    ending_ = true;
    WorkerLost lost;
    lost.worker = id_;
    lost.boot_failure = true;
    lost.how = "no such model file";
    return pool_.End(id_, lost, milliseconds(1));
  }
  std::string build = fault == Fault::kOtherBuild ? "another" : std::string(BuildId());
  SayAlive();
  if (fault == Fault::kDie) return Die("SIGSEGV", milliseconds(1));
  if (fault == Fault::kSilence) {
    silent_ = true;
    return;
  }
  pool_.FromWorker(id_, Hello{kProtocolVersion, build, id_, "fake"});
}

// From its one loop, for as long as it lives and is not silent.
void FakeWorker::SayAlive() {
  if (silent_ || ending_) return;
  pool_.FromWorker(id_, Alive{});
  pool_.After(kAliveEvery, [&pool = pool_, id = id_] {
    if (FakeWorker* self = pool.Find(id)) self->SayAlive();
  });
}

void FakeWorker::Say(Moment moment, FromWorker message, const std::string& step) {
  if (silent_ || ending_) return;
  SayWrong(At(moment, step), std::move(message));
}

void FakeWorker::SayWrong(Fault fault, FromWorker message) {
  if (fault == Fault::kDie) return Die("SIGSEGV", milliseconds(0));
  if (fault == Fault::kExit) return Die("exit code 0", milliseconds(0));
  if (fault == Fault::kSilence) {
    silent_ = true;
    return;
  }
  std::visit(
      [fault](auto& m) {
        if constexpr (requires { m.attempt; }) {
          if (fault == Fault::kWrongItem) m.item += "x";
          if (fault == Fault::kWrongAttempt) --m.attempt;
        }
        if constexpr (requires { m.call; }) {
          if (fault == Fault::kWrongCall) m.call += 7;
        }
      },
      message);
  if (auto* called = std::get_if<Called>(&message); called && fault == Fault::kNeither) {
    called->answer.reset();
    called->failure.reset();
  }
  if (auto* call = std::get_if<Call>(&message); call && fault == Fault::kAgain) {
    Call again = *call;
    again.call += 100;
    pool_.FromWorker(id_, again);
  }
  if (fault == Fault::kTwice) pool_.FromWorker(id_, message);
  pool_.FromWorker(id_, std::move(message));
}

void FakeWorker::Hear(const ToWorker& message) {
  if (ending_) return;
  std::visit([this](const auto& m) { On(m); }, message);
}

void FakeWorker::On(const Item& item) {
  if (!started_ || busy_) return Misfit();
  busy_ = true;
  ++turn_;
  item_ = item.item;
  attempt_ = item.attempt;
  auto& plan = pool_.script().plan;
  plan_ = plan ? plan(item_) : FakePlan{{{{}}, 1}};
  step_ = 0;
  next_call_ = 1;
  open_.clear();
  answers_.clear();
  ended_.reset();
  Fault fault = At(Moment::kItem);
  if (fault == Fault::kDie) return Die("SIGSEGV", milliseconds(0));
  if (fault == Fault::kSilence) silent_ = true;
  if (fault == Fault::kGiveUp) ended_ = {Outcome::kInterrupted, "no wish to"};
  if (silent_) return;
  if (ended_ || plan_.empty()) return Finish();
  StartStep();
}

void FakeWorker::StartStep() {
  next_ = 0;
  size_t width = std::min(plan_[step_].concurrency, plan_[step_].calls.size());
  for (size_t i = 0; i < width; ++i) AskNext();
}

void FakeWorker::AskNext() {
  const FakeStep& step = plan_[step_];
  if (ended_ || next_ >= step.calls.size()) return;
  const FakeCall& wanted = step.calls[next_++];
  int64_t number = next_call_++;
  open_[number].call = wanted;
  Call call;
  call.item = item_;
  call.attempt = attempt_;
  call.call = number;
  call.step = wanted.step;
  call.provider = wanted.provider;
  call.model = wanted.model;
  call.request_hash = "hash of " + wanted.step;
  call.request_chars = 4'000;
  call.input_estimate = wanted.input_estimate;
  call.output_estimate = wanted.output_estimate;
  call.input_most = wanted.input_most;
  call.output_most = wanted.output_most;
  call.ask_again = wanted.ask_again;
  Say(Moment::kCall, call, wanted.step);
}

FakeWorker::Open* FakeWorker::Find(int64_t call) {
  auto it = open_.find(call);
  return it == open_.end() ? nullptr : &it->second;
}

void FakeWorker::On(const Go& go) {
  Open* open = Find(go.call);
  if (!open || open->in_the_air) return Misfit();
  open->in_the_air = true;
  SentCall sent;
  sent.at = pool_.Now();
  sent.worker = id_;
  sent.item = item_;
  sent.step = open->call.step;
  sent.provider = open->call.provider;
  sent.model = open->call.model;
  sent.attempt = attempt_;
  sent.ask = go.ask;
  sent.try_number = go.try_number;
  sent.input_most = open->call.input_most;
  sent.output_most = open->call.output_most;
  pool_.Request(sent, [call = go.call, turn = turn_](FakeWorker& self, const FakeReply& reply) {
    self.OnReply(call, turn, reply);
  });
  Fault fault = At(Moment::kGo, open->call.step);
  if (fault == Fault::kReject) {
    pool_.FromWorker(id_, Rejected{item_, attempt_, go.call, "of no use"});
  } else if (fault == Fault::kDoneEarly) {
    pool_.FromWorker(id_, Done{item_, attempt_, Outcome::kDone, "", {}, 1});
  } else if (fault == Fault::kDie) {
    Die("SIGSEGV", milliseconds(0));
  } else if (fault == Fault::kSilence) {
    silent_ = true;
  }
}

void FakeWorker::OnReply(int64_t call, int64_t turn, const FakeReply& reply) {
  Open* open = Find(call);
  if (!open || turn != turn_) return;  // cancelled
  open->in_the_air = false;
  Called called;
  called.item = item_;
  called.attempt = attempt_;
  called.call = call;
  called.failure = reply.failure;
  if (!reply.failure || reply.failure->billing != Billing::kNo) called.usage = reply.usage;
  if (!reply.failure) called.answer = Bytes{open->answer = reply.answer};
  called.total_ms = reply.takes.count();
  Say(Moment::kCalled, called, open->call.step);
}

void FakeWorker::On(const Replay& replay) {
  if (!Find(replay.call)) return Misfit();
  Look(replay.call, replay.answer.data);
}

void FakeWorker::On(const Kept& kept) {
  Open* open = Find(kept.call);
  if (!open) return Misfit();
  Look(kept.call, open->answer);
}

void FakeWorker::Look(int64_t call, const std::string& answer) {
  Open& open = open_.at(call);
  auto& unusable = pool_.script().unusable;
  if (unusable && unusable(answer)) {
    return Say(Moment::kRejected, Rejected{item_, attempt_, call, "of no use"}, open.call.step);
  }
  answers_[open.call.step] = answer;
  Close(call);
}

void FakeWorker::On(const Refuse& refuse) {
  auto outcome = refuse.final ? Outcome::kFailed : Outcome::kInterrupted;
  EndBranch(refuse.call, outcome, refuse.reason);
}

void FakeWorker::On(const Defer& defer) {
  EndBranch(defer.call, Outcome::kInterrupted, "deferred");
}

void FakeWorker::EndBranch(int64_t call, Outcome outcome, const std::string& why) {
  if (!Find(call)) return Misfit();
  if (!ended_ || outcome == Outcome::kFailed) ended_ = {outcome, why};
  Close(call);
}

void FakeWorker::Close(int64_t call) {
  open_.erase(call);
  AskNext();
  if (!open_.empty() || silent_ || ending_) return;
  if (ended_ || ++step_ == plan_.size()) return Finish();
  StartStep();
}

void FakeWorker::Finish() {
  Done done;
  done.item = item_;
  done.attempt = attempt_;
  done.outcome = ended_ ? ended_->first : Outcome::kDone;
  done.reason = ended_ ? ended_->second : "";
  if (!ended_) {
    OutputText output;
    auto& path = pool_.script().path;
    output.path = path ? path(item_) : item_ + ".txt";
    for (const auto& [step, answer] : answers_) output.text += step + "=" + answer + "\n";
    done.outputs.push_back(std::move(output));
  }
  auto& memory = pool_.script().memory_kb;
  done.memory_kb = memory ? memory(id_) : 1'000;
  Say(Moment::kDone, done);
  busy_ = false;
}

void FakeWorker::On(const Cancel& cancel) {
  if (!busy_ || cancel.item != item_ || cancel.attempt != attempt_) return;
  if (At(Moment::kCancel) == Fault::kSilence) return;  // too busy to hear
  open_.clear();
  ended_ = {Outcome::kInterrupted, "cancelled"};
  Finish();
}

void FakeWorker::On(const Stop&) {
  if (At(Moment::kStop) == Fault::kSilence) {
    silent_ = true;
    return Die("SIGKILL", kStopTakes);
  }
  ending_ = true;
  WorkerLost lost;
  lost.worker = id_;
  lost.said_bye = true;
  lost.how = "exit code 0";
  pool_.End(id_, lost, kExitTakes);
}

}  // namespace muster
