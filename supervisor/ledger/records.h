#pragma once

// What the supervisor writes into the ledger: every decision is one of these records. A turn of the
// loop collects them, one commit makes them durable together. Times are milliseconds since 1970
// (CLOCK_REALTIME), money is picodollars.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/money.h"
#include "common/usage.h"
#include "supervisor/states.h"

namespace muster::record {

// An item of the source that the ledger does not know, or whose contents or place changed.
struct Item {
  int64_t position = 0;  // in the source, from 1
  std::string id;
  std::string fields;       // JSON
  std::string fields_hash;  // of its canonical form
  std::string lane = {};    // "provider/model" of its first call; "": not known
};

// The same item begins in another lane now: its config names another model.
struct Lane {
  std::string item;
  std::string lane;
};

struct Status {
  std::string item;
  ItemStatus status = ItemStatus::kPending;
  std::string reason;         // of a failure, a quarantine or a wait; else empty
  int64_t worker_deaths = 0;  // so far
  int64_t work_ms = 0;        // of the attempt that ended; 0: leave as it is
};

// An item that had ended is to be tried again (--retry-failed, ctl): pending, without reason and
// deaths. `fresh_ask` grants its steps one ask more, so that a rejected answer is asked for anew.
struct Reopen {
  std::string item;
  bool fresh_ask = false;
};

struct AttemptStarted {
  std::string item;
  int64_t attempt = 0;
  std::string worker;
  int64_t time_ms = 0;
  std::string node = {};  // the machine it is on, by its own name
};

struct AttemptEnded {
  std::string item;
  int64_t attempt = 0;
  std::string outcome;   // done, failed, interrupted, deferred, worker-lost(SIGKILL), …
  std::string evidence;  // of a lost worker: peak memory, last call, end of its stderr
  int64_t time_ms = 0;
};

// The intent to send, committed before the worker may. Creates the call at its first try.
struct TryStarted {
  int64_t call = 0;  // the ledger's number of the call
  int64_t number = 1;
  std::string item, step;
  int64_t ask = 1;
  std::string request_hash;
  std::string provider, model;
  int64_t attempt = 0;
  std::string worker;
  int64_t input_estimate = 0, output_estimate = 0;  // tokens; what limits count until it is known
  std::optional<Picodollars> worst;                 // nullopt: not to be bounded
  bool simulated = false;                           // the mock provider's
  int64_t time_ms = 0;
};

enum class TryOutcome { kSent, kAnswered, kFailed, kUnknown };

// Of the text of an answer that broke off its first bytes are kept, at most so many, without half
// a character at the end.
inline constexpr size_t kMostPartialBytes = 64 * 1024;

struct TryEnded {
  int64_t call = 0;
  int64_t number = 1;
  TryOutcome outcome = TryOutcome::kFailed;
  std::optional<std::string> answer;  // kAnswered: the raw reply
  std::string kind, message;          // of a failure
  int64_t http_status = 0;
  std::optional<Usage> usage;
  std::optional<Picodollars> cost;  // kAnswered, kFailed; nullopt: price or usage not known
  std::optional<Picodollars> cache_saving;
  std::optional<Picodollars> own_cost;  // as the provider puts it; what it counts: pricing.h
  std::string served_model, request_id;
  std::string tier = {};                    // the service tier it was served in; "": the usual one
  std::optional<std::string> partial = {};  // what came of an answer that broke off; may be longer
                                            // than is kept
  int64_t total_ms = 0, first_byte_ms = 0;
  int64_t time_ms = 0;
};

// The answer of an ask could not be used.
struct Rejected {
  int64_t call = 0;
  std::string reason;
};

// A rendered output of a done item; written to its file afterwards.
struct Output {
  std::string item;
  int64_t output = 0;
  std::string path, text;
};

// What reports are made of: a done item's scores and groups (common/item_result.h).
struct Result {
  std::string item;
  std::string result;  // JSON
};

struct OutputWritten {
  std::string item;
  int64_t output = 0;
};

// A key of the run's own facts (fingerprint, name, …).
struct Meta {
  std::string key, value;
};

// Something a reader of the books should know: a lane stopped, a worker was replaced, a setting
// changed.
struct Note {
  std::string text;
  int64_t time_ms = 0;
};

struct SessionEnded {
  int64_t exit_code = 0;
  int64_t time_ms = 0;
};

using Record =
    std::variant<Item, Lane, Status, Reopen, AttemptStarted, AttemptEnded, TryStarted, TryEnded,
                 Rejected, Output, Result, OutputWritten, Meta, Note, SessionEnded>;

}  // namespace muster::record
