#pragma once

// What supervisor and worker say to each other over the pipes: this file is the reference.
//
// Frames (common/frame.h) carry one JSON object each, with a "type". A worker is any command that
// speaks this on its stdin and stdout.
//
//   worker                                   supervisor
//   hello  version, build, pid, host  ───►
//                                     ◄───   start   config, keys (null for the warm), folders
//                                     ◄───   item    one attempt at one item
//   event  step started / a log line  ───►
//   call   what it wants to send      ───►   (looks into the ledger, asks the governor)
//                                     ◄───   go      the intent is committed: send it now
//                                          | replay  the ledger has the answer: here it is
//                                          | refuse  not now or never; says which
//                                          | defer   give the item back, it will come again
//   called answer or failure, usage   ───►   (commits it)
//                                     ◄───   kept    the answer is safe: use it
//                                          | go      it failed: try again, now
//                                          | refuse | defer
//   rejected  the answer is no use    ───►
//                                     ◄───   go | replay (the next ask) | refuse
//   done   outcome and outputs        ───►
//                                     ◄───   item … | stop
//   bye                               ───►   (and the worker exits)
//
// Both sides send `alive` when they have said nothing for a while; a side that stays silent is
// taken for dead. A message about a call carries the number the worker gave it, unique within the
// attempt; about an item its id and attempt. Whatever does not fit (unknown type, a missing or
// mistyped field, another attempt's id) ends the worker: its item is retried, nothing else notices.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "common/usage.h"

