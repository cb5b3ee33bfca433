#include <doctest/doctest.h>

#include <algorithm>

#include "common/config/api_facts.h"
#include "common/config/settings.h"
#include "common/config/url.h"
#include "common/keys.h"
#include "tests/config_testing.h"

// What a provider is where the config leaves it open: address, key, header, prices; and what the
// environment says of it.

namespace muster {
namespace {

constexpr const char* kVariables[] = {
    "OPENAI_BASE_URL",     "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "OLLAMA_HOST",
    "OPENROUTER_BASE_URL", "OPENAI_API_KEY",     "ANTHROPIC_API_KEY",      "GEMINI_API_KEY",
    "GOOGLE_API_KEY",      "OPENROUTER_API_KEY"};

// None of the variables that matter is set while this lives.
struct EmptyEnvironment {
  std::vector<std::unique_ptr<TestVariable>> variables;
  EmptyEnvironment() {
    for (const char* name : kVariables) {
      variables.push_back(std::make_unique<TestVariable>(name, nullptr));
    }
  }
};

Config LoadWith(const std::string& providers = "") {
  ConfigFolder folder;
  auto config = folder.Load(std::string(kLeastConfig) + providers);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

TEST_CASE("the built-in providers know where they are, their key and whose prices they have") {
  EmptyEnvironment none;
  struct Row {
    const char *name, *api, *base_url, *key_env, *key_header, *price_vendor;
  };
  Config config = LoadWith();
  for (const Row& row : std::vector<Row>{
           {"openai", "openai-responses", "https://api.openai.com/v1", "OPENAI_API_KEY", "",
            "openai"},
           {"anthropic", "anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY",
            "x-api-key", "anthropic"},
           {"gemini", "gemini", "https://generativelanguage.googleapis.com/v1beta",
            "GEMINI_API_KEY", "x-goog-api-key", "gemini"},
           {"ollama", "ollama", "http://127.0.0.1:11434", "", "", "ollama"},
           {"openrouter", "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "",
            "openrouter"},
           {"claude-code", "claude-code", "", "", "", "anthropic"},
           {"mock", "mock", "", "", "", ""},
           {"command", "command", "", "", "", ""},
       }) {
    CAPTURE(row.name);
    const Provider& provider = config.providers.at(row.name);
    CHECK(provider.name == row.name);
    CHECK(provider.api == row.api);
    CHECK(provider.base_url == row.base_url);
    CHECK(provider.base_url_from == (*row.base_url ? "default" : ""));
    CHECK(provider.key_env == row.key_env);
    CHECK(provider.key_header == row.key_header);
    CHECK(provider.price_vendor == row.price_vendor);
  }
  CHECK(config.providers.size() == 8);
}

TEST_CASE("an API without a service of its own needs an address, and only it") {
  EmptyEnvironment none;
  ConfigFolder folder;
  struct Row {
    const char *settings, *mistake;
  };
  for (const Row& row : std::vector<Row>{
           {"p: {api: http}", "\"providers.p.base_url\" is missing"},
           {"p: {api: http, key_env: K}", "\"providers.p.base_url\" is missing"},
           {"p: {api: http, base_url: 'https://h', key_env: K, key_header: x-key}", ""},
           {"p: {api: http, base_url: 'http://example.com'}", "insecure_http"},
           {"p: {api: http, base_url: 'https://h', stream: never}", "chat APIs"},
           {"p: {api: http, base_url: 'https://h', price_vendor: openai}", "chat APIs"},
           {"p: {api: openai-chat}", "\"providers.p.base_url\" is missing"},
           {"p: {api: openai-chat, limits: {concurrency: 2}}", "providers.p.base_url"},
           {"p: {api: openai-chat, base_url: 'http://127.0.0.1:8000/v1'}", ""},
           {"p: {api: openai-chat, key_env: OTHER_OPENAI_KEY}", ""},
           {"openai: {api: openai-chat}", ""},
           {"p: {api: openai-responses}", ""},
       }) {
    CAPTURE(row.settings);
    auto config = folder.Load(fmt::format("{}providers:\n  {}\n", kLeastConfig, row.settings));
    CHECK(config.ok() == (*row.mistake == 0));
    if (config) continue;
    CHECK_MESSAGE(config.error().find(row.mistake) != std::string::npos, config.error());
    CHECK_MESSAGE(config.error().find(".yaml:") != std::string::npos, config.error());
  }
}

TEST_CASE("all commands are calls of one provider, which has limits and nothing else") {
  ConfigFolder folder;
  auto load = [&](const char* settings) {
    return folder.Load(fmt::format("{}providers:\n  {}\n", kLeastConfig, settings));
  };
  auto limited =
      load("command: {limits: {concurrency: 2}, models: {views: {limits: {concurrency: 1}}}}");
  REQUIRE_MESSAGE(limited, limited.error());
  CHECK(limited->providers.at("command").api == "command");
  CHECK(limited->providers.at("command").limits.concurrency == 2);
  for (const char* settings :
       {"command: {base_url: 'https://h'}", "command: {key_env: K}", "command: {headers: {a: b}}",
        "command: {prices: {m: {input: 1, output: 1}}}", "command: {api: anthropic}",
        "tool: {api: command}", "command: {stream: never}", "command: {program: x}"}) {
    CAPTURE(settings);
    CHECK_FALSE(load(settings));
  }
}

TEST_CASE("there are facts of every API of the table of settings") {
  for (const Json& row : SettingsReference()) {
    if (StringMember(row, "path") != "providers.*.api") continue;
    for (const Json& api : row["choices"]) CHECK(FindApiFacts(api.get<std::string>()));
  }
  CHECK_FALSE(FindApiFacts("openai"));
}

TEST_CASE("an API's variable gives the address that the config leaves open") {
  struct Row {
    const char *variable, *value, *provider, *base_url;
  };
  for (const Row& row : std::vector<Row>{
           {"OPENAI_BASE_URL", "https://h/v1/", "openai", "https://h/v1"},
           {"OPENAI_BASE_URL", "https://h", "openai", "https://h"},
           {"OPENAI_BASE_URL", "", "openai", "https://api.openai.com/v1"},
           {"OPENROUTER_BASE_URL", "https://h/api/v1", "openrouter", "https://h/api/v1"},
           // Anthropic's and Google's variables stop before the version.
           {"ANTHROPIC_BASE_URL", "https://h", "anthropic", "https://h/v1"},
           {"ANTHROPIC_BASE_URL", "https://h/", "anthropic", "https://h/v1"},
           {"ANTHROPIC_BASE_URL", "https://h/v1", "anthropic", "https://h/v1"},
           {"ANTHROPIC_BASE_URL", "https://h/v1/", "anthropic", "https://h/v1"},
           {"ANTHROPIC_BASE_URL", "https://h/v1/me/anthropic", "anthropic",
            "https://h/v1/me/anthropic/v1"},
           {"ANTHROPIC_BASE_URL", "http://127.0.0.1:4000", "anthropic", "http://127.0.0.1:4000/v1"},
           {"ANTHROPIC_BASE_URL", "https://h/", "claude-code", "https://h"},
           {"ANTHROPIC_BASE_URL", "https://h/v1", "claude-code", "https://h"},
           {"GOOGLE_GEMINI_BASE_URL", "https://h", "gemini", "https://h/v1beta"},
           {"GOOGLE_GEMINI_BASE_URL", "https://h/v1", "gemini", "https://h/v1"},
           {"GOOGLE_GEMINI_BASE_URL", "https://h/v1alpha", "gemini", "https://h/v1alpha"},
           // Every form that Ollama's own programs take.
           {"OLLAMA_HOST", "127.0.0.1:11435", "ollama", "http://127.0.0.1:11435"},
           {"OLLAMA_HOST", "localhost", "ollama", "http://localhost:11434"},
           {"OLLAMA_HOST", "0.0.0.0", "ollama", "http://127.0.0.1:11434"},
           {"OLLAMA_HOST", "0.0.0.0:1", "ollama", "http://127.0.0.1:1"},
           {"OLLAMA_HOST", ":1234", "ollama", "http://127.0.0.1:1234"},
           {"OLLAMA_HOST", "[::]", "ollama", "http://[::1]:11434"},
           {"OLLAMA_HOST", "[::]:5", "ollama", "http://[::1]:5"},
           {"OLLAMA_HOST", "::1", "ollama", "http://[::1]:11434"},
           {"OLLAMA_HOST", "[::1]:5", "ollama", "http://[::1]:5"},
           {"OLLAMA_HOST", " \"localhost:7\" ", "ollama", "http://localhost:7"},
           {"OLLAMA_HOST", "localhost/ollama/", "ollama", "http://localhost:11434/ollama"},
           {"OLLAMA_HOST", "http://127.0.0.1:5/", "ollama", "http://127.0.0.1:5"},
           {"OLLAMA_HOST", "https://ollama.example", "ollama", "https://ollama.example"},
       }) {
    CAPTURE(row.variable);
    CAPTURE(row.value);
    EmptyEnvironment none;
    TestVariable variable(row.variable, row.value);
    const Provider provider = LoadWith().providers.at(row.provider);
    CHECK(provider.base_url == row.base_url);
    CHECK(provider.base_url_from == (*row.value ? row.variable : "default"));
    Config written = LoadWith(
        fmt::format("providers: {{{}: {{base_url: 'https://own/a/v1'}}}}\n", row.provider));
    CHECK(written.providers.at(row.provider).base_url_from == "config");
  }
}

TEST_CASE("a variable with an address that cannot be used matters only where it is used") {
  EmptyEnvironment none;
  TestVariable variable("OLLAMA_HOST", "192.168.1.5");
  ConfigFolder folder;
  CHECK(folder.Mistakes(kLeastConfig) == "");
  std::string asking =
      "name: a\nitems: {range: 1..3}\nsteps:\n  - {id: a, chat: {model: ollama/m, user: hi}}\n";
  CHECK(folder.Mistakes(asking) ==
        "c.yaml:1:1: the environment variable OLLAMA_HOST, where provider \"ollama\" is: http:// "
        "to another machine lets others read prompts and keys; use https://, or set "
        "insecure_http: true");
  CHECK(folder.Mistakes(asking + "providers: {ollama: {insecure_http: true}}\n") == "");
  TestVariable port("OLLAMA_HOST", "localhost:port");
  CHECK(folder.Mistakes(asking).ends_with("the port is not a number from 1 to 65535"));
}

TEST_CASE("an address in the config is taken as it is, but a bare host gets the API's version") {
  EmptyEnvironment none;
  Config config = LoadWith(R"(providers:
  a: {api: anthropic, base_url: "https://h/"}
  b: {api: anthropic, base_url: "https://h/x/"}
  c: {api: gemini, base_url: "https://h"}
  d: {api: gemini, base_url: "https://h/v1/projects/p"}
  e: {api: openai-chat, base_url: "https://h"}
  f: {api: openai-chat, base_url: "https://h/openai/deployments/{model}", query: {api-version: 2024-10-21}}
  g: {api: claude-code, base_url: "https://h/x/v1"}
)");
  auto url_of = [&](const char* name) { return config.providers.at(name).base_url; };
  CHECK(url_of("a") == "https://h/v1");
  CHECK(url_of("b") == "https://h/x");
  CHECK(url_of("c") == "https://h/v1beta");
  CHECK(url_of("d") == "https://h/v1/projects/p");
  CHECK(url_of("e") == "https://h");
  CHECK(url_of("f") == "https://h/openai/deployments/{model}");
  CHECK(config.providers.at("f").query.at("api-version") == "2024-10-21");
  CHECK(url_of("g") == "https://h/x");
}

TEST_CASE("a key is taken for granted at an API's own service, and nowhere else") {
  EmptyEnvironment none;
  struct Row {
    const char *settings, *key_env, *key_header;
  };
  for (const Row& row : std::vector<Row>{
           {"p: {api: openai-responses}", "OPENAI_API_KEY", ""},
           {"p: {api: openai-responses, base_url: 'https://api.openai.com/v1'}", "OPENAI_API_KEY",
            ""},
           {"p: {api: openai-chat, base_url: 'http://127.0.0.1:8000/v1'}", "", ""},
           {"p: {api: openai-chat, base_url: 'https://h/v1', key_env: K}", "K", ""},
           {"p: {api: openai-chat, key_env: ''}", "", ""},
           {"p: {api: anthropic}", "ANTHROPIC_API_KEY", "x-api-key"},
           {"p: {api: anthropic, base_url: 'https://api.anthropic.com'}", "ANTHROPIC_API_KEY",
            "x-api-key"},
           {"p: {api: anthropic, base_url: 'https://h/v1'}", "", "x-api-key"},
           {"p: {api: anthropic, base_url: 'https://h/v1', key_env: K, key_header: Authorization}",
            "K", "Authorization"},
           {"p: {api: gemini}", "GEMINI_API_KEY", "x-goog-api-key"},
           {"p: {api: openrouter}", "OPENROUTER_API_KEY", ""},
           {"p: {api: ollama}", "", ""},
           {"p: {api: claude-code}", "", ""},
           {"p: {api: claude-code, key_env: ANTHROPIC_API_KEY}", "ANTHROPIC_API_KEY", ""},
       }) {
    CAPTURE(row.settings);
    const Provider provider =
        LoadWith(fmt::format("providers:\n  {}\n", row.settings)).providers.at("p");
    CHECK(provider.key_env == row.key_env);
    CHECK(provider.key_header == row.key_header);
  }
  // A built-in one keeps its key at any address, for that is what its name says.
  for (const char* name : {"openai", "anthropic", "gemini", "openrouter"}) {
    CAPTURE(name);
    Config moved =
        LoadWith(fmt::format("providers: {{{}: {{base_url: 'https://proxy/v1'}}}}\n", name));
    CHECK(moved.providers.at(name).key_env == LoadWith().providers.at(name).key_env);
    CHECK_FALSE(moved.providers.at(name).key_env.empty());
  }
  Config other = LoadWith("providers: {openai: {api: ollama}, mock: {api: openai-responses}}\n");
  CHECK(other.providers.at("openai").key_env.empty());
  CHECK(other.providers.at("openai").price_vendor == "ollama");
  CHECK(other.providers.at("mock").key_env == "OPENAI_API_KEY");
}

TEST_CASE("Gemini's second variable counts when it alone is set") {
  EmptyEnvironment none;
  auto variable = [] { return LoadWith().providers.at("gemini").key_env; };
  {
    TestVariable second("GOOGLE_API_KEY", "x");
    CHECK(variable() == "GOOGLE_API_KEY");
    TestVariable empty("GEMINI_API_KEY", "");
    CHECK(variable() == "GOOGLE_API_KEY");
    TestVariable first("GEMINI_API_KEY", "y");
    CHECK(variable() == "GEMINI_API_KEY");
  }
  CHECK(variable() == "GEMINI_API_KEY");
  // A limit of either key is no mistake, whichever is set.
  for (const char* name : {"GEMINI_API_KEY", "GOOGLE_API_KEY"}) {
    LoadWith(fmt::format("keys: {{{}: {{limits: {{concurrency: 3}}}}}}\n", name));
  }
  ConfigFolder folder;
  CHECK(folder.Mistakes(std::string(kLeastConfig) + "keys: {GEMINI_KEY: {}}\n") ==
        "c.yaml:6:8: \"keys.GEMINI_KEY\" is no provider's key_env; did you mean "
        "\"GEMINI_API_KEY\"?");
}

TEST_CASE("{model} may stand in a URL's path, and no other name or place") {
  for (const char* fine : {"https://h/a/{model}", "https://h/{model}/b/{model}"}) {
    CAPTURE(fine);
    CHECK(CheckBaseUrl(fine, false).ok());
  }
  for (const char* bad :
       {"https://{model}/v1", "https://h:{model}/v1", "https://h/{modle}", "https://h/{model",
        "https://h/model}", "https://h/{}", "https://h/{{model}}"}) {
    CAPTURE(bad);
    CHECK_FALSE(CheckBaseUrl(bad, false).ok());
  }
  CHECK(IsReadableOnTheWay("http://h/v1"));
  CHECK(IsReadableOnTheWay("http://127.0.0.1.example.org"));
  for (const char* safe :
       {"https://h", "http://localhost:1/x", "http://[::1]:5", "http://127.1.2.3", ""}) {
    CAPTURE(safe);
    CHECK_FALSE(IsReadableOnTheWay(safe));
  }
}

}  // namespace
}  // namespace muster
