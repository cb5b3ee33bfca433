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
#include "tests/fake_provider/prices.h"

namespace fake_provider {

// What the command line says of jobs: work that goes on after the reply that begins it.
struct JobSettings {
  int64_t ms = 200;      // how long one takes
  int64_t at_once = 0;   // so many may be unfinished; 0: any number
  int64_t credits = -1;  // there are to be spent; -1: any number
};

// What the command line says of answers, the same for every API.
struct AnswerSettings {
  bool by_prompt = false;           // see Question
  std::vector<std::string> models;  // that there are; empty: whatever has a name of the API's own
  Prices prices;
  JobSettings jobs = {};
};

// One request as an API sees it. `body` is null when the bytes are not JSON.
struct Call {
  uint64_t number = 0;  // its n in the books
  Request http;
  std::string body_sha256;
  Json body;
  std::string model;
  std::string key;                           // "" when none was sent
  const AnswerSettings* settings = nullptr;  // never null; outlives the call
};

// What the script wants of a job that is begun.
struct JobWishes {
  std::string end = "SUCCEEDED";  // or FAILED, CANCELED
  std::string error;              // why it fails
  std::optional<int64_t> ms;      // how long it takes
};

// What the script wants to be odd about an answer that is otherwise generated.
struct AnswerWishes {
  std::optional<std::string> text;
  Finish finish = Finish::kStop;
  bool no_usage = false;
  std::optional<Json> usage;    // instead of the true usage object; billing keeps to the truth
  std::string response_status;  // "failed": a failure reported inside a 200
  std::string error_code;       // of that failure
  bool no_stream = false;       // a plain reply although a stream was asked for
  JobWishes job = {};
};

// A reply before HTTP framing. With `usage` it is a generated answer, which is billed.
struct ApiReply {
  int status = 200;
  Headers headers;
  std::string body;
  // Of a streamed answer: the body in the pieces it is sent in, an event or line each. `body` is
  // then what they add up to as text.
  std::vector<std::string> pieces = {};
  std::optional<Usage> usage;
  // The other good replies: one that begins a job, as good as an answer; one that may be asked for
  // any number of times, as how far a job is.
  bool job_begun = false;
  bool lookup = false;
  Json note = {};  // a further event for the books, without number and time; null: none
};

// A provider's wire format: what it takes for a good request, how its answers and errors look. It
// keeps no state but of jobs it was given: books, limits, faults and keys are the Desk's. One
// implementation per provider.
class Api {
 public:
  virtual ~Api() = default;

  // Whether this path is one of its own, of questions or of the list of models.
  virtual bool Serves(std::string_view path) const = 0;

  // A server of one's own asks for no key, and some lists of models are public.
  virtual bool NeedsKey(const Request&) const { return true; }
  virtual std::string KeyOf(const Request& request) const = 0;
  virtual std::string ModelOf(const Call& call) const = 0;

  // The list of models, when that is what was asked for.
  virtual std::optional<ApiReply> ListModels(const Call& call) const = 0;

  // What the provider would reject the request for, its path included; nothing when it is fine.
  virtual std::optional<ApiReply> Check(const Call& call) const = 0;

  // What a request that passed Check() will need of the limits.
  virtual Limiter::Demand DemandOf(const Call& call) const = 0;

  // The answer to a request that passed Check().
  virtual ApiReply Respond(const Call& call, const AnswerWishes& wishes) const = 0;

  // The provider's reply for one of kErrorNames. `retry_after` is sent as it stands, "" is not.
  virtual ApiReply NamedError(std::string_view name, const Call& call,
                              const std::string& retry_after) const = 0;

  // The same as the last piece of a stream that has begun; `before` pieces precede it.
  virtual std::string StreamError(std::string_view name, const Call& call, size_t before) const = 0;

  // Pieces that mean nothing and may stand between those of any stream: comments, pings, events
  // and fields that no client knows.
  virtual std::vector<std::string> StreamJunk(const Call& call) const = 0;

  // The reply to a missing or wrong key; `whole` repeats the key unmasked.
  virtual ApiReply KeyError(const Call& call, bool whole) const = 0;
  virtual ApiReply StatusError(const Call& call, int status) const = 0;

  // `try_again` tells in the message when there will be room; the headers always do, if it is
  // known.
  virtual ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal,
                              bool try_again) const = 0;

  // Headers of every reply. `took_ms` is the latency.
  virtual Headers CommonHeaders(const Call& call, int64_t took_ms) const = 0;
  virtual Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) const = 0;
};

// Errors that a script can ask for by name; every Api has a reply for each: what is another
// provider's own becomes the nearest it has.
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
    "billing",                // no money: 402 where there is one
    "enforced_spend_limit",   // Anthropic: a 429 that no waiting helps
    "workspace_spend_limit",  // Anthropic: the cap one set oneself, a 400
    "quota_per_day",          // Gemini: a 429 that lasts until tomorrow
    "quota_per_minute",       // Gemini: a 429 without a RetryInfo
    "failed_precondition",    // Gemini: region or billing, a 400
    "in_flight_budget",       // OpenRouter: a 402 that passes
    "no_more_concurrent",     // too many at once, whatever the rate
    "moderation",             // the prompt is not allowed: 403 where there is one
    "request_too_large",      // 413
    "timeout",                // 504, or 408
};

// A question about `prompt` with what every API fills in alike: the settings and the wishes.
// `schema`: of the JSON that the answer has to be, or null.
Question QuestionFor(const Call& call, const AnswerWishes& wishes, Prompt prompt,
                     const Json& schema);

// Whether the list of models has it; with no list, whether `by_name`.
bool HasModel(const Call& call, bool by_name);

// Those to be listed; `usual` when the command line names none.
std::vector<std::string> ModelsToList(const Call& call, std::vector<std::string> usual);

// A stream of these pieces.
ApiReply StreamReply(std::string content_type, std::vector<std::string> pieces);

// One server-sent event; `name` "" for one without.
std::string SseEvent(std::string_view name, const Json& data);

// A plain reply.
ApiReply JsonReply(int status, const Json& body, int indent = -1);

// A page of HTML from a proxy before the provider.
ApiReply HtmlBadGateway();

// Seconds since 1970.
int64_t UnixTime();

}  // namespace fake_provider
