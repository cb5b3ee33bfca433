#pragma once

#include <map>
#include <optional>
#include <string>

#include "tests/fake_pool.h"

namespace muster {

// A worker as a script: speaks the protocol as worker/ does, does what the plan of its item says,
// and goes wrong where the script says so. Owned by its pool.
class FakeWorker {
 public:
  FakeWorker(FakePool& pool, WorkerId id) : pool_(pool), id_(id) {}

  void Begin();  // says hello
  void Hear(const ToWorker& message);
  // A signal that is not KILL: ends it, unless it hears nothing.
  void Die(const std::string& how, std::chrono::milliseconds delay);

  bool silent() const { return silent_; }
  bool ending() const { return ending_; }

 private:
  // A call that is not over: asked for, in the air, or answered and looked at.
  struct Open {
    FakeCall call;
    std::string answer;
    bool in_the_air = false;
  };

  Fault At(Moment moment, const std::string& step = "");
  void Say(Moment moment, FromWorker message, const std::string& step = "");
  void SayWrong(Fault fault, FromWorker message);
  void SayAlive();
  void Misfit();  // it was told what does not fit

  void On(const Item& item);
  void On(const Go& go);
  void On(const Replay& replay);
  void On(const Kept& kept);
  void On(const Refuse& refuse);
  void On(const Defer& defer);
  void On(const Cancel& cancel);
  void On(const Stop& stop);
  void On(const Start&) { started_ = true; }
  void On(const Alive&) {}

  void StartStep();
  void AskNext();
  void OnReply(int64_t call, int64_t turn, const FakeReply& reply);
  void Look(int64_t call, const std::string& answer);
  void Close(int64_t call);
  void EndBranch(int64_t call, Outcome outcome, const std::string& why);
  void Finish();
  Open* Find(int64_t call);

  FakePool& pool_;
  WorkerId id_;
  bool started_ = false, silent_ = false, ending_ = false;
  bool at_fault_ = false;  // it went wrong before: what it is told may not fit

  // ---- of the item at hand ----
  bool busy_ = false;
  std::string item_;
  int64_t attempt_ = 0;
  int64_t turn_ = 0;  // items so far: tells late replies from those of this one
  FakePlan plan_;
  size_t step_ = 0, next_ = 0;
  int64_t next_call_ = 1;
  std::map<int64_t, Open> open_;
  std::map<std::string, std::string> answers_;  // by step
  std::optional<std::pair<Outcome, std::string>> ended_;
};

}  // namespace muster
