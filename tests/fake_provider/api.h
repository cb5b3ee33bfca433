#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/answers.h"
#include "tests/fake_provider/http.h"
#include "tests/fake_provider/json.h"
#include "tests/fake_provider/limiter.h"

namespace fake_provider {

// One request as an API sees it. `body` is null when the bytes are not JSON.
struct Call {
  uint64_t number = 0;  // its n in the books
  Request http;
  std::string body_sha256;
  Json body;
  std::string model;
  std::string key;  // "" when none was sent
};

// What the script wants to be odd about an answer that is otherwise generated.
struct AnswerWishes {
  std::optional<std::string> text;
  Finish finish = Finish::kStop;
  bool no_usage = false;
  std::optional<Json> usage;    // instead of the true usage object; billing keeps to the truth
  std::string response_status;  // "failed": a failure reported inside a 200
  std::string error_code;       // of that failure
};

// A reply before HTTP framing. With `usage` it is a generated answer, which is billed.
struct ApiReply {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<Usage> usage;
};

// A provider's wire format: what it takes for a good request, how its answers and errors look. It
// keeps no state: books, limits, faults and keys are the Desk's. One implementation per provider.
class Api {
 public:
  virtual ~Api() = default;

  virtual bool Serves(std::string_view path) const = 0;

  virtual std::string KeyOf(const Request& request) const = 0;
  virtual std::string ModelOf(const Call& call) const = 0;

  // What the provider would reject the request for, its path included; nothing when it is fine.
  virtual std::optional<ApiReply> Check(const Call& call) const = 0;

  // What a request that passed Check() will need of the limits.
  virtual Limiter::Demand DemandOf(const Call& call) const = 0;

  // The answer to a request that passed Check().
  virtual ApiReply Respond(const Call& call, const AnswerWishes& wishes) const = 0;

  // The provider's reply for one of kErrorNames. `retry_after` is sent as it stands, "" is not.
  virtual ApiReply NamedError(std::string_view name, const Call& call,
                              const std::string& retry_after) const = 0;

  // The reply to a missing or wrong key; `whole` repeats the key unmasked.
  virtual ApiReply KeyError(const Call& call, bool whole) const = 0;
  virtual ApiReply StatusError(int status) const = 0;

  // `try_again` tells in the message when there will be room; the headers always do, if it is
  // known.
  virtual ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal,
                              bool try_again) const = 0;

  // Headers of every reply. `took_ms` is the latency.
  virtual Headers CommonHeaders(const Call& call, int64_t took_ms) const = 0;
  virtual Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) const = 0;
};

// Errors that a script can ask for by name; every Api has a reply for each.
inline constexpr std::string_view kErrorNames[] = {
    "rate_limit",
    "slow_down",
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "bad_key",
    "forbidden",
    "model_not_found",
    "server_error",
    "overloaded",
    "bad_request",
    "context_length",
    "content_filter",
    "html_502",
};

}  // namespace fake_provider
