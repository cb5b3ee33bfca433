#include "tests/fake_provider/ollama.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/fake_provider/ollama_parts.h"

namespace fake_provider {
namespace {

constexpr std::string_view kChat = "/api/chat";
constexpr std::string_view kTags = "/api/tags";

class Ollama : public Api {
 public:
  bool Serves(std::string_view path) const override { return path == kChat || path == kTags; }

  bool NeedsKey(const Request&) const override { return false; }
  std::string KeyOf(const Request&) const override { return ""; }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (call.http.method != "GET" || call.http.path != kTags) return std::nullopt;
    return ollama::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override { return ollama::Check(call); }
  Limiter::Demand DemandOf(const Call& call) const override { return ollama::DemandOf(call); }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return ollama::Respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    return ollama::NamedError(name, call, retry_after);
  }

  std::string StreamError(std::string_view name, const Call& call, size_t) const override {
    Json body = ParseJson(ollama::NamedError(name, call, "").body).value_or(Json());
    std::string message = StringMember(body, "error");
    return ollama::Line({{"error", message.empty() ? "502 Bad Gateway" : message}});
  }

  std::vector<std::string> StreamJunk(const Call& call) const override {
    return {"\n", ollama::Line({{"model", call.model},
                                {"message", {{"role", "assistant"}, {"content", ""}}},
                                {"done", false},
                                {"telepathy", true}})};
  }

  ApiReply KeyError(const Call&, bool) const override {
    return ollama::ErrorReply(401, "unauthorized");
  }

  ApiReply StatusError(const Call&, int status) const override {
    if (status < 400) return {.status = status, .headers = {}, .body = "", .usage = {}};
    return ollama::ErrorReply(status, fmt::format("the server answered with status {}", status));
  }

  // Its only limit of its own is how many may wait.
  ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal, bool) const override {
    if (refusal.what == Quantity::kConcurrency) return NamedError("overloaded", call, "");
    int64_t wait = std::chrono::ceil<std::chrono::seconds>(refusal.wait).count();
    return NamedError("rate_limit", call, std::to_string(std::max<int64_t>(1, wait)));
  }

  Headers CommonHeaders(const Call&, int64_t) const override { return {}; }
  Headers LimitHeaders(const std::vector<Limiter::Standing>&) const override { return {}; }
};

}  // namespace

std::unique_ptr<Api> MakeOllama() { return std::make_unique<Ollama>(); }

}  // namespace fake_provider