namespace muster {

inline constexpr int kProtocolVersion = 5;

// Identifies the sources both programs were built from; a worker of another build is refused.
std::string_view BuildId();

// Exit codes by which a worker says "starting me again will not help".
inline constexpr int kWorkerBootFailure = 100;

// Bytes of any kind in a message: a JSON string where they are UTF-8, else {"base64": "…"}.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

// Why a try of a call failed. What the governor does about each stands in supervisor/governor.
enum class FailureKind {
  kNetwork,        // not connected, reset, cut off
  kTimeout,        // over one of the try's time limits
  kServer,         // 500, 502, 504, 408, 409: passing trouble of the provider
  kOverloaded,     // 503, 529: it has too much to do
  kRateLimited,    // 429 that passes
  kQuota,          // money or quota used up: nothing helps until a person acts
  kAuth,           // key missing, wrong or not allowed
  kModelNotFound,  // the provider does not know the model
  kBadRequest,     // this request can never succeed
  kBadSchema,      // the provider refuses the step's schema: no request of the step can succeed
  kBadReply,       // a success without a usable reply
  kTls,            // certificate or TLS set-up: a matter of configuration
  kTooLarge,       // the reply is over a size limit
  kInternal,       // the worker itself could not do it
};

// What is known about the money of a try that failed.
enum class Billing {
  kNo,       // not sent, or documented as not billed
  kUsage,    // the reply said what was used
  kUnknown,  // bytes may have left and no complete answer came
};

struct Failure {
  FailureKind kind = FailureKind::kNetwork;
  std::string message;                    // one sentence, key-free
  int64_t status = 0;                     // HTTP status; 0: none
  std::optional<int64_t> retry_after_ms;  // what the provider asked to wait, ≥ 0
  Billing billing = Billing::kUnknown;
  bool model_only = false;  // kQuota: of this model, not of the key
};

// What a reply says of one of the provider's own limits.
enum class LimitUnit { kRequests, kTokens, kInputTokens, kOutputTokens };
struct LimitSeen {
  LimitUnit unit = LimitUnit::kRequests;
  int64_t limit = 0;                  // > 0
  int64_t remaining = 0;              // may be negative
  std::optional<int64_t> full_in_ms;  // until all of it is there again, ≥ 0
};

// ---- worker to supervisor ----

struct Hello {
  int64_t version = kProtocolVersion;
  std::string build;
  int64_t pid = 0;
  std::string host;
  bool warm = false;  // forked from a server that has the config and the keys (fork_server.h)
};

// Asks leave for one call.
struct Call {
  std::string item;
  int64_t attempt = 0;
  int64_t call = 0;
  std::string step;      // path: "chunks[1-income]"
  std::string provider;  // name in the config
  std::string model;
  std::string request_hash;  // SHA-256 of the canonical request
  int64_t request_chars = 0;
  int64_t input_estimate = 0;          // tokens
  int64_t output_estimate = 0;         // tokens
  int64_t input_most = 0;              // tokens; at most the UTF-8 bytes of the request's text, and
                                       // what its images can come to
  std::optional<int64_t> output_most;  // tokens; absent: the model's maximum
  int64_t ask_again = 0;               // further asks the step allows
  std::string tier;                    // the service tier asked for; empty: the usual one
  // Of commands and HTTP jobs, whose price is no matter of tokens: picodollars that a try costs
  // when it is answered, and at worst; absent: not known (and of every chat call).
  std::optional<int64_t> fixed_cost = {};
  // Of the call that begins an HTTP job: the step that waits for its end. Once answered, the call
  // keeps its place in its lane until that one is asked for: what is limited are jobs.
  std::string holds_for = {};
  bool goes_on = false;  // it goes on with a job that was begun: before those that begin one
};

// What came of a `go`.
struct Called {
  std::string item;
  int64_t attempt = 0;
  int64_t call = 0;
  std::optional<Bytes> answer;  // the raw reply, complete; absent: failure is set
  std::optional<Failure> failure;
  std::optional<Usage> usage;  // absent: not known
  std::string served_model;    // as the reply names it
  std::string request_id;      // the provider's, for support
  int64_t total_ms = 0;        // from go to the last byte
  int64_t first_byte_ms = 0;
  std::vector<LimitSeen> limits;
  std::string tier;                 // the service tier that the reply names; empty: the usual one
  std::optional<int64_t> own_cost;  // picodollars, as the provider itself puts it
  std::optional<Bytes> partial;     // of a failure: what came of an answer, for people
};

// The answer of `call` cannot be used by its step. `next` is the request of another ask where that
// differs (`say_why`); absent: the same again. `stale`: there is nothing wrong with it, but files
// that belong to it are gone or changed; another ask then costs none of those the step allows.
struct NextAsk {
  std::string request_hash;
  int64_t request_chars = 0;
  int64_t input_estimate = 0;
  int64_t input_most = 0;
};
struct Rejected {
  std::string item;
  int64_t attempt = 0;
  int64_t call = 0;
  std::string reason;
  std::optional<NextAsk> next = {};
  bool stale = false;
};

// Something to show; decides nothing.
struct Event {
  std::string item;
  int64_t attempt = 0;
  std::string kind;  // step (what it does), reply (the text of an answer), progress (how far it is:
                     // always said, the others only when asked to be verbose)
  std::string step;
  std::string text;
};

struct Alive {};

// One output of an item, rendered.
struct OutputText {
  int64_t output = 0;  // index in the config's outputs
  std::string path;    // relative to the output folder
  std::string text;  // of csv and jsonl: {"columns": […], "rows": [[…], …]} (output_record.h)
};

enum class Outcome { kDone, kFailed, kInterrupted };

// The attempt is over: done with outputs, failed for good, or interrupted (a verdict said so; the
// item goes back).
struct Done {
  std::string item;
  int64_t attempt = 0;
  Outcome outcome = Outcome::kInterrupted;
  std::string reason;
  std::vector<OutputText> outputs;
  int64_t memory_kb = 0;         // the worker's resident memory now
  Json result = Json::object();  // of a done item: what reports are made of (item_result.h)
};

// The worker's last word. `boot_failure` is set when it could not start and never will.
struct Bye {
  std::string boot_failure;
};

// ---- supervisor to worker ----

struct Start {
  int64_t version = kProtocolVersion;
  std::string worker;  // its name: w1, w2, …
  Json config;         // ConfigToJson; null: the worker is warm and has it
  Json keys;           // object: provider name to key; never written anywhere; null: as config
  std::string run_dir;
  int64_t alive_every_ms = 5'000;
  int64_t lease_ms = 0;  // exit after hearing nothing for so long; 0: local, the pipe tells
  bool verbose = false;  // say what each step does, in `event`s
  // What the run directory's lock file holds; a worker that cannot read just that there does not
  // share the folder with the supervisor. Empty: it need not look.
  std::string run_mark = {};
};

struct Item {
  std::string item;
  int64_t attempt = 0;
  Json fields;
};

// Limits of one try, milliseconds; see TimeLimits.
struct Go {
  int64_t call = 0;
  int64_t ask = 1;
  int64_t try_number = 1;
  int64_t connect_ms = 0;
  int64_t first_byte_ms = 0;
  int64_t between_bytes_ms = 0;
  int64_t total_ms = 0;
  bool unsure = false;  // an earlier try of this call may have been carried out after all
};

struct Replay {
  int64_t call = 0;
  int64_t ask = 1;
  Bytes answer;
  std::optional<int64_t> cost;  // picodollars, for the item's own report; absent: unknown
  std::optional<int64_t> context_window = {};  // tokens, of the model; absent: not known
};

struct Kept {
  int64_t call = 0;
  std::optional<int64_t> cost;
  std::optional<int64_t> context_window = {};
};

struct Refuse {
  int64_t call = 0;
  bool final = false;  // the item has failed; else it goes back as it is
  std::string reason;
};

struct Defer {
  int64_t call = 0;
};

// Give up the attempt: abort what is in the air, answer with done(interrupted).
struct Cancel {
  std::string item;
  int64_t attempt = 0;
};

// Say bye and exit; what is in the air is aborted.
struct Stop {};

using FromWorker = std::variant<Hello, Call, Called, Rejected, Event, Alive, Done, Bye>;
using ToWorker = std::variant<Start, Item, Go, Replay, Kept, Refuse, Defer, Alive, Cancel, Stop>;

// One message as the JSON of a frame.
std::string Encode(const FromWorker& message);
std::string Encode(const ToWorker& message);

// A frame's JSON as a message; the error says what does not fit.
Result<FromWorker> DecodeFromWorker(std::string_view json);
Result<ToWorker> DecodeToWorker(std::string_view json);

// "network", "rate-limited", … as in the ledger and in messages.
std::string_view Name(FailureKind kind);
std::string_view Name(Billing billing);
std::string_view Name(LimitUnit unit);  // "requests", "tokens", "input-tokens", "output-tokens"

}  // namespace muster
