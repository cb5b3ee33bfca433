#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/books.h"
#include "supervisor/governor/governor.h"
#include "supervisor/outbox.h"

namespace muster {

// The conversation about every call: looks into the ledger, asks the governor, writes the intent
// before the word to send, keeps what came before the word to use it. One call's state is here and
// nowhere else.
class CallDesk {
 public:
  using Time = Governor::Time;

  // Who asks: a worker at an attempt, and what its item may still do.
  struct Asker {
    WorkerId worker = 0;
    std::string worker_name;
    int64_t extra_asks = 0;      // granted to its item
    bool first_attempt = false;  // nobody has asked for anything about its item before
  };
  // What the desk tells the supervisor about an item's calls.
  struct Counts {
    int64_t made = 0, replayed = 0;
    int64_t waiting = 0, in_the_air = 0;
  };

  CallDesk(const Config& config, Books& books, Governor& governor, Outbox& outbox)
      : config_(config), books_(books), governor_(governor), outbox_(outbox) {}

  // Messages of a worker; an error means that they do not fit its conversation.
  Result<void> OnCall(const Asker& asker, Call call, Time now);
  Result<void> OnCalled(WorkerId worker, Called called, Time now);
  Result<void> OnRejected(WorkerId worker, const Rejected& rejected);

  // The worker was told to give up its item, or is being killed: its calls do not go any more and
  // nothing is said about them. What is in the air is still kept.
  void Silence(WorkerId worker);

  // The attempt is over, one way or another: what was in the air has an unknown outcome.
  void Close(WorkerId worker, const std::string& why);

  // Lets go what may go.
  void Grant(Time now);

  // Gives back an item that only waits for lanes without room, if there is one, so that a ready
  // item of another lane can have its worker.
  void DeferOneLongWait(Time now);
  // The lane ("provider/model") that an item waits for which was told to give way.
  std::optional<std::string> DeferredFor(WorkerId worker) const;

  // Whether a verdict has ended the item.
  bool HasEnded(WorkerId worker) const;

  // From now on nothing goes any more: whoever waits, or asks later, is refused for this reason and
  // its item goes back.
  void RefuseFromNowOn(const std::string& why);

  Counts CountsOf(WorkerId worker) const;
  // What the tries that ended in this attempt count.
  Totals TotalsOf(WorkerId worker) const;
  size_t in_the_air() const { return governor_.in_the_air(); }
  // The worst case of the calls in the air; nullopt when one of them has no bound.
  std::optional<Picodollars> AtStake() const;

  // What a worker's calls do now, for people: step, and why it waits or since when it is in the
  // air.
  struct Doing {
    std::string step, why;
    Time since{};
  };
  std::vector<Doing> DoingOf(WorkerId worker, Time now) const;

  // Called when a call is tried again, and for a prompt that is too long for its model.
  std::function<void(const std::string&)> notice;

 private:
  struct OpenCall {
    int64_t id = 0;  // for the governor
    Asker asker;
    Call call;
    int64_t ask = 1;
    int64_t ledger_call = 0;     // 0: the ledger has no row of this ask yet
    int64_t tries = 0;           // of the ledger's row
    bool unsure = false;         // one of them may have been carried out
    int64_t stale_asks = 0;      // asks whose answers were of no use for their files' sake alone
    int64_t stale_in_a_row = 0;  // of those, the last ones, answered in this attempt
    bool replayed = false;       // the last answer came from the ledger
    std::optional<Books::Try> sent;  // set while in the air
    Time since{};                    // when it was asked for, or sent
  };
  // A worker's calls by its own numbers, and counts of the attempt.
  struct Desk {
    std::map<int64_t, int64_t> open;      // worker's number → id
    std::map<std::string, int64_t> held;  // step that is waited for → id that keeps its places
    std::string item;
    int64_t made = 0, replayed = 0;
    Totals totals;          // of the tries that ended
    std::string ended;      // a refusal has ended the item: why
    bool silenced = false;  // see Silence()
    std::optional<std::string> deferred_for;
    std::set<std::pair<std::string, int64_t>> asked;  // step and ask, in a first attempt
  };

  OpenCall* LongWaitOf(const Desk& desk, Time now);
  void Defer(OpenCall& open);
  void Consider(OpenCall& open);
  std::optional<CallRow> Look(const OpenCall& open);
  void Release(Desk& desk, const std::string& step, Time now);
  void WarnOfWindow(OpenCall& open);
  void Enqueue(const OpenCall& open);
  OpenCall* Find(WorkerId worker, int64_t call);
  void Say(const OpenCall& open, ToWorker verdict);
  // Ends the item: its other calls that wait are refused too, what is in the air is awaited.
  void Refuse(OpenCall& open, bool final, const std::string& why);
  void RefuseWaiting(Desk& desk, const std::string& why);
  void Go(OpenCall& open, const Tokens& reserved, Time now);
  void Follow(OpenCall& open, const Governor::Consequence& consequence,
              std::optional<Picodollars> cost, Time now);
  void TellRetry(const OpenCall& open, const std::string& why, Time now);
  void Remove(int64_t id);

  const Config& config_;
  Books& books_;
  Governor& governor_;
  Outbox& outbox_;
  std::map<int64_t, OpenCall> calls_;
  std::map<WorkerId, Desk> desks_;
  int64_t next_id_ = 1;
  std::map<std::string, Time> told_retry_;  // by provider: when people last heard of one
  std::string refusing_;                    // why nothing goes any more; empty: it does
};

}  // namespace muster
