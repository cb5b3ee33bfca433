#include "tests/fake_provider/openai.h"

#include <algorithm>
#include <iterator>

#include "tests/fake_provider/openai_endpoints.h"
#include "tests/fake_provider/openai_errors.h"
#include "tests/fake_provider/openai_limits.h"

namespace fake_provider {
namespace {

struct Endpoint {
  std::string_view path;
  std::string_view input_param;  // the field that carries the prompt
  openai::Complaint (*check)(const Call&);
  Limiter::Demand (*demand)(const Call&);
  ApiReply (*respond)(const Call&, const AnswerWishes&);
};

constexpr Endpoint kEndpoints[] = {
    {"/v1/responses", "input", openai::CheckResponses, openai::DemandOfResponses,
     openai::RespondResponses},
    {"/v1/chat/completions", "messages", openai::CheckChat, openai::DemandOfChat,
     openai::RespondChat},
};

// Null when OpenAI has nothing there.
const Endpoint* EndpointAt(std::string_view path) {
  auto found = std::find_if(std::begin(kEndpoints), std::end(kEndpoints),
                            [path](const Endpoint& endpoint) { return endpoint.path == path; });
  return found == std::end(kEndpoints) ? nullptr : found;
}

// What is OpenAI's of a reply, put together from the endpoints and the errors they share.
class OpenAi : public Api {
 public:
  bool Serves(std::string_view path) const override { return EndpointAt(path); }

  std::string KeyOf(const Request& request) const override { return openai::BearerKey(request); }
  std::string ModelOf(const Call& call) const override { return StringMember(call.body, "model"); }

  std::optional<ApiReply> Check(const Call& call) const override {
    const Endpoint* endpoint = EndpointAt(call.http.path);
    return endpoint ? endpoint->check(call) : openai::UnknownPath(call);
  }

  Limiter::Demand DemandOf(const Call& call) const override {
    return EndpointAt(call.http.path)->demand(call);
  }

  ApiReply Respond(const Call& call, const AnswerWishes& wishes) const override {
    return EndpointAt(call.http.path)->respond(call, wishes);
  }

  ApiReply NamedError(std::string_view name, const Call& call,
                      const std::string& retry_after) const override {
    const Endpoint* endpoint = EndpointAt(call.http.path);
    return openai::NamedError(name, call, retry_after,
                              std::string(endpoint ? endpoint->input_param : ""));
  }

  ApiReply KeyError(const Call& call, bool whole) const override {
    return openai::KeyError(call, whole);
  }

  ApiReply StatusError(int status) const override { return openai::StatusError(status); }

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
