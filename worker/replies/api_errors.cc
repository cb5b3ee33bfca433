// From OpenAI's API reference and its published SDKs: the error object and its codes, the two
// families of 429 (code first, then type), slow_down (a 429 that was a 503), x-should-retry.
// Observed of others: error.code as a number and metadata (OpenRouter), the error object at the top
// level (older vLLM), error as plain text (Ollama), "DeploymentNotFound" and "Please retry after 37
// seconds" (Azure), the whole body in an array (Gemini's imitation).

#include "worker/replies/api_errors.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"
#include "worker/replies/key_mask.h"
#include "worker/replies/retry_after.h"

namespace muster {
namespace {

constexpr size_t kLongestMessage = 400;  // bytes of a provider's words in a message of ours
constexpr size_t kLongestExcerpt = 200;  // bytes shown of a body that is no error object

// At most `most` bytes, keys masked, on one line and harmless on a terminal.
std::string Shown(std::string_view text, size_t most) {
  // Masked before it is cut, so that no half key stays; not all of a long text, as that is in vain.
  std::string shown = MaskKeys(text.substr(0, 2 * most));
  bool cut = text.size() > most;
  if (shown.size() > most) {
    cut = true;
    while (most > 0 && (shown[most] & 0xc0) == 0x80) --most;
    shown.resize(most);
  }
  return VisibleText(shown) + (cut ? "…" : "");
}

std::string BodyShown(const HttpReply& reply) {
  if (reply.body.find_first_not_of(" \t\r\n") == std::string::npos) return "an empty body";
  return Shown(reply.body, kLongestExcerpt);
}

// What OpenAI's codes say whatever the status they come with.
std::optional<FailureKind> KindOfCode(const ApiError& error) {
  struct Entry {
    std::string_view code;
    FailureKind kind;
  };
  constexpr Entry kCodes[] = {
      {"invalid_json_schema", FailureKind::kBadSchema},
      {"rate_limit_exceeded", FailureKind::kRateLimited},
      {"slow_down", FailureKind::kRateLimited},
      {"insufficient_quota", FailureKind::kQuota},
      {"credit_balance_exhausted", FailureKind::kQuota},
      {"organization_spend_limit_exceeded", FailureKind::kQuota},
      {"project_spend_limit_exceeded", FailureKind::kQuota},
      {"organization_usage_limit_exceeded", FailureKind::kQuota},
      {"billing_hard_limit_reached", FailureKind::kQuota},
      {"invalid_api_key", FailureKind::kAuth},
      {"unsupported_country_region_territory", FailureKind::kAuth},
      {"model_not_found", FailureKind::kModelNotFound},
      {"DeploymentNotFound", FailureKind::kModelNotFound},
      {"server_error", FailureKind::kServer},
      {"server_is_overloaded", FailureKind::kOverloaded},
      {"vector_store_timeout", FailureKind::kServer},
  };
  for (const Entry& entry : kCodes) {
    if (entry.code == error.code) return entry.kind;
  }
  if (error.type == "insufficient_quota") return FailureKind::kQuota;
  if (error.type == "service_unavailable_error") return FailureKind::kOverloaded;
  return std::nullopt;
}

bool Mentions(const ApiError& error, std::string_view word) {
  return error.message.find(word) != std::string::npos ||
         error.code.find(word) != std::string::npos;
}

// Whether it is the answer's schema that does not do, and not what this one request says.
bool BlamesSchema(const ApiError& error) {
  if (error.message.starts_with("Invalid schema for response_format")) return true;
  bool about_format =
      error.param.starts_with("response_format") || error.param.starts_with("text.format");
  return about_format && Mentions(error, "schema");
}

// What the status says, with what OpenRouter's metadata and the message say of it.
FailureKind KindOfOpenAiStatus(int64_t status, const ApiError& error) {
  const Json* metadata = Member(error.object, "metadata");
  switch (status) {
    case 400:
    case 422:
      return BlamesSchema(error) ? FailureKind::kBadSchema : FailureKind::kBadRequest;
    case 402:
      // Too much in the air for the credit that is left, which passes.
      return metadata && StringMember(*metadata, "limit_source") == "openrouter_in_flight_budget"
                 ? FailureKind::kRateLimited
                 : FailureKind::kQuota;
    case 403:
      // This prompt was refused, not this key.
      return metadata && (Member(*metadata, "flagged_input") || Member(*metadata, "reasons"))
                 ? FailureKind::kBadRequest
                 : FailureKind::kAuth;
    case 404:
      return FailureKind::kModelNotFound;  // or the address is wrong: no other request does better
    default:
      return KindOfStatus(status);
  }
}

// The provider's word on retrying decides between trouble that passes and a request that is wrong.
FailureKind Heeding(std::string_view should_retry, FailureKind kind) {
  bool passes = kind == FailureKind::kServer || kind == FailureKind::kOverloaded;
  if (should_retry == "false" && passes) return FailureKind::kBadRequest;
  if (should_retry == "true" && kind == FailureKind::kBadRequest) return FailureKind::kServer;
  return kind;
}

// The headers' wait, the error object's own, or what its message says.
std::optional<int64_t> WaitAskedFor(const HttpReply& reply, const ErrorMeaning& meaning,
                                    const ApiError& error) {
  auto wait = RetryAfterMs(reply, TimeOfReplyMs(reply));
  if (!wait) wait = meaning.retry_after_ms;
  if (!wait && meaning.kind == FailureKind::kRateLimited) wait = RetryAfterInText(error.message);
  return wait;
}

std::string Worded(const ApiError& error) {
  bool number = error.code.find_first_not_of("0123456789") == std::string::npos;  // or empty
  const std::string& name = number ? error.type : error.code;
  std::string message = Shown(error.message, kLongestMessage);
  if (name.empty()) return message;
  return Shown(name, 80) + (message.empty() ? "" : ": " + message);
}

std::string MessageOf(const HttpReply& reply, const std::optional<ApiError>& error,
                      std::string_view path) {
  int64_t status = reply.status;
  if (status >= 300 && status < 400) {
    std::string_view to = reply.Header("location");
    to = to.substr(0, to.find_first_of("?#"));
    return fmt::format("HTTP {} redirects to {}, which is not followed", status,
                       to.empty() ? "nowhere" : Shown(to, kLongestExcerpt));
  }
  std::string what = error ? Worded(*error) : BodyShown(reply);
  if (status == 404 && !error) {
    return fmt::format(
        "HTTP 404, the server has no {} under the provider's base_url (does it lack "
        "a /v1?): {}",
        path, what);
  }
  return fmt::format("HTTP {}{}: {}", status, error ? "" : " without an API error", what);
}

// Refused requests are not billed; what a gateway says in an API's stead proves nothing about it.
Billing BillingOf(int64_t status, bool own_words) {
  return own_words || (status < 500 && status != 408) ? Billing::kNo : Billing::kUnknown;
}

// Where APIs that are nobody's imitation say what is wrong.
std::optional<ApiError> FindPlainError(const Json& body) {
  if (auto error = FindApiError(body)) return error;
  for (const char* name : {"message", "detail", "title"}) {
    ApiError error;
    error.message = StringMember(body, name);
    if (!error.message.empty()) return error;
  }
  return std::nullopt;
}

const Json* ErrorOf(const Json& body) {
  if (body.is_array() && body.size() == 1) return ErrorOf(body[0]);
  if (StringMember(body, "object") == "error") return &body;
  const Json* error = Member(body, "error");
  return error && (error->is_object() || error->is_string()) ? error : nullptr;
}

}  // namespace

std::optional<ApiError> FindApiError(const Json& body) {
  const Json* found = ErrorOf(body);
  if (!found) return std::nullopt;
  ApiError error;
  if (found->is_string()) {
    error.message = found->get<std::string>();
    return error;
  }
  error.code = StringMember(*found, "code");
  if (auto number = IntMember(*found, "code")) error.code = std::to_string(*number);
  error.type = StringMember(*found, "type");
  error.param = StringMember(*found, "param");
  error.message = StringMember(*found, "message");
  error.object = *found;
  return error;
}

FailureKind KindOfStatus(int64_t status) {
  switch (status) {
    case 401:
    case 403:
      return FailureKind::kAuth;
    case 402:
      return FailureKind::kQuota;
    case 404:
      return FailureKind::kModelNotFound;
    case 408:
    case 409:
      return FailureKind::kServer;
    case 429:
      return FailureKind::kRateLimited;
    case 503:
    case 529:
      return FailureKind::kOverloaded;
    default:
      return status >= 500 ? FailureKind::kServer : FailureKind::kBadRequest;
  }
}

// The code decides, but for those that say less than a status that says "too much to do".
ErrorMeaning OpenAiMeaning(int64_t status, const ApiError& error) {
  FailureKind of_status = KindOfOpenAiStatus(status, error);
  bool vague = error.code == "slow_down" || error.code == "server_error";
  if (vague && of_status == FailureKind::kOverloaded) return {of_status, false, {}};
  return {KindOfCode(error).value_or(of_status), false, {}};
}

Reading ReadErrorReply(const HttpReply& reply, std::string_view path, MeaningOf meaning_of) {
  Result<Json> body = ParseJson(reply.body);
  std::optional<ApiError> error = body ? FindApiError(*body) : std::nullopt;
  const ApiError known = error.value_or(ApiError());
  Reading reading;
  reading.request_id = RequestId(reply);
  Failure& failure = reading.failure;
  ErrorMeaning meaning = meaning_of(reply.status, known);
  // A wrong address: no other request does better.
  if (reply.status == 404 && !error) meaning.kind = FailureKind::kModelNotFound;
  meaning.kind = Heeding(reply.Header("x-should-retry"), meaning.kind);
  failure.status = reply.status;
  failure.kind = meaning.kind;
  failure.model_only = meaning.model_only;
  failure.message = MessageOf(reply, error, path);
  failure.retry_after_ms = WaitAskedFor(reply, meaning, known);
  failure.billing = BillingOf(reply.status, error.has_value());
  return reading;
}

Reading ReadPlainErrorReply(const HttpReply& reply, std::string_view path, bool repeatable) {
  Result<Json> body = ParseJson(reply.body);
  std::optional<ApiError> error = body ? FindPlainError(*body) : std::nullopt;
  Reading reading;
  reading.request_id = RequestId(reply);
  Failure& failure = reading.failure;
  failure.status = reply.status;
  failure.kind = KindOfStatus(reply.status);
  failure.message = MessageOf(reply, error, path);
  failure.retry_after_ms =
      WaitAskedFor(reply, {failure.kind, false, {}}, error.value_or(ApiError()));
  bool server_side = reply.status >= 500 || reply.status == 408;
  failure.billing = repeatable || !server_side ? Billing::kNo : Billing::kUnknown;
  return reading;
}

Failure InnerFailure(const HttpReply& reply, const ApiError& error, MeaningOf meaning_of) {
  // OpenRouter's code inside a 200 is the HTTP status it could no longer send.
  int64_t status = 0;
  std::from_chars(error.code.data(), error.code.data() + error.code.size(), status);
  if (status < 400 || status > 599) {
    status = error.code.empty() && error.type != "invalid_request_error" ? 500 : 400;
  }
  ErrorMeaning meaning = meaning_of(status, error);
  Failure failure;
  failure.status = reply.status;
  failure.kind = meaning.kind;
  failure.model_only = meaning.model_only;
  failure.message = "the generation failed: " + Worded(error);
  failure.retry_after_ms = WaitAskedFor(reply, meaning, error);
  failure.billing = Billing::kUnknown;
  return failure;
}

Failure BadReply(const HttpReply& reply, std::string_view why) {
  Failure failure;
  failure.status = reply.status;
  failure.kind = FailureKind::kBadReply;
  failure.message =
      fmt::format("HTTP {} without a usable answer ({}): {}", reply.status, why, BodyShown(reply));
  failure.billing = Billing::kUnknown;
  return failure;
}

std::string RequestId(const HttpReply& reply) {
  std::string_view id = reply.Header("x-request-id");
  if (id.empty()) id = reply.Header("request-id");
  return VisibleText(id.substr(0, 200));
}

}  // namespace muster
