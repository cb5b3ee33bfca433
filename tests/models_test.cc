// `muster models`: what the table knows, what a server lists, and how the two are shown together.

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "supervisor/models/models_command.h"
#include "supervisor/models/models_page.h"
#include "tests/child.h"
#include "tests/ledger_testing.h"
#include "tests/programs.h"
#include "tests/tcp_server.h"
#include "worker/list_models.h"

namespace muster {
namespace {

constexpr char kKey[] = "sk-canary-0123456789";

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string HttpReplyOf(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Answers GETs by their target; notes every request's head.
class ListServer {
 public:
  using Pages = std::map<std::string, std::string>;

  explicit ListServer(Pages pages)
      : pages_(std::move(pages)), server_([this](TcpConnection& client) {
          for (std::string head; !(head = client.ReadRequest()).empty();) Answer(client, head);
        }) {}

  std::string Url(const std::string& path) const { return server_.Url(path); }
  std::vector<std::string> heads() {
    std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  void Answer(TcpConnection& client, const std::string& head) {
    {
      std::lock_guard lock(mutex_);
      heads_.push_back(head);
    }
    size_t begin = head.find(' ') + 1;
    auto page = pages_.find(head.substr(begin, head.find(' ', begin) - begin));
    client.Send(head.starts_with("GET ") && page != pages_.end()
                    ? HttpReplyOf(page->second)
                    : HttpReplyOf(R"({"error":{"message":"no such page"}})", "404 Not Found"));
  }

  Pages pages_;
  std::mutex mutex_;
  std::vector<std::string> heads_;
  TcpServer server_;  // last: its threads use the others
};

Provider ProviderAt(const std::string& api, const std::string& url) {
  Provider provider;
  provider.name = "here";
  provider.api = api;
  provider.base_url = url;
  return provider;
}

std::string Ids(const std::vector<ListedModel>& models) {
  std::string ids;
  for (const ListedModel& model : models) ids += (ids.empty() ? "" : " ") + model.id;
  return ids;
}

PriceTable SomeTable() {
  TempDir dir;
  WriteBytes(dir / "prices.json",
             R"({"source":"a table","date":"2026-08-01","unit":"picodollars per token","vendors":{)"
             R"("v":{"big":{"input":1250000,"cached_input":37500,"output":10000000,)"
             R"("max_input":272000,"max_output":128000,"supports":["minimal_reasoning_effort",)"
             R"("none_reasoning_effort","prompt_caching","response_schema","vision"],)"
             R"("input_flex":625000,"output_flex":5000000,"input_priority":1},)"
             R"("free":{"input":0,"output":0},"Unpriced":{"max_input":8000}},)"
             R"("w":{"small":{"input":1,"output":2}}}})");
  auto table = PriceTable::Load(dir / "prices.json");
  REQUIRE_MESSAGE(table, table.error());
  return *std::move(table);
}

Provider OfVendor() {
  Provider provider = ProviderAt("openai-chat", "https://example.com/v1");
  provider.price_vendor = "v";
  return provider;
}

Catalogue Merged(const PriceTable& table, const std::vector<ServerModel>* server,
                 const std::string& filter = "") {
  Provider provider = OfVendor();
  return {provider.name,
          provider,
          "v",
          MergeModels(table, provider, server, filter),
          server != nullptr,
          server ? "" : "set the environment variable K to its key"};
}

}  // namespace

// ---- what servers list ----

TEST_CASE("models: every API's list is read in its own words") {
  struct Case {
    std::string api, body, ids;
    std::optional<int64_t> max_input, max_output;
  };
  const std::vector<Case> cases{
      {"openai-responses",
       R"({"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]})",
       "a b",
       {},
       {}},
      {"openai-chat", R"({"data":[{"id":"a","context_length":8192}]})", "a", 8192, {}},
      {"openrouter",
       R"({"data":[{"id":"x/a","context_length":1000,"top_provider":{"max_completion_tokens":99}}]})",
       "x/a", 1000, 99},
      {"anthropic",
       R"({"data":[{"type":"model","id":"a","max_input_tokens":200000,"max_tokens":64000}],)"
       R"("has_more":false,"last_id":"a"})",
       "a", 200000, 64000},
      {"gemini",
       R"({"models":[{"name":"models/a","inputTokenLimit":1048576,"outputTokenLimit":65536}]})",
       "a", 1048576, 65536},
      {"ollama",
       R"({"models":[{"name":"a:latest","model":"a:latest"},{"name":"old"}]})",
       "a:latest old",
       {},
       {}},
      // Shapes that nobody promised.
      {"openai-chat", R"({"data":[]})", "", {}, {}},
      {"openai-chat",
       R"({"data":[null,3,"a",{"id":7},{"id":""},{"id":"b","context_length":-4}]})",
       "b",
       {},
       {}},
      {"gemini", R"({"models":[{"name":"a","inputTokenLimit":"many"}]})", "a", {}, {}},
      {"openrouter", R"({"data":[{"id":"a","top_provider":null,"pricing":[]}]})", "a", {}, {}}};
  for (const Case& c : cases) {
    CAPTURE(c.api);
    CAPTURE(c.body);
    auto page = ReadModelPage(c.api, *ParseJson(c.body));
    REQUIRE_MESSAGE(page, page.error());
    CHECK(Ids(page->models) == c.ids);
    CHECK(page->next.empty());
    if (page->models.empty()) continue;
    CHECK(page->models[0].max_input == c.max_input);
    CHECK(page->models[0].max_output == c.max_output);
  }
  for (const char* body : {"[]", "3", "{}", R"({"data":{}})", R"({"models":[]})"}) {
    CAPTURE(body);
    CHECK_FALSE(ReadModelPage("openai-chat", *ParseJson(body)));
  }
  CHECK_FALSE(ReadModelPage("mock", Json::object()));
}

