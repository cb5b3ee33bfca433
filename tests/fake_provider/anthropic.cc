#include "tests/fake_provider/anthropic.h"

#include <fmt/format.h>

#include "tests/fake_provider/anthropic_checks.h"
#include "tests/fake_provider/anthropic_errors.h"
#include "tests/fake_provider/anthropic_limits.h"
#include "tests/fake_provider/anthropic_models.h"
#include "tests/fake_provider/anthropic_reply.h"

namespace fake_provider {
namespace {

constexpr std::string_view kGateway = "/anthropic";
constexpr std::string_view kMessages = "/v1/messages";
constexpr std::string_view kModels = "/v1/models";
constexpr size_t kMostBytes = 32 * 1024 * 1024;  // of a request

// The path as Anthropic itself has it.
std::string_view OwnPath(std::string_view path) {
  if (path.starts_with("/anthropic/")) path.remove_prefix(kGateway.size());
  return path;
}

std::string KeyFrom(const Request& request) {
  if (const std::string* key = FindHeader(request.headers, "x-api-key")) return *key;
  const std::string* value = FindHeader(request.headers, "Authorization");
  if (!value || !SameName(std::string_view(*value).substr(0, 7), "Bearer ")) return "";
  return value->substr(7);
}

std::optional<ApiReply> CheckVersion(const Call& call) {
  const std::string* version = FindHeader(call.http.headers, "anthropic-version");
  if (!version) {
    return anthropic::ErrorReply(call, 400, "anthropic-version: header is required");
  }
  if (*version == "2023-06-01" || *version == "2023-01-01") return std::nullopt;
  return anthropic::ErrorReply(
      call, 400, fmt::format("anthropic-version: \"{}\" is not a valid version", *version));
}

// All there is to say before a look at the body's members.
std::optional<ApiReply> CheckEnvelope(const Call& call) {
  if (OwnPath(call.http.path) != kMessages) return anthropic::ErrorReply(call, 404, "Not found");
  if (call.http.method != "POST") return anthropic::ErrorReply(call, 405, "Method Not Allowed");
  if (call.http.body.size() > kMostBytes) return anthropic::TooLarge();
  if (std::optional<ApiReply> wrong = CheckVersion(call)) return wrong;
  const std::string* type = FindHeader(call.http.headers, "Content-Type");
  if (!type || !SameName(std::string_view(*type).substr(0, 16), "application/json")) {
    return anthropic::ErrorReply(call, 400, "content-type: must be application/json");
  }
  if (!call.body.is_object()) {
    return anthropic::ErrorReply(call, 400, "The request body is not valid JSON");
  }
  return std::nullopt;
}

// What is Anthropic's of a reply, put together from its parts.
class Anthropic : public Api {
 public:
  bool Serves(std::string_view path) const override {
    return path.starts_with("/anthropic/") || path == kMessages ||
           path.starts_with("/v1/messages/");
  }

  std::string KeyOf(const Request& request) const override { return KeyFrom(request); }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    std::string_view path = OwnPath(call.http.path);
    if (call.http.method != "GET" || !path.starts_with(kModels)) return std::nullopt;
    std::string_view rest = path.substr(kModels.size());
    if (!rest.empty() && !rest.starts_with('/')) return std::nullopt;
    if (std::optional<ApiReply> wrong = CheckVersion(call)) return wrong;
    return anthropic::ListModels(call, rest);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    if (std::optional<ApiReply> wrong = CheckEnvelope(call)) return wrong;
    if (!call.model.empty() && !HasModel(call, anthropic::IsModelName(call.model))) {
      return anthropic::ModelNotFound(call, call.model);
    }
    anthropic::Complaint wrong = anthropic::CheckBody(call);
    return wrong ? std::optional(anthropic::ErrorReply(call, 400, *wrong)) : std::nullopt;
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    Question question = anthropic::QuestionOf(call, AnswerWishes());
    return {.model = call.model,
            .input = InputTokens(question),
            .most_output = question.max_output_tokens.value_or(0)};
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return anthropic::Respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    return anthropic::NamedError(name, call, retry_after);
  }

  std::string StreamError(std::string_view name, const Call& call, size_t) const override {
    return anthropic::StreamError(name, call);
  }

  std::vector<std::string> StreamJunk(const Call&) const override {
    return {": keep-alive\n\n", SseEvent("ping", {{"type", "ping"}}),
            SseEvent("message_weather", {{"type", "message_weather"}, {"text", "junk"}}),
            "id: 7\nretry: 3000\n\n"};
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return anthropic::KeyError(call, whole);
  }

  ApiReply StatusError(const Call& call, int status) const override {
    return anthropic::StatusError(call, status);
  }

  ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool) const override {
    return anthropic::LimitError(call, refusal);
  }

  Headers CommonHeaders(const Call& call, int64_t took_ms) const override {
    return {{"request-id", anthropic::RequestId(call)},
            {"anthropic-organization-id", "9b5e3f2c-0000-4000-8000-00000000fa6e"},
            {"x-envoy-upstream-service-time", std::to_string(took_ms)},
            {"cf-cache-status", "DYNAMIC"}};
  }

  Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) const override {
    return anthropic::LimitHeaders(standings);
  }
};

}  // namespace

std::unique_ptr<Api> MakeAnthropic() { return std::make_unique<Anthropic>(); }

}  // namespace fake_provider
