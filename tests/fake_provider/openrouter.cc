#include "tests/fake_provider/openrouter.h"

#include <fmt/format.h>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_errors.h"
#include "tests/fake_provider/openrouter_parts.h"

namespace fake_provider {
namespace {

constexpr std::string_view kChat = "/api/v1/chat/completions";
constexpr std::string_view kModels = "/api/v1/models";

class OpenRouter : public Api {
 public:
  bool Serves(std::string_view path) const override { return path == kChat || path == kModels; }

  bool NeedsKey(const Request& request) const override { return request.path != kModels; }
  std::string KeyOf(const Request& request) const override { return openai::BearerKey(request); }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (call.http.method != "GET" || call.http.path != kModels) return std::nullopt;
    return openrouter::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    if (call.http.path != kChat) return openrouter::ErrorReply(404, "Not Found");
    return openrouter::Check(call);
  }

  Limiter::Demand DemandOf(const Call& call) const override { return openrouter::DemandOf(call); }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return openrouter::Respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    return openrouter::NamedError(name, call, retry_after);
  }

  std::string StreamError(std::string_view name, const Call& call, size_t) const override {
    return openrouter::StreamError(call,
                                   openrouter::ErrorOf(openrouter::NamedError(name, call, "")));
  }

  std::vector<std::string> StreamJunk(const Call& call) const override {
    return {": OPENROUTER PROCESSING\n\n", ": OPENROUTER PROCESSING\n\n",
            SseEvent("", {{"id", ""},
                          {"object", "chat.completion.chunk"},
                          {"created", 0},
                          {"model", call.model},
                          {"choices", Json::array()},
                          {"openrouter_metadata", {{"region", "nowhere"}}}})};
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    if (call.key.empty()) return openrouter::ErrorReply(401, "No auth credentials found");
    return openrouter::ErrorReply(401, whole ? "User not found: " + call.key : "User not found.");
  }

  ApiReply StatusError(const Call&, int status) const override {
    if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
    return openrouter::ErrorReply(status,
                                  fmt::format("The server answered with status {}.", status));
  }

  ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal,
                      bool try_again) const override {
    return openrouter::LimitError(call, refusal, try_again);
  }

  Headers CommonHeaders(const Call& call, int64_t) const override {
    return {{"x-generation-id", "gen-" + Sha256Hex(call.body_sha256).substr(0, 20)}};
  }

  // It tells of limits in the error alone.
  Headers LimitHeaders(const std::vector<Limiter::Standing>&) const override { return {}; }
};

}  // namespace

std::unique_ptr<Api> MakeOpenRouter() { return std::make_unique<OpenRouter>(); }

}  // namespace fake_provider
