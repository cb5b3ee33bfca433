#include "common/config/config.h"
#include "common/keys.h"

namespace muster {
namespace {

// The text alone: where a prompt stands does not change an answer. Of one in a file that depends on
// the item its path.
Json TextOf(const TextSource& source) {
  return source.file.empty() ? Json(source.text) : Json{{"file", source.file}};
}
Json TextOf(const std::optional<TextSource>& source) {
  return source ? TextOf(*source) : Json(nullptr);
}

// Settings that came later stand there only where they are given: what was asked before them keeps
// its fingerprint.
void AddIfGiven(Json& json, const char* name, const Expression& expression) {
  if (!expression.empty()) json[name] = expression.text;
}
void AddIfGiven(Json& json, const char* name, const std::vector<TextSource>& sources) {
  for (const TextSource& source : sources) json[name].push_back(TextOf(source));
}

// As the table of settings has them, so that a new option cannot be forgotten.
Json FingerprintOfChat(const ChatStep& chat) {
  Json json = OptionsToJson(chat.options);
  json.update({{"model", chat.model.text},
               {"system", TextOf(chat.system)},
               {"user", TextOf(chat.user)},
               {"keep_truncated", chat.keep_truncated},
               {"extra", chat.extra}});
  if (!chat.optional.empty()) json["optional"] = chat.optional;
  AddIfGiven(json, "images", chat.images);
  AddIfGiven(json, "context", chat.context);
  return json;
}

// Not how long it may take nor what it costs.
Json FingerprintOfCommand(const CommandStep& command) {
  Json json{{"stdin", TextOf(command.stdin_text)}};
  AddIfGiven(json, "run", command.run);
  AddIfGiven(json, "produces", command.produces);
  AddIfGiven(json, "inputs", command.inputs);
  if (!command.env.empty()) json["env"] = command.env;
  return json;
}

Json FingerprintOfRequest(const RequestStep& request) {
  Json json{{"provider", request.provider},
            {"post", TextOf(request.post)},
            {"body", request.body},
            {"job", request.job}};
  if (const auto& find = request.find) {
    json["find"] = {{"get", TextOf(find->get)},
                    {"list", find->list},
                    {"match", find->match.text},
                    {"job", find->job}};
  }
  if (const auto& poll = request.poll) {
    json["poll"] = {
        {"get", TextOf(poll->get)}, {"done", poll->done.text}, {"failed", poll->failed.text}};
  }
  for (const Download& each : request.download) {
    json["download"].push_back({{"file", TextOf(each.file)}, {"from", each.from}});
  }
  return json;
}

Json FingerprintOfRepeat(const RepeatRule& repeat) {
  Json json{{"most", repeat.most}};
  AddIfGiven(json, "until", repeat.until);
  AddIfGiven(json, "total", repeat.total);
  AddIfGiven(json, "batch", repeat.batch);
  return json;
}

Json FingerprintOfReuse(const ReuseRule& reuse) {
  Json json{{"file", TextOf(reuse.file)}};
  AddIfGiven(json, "only", reuse.only);
  return json;
}

Json FingerprintOfStep(const Step& step) {
  Json json{{"id", step.id}, {"for_each", step.for_each}, {"mock", TextOf(step.mock)}};
  if (step.say_why) json["say_why"] = true;
  AddIfGiven(json, "when", step.when);
  for (const MockVariant& each : step.mock_instead) {
    json["mock_instead"].push_back(
        {{"share", each.share}, {"text", TextOf(each.text)}, {"finish", each.finish}});
  }
  if (step.repeat) json["repeat"] = FingerprintOfRepeat(*step.repeat);
  if (step.reuse) json["reuse"] = FingerprintOfReuse(*step.reuse);
  if (step.chat) json["chat"] = FingerprintOfChat(*step.chat);
  if (step.command) json["command"] = FingerprintOfCommand(*step.command);
  if (step.request) json["request"] = FingerprintOfRequest(*step.request);
  // Whether they are done at once changes no answer.
  for (const Step& branch : step.branches) json["branches"].push_back(FingerprintOfStep(branch));
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
