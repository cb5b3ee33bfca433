// After Google's API reference and its error model (google.rpc): the status's name, and details of
// several types. Headers say nothing of limits: which one was hit, and how long to wait, stands in
// the details of a 429. Observed of the service: API_KEY_INVALID as a 400, a country or billing as
// FAILED_PRECONDITION, waits in the message alone, no details at all (Vertex AI).

#include "worker/providers/gemini/errors.h"

#include "worker/replies/retry_after.h"

namespace muster {
namespace {

constexpr int64_t kMinuteMs = 60'000;  // a limit per minute without a wait of its own

bool Mentions(const ApiError& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

// Calls `take` with every detail of that type ("RetryInfo").
template <class Take>
void EachDetail(const ApiError& error, std::string_view type, Take take) {
  const Json* details = Member(error.object, "details");
  if (!details || !details->is_array()) return;
  for (const Json& detail : *details) {
    if (StringMember(detail, "@type").ends_with("/google.rpc." + std::string(type))) take(detail);
  }
}

std::string ReasonOf(const ApiError& error) {
  std::string reason;
  EachDetail(error, "ErrorInfo", [&](const Json& info) { reason = StringMember(info, "reason"); });
  return reason;
}

// What the names of the quotas that are used up say of their time.
struct Quotas {
  bool per_day = false, per_minute = false;
};
Quotas QuotasIn(const ApiError& error) {
  Quotas quotas;
  EachDetail(error, "QuotaFailure", [&](const Json& failure) {
    const Json* violations = Member(failure, "violations");
    if (!violations || !violations->is_array()) return;
    for (const Json& violation : *violations) {
      std::string id = StringMember(violation, "quotaId");
      auto says = [&](std::string_view word) { return id.find(word) != std::string::npos; };
      quotas.per_day = quotas.per_day || says("PerDay") || says("Daily");
      quotas.per_minute = quotas.per_minute || says("PerMinute");
    }
  });
  return quotas;
}

std::optional<int64_t> WaitIn(const ApiError& error) {
  std::optional<int64_t> wait;
  EachDetail(error, "RetryInfo",
             [&](const Json& info) { wait = SpanMs(StringMember(info, "retryDelay")); });
  return wait;
}

// Limits of money have the name and number of any other, and no details.
bool IsSpent(const ApiError& error) {
  return Mentions(error, "credits are depleted") || Mentions(error, "monthly spending cap");
}

// Whether it is the answer's schema that does not do, and not what this one request says.
bool BlamesSchema(const ApiError& error) {
  bool blamed = error.message.starts_with("The specified schema");
  for (std::string_view name : {"response_schema", "response_json_schema"}) {
    blamed =
        blamed || Mentions(error, "GenerateContentRequest.generation_config." + std::string(name));
    blamed = blamed || Mentions(error, "at 'generation_config." + std::string(name));
  }
  EachDetail(error, "BadRequest", [&](const Json& wrong) {
    const Json* fields = Member(wrong, "fieldViolations");
    if (!fields || !fields->is_array()) return;
    for (const Json& field : *fields) {
      std::string name = StringMember(field, "field");
      blamed = blamed || name.starts_with("generation_config.response_schema") ||
               name.starts_with("generation_config.response_json_schema");
    }
  });
  return blamed;
}

bool BlamesKey(const ApiError& error) {
  std::string reason = ReasonOf(error);
  return reason.starts_with("API_KEY_") || reason == "CREDENTIALS_MISSING" ||
         Mentions(error, "API key not valid") || Mentions(error, "API key expired");
}

FailureKind KindOfArgument(const ApiError& error) {
  if (BlamesKey(error)) return FailureKind::kAuth;
  if (BlamesSchema(error)) return FailureKind::kBadSchema;
  if (Mentions(error, "unexpected model name")) return FailureKind::kModelNotFound;
  return FailureKind::kBadRequest;
}

// The account must be changed before any request can succeed; or it is this request after all.
FailureKind KindOfPrecondition(const ApiError& error) {
  if (Mentions(error, "billing") || ReasonOf(error) == "BILLING_DISABLED") {
    return FailureKind::kQuota;
  }
  bool place = Mentions(error, "location is not supported") || Mentions(error, "your country");
  return place ? FailureKind::kAuth : FailureKind::kBadRequest;
}

// What a status that has a name means, where its number says less.
FailureKind KindOfName(std::string_view name, int64_t status, const ApiError& error) {
  struct Entry {
    std::string_view name;
    FailureKind kind;
  };
  constexpr Entry kNames[] = {
      {"OUT_OF_RANGE", FailureKind::kBadRequest}, {"UNIMPLEMENTED", FailureKind::kBadRequest},
      {"UNAUTHENTICATED", FailureKind::kAuth},    {"PERMISSION_DENIED", FailureKind::kAuth},
      {"NOT_FOUND", FailureKind::kModelNotFound}, {"RESOURCE_EXHAUSTED", FailureKind::kRateLimited},
      {"ABORTED", FailureKind::kServer},          {"CANCELLED", FailureKind::kServer},
      {"UNKNOWN", FailureKind::kServer},          {"INTERNAL", FailureKind::kServer},
      {"UNAVAILABLE", FailureKind::kOverloaded},  {"DEADLINE_EXCEEDED", FailureKind::kServer},
  };
  if (name == "INVALID_ARGUMENT") return KindOfArgument(error);
  if (name == "FAILED_PRECONDITION") return KindOfPrecondition(error);
  for (const Entry& entry : kNames) {
    if (entry.name == name) return entry.kind;
  }
  if (status == 400) return KindOfArgument(error);
  // What stands under a wrong base_url has no error of this API.
  bool nothing = status == 404 && error.object.empty();
  return nothing ? FailureKind::kBadRequest : KindOfStatus(status);
}

}  // namespace

ErrorMeaning GeminiMeaning(int64_t status, const ApiError& error) {
  // Credit that was paid ahead is gone; its name is the one of any limit.
  if (status == 402) return {FailureKind::kQuota, false, {}};
  ErrorMeaning meaning;
  meaning.kind = KindOfName(StringMember(error.object, "status"), status, error);
  meaning.retry_after_ms = WaitIn(error);
  if (meaning.kind != FailureKind::kRateLimited) return meaning;
  Quotas quotas = QuotasIn(error);
  if (IsSpent(error)) return {FailureKind::kQuota, false, {}};
  // The wait that comes with a limit per day is not the rest of the day.
  if (quotas.per_day) return {FailureKind::kQuota, true, {}};
  if (!meaning.retry_after_ms && quotas.per_minute) meaning.retry_after_ms = kMinuteMs;
  return meaning;
}

}  // namespace muster
