#include "tests/fake_provider/azure.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"

namespace fake_provider {
namespace {

using std::chrono::ceil;
using std::chrono::seconds;

constexpr std::string_view kDeployments = "/openai/deployments/";

// What a path names.
struct Place {
  const openai::Endpoint* endpoint = nullptr;  // null: nothing, or the list of models
  bool list = false;
  bool versioned = false;  // wants an api-version
  std::string deployment;  // "": the body names it
};

Place PlaceOf(std::string_view path) {
  Place place;
  if (path.starts_with(kDeployments)) {
    path.remove_prefix(kDeployments.size());
    size_t end = std::min(path.find('/'), path.size());
    place.deployment = path.substr(0, end);
    place.versioned = true;
    if (path.substr(end) == "/chat/completions") {
      place.endpoint = openai::FindEndpoint(path.substr(end));
    }
    return place;
  }
  std::string_view base = path.starts_with("/openai/v1/") ? "/openai/v1" : "/openai";
  if (!path.starts_with("/openai/")) return place;
  path.remove_prefix(base.size());
  place.versioned = base == "/openai";
  place.list = path == "/models";
  if (!place.versioned || path == "/responses") place.endpoint = openai::FindEndpoint(path);
  return place;
}

ApiReply ShortError(int status, const std::string& code, const std::string& message) {
  return JsonReply(status, {{"error", {{"code", code}, {"message", message}}}});
}

ApiReply NoSuchPath() { return ShortError(404, "404", "Resource not found"); }

ApiReply NoSuchDeployment() {
  return ShortError(404, "DeploymentNotFound",
                    "The API deployment for this resource does not exist. If you created the "
                    "deployment within the last 5 minutes, please wait a moment and try again.");
}

ApiReply TooMany(std::string_view limit, const std::string& wait_seconds, bool says_when) {
  std::string advice =
      says_when ? fmt::format(" Please retry after {} seconds.", wait_seconds) : "";
  return ShortError(429, "429",
                    fmt::format("Requests to the Creates a completion for the chat message "
                                "Operation under Azure OpenAI API version 2024-10-21 have exceeded "
                                "{} rate limit of your current OpenAI S0 pricing tier.{}",
                                limit, advice));
}

// The first chunk of a chat stream is about the prompt and has no choices.
void AddPromptFilter(const Call& call, ApiReply& reply) {
  std::string first =
      SseEvent("", {{"id", ""},
                    {"object", ""},
                    {"created", 0},
                    {"model", ""},
                    {"choices", Json::array()},
                    {"prompt_filter_results",
                     Json::array({{{"prompt_index", 0},
                                   {"content_filter_results",
                                    {{"hate", {{"filtered", false}, {"severity", "safe"}}}}}}})}});
  if (reply.pieces.empty() || !call.http.path.ends_with("/chat/completions")) return;
  reply.pieces.insert(reply.pieces.begin(), first);
  reply.body = first + reply.body;
}

class Azure : public Api {
 public:
  bool Serves(std::string_view path) const override { return path.starts_with("/openai/"); }

  std::string KeyOf(const Request& request) const override {
    const std::string* key = FindHeader(request.headers, "api-key");
    return key ? *key : openai::BearerKey(request);
  }

  std::string ModelOf(const Call& call) const override {
    std::string deployment = PlaceOf(call.http.path).deployment;
    return deployment.empty() ? StringMember(call.body, "model") : deployment;
  }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (call.http.method != "GET" || !PlaceOf(call.http.path).list) return std::nullopt;
    return openai::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    Place place = PlaceOf(call.http.path);
    bool has_version = call.http.query.find("api-version=") != std::string::npos;
    if (!place.endpoint || (place.versioned && !has_version)) return NoSuchPath();
    if (!call.model.empty() && !HasModel(call, true)) return NoSuchDeployment();
    return place.endpoint->check(call);
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    return PlaceOf(call.http.path).endpoint->demand(call);
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    ApiReply reply = PlaceOf(call.http.path).endpoint->respond(call, wishes);
    AddPromptFilter(call, reply);
    return reply;
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    if (name == "bad_key") return KeyError(call, /*whole=*/false);
    if (name == "model_not_found") return NoSuchDeployment();
    if (name == "rate_limit") {
      ApiReply reply = TooMany("call", retry_after, !retry_after.empty());
      if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
      return reply;
    }
    const openai::Endpoint* endpoint = PlaceOf(call.http.path).endpoint;
    return openai::NamedError(name, call, retry_after,
                              std::string(endpoint ? endpoint->input_param : ""));
  }

  std::string StreamError(std::string_view name, const Call& call, size_t before) const override {
    Json error = openai::ErrorOf(NamedError(name, call, ""));
    return PlaceOf(call.http.path).endpoint->stream_error(error, before);
  }

  std::vector<std::string> StreamJunk(const Call& call) const override {
    return PlaceOf(call.http.path).endpoint->stream_junk();
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return ShortError(401, "401",
                      fmt::format("Access denied due to invalid subscription key{} or wrong API "
                                  "endpoint. Make sure to provide a valid key for an active "
                                  "subscription and use a correct regional API endpoint for your "
                                  "resource.",
                                  whole ? " " + call.key : ""));
  }

  ApiReply StatusError(const Call&, int status) const override {
    return openai::StatusError(status);
  }

  ApiReply LimitError(const Call&, const Limiter::Refusal& refusal, bool try_again) const override {
    bool tokens = refusal.what != Quantity::kRequests && refusal.what != Quantity::kConcurrency;
    int64_t wait = std::max<int64_t>(1, ceil<seconds>(refusal.wait).count());
    ApiReply reply = TooMany(tokens ? "token" : "call", std::to_string(wait), try_again);
    if (!refusal.too_large) reply.headers.emplace_back("Retry-After", std::to_string(wait));
    return reply;
  }

  Headers CommonHeaders(const Call& call, int64_t) const override {
    std::string id = Sha256Hex(fmt::format("{} {}", call.number, call.body_sha256)).substr(0, 32);
    return {{"apim-request-id", id}, {"x-request-id", id}, {"x-ms-region", "Nowhere"}};
  }

  // As OpenAI's, but what is left of the time is a whole number of seconds.
  Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) const override {
    Headers headers;
    for (const Limiter::Standing& standing : standings) {
      if (standing.what != Quantity::kRequests && standing.what != Quantity::kTokens) continue;
      std::string name = standing.what == Quantity::kRequests ? "requests" : "tokens";
      auto add = [&](std::string_view kind, int64_t number) {
        headers.emplace_back(fmt::format("x-ratelimit-{}-{}", kind, name), std::to_string(number));
      };
      add("limit", standing.limit);
      add("remaining", standing.remaining);
      add("reset", ceil<seconds>(standing.reset).count());
    }
    return headers;
  }
};

}  // namespace

std::unique_ptr<Api> MakeAzure() { return std::make_unique<Azure>(); }

}  // namespace fake_provider
