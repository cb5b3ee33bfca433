#pragma once

#include <optional>
#include <string>

#include "common/protocol.h"
#include "worker/http.h"
#include "worker/providers/chat_api.h"
#include "worker/task.h"

namespace muster {

// Why a committed answer cannot be used. `stale`: nothing is wrong with it, but files that belong
// to it are gone or changed.
struct Unusable {
  std::string why;
  bool stale = false;
};

// What is done for a call that is no chat: a command, or a part of an HTTP job. Asking leave,
// recording and replaying are the caller's business. Shared with the call, and lives as long.
class CallWork {
 public:
  virtual ~CallWork() = default;

  // One try. Destroying the task before its end takes back what it has under way.
  virtual Task<HttpOutcome> Perform(const Go& go) = 0;
  // What the reply of a try means; the body of one that is an answer is committed as it is.
  virtual Reading Read(const HttpReply& reply) const = 0;
  // Judges a committed answer, also one that comes from the ledger. nullopt: it can be used.
  virtual std::optional<Unusable> Judge(const std::string& body) const = 0;
};

// A try that failed without a reply.
inline HttpOutcome FailedTry(FailureKind kind, std::string why, Billing billing = Billing::kNo) {
  HttpOutcome outcome;
  outcome.failure.kind = kind;
  outcome.failure.message = std::move(why);
  outcome.failure.billing = billing;
  return outcome;
}

}  // namespace muster
