#include "common/config/config.h"
#include "common/keys.h"

namespace muster {
namespace {

// The text alone: where a prompt stands does not change an answer.
Json TextOf(const std::optional<TextSource>& source) {
  return source ? Json(source->text) : Json(nullptr);
}

// As the table of settings has them, so that a new option cannot be forgotten.
Json FingerprintOfChat(const ChatStep& chat) {
  Json json = OptionsToJson(chat.options);
  json.update({{"model", chat.model.text},
               {"system", TextOf(chat.system)},
               {"user", chat.user.text},
               {"keep_truncated", chat.keep_truncated},
               {"extra", chat.extra}});
  if (!chat.optional.empty()) json["optional"] = chat.optional;
  for (const TextSource& image : chat.images) json["images"].push_back(image.text);
  return json;
}

Json FingerprintOfStep(const Step& step) {
  Json json{{"id", step.id}, {"for_each", step.for_each}, {"mock", TextOf(step.mock)}};
  if (step.say_why) json["say_why"] = true;
  if (step.chat) json["chat"] = FingerprintOfChat(*step.chat);
  return json;
}

Json EndpointOf(const Provider& provider) {
  Json endpoint{{"api", provider.api}, {"base_url", provider.base_url}};
  if (!provider.query.empty()) endpoint["query"] = provider.query;
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
