#pragma once

// What the tests of the ledger share: child processes and short records.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "supervisor/ledger/ledger.h"
#include "supervisor/ledger/sqlite.h"
#include "tests/files.h"

namespace muster {

// Runs `body` in a forked child, which ends with what it returns.
inline pid_t Fork(const std::function<int()>& body) {
  pid_t child = fork();
  if (child == 0) {
    for (int number : {SIGABRT, SIGSEGV, SIGTERM}) signal(number, SIG_DFL);  // not doctest's
    _exit(body());
  }
  return child;
}

// How a child ended: its exit code, or minus the signal.
inline int Wait(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

inline SessionInfo TestSession(int64_t time_ms = 1000) {
  return {getpid(), "host", "muster run test.yaml", time_ms};
}

inline record::Item MakeItem(int64_t position, const std::string& id,
                             const std::string& lane = "") {
  return {position, id, "{\"id\":\"" + id + "\"}", "hash-of-" + id, lane};
}

inline record::Status MakeStatus(const std::string& item, ItemStatus status,
                                 const std::string& reason = "") {
  return {item, status, reason, 0, 0};
}

// The first try of a new call of step "chat"; `worst` picodollars at most.
inline record::TryStarted StartTry(int64_t call, const std::string& item,
                                   std::optional<Picodollars> worst = 1000) {
  record::TryStarted started;
  started.call = call;
  started.item = item;
  started.step = "chat";
  started.request_hash = "hash";
  started.provider = "openai";
  started.model = "gpt-5.1";
  started.attempt = 1;
  started.worker = "w1";
  started.worst = worst;
  started.time_ms = 2000;
  return started;
}

inline record::TryEnded EndTry(int64_t call, record::TryOutcome outcome,
                               std::optional<Picodollars> cost = std::nullopt) {
  record::TryEnded ended;
  ended.call = call;
  ended.outcome = outcome;
  ended.cost = cost;
  ended.time_ms = 3000;
  return ended;
}

inline record::TryEnded Answered(int64_t call, const std::string& answer,
                                 std::optional<Picodollars> cost, Usage usage = {10, 0, 0, 5, 0}) {
  record::TryEnded ended = EndTry(call, record::TryOutcome::kAnswered, cost);
  ended.answer = answer;
  ended.usage = usage;
  return ended;
}

inline int64_t CountOf(const LedgerView& view, ItemStatus status) {
  return view.CountItems()[static_cast<size_t>(status)];
}

// A ledger in memory with items a, b, c at positions 1, 2, 3.
inline Ledger ThreeItems() {
  auto ledger = Ledger::Open(":memory:", TestSession());
  REQUIRE(ledger);
  ledger->Add(MakeItem(1, "a"));
  ledger->Add(MakeItem(2, "b"));
  ledger->Add(MakeItem(3, "c"));
  REQUIRE(ledger->Commit() == CommitOutcome::kCommitted);
  return *std::move(ledger);
}

template <class... Records>
void CommitAll(Ledger& ledger, Records... records) {
  (ledger.Add(std::move(records)), ...);
  REQUIRE_MESSAGE(ledger.Commit() == CommitOutcome::kCommitted, ledger.last_error());
}

inline Ledger OpenAt(const std::string& path) {
  auto ledger = Ledger::Open(path, TestSession());
  REQUIRE_MESSAGE(ledger, ledger.error());
  return *std::move(ledger);
}

inline std::string IdOf(int64_t n) { return fmt::format("item{}", n); }

inline std::string AnswerTo(int64_t n) {
  return fmt::format("answer {} ", n) + std::string(static_cast<size_t>(n % 50) * 100, 'a');
}

// One item from the first hand-out to done, in two turns as the supervisor does it: the intent,
// then everything its answer brings.
inline CommitOutcome DoItem(Ledger& ledger, int64_t n) {
  ledger.Add(MakeItem(n, IdOf(n)));
  ledger.Add(record::AttemptStarted{IdOf(n), 1, "w1", n});
  int64_t call = ledger.TakeCallId();
  ledger.Add(StartTry(call, IdOf(n)));
  CommitOutcome outcome = ledger.Commit();
  if (outcome != CommitOutcome::kCommitted) return outcome;
  ledger.Add(Answered(call, AnswerTo(n), n));
  ledger.Add(record::Output{IdOf(n), 0, IdOf(n) + ".txt", AnswerTo(n)});
  ledger.Add(record::AttemptEnded{IdOf(n), 1, "done", "", n});
  ledger.Add(MakeStatus(IdOf(n), ItemStatus::kDone));
  return ledger.Commit();
}

inline bool Intact(const std::string& path) {
  auto database = Database::Open(path, Database::Access::kReadOnly);
  if (!database) return false;
  Rows rows = (*database)->Query("PRAGMA integrity_check");
  return rows.Next() && rows.View(0) == "ok";
}

inline bool HoldsAnswer(const LedgerView& view, int64_t n) {
  auto call = view.FindCall(IdOf(n), "chat", 1, "hash");
  auto item = view.FindItem(IdOf(n));
  return call && call->answer == AnswerTo(n) && item && item->status == ItemStatus::kDone;
}

}  // namespace muster
