#include "worker/list_models.h"

#include <cerrno>
#include <set>

#include "common/redact.h"
#include "common/text.h"
#include "worker/http_message.h"
#include "worker/replies/api_errors.h"

namespace muster {
namespace {

constexpr int kMostPages = 100;
constexpr size_t kMostRequestBytes = 1 << 20;
constexpr Go kLimits{
    .connect_ms = 5'000, .first_byte_ms = 15'000, .between_bytes_ms = 15'000, .total_ms = 30'000};

// How an API lists its models.
struct ListForm {
  const char* api;
  const char* path;
  const char* next;   // how the path of a further page goes on
  const char* list;   // the member that holds the models
  const char* id;     // the member of a model that names it
  const char* input;  // and those with its limits; "": it has none
  const char* output;
};
constexpr ListForm kForms[] = {
    {"openai-responses", "/models", "", "data", "id", "context_length", ""},
    {"openai-chat", "/models", "", "data", "id", "context_length", ""},
    {"openrouter", "/models", "", "data", "id", "context_length", ""},
    {"anthropic", "/models?limit=1000", "&after_id=", "data", "id", "max_input_tokens",
     "max_tokens"},
    {"gemini", "/models?pageSize=1000", "&pageToken=", "models", "name", "inputTokenLimit",
     "outputTokenLimit"},
    {"ollama", "/api/tags", "", "models", "model", "", ""}};

const ListForm* FindForm(const std::string& api) {
  for (const ListForm& form : kForms) {
    if (api == form.api) return &form;
  }
  return nullptr;
}

std::optional<int64_t> Limit(const Json& model, std::string_view member) {
  auto limit = member.empty() ? std::nullopt : IntMember(model, member);
  return limit && *limit > 0 ? limit : std::nullopt;
}

// OpenRouter gives US dollars per token, as text; "-1" where it depends.
std::optional<Picodollars> Price(const Json& pricing, std::string_view member) {
  auto price = ParseDollars(StringMember(pricing, member));
  return price ? std::optional(*price) : std::nullopt;
}

ListedModel ReadModel(const ListForm& form, const Json& json) {
  ListedModel model;
  model.id = StringMember(json, form.id);
  if (model.id.empty()) model.id = StringMember(json, "name");  // older Ollamas
  constexpr std::string_view kGemini = "models/";
  if (model.id.starts_with(kGemini)) model.id.erase(0, kGemini.size());
  model.max_input = Limit(json, form.input);
  model.max_output = Limit(json, form.output);
  if (const Json* provider = Member(json, "top_provider")) {
    model.max_output = Limit(*provider, "max_completion_tokens");
  }
  if (const Json* pricing = Member(json, "pricing")) {
    model.input = Price(*pricing, "prompt");
    model.cached_input = Price(*pricing, "input_cache_read");
    model.output = Price(*pricing, "completion");
  }
  return model;
}

// Anthropic says whether there is more and the last id, Gemini a token.
std::string NextOf(const Json& body) {
  const Json* more = Member(body, "has_more");
  if (more && more->is_boolean() && more->get<bool>()) return StringMember(body, "last_id");
  return StringMember(body, "nextPageToken");
}

// Where the key goes is the API's own unless the config says otherwise.
Provider WithKeyHeader(Provider provider) {
  if (!provider.key_header.empty()) return provider;
  if (provider.api == "anthropic") provider.key_header = "x-api-key";
  if (provider.api == "gemini") provider.key_header = "x-goog-api-key";
  return provider;
}

HttpRequest PageRequest(const Provider& provider, const std::string& path, const std::string& key) {
  ApiRequest request;
  request.path = path;
  if (provider.api == "anthropic") request.headers = {{"anthropic-version", "2023-06-01"}};
  HttpRequest http =
      MakeHttpRequest(*FindChatApi(provider.api), request, provider, "", key, kLimits);
  http.method = "GET";
  http.body.clear();
  return http;
}

HttpOutcome Fetch(HttpClient& client, const HttpRequest& request) {
  std::optional<HttpOutcome> outcome;
  client.Send(request, [&](HttpOutcome ended) { outcome = std::move(ended); });
  while (!outcome) client.WaitAndPerform({}, std::chrono::seconds(1), nullptr);
  return *std::move(outcome);
}

Result<ModelPage> FetchPage(HttpClient& client, const Provider& provider, const std::string& next,
                            const std::string& key) {
  std::string path = ModelListPath(provider.api, next);
  HttpOutcome outcome = Fetch(client, PageRequest(provider, path, key));
  if (!outcome.reply) return Error{outcome.failure.message};
  if (outcome.reply->status < 200 || outcome.reply->status > 299) {
    return Error{ReadErrorReply(*outcome.reply, path, OpenAiMeaning).failure.message};
  }
  auto body = ParseJson(outcome.reply->body);
  if (!body) return Fail("its list of models is no JSON: {}", body.error());
  return ReadModelPage(provider.api, *body);
}

Result<std::vector<ListedModel>> FetchAll(const Provider& provider, const std::string& key) {
  HttpClient client;
  std::vector<ListedModel> all;
  std::set<std::string> ids, asked{""};
  std::string next;
  for (int page = 0; page < kMostPages; ++page) {
    auto read = FetchPage(client, provider, next, key);
    if (!read) return Error{read.error()};
    for (ListedModel& model : read->models) {
      if (ids.insert(model.id).second) all.push_back(std::move(model));
    }
    next = read->next;
    if (next.empty()) return all;
    if (!asked.insert(next).second) break;
  }
  return Fail("its list of models does not end");
}

// ---- as a program ----

Result<std::string> ReadAll(int fd) {
  std::string text;
  char part[1 << 16];
  for (;;) {
    ssize_t got = read(fd, part, sizeof part);
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return Fail("the request cannot be read: {}", ErrnoText(errno));
    if (got > 0) text.append(part, static_cast<size_t>(got));
    if (text.size() > kMostRequestBytes) return Fail("the request is too long");
  }
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t sent = write(fd, text.data(), text.size());
    if (sent < 0 && errno != EINTR) return false;
    if (sent > 0) text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// A provider is read as a part of a config.
Result<Provider> ReadProvider(const Json& json) {
  std::string name = StringMember(json, "name");
  Config around;
  around.name = "models";
  Json config = ConfigToJson(around);
  config["providers"][name] = json;
  auto read = ConfigFromJson(config);
  if (!read) return Error{read.error()};
  return read->providers.at(name);
}

void Put(Json& object, const char* member, const std::optional<int64_t>& value) {
  if (value) object[member] = *value;
}

Json ModelToJson(const ListedModel& model) {
  Json json{{"id", model.id}};
  Put(json, "max_input", model.max_input);
  Put(json, "max_output", model.max_output);
  Put(json, "input", model.input);
  Put(json, "cached_input", model.cached_input);
  Put(json, "output", model.output);
  return json;
}

Result<Json> Serve(int in) {
  auto text = ReadAll(in);
  if (!text) return Error{text.error()};
  auto request = ParseJson(*text);
  const Json* given = request ? Member(*request, "provider") : nullptr;
  if (!given) return Fail("the request is not one for a list of models");
  auto provider = ReadProvider(*given);
  if (!provider) return Error{provider.error()};
  auto models = ListModels(*provider, StringMember(*request, "key"));
  if (!models) return Error{models.error()};
  Json list = Json::array();
  for (const ListedModel& model : *models) list.push_back(ModelToJson(model));
  return Json{{"models", std::move(list)}};
}

}  // namespace

std::string ModelListPath(const std::string& api, const std::string& next) {
  const ListForm* form = FindForm(api);
  if (!form) return "";
  return next.empty() ? form->path : form->path + std::string(form->next) + UrlEncoded(next);
}

Result<ModelPage> ReadModelPage(const std::string& api, const Json& body) {
  const ListForm* form = FindForm(api);
  if (!form) return Fail("an API called \"{}\" has no list of models", api);
  const Json* list = Member(body, form->list);
  if (!list || !list->is_array()) {
    return Fail("its list of models has another shape than expected: it has no list \"{}\"",
                form->list);
  }
  ModelPage page;
  for (const Json& entry : *list) {
    ListedModel model = ReadModel(*form, entry);
    if (!model.id.empty()) page.models.push_back(std::move(model));
  }
  if (*form->next) page.next = NextOf(body);
  return page;
}

Result<std::vector<ListedModel>> ListModels(const Provider& provider, const std::string& key) {
  if (!FindForm(provider.api)) {
    return Fail("api {} has no list of models", VisibleText(provider.api));
  }
  if (provider.base_url.find("{model}") != std::string::npos) {
    return Fail("a base_url with {{model}} in it has no list of models");
  }
  Redactor redactor;
  redactor.Add(key);
  auto models = FetchAll(WithKeyHeader(provider), key);
  if (!models) return Error{redactor.Apply(models.error())};
  return models;
}

int ServeModelList(Fd in, Fd out) {
  auto served = Serve(in.get());
  Json answer = served ? *served : Json{{"error", served.error()}};
  return WriteAll(out.get(), DumpJson(answer) + "\n") ? 0 : 1;
}

}  // namespace muster
