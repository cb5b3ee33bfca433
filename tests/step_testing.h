#pragma once

// What the tests of steps share that are no chats: a caller with everything around it, and in the
// supervisor's place a desk that remembers answers as the ledger does.

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fd.h"
#include "common/replace_file.h"
#include "tests/command_testing.h"
#include "worker/caller.h"
#include "worker/step_end.h"

namespace muster {

// Lets every call go, keeps answers and replays them. A failure ends the item, or is tried again.
class StepDesk : public Link {
 public:
  void Say(const FromWorker& message) override {
    if (auto* call = std::get_if<Call>(&message)) OnCall(*call);
    if (auto* called = std::get_if<Called>(&message)) OnCalled(*called);
    if (auto* rejected = std::get_if<Rejected>(&message)) OnRejected(*rejected);
  }

  Caller* caller = nullptr;
  int64_t tries_allowed = 1;  // of one call
  int64_t extra_asks = 0;
  bool unsure = false;  // of the first try of the next call that goes
  // What was asked for, and what of it went, by step, in order.
  std::vector<Call> asked;
  std::vector<std::string> went;
  std::vector<Failure> failures;
  std::vector<Rejected> rejected;

  // What a new session of the supervisor knows: the answers, and nothing else.
  void Resume() {
    open_.clear();
    asked.clear(), went.clear(), failures.clear(), rejected.clear();
  }

 private:
  struct Open {
    Call call;
    int64_t ask = 1, stale = 0, tries = 0;
  };

  void Answer(int64_t call, ToWorker verdict) {
    bool awaited = caller->OnVerdict(call, std::move(verdict));
    CHECK(awaited);
  }

  void OnCall(const Call& call) {
    asked.push_back(call);
    open_[call.call] = {call};
    Consider(open_[call.call]);
  }

  void Consider(Open& open) {
    auto known = answers_.find({open.call.step, open.call.request_hash, open.ask});
    if (known != answers_.end()) {
      return Answer(open.call.call, Replay{open.call.call, open.ask, Bytes{known->second}, 0, {}});
    }
    Let(open, std::exchange(unsure, false));
  }

  void Let(Open& open, bool may_be_there) {
    went.push_back(open.call.step);
    Go go{open.call.call, open.ask, ++open.tries, 5'000, 20'000, 20'000, 30'000};
    go.unsure = may_be_there;
    Answer(open.call.call, go);
  }

  void OnCalled(const Called& called) {
    Open& open = open_.at(called.call);
    if (called.answer) {
      answers_[{open.call.step, open.call.request_hash, open.ask}] = called.answer->data;
      return Answer(called.call, Kept{called.call, open.call.fixed_cost, {}});
    }
    failures.push_back(*called.failure);
    if (open.tries < tries_allowed) return Let(open, called.failure->billing != Billing::kNo);
    Answer(called.call, Refuse{called.call, true, called.failure->message});
  }

  void OnRejected(const Rejected& message) {
    rejected.push_back(message);
    Open& open = open_.at(message.call);
    open.stale += message.stale;
    if (!message.stale && open.ask - open.stale >= 1 + open.call.ask_again + extra_asks) {
      return Answer(message.call, Refuse{message.call, true, message.reason});
    }
    ++open.ask;
    open.tries = 0;
    Consider(open);
  }

  std::map<int64_t, Open> open_;
  std::map<std::tuple<std::string, std::string, int64_t>, std::string> answers_;
};

// A config's folder with an item's work folder beside it, and what runs steps there.
struct StepTest {
  StepTest() {
    base = folder / "config";
    work = folder / "run/work/1";
    std::filesystem::create_directories(base);
    std::filesystem::create_directories(work);
    config.base_dir = base;
    Provider& command = config.providers["command"];
    command.name = command.api = "command";
    desk.caller = &caller;
    step.id = "it";
    step.origin = "test.yaml:1:1";
  }

  StepParts Parts() {
    return {config, caller, work,
            [this](const std::string& kind, const std::string&, const std::string& text) {
              if (kind == "progress") progress.push_back(text);
            },
            [this](const CallValue& value) { accounted.push_back(value); }};
  }

  static TextSource Text(const std::string& text) { return {text, "test.yaml:2:3"}; }
  void Write(const std::string& name, const std::string& text, bool program = false) {
    REQUIRE(ReplaceFile(base + "/" + name, text));
    if (program) std::filesystem::permissions(base + "/" + name, std::filesystem::perms(0700));
  }
  static std::string Read(const std::string& path) {
    auto text = ReadFile(path, 1 << 20);
    return text ? *text : "(" + text.error() + ")";
  }

  // One turn of a worker's loop.
  void Turn() {
    auto timeout = commands.UntilNextDeadline(std::chrono::milliseconds(50));
    if (auto next = timers.next()) {
      auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
      timeout = std::clamp(left, std::chrono::milliseconds(0), timeout);
    }
    http.WaitAndPerform(commands.fds(), timeout, nullptr);
    commands.Perform();
    timers.Fire(std::chrono::steady_clock::now());
  }

  // An attempt at the step, in a session of its own.
  StepEnd Finish(Task<StepEnd> task) {
    task.Start();
    for (int turns = 0; turns < 20'000 && !task.done(); ++turns) Turn();
    REQUIRE(task.done());
    return task.TakeValue();
  }
  void NewSession() {
    desk.Resume();
    progress.clear(), accounted.clear();
    caller.BeginAttempt("1", ++attempt);
  }

  TempDir folder;
  std::string base, work;
  Config config;
  StepDesk desk;
  HttpClient http;
  CommandRunner commands;
  Timers timers;
  Caller caller{desk, http, commands, timers};
  Step step;
  Json context = Json{{"item", Json{{"id", "1"}}}, {"params", Json::object()}};
  std::vector<std::string> progress;
  std::vector<CallValue> accounted;
  int64_t attempt = 0;
};

// A step's value, or the reason of its end.
inline Json ValueOf(const StepEnd& end) {
  auto* ended = std::get_if<Ended>(&end);
  REQUIRE_MESSAGE(!ended, (ended ? ended->reason : ""));
  return std::get<Json>(end);
}
inline std::string ReasonOf(const StepEnd& end) {
  REQUIRE(std::holds_alternative<Ended>(end));
  return std::get<Ended>(end).reason;
}
inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace muster
