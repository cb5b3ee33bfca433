#pragma once

// Carries out calls: asks leave, performs what may go, reports what came, and hands on what is
// kept. It decides nothing: it never retries, waits or counts by itself.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "common/config/config.h"
#include "common/protocol.h"
#include "common/redact.h"
#include "worker/call_work.h"
#include "worker/command/command.h"
#include "worker/http.h"
#include "worker/link.h"
#include "worker/providers/chat_api.h"
#include "worker/task.h"
#include "worker/timers.h"

namespace muster {

// One call as a step wants it: a chat by `api`, or whatever `work` does. Pointers outlive the call.
struct CallSpec {
  std::string step;  // path within the item
  const Provider* provider = nullptr;
  const ChatApi* api = nullptr;
  std::string model;
  ApiRequest request;
  std::optional<int64_t> max_tokens;
  std::string tier;  // the service tier asked for; empty: the usual one
  int64_t ask_again = 0;
  // The request of another ask, when this is why the last answer could not be used; empty: the same
  // again. The same reason must always give the same request.
  std::function<Result<ApiRequest>(const std::string& why)> remake;
  // Whether the step can use this answer; the error is why not.
  std::function<Result<void>(const ChatAnswer&)> usable;
  // ---- of what is no chat; `request` is then only what identifies it: it is done again when that
  // has changed ----
  std::shared_ptr<CallWork> work = {};     // nullptr: a chat
  std::optional<int64_t> fixed_cost = {};  // as in Call
  std::string holds_for = {};              // as in Call
  bool goes_on = false;                    // as in Call
};

// A usable, committed answer.
struct CallValue {
  ChatAnswer answer;
  std::optional<Usage> usage;
  std::optional<int64_t> cost;  // picodollars
  bool replayed = false;
  std::optional<int64_t> context_window = {};  // tokens, of the model; absent: not known
  int64_t input_estimate = 0;                  // tokens, of the request
  std::string body = {};                       // of what is no chat: the answer, raw
  int64_t call = 0;                            // its number
};

// Why an item's work ends without its value: failed for good, or interrupted by a verdict.
struct Ended {
  Outcome outcome = Outcome::kInterrupted;
  std::string reason;
};

using CallEnd = std::variant<CallValue, Ended>;

// One per worker; its connections stay open from item to item. Single-threaded.
class Caller {
 public:
  Caller(Link& link, HttpClient& http, CommandRunner& commands, Timers& timers)
      : link_(link), http_(http), commands_(commands), timers_(timers) {}

  // The keys by provider name; from `start`.
  void SetKeys(const Json& keys);

  // Calls of this attempt are numbered from 1.
  void BeginAttempt(const std::string& item, int64_t attempt);

  Task<CallEnd> Make(CallSpec spec);
  // The answer that call `number` of this attempt came back with has turned out to be of no use
  // after all: rejects it. `spec` is the call's.
  Task<CallEnd> MakeAgain(CallSpec spec, int64_t number, Unusable unusable);

  // Hands a verdict to the call it is about; false when no call waits for it.
  bool OnVerdict(int64_t call, ToWorker verdict);

  const Redactor& redactor() const { return redactor_; }

  // ---- for the work of calls ----
  HttpClient& http() { return http_; }
  CommandRunner& commands() { return commands_; }
  Timers& timers() { return timers_; }
  // "": it has none.
  std::string KeyFor(const Provider& provider) const;

 private:
  struct Exchange;  // one call's conversation

  Call Announce(const CallSpec& spec, int64_t number) const;
  Task<CallEnd> Converse(CallSpec spec, int64_t number, std::optional<Unusable> unusable);
  void Reject(CallSpec& spec, int64_t number, const Unusable& unusable);
  Task<HttpOutcome> Perform(const CallSpec& spec, const Go& go);
  Task<HttpOutcome> PerformMock(const CallSpec& spec, const Go& go);
  void SetPartial(Called& called, std::string text) const;
  Called Report(const CallSpec& spec, int64_t number, const HttpOutcome& outcome) const;
  // What a committed answer is worth.
  using Judged = std::variant<CallValue, Unusable>;
  Judged Read(const CallSpec& spec, const std::string& body) const;
  Judged ReadWork(const CallSpec& spec, const std::string& body) const;

  Link& link_;
  HttpClient& http_;
  CommandRunner& commands_;
  Timers& timers_;
  std::map<std::string, std::string> keys_;
  Redactor redactor_;
  std::string item_;
  int64_t attempt_ = 0;
  int64_t next_call_ = 1;
  std::map<int64_t, Exchange*> exchanges_;
};

}  // namespace muster
