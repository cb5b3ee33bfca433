#include "common/config/config.h"
#include "common/keys.h"

namespace muster {
namespace {

// The text alone: where a prompt stands does not change an answer.
Json TextOf(const std::optional<TextSource>& source) {
  return source ? Json(source->text) : Json(nullptr);
}

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json FingerprintOfChat(const ChatStep& chat) {
  return {{"model", chat.model.text},
          {"system", TextOf(chat.system)},
          {"user", chat.user.text},
          {"temperature", OrNull(chat.temperature)},
          {"max_tokens", OrNull(chat.max_tokens)},
          {"reasoning_effort", chat.reasoning_effort},
          {"verbosity", chat.verbosity},
          {"keep_truncated", chat.keep_truncated},
          {"extra", chat.extra}};
}

Json FingerprintOfStep(const Step& step) {
  Json json{{"id", step.id}, {"for_each", step.for_each}, {"mock", TextOf(step.mock)}};
  if (step.say_why) json["say_why"] = true;
  if (step.chat) json["chat"] = FingerprintOfChat(*step.chat);
  return json;
}

Json EndpointOf(const Provider& provider) {
  Json endpoint{{"api", provider.api}, {"base_url", provider.base_url}};
  if (provider.api == "mock") {
    endpoint["mock"] = {{"seed", provider.mock.seed}, {"fail", provider.mock.fail}};
  }
  return endpoint;
}

}  // namespace

Json FingerprintOf(const Config& config) {
  Json steps = Json::array(), endpoints = Json::object();
  for (const Step& step : config.steps) steps.push_back(FingerprintOfStep(step));
  for (const Provider* provider : ProvidersInUse(config)) {
    endpoints[provider->name] = EndpointOf(*provider);
  }
  return {{"steps", steps}, {"params", config.params}, {"endpoints", endpoints}};
}

}  // namespace muster
