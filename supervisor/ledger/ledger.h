#pragma once

// The run's books: one SQLite file, the single truth. One writer (the supervisor), one commit a
// turn; everything shown or sent rests on what is committed.
//
// (The schema is documented table by table in schema.h.)

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "supervisor/ledger/records.h"
#include "supervisor/ledger/view.h"

namespace muster {

enum class CommitOutcome {
  kCommitted,
  kLastRoom,  // committed, but the disk is full: in the room that KeepRoom had set aside
  kNoSpace,   // disk full or over a quota: the batch is kept, commit again later
  kBroken,    // I/O error, file gone or damaged: stop; never retry an fsync
};

// What this session of the supervisor says of itself.
struct SessionInfo {
  int64_t pid = 0;
  std::string host;
  std::string command;  // the command line, for people
  int64_t time_ms = 0;
};

// The writer. Not copyable; closes the database when destroyed.
class Ledger {
 public:
  // Opens `path` (":memory:" for tests) or creates it with mode 0600, checks that it is a whole
  // ledger of this version, brings it in order after a crash (idempotent: running items become
  // pending, tries in the air unknown) and begins a session. WAL, synchronous=FULL.
  static Result<Ledger> Open(const std::string& path, const SessionInfo& session);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // Adds a record to the turn's batch; nothing is written yet.
  void Add(record::Record record);

  // Writes the batch in one transaction. Only kCommitted and kLastRoom empty it.
  CommitOutcome Commit();

  // Sets room on the disk aside (reserve.h), which a Commit that finds no other uses up. From then
  // on Commit says kLastRoom until the room could be set aside again. False: there is too little.
  bool KeepRoom();

  size_t pending() const;                 // records not yet committed
  const std::string& last_error() const;  // of the last Commit that failed

  int64_t session() const;
  int64_t TakeCallId();  // a new number for a call; unique in this ledger

  // Questions about what is committed.
  const LedgerView& view() const;

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster
