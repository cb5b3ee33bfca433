#include "tests/fake_provider/gemini.h"

#include <fmt/format.h>

#include "tests/fake_provider/gemini_check.h"
#include "tests/fake_provider/gemini_errors.h"
#include "tests/fake_provider/gemini_models.h"
#include "tests/fake_provider/gemini_reply.h"
#include "tests/fake_provider/gemini_target.h"

namespace fake_provider {
namespace {

constexpr size_t kMostBytes = 100 * 1024 * 1024;  // of a request

std::optional<ApiReply> CheckEnvelope(const Call& call) {
  gemini::Target target = gemini::ParseTarget(call.http.path);
  bool generates = target.method == "generateContent" || target.Streams();
  if (!generates || target.model.empty() || call.http.method != "POST") {
    return ApiReply{.status = 404,
                    .headers = {{"Content-Type", "text/html; charset=UTF-8"}},
                    .body = "<!DOCTYPE html>\n<title>Error 404 (Not Found)!!1</title>\n",
                    .usage = {}};
  }
  if (!HasModel(call, gemini::IsModelName(call.model))) return gemini::ModelNotFound(call);
  if (call.http.body.size() > kMostBytes) {
    return gemini::ErrorReply(
        call, 400, fmt::format("Request payload size exceeds the limit: {} bytes.", kMostBytes));
  }
  if (call.body.is_object()) return std::nullopt;
  return gemini::ErrorReply(
      call, 400, "Invalid JSON payload received. Unexpected end of string. Expected a value.");
}

// What is Google's of a reply, put together from its parts.
class Gemini : public Api {
 public:
  bool Serves(std::string_view path) const override { return gemini::ParseTarget(path).known; }

  // AI Studio takes a key, Vertex a token, and of express mode a key.
  std::string KeyOf(const Request& request) const override {
    if (const std::string* key = FindHeader(request.headers, "x-goog-api-key")) return *key;
    if (!gemini::ParseTarget(request.path).vertex) return "";
    const std::string* value = FindHeader(request.headers, "Authorization");
    if (!value || !SameName(std::string_view(*value).substr(0, 7), "Bearer ")) return "";
    return value->substr(7);
  }

  std::string ModelOf(const Call& call) const override {
    return gemini::ParseTarget(call.http.path).model;
  }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (call.http.method != "GET" || !gemini::ParseTarget(call.http.path).method.empty()) {
      return std::nullopt;
    }
    return gemini::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    if (std::optional<ApiReply> wrong = CheckEnvelope(call)) return wrong;
    return gemini::CheckBody(call);
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    Question question = gemini::QuestionOf(call, AnswerWishes());
    return {.model = call.model,
            .input = InputTokens(question),
            .most_output = question.max_output_tokens.value_or(0)};
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return gemini::Respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    return gemini::NamedError(name, call, retry_after);
  }

  std::string StreamError(std::string_view name, const Call& call, size_t before) const override {
    return gemini::StreamError(name, call, before);
  }

  std::vector<std::string> StreamJunk(const Call& call) const override {
    if (!gemini::WantsSse(call.http)) return {"\n", "  \n"};
    return {": keep-alive\n\n", SseEvent("", {{"modelVersion", call.model}, {"weather", "junk"}}),
            "event: weather\nid: 7\n\n"};
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return gemini::KeyError(call, whole);
  }

  ApiReply StatusError(const Call& call, int status) const override {
    return gemini::StatusError(call, status);
  }

  ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal,
                      bool try_again) const override {
    return gemini::LimitError(call, refusal, try_again);
  }

  Headers CommonHeaders(const Call&, int64_t took_ms) const override {
    return {{"Vary", "Origin, X-Origin, Referer"},
            {"Server", "scaffolding on HTTPServer2"},
            {"X-Content-Type-Options", "nosniff"},
            {"Server-Timing", fmt::format("gfet4t7; dur={}", took_ms)}};
  }

  // It tells nothing of its limits but in errors.
  Headers LimitHeaders(const std::vector<Limiter::Standing>&) const override { return {}; }
};

}  // namespace

std::unique_ptr<Api> MakeGemini() { return std::make_unique<Gemini>(); }

}  // namespace fake_provider