TEST_CASE("models: OpenRouter's prices are exact, and unknown where they depend") {
  auto page = ReadModelPage(
      "openrouter",
      *ParseJson(R"({"data":[{"id":"a","pricing":{"prompt":"0.00000125","completion":"0.00001",)"
                 R"("input_cache_read":"0.000000125"}},)"
                 R"({"id":"auto","pricing":{"prompt":"-1","completion":"-1"}},)"
                 R"({"id":"free","pricing":{"prompt":"0","completion":"0"}},)"
                 R"({"id":"odd","pricing":{"prompt":1,"completion":"1e99"}}]})"));
  REQUIRE(page);
  REQUIRE(page->models.size() == 4);
  CHECK(page->models[0].input == 1'250'000);
  CHECK(page->models[0].output == 10'000'000);
  CHECK(page->models[0].cached_input == 125'000);
  CHECK_FALSE(page->models[1].input);
  CHECK_FALSE(page->models[1].output);
  CHECK(page->models[2].input == 0);
  CHECK_FALSE(page->models[3].input);
  CHECK_FALSE(page->models[3].output);
}

TEST_CASE("models: a list is asked for where the API has it, with its key, page by page") {
  struct Case {
    std::string api, base, key_line;
    ListServer::Pages pages;
    std::string ids;
  };
  const std::vector<Case> cases{
      {"openai-responses",
       "/v1",
       "Authorization: Bearer sk-canary-0123456789",
       {{"/v1/models", R"({"data":[{"id":"a"},{"id":"b"},{"id":"a"}]})"}},
       "a b"},
      {"openrouter",
       "/api/v1",
       "Authorization: Bearer sk-canary-0123456789",
       {{"/api/v1/models", R"({"data":[{"id":"x/a"}]})"}},
       "x/a"},
      {"anthropic",
       "/v1",
       "x-api-key: sk-canary-0123456789",
       {{"/v1/models?limit=1000", R"({"data":[{"id":"a"}],"has_more":true,"last_id":"a b"})"},
        {"/v1/models?limit=1000&after_id=a%20b", R"({"data":[{"id":"c"}],"has_more":false})"}},
       "a c"},
      {"gemini",
       "/v1beta",
       "x-goog-api-key: sk-canary-0123456789",
       {{"/v1beta/models?pageSize=1000",
         R"({"models":[{"name":"models/a"}],"nextPageToken":"t="})"},
        {"/v1beta/models?pageSize=1000&pageToken=t%3D", R"({"models":[{"name":"models/b"}]})"}},
       "a b"},
      {"ollama", "", "", {{"/api/tags", R"({"models":[{"model":"llama:8b"}]})"}}, "llama:8b"}};
  for (const Case& c : cases) {
    CAPTURE(c.api);
    ListServer server(c.pages);
    std::string key = c.key_line.empty() ? "" : kKey;
    auto models = ListModels(ProviderAt(c.api, server.Url(c.base)), key);
    REQUIRE_MESSAGE(models, models.error());
    CHECK(Ids(*models) == c.ids);
    auto heads = server.heads();
    CHECK(heads.size() == c.pages.size());
    for (const std::string& head : heads) {
      CHECK_MESSAGE(Has(head, c.key_line), head);
      CHECK(head.ends_with("\r\n\r\n"));  // no body
      if (c.api == "anthropic") CHECK(Has(head, "anthropic-version: 2023-06-01"));
    }
  }
}

TEST_CASE("models: a list that cannot be had is one sentence without the key") {
  struct Case {
    std::string reply, part;
  };
  const std::vector<Case> cases{
      {HttpReplyOf(R"({"error":{"message":"Incorrect API key provided: sk-canary-0123456789."}})",
                   "401 Unauthorized"),
       "401"},
      {HttpReplyOf("<html>gone</html>", "502 Bad Gateway"), "502"},
      {HttpReplyOf("<html>hello</html>"), "no JSON"},
      {HttpReplyOf(R"({"object":"error"})"), "no list \"data\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", ""},
      {"SSH-2.0-x\r\n", ""}};
  for (const Case& c : cases) {
    CAPTURE(c.reply);
    TcpServer server([&](TcpConnection& client) {
      client.ReadRequest();
      client.Send(c.reply);
    });
    auto models = ListModels(ProviderAt("openai-chat", server.Url("/v1")), kKey);
    REQUIRE_FALSE(models);
    CHECK_MESSAGE(Has(models.error(), c.part), models.error());
    CHECK_FALSE(Has(models.error(), "canary"));
    CHECK_FALSE(Has(models.error(), "\n"));
  }
  CHECK_FALSE(ListModels(ProviderAt("openai-chat", "http://127.0.0.1:1/v1"), ""));
  CHECK_FALSE(ListModels(ProviderAt("mock", "http://127.0.0.1:1"), ""));
  CHECK_FALSE(ListModels(ProviderAt("openai-chat", "http://127.0.0.1:1/{model}"), ""));
}

TEST_CASE("models: a list without an end is given up") {
  ListServer server(
      {{"/models?pageSize=1000", R"({"models":[{"name":"a"}],"nextPageToken":"t"})"},
       {"/models?pageSize=1000&pageToken=t", R"({"models":[{"name":"b"}],"nextPageToken":"t"})"}});
  auto models = ListModels(ProviderAt("gemini", server.Url("")), kKey);
  REQUIRE_FALSE(models);
  CHECK(Has(models.error(), "does not end"));
}

// ---- the worker as a program ----

TEST_CASE("models: the worker hears the key on its stdin only, and answers with what was listed") {
  TempDir dir;
  WriteBytes(dir / "worker", "#!/bin/sh\ncat > '" + dir.path() + "/in'\nenv > '" + dir.path() +
                                 "/env'\necho \"$@\" > '" + dir.path() +
                                 "/args'\necho '{\"models\":[{\"id\":\"a\",\"input\":5}]}'\n");
  std::filesystem::permissions(dir / "worker", std::filesystem::perms::owner_all);
  Provider provider = OfVendor();
  auto models = AskServer(dir / "worker", provider, kKey);
  REQUIRE_MESSAGE(models, models.error());
  REQUIRE(models->size() == 1);
  CHECK((*models)[0].id == "a");
  CHECK((*models)[0].input == 5);
  CHECK(ReadBytes(dir / "args") == "--list-models\n");
  CHECK_FALSE(Has(ReadBytes(dir / "env"), kKey));
  auto request = ParseJson(ReadBytes(dir / "in"));
  REQUIRE(request);
  CHECK(StringMember(*request, "key") == kKey);
  CHECK(StringMember(*Member(*request, "provider"), "base_url") == provider.base_url);
}

TEST_CASE("models: a worker that fails is an error of one sentence") {
  TempDir dir;
  auto ask = [&](const std::string& script) {
    WriteBytes(dir / "worker", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(dir / "worker", std::filesystem::perms::owner_all);
    auto models = AskServer(dir / "worker", OfVendor(), "");
    REQUIRE_FALSE(models);
    CHECK_FALSE(Has(models.error(), "\n"));
    return models.error();
  };
  CHECK(ask("cat > /dev/null; echo '{\"error\":\"HTTP 401: no\"}'") == "HTTP 401: no");
  CHECK(Has(ask("echo oh no >&2"), "oh no"));
  CHECK(Has(ask("echo hello"), "JSON"));
  CHECK(Has(ask("echo '{}'"), "no list"));
  CHECK_FALSE(AskServer(dir / "missing", OfVendor(), ""));
}

// ---- both together ----

TEST_CASE("models: prices are shown as people read them") {
  CHECK(PerMillion(1'250'000) == "1.25");
  CHECK(PerMillion(10'000'000) == "10.00");
  CHECK(PerMillion(37'500) == "0.0375");
  CHECK(PerMillion(1) == "0.000001");
  CHECK(PerMillion(300'000) == "0.30");
  CHECK(PerMillion(1'200'000'000) == "1,200.00");
  CHECK(PerMillion(0) == "free");
  CHECK(PerMillion(std::nullopt) == "");
}

TEST_CASE("models: a page has a line for every model of the table, aligned") {
  PriceTable table = SomeTable();
  CHECK(
      ModelsPage(table, Merged(table, nullptr)) ==
      "here (openai-chat at https://example.com/v1): 3 models\n"
      "  model     context  max output    input  cached   output  takes\n"
      "  Unpriced    8,000              unknown          unknown\n"
      "  big       272,000     128,000     1.25  0.0375    10.00  caching, schema, vision, effort "
      "minimal/none, flex\n"
      "  free                              free             free\n"
      "prices in US dollars per million tokens, a table of 2026-08-01\n"
      "what the server has is not shown: set the environment variable K to its key\n");
  CHECK(ModelsPage(table, Merged(table, nullptr, "nothing so")) ==
        "here (openai-chat at https://example.com/v1): 0 models\n"
        "prices in US dollars per million tokens, a table of 2026-08-01\n"
        "what the server has is not shown: set the environment variable K to its key\n");
  CHECK(Merged(table, nullptr, "UN").models.size() == 1);
}

TEST_CASE("models: what the server has and the table lacks is marked, and the other way round") {
  PriceTable table = SomeTable();
  std::vector<ServerModel> server{{"big", {}, {}, {}, {}, {}},
                                  {"new\x1b[2J", 4'096, 512, 1'000'000, {}, 2'000'000},
                                  {"other", {}, {}, {}, {}, {}}};
  std::string page = ModelsPage(table, Merged(table, &server));
  auto line = [&](const std::string& name) {
    size_t at = page.find("\n  " + name);
    REQUIRE(at != std::string::npos);
    return page.substr(at + 1, page.find('\n', at + 1) - at - 1);
  };
  CHECK(line("big").ends_with("flex"));
  CHECK(line("free").ends_with("not on the server"));
  CHECK(line("Unpriced").ends_with("not on the server"));
  CHECK(line("other").ends_with("no price known"));
  CHECK(Has(line("other"), "unknown"));
  CHECK(line("new\\x1b[2J").ends_with("no price known here; the server says 1.00 in, 2.00 out"));
  CHECK(Has(line("new\\x1b[2J"), "4,096"));
  CHECK_FALSE(Has(page, "\x1b"));
  CHECK_FALSE(Has(page, "not shown"));
}

TEST_CASE("models: prices of the config come first and are listed too") {
  PriceTable table = SomeTable();
  Provider provider = OfVendor();
  provider.prices["big"].input = 9;
  provider.prices["mine"].output = 8;
  auto models = MergeModels(table, provider, nullptr, "");
  REQUIRE(models.size() == 4);
  CHECK(models[1].name == "big");
  CHECK(models[1].known->usual().input == 9);
  CHECK(models[1].known->max_output == 128'000);
  CHECK(models[3].name == "mine");
  CHECK(models[3].known->usual().output == 8);
}

TEST_CASE("models: as JSON, with every tier") {
  PriceTable table = SomeTable();
  std::vector<ServerModel> server{{"new", 4'096, {}, 7, {}, {}}};
  Json json = ModelsJson(table, {Merged(table, &server)});
  CHECK(json["prices"]["date"] == "2026-08-01");
  const Json& provider = json["providers"][0];
  CHECK(provider["name"] == "here");
  CHECK(provider["vendor"] == "v");
  CHECK(provider["server_asked"] == true);
  CHECK(provider["server_not_asked_because"].is_null());
  REQUIRE(provider["models"].size() == 4);
  const Json& big = provider["models"][1];
  CHECK(big["name"] == "big");
  CHECK(big["priced"] == true);
  CHECK(big["picodollars_per_token"]["default"]["input"] == 1'250'000);
  CHECK(big["picodollars_per_token"]["flex"]["output"] == 5'000'000);
  CHECK(big["server"].is_null());
  const Json& listed = provider["models"][3];
  CHECK(listed["known"] == false);
  CHECK(listed["server"]["max_input"] == 4'096);
  CHECK(listed["server"]["picodollars_per_token"]["input"] == 7);
}

TEST_CASE("models: without a name there is a line for each vendor") {
  PriceTable table = SomeTable();
  CHECK(VendorsPage(table, "") ==
        "models known here, a table of 2026-08-01\n"
        "  vendor  models  with a price\n"
        "  v            3             2\n"
        "  w            1             1\n"
        "muster models NAME lists those of a vendor or provider\n");
  CHECK_FALSE(Has(VendorsPage(table, "big"), "\n  w "));
  CHECK(VendorsJson(table, "big")["vendors"][0]["models"] == 1);
}

// ---- as people type it ----

namespace {

ChildEnd RunModels(std::vector<std::string> words,
                   std::map<std::string, std::optional<std::string>> env) {
  ChildOptions options;
  options.argv = {ProgramPath("muster"), "models"};
  options.argv.insert(options.argv.end(), words.begin(), words.end());
  options.env = std::move(env);
  for (const char* name : {"OPENAI_API_KEY", "OPENAI_BASE_URL"}) {
    options.env.try_emplace(name, std::nullopt);
  }
  return RunChild(options);
}

}  // namespace

TEST_CASE("models: the program lists the table's and the server's") {
  ListServer server(
      ListServer::Pages{{"/v1/models", R"({"data":[{"id":"gpt-5.1"},{"id":"brand-new"}]})"}});
  ChildEnd end = RunModels({"openai", "--live"},
                           {{"OPENAI_API_KEY", kKey}, {"OPENAI_BASE_URL", server.Url("/v1")}});
  CHECK_MESSAGE(end.code == 0, end.err);
  CHECK(Has(end.out, "  brand-new "));
  CHECK(Has(end.out, "no price known"));
  CHECK(Has(end.out, "  gpt-5.1 "));
  REQUIRE(server.heads().size() == 1);
  CHECK(Has(server.heads()[0], std::string("Authorization: Bearer ") + kKey));
  CHECK_FALSE(Has(end.out + end.err, kKey));
}

TEST_CASE("models: without a server the table is shown; --live makes that an error") {
  for (bool live : {false, true}) {
    CAPTURE(live);
    std::vector<std::string> words{"openai", "--filter", "GPT-5.1"};
    if (live) words.push_back("--live");
    ChildEnd end = RunModels(words, {{"OPENAI_BASE_URL", "http://127.0.0.1:1/v1"}});
    CHECK(end.code == (live ? 1 : 0));
    CHECK(Has(end.out, "  gpt-5.1 "));
    CHECK_FALSE(Has(end.out, "gpt-4"));
    CHECK(Has(end.out, "what the server has is not shown: no connection to 127.0.0.1"));
    CHECK(Has(end.err, "did not list its models") == live);
  }
  ChildEnd keyless = RunModels({"openai", "--live"}, {});
  CHECK(keyless.code == 1);
  CHECK(Has(keyless.err, "OPENAI_API_KEY"));
}

TEST_CASE("models: names are known or the nearest is told; vendors need no provider") {
  CHECK(Has(RunModels({"deepseek"}, {}).out, "deepseek: "));
  ChildEnd all = RunModels({}, {});
  CHECK(all.code == 0);
  CHECK(Has(all.out, "  anthropic "));
  ChildEnd wrong = RunModels({"opnai"}, {});
  CHECK(wrong.code == 2);
  CHECK(Has(wrong.err, "did you mean \"openai\"?"));
  ChildEnd json = RunModels({"xai", "--json"}, {});
  auto read = ParseJson(json.out);
  REQUIRE_MESSAGE(read, json.out);
  CHECK((*read)["providers"][0]["models"].size() > 10);
}

}  // namespace muster
