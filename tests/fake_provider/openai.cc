#include "tests/fake_provider/openai.h"

#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"
#include "tests/fake_provider/openai_limits.h"

namespace fake_provider {
namespace {

constexpr std::string_view kBase = "/v1";

// Null when OpenAI has nothing there.
const openai::Endpoint* EndpointAt(std::string_view path) {
  if (!path.starts_with(kBase)) return nullptr;
  return openai::FindEndpoint(path.substr(kBase.size()));
}

bool IsList(const Request& request) {
  return request.method == "GET" && request.path == "/v1/models";
}

// What is OpenAI's of a reply, put together from the endpoints and the errors they share.
class OpenAi : public Api {
 public:
  bool Serves(std::string_view path) const override {
    return EndpointAt(path) || path == "/v1/models";
  }

  std::string KeyOf(const Request& request) const override { return openai::BearerKey(request); }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> ListModels(const Call& call) const override {
    if (!IsList(call.http)) return std::nullopt;
    return openai::ListModels(call);
  }

  std::optional<ApiReply> Check(const Call& call) const override {
    const openai::Endpoint* endpoint = EndpointAt(call.http.path);
    if (!endpoint) return openai::UnknownPath(call);
    if (!call.model.empty() && !HasModel(call, openai::IsOwnModel(call.model))) {
      return openai::ModelNotFound(call.model);
    }
    return endpoint->check(call);
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    return EndpointAt(call.http.path)->demand(call);
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return EndpointAt(call.http.path)->respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    const openai::Endpoint* endpoint = EndpointAt(call.http.path);
    return openai::NamedError(name, call, retry_after,
                              std::string(endpoint ? endpoint->input_param : ""));
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return openai::KeyError(call, whole);
  }

  std::string StreamError(std::string_view name, const Call& call, size_t before) const override {
    ApiReply reply = NamedError(name, call, "");
    return EndpointAt(call.http.path)->stream_error(openai::ErrorOf(reply), before);
  }

  std::vector<std::string> StreamJunk(const Call& call) const override {
    return EndpointAt(call.http.path)->stream_junk();
  }

  ApiReply StatusError(const Call&, int status) const override {
    return openai::StatusError(status);
  }

  ApiReply LimitError(const Call& call, const Limiter::Refusal& refusal,
                      bool try_again) const override {
    return openai::LimitError(call, refusal, try_again);
  }

  Headers CommonHeaders(const Call& call, int64_t took_ms) const override {
    return openai::CommonHeaders(call, took_ms);
  }

  Headers LimitHeaders(const std::vector<Limiter::Standing>& standings) const override {
    return openai::LimitHeaders(standings);
  }
};

}  // namespace

std::unique_ptr<Api> MakeOpenAi() { return std::make_unique<OpenAi>(); }

}  // namespace fake_provider
