#include "common/config/config.h"

#include <doctest/doctest.h>

#include "tests/config_testing.h"

namespace muster {
namespace {

TEST_CASE("a config as people write it loads with every default filled in") {
  ConfigFolder folder;
  folder.Write("prompts/chunk.md", "\xEF\xBB\xBFSummarise for {{params.who}}.\n");
  auto config = folder.Load(R"(name: transcripts
params:
  model: mock/gpt-5.1
  who: {default: people, choices: [people, machines], help: readers}
items:
  directories: personas/*
  files: "*.txt"
  join: {json: personas/_summary.json}
providers:
  openai: {limits: {requests_per_minute: 500}}
workers: 4
steps:
  - id: chunks
    for_each: item.files
    chat:
      model: "{{params.model}}"
      system: {file: prompts/chunk.md}
      user: "{{each.text}}"
      reasoning_effort: high
  - id: transcript
    chat: {model: "{{params.model}}", user: "{{#chunks}}{{text}}{{/chunks}}"}
outputs:
  - file: "transcripts/{{item.id}}.txt"
    text: "{{transcript.text}} {{usage.cost}}"
)");
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->base_dir == folder.path());
  CHECK(config->params == Json{{"model", "mock/gpt-5.1"}, {"who", "people"}});
  CHECK(config->items.join->on == "id");
  CHECK(config->workers == 4);
  CHECK(config->retry == RetryRule{});
  REQUIRE(config->steps.size() == 2);
  CHECK(config->steps[0].chat->system ==
        TextSource{"Summarise for {{params.who}}.\n", "prompts/chunk.md"});
  CHECK(config->steps[0].chat->model == TextSource{"{{params.model}}", folder / "c.yaml:16:14"});
  CHECK(config->steps[1].origin == folder / "c.yaml:20:5");
  CHECK(config->providers.at("openai").limits.requests_per_minute == 500);
  CHECK(config->providers.at("openai").api == "openai-responses");
  CHECK(config->run_dir == std::filesystem::current_path() / "runs/transcripts");
  CHECK(config->output_dir == config->run_dir);
}

TEST_CASE("openai and mock need not be written, and what is written of them comes first") {
  TestVariable none("OPENAI_BASE_URL", nullptr);
  ConfigFolder folder;
  auto plain = folder.Load(kLeastConfig);
  REQUIRE_MESSAGE(plain.ok(), plain.error());
  const Provider& openai = plain->providers.at("openai");
  CHECK(openai.api == "openai-responses");
  CHECK(openai.key_env == "OPENAI_API_KEY");
  CHECK(openai.base_url == "https://api.openai.com/v1");
  CHECK(openai.base_url_from == "default");
  CHECK(openai.price_vendor == "openai");
  CHECK(plain->providers.at("mock").api == "mock");
  CHECK(plain->providers.at("mock").base_url.empty());

  auto own = folder.Load(std::string(kLeastConfig) +
                         "providers:\n"
                         "  openai: {api: openai-chat, base_url: 'http://127.0.0.1:8080/v1/', "
                         "key_env: '', price_vendor: ''}\n"
                         "  local: {api: openai-chat, base_url: 'http://[::1]:1/'}\n");
  REQUIRE_MESSAGE(own.ok(), own.error());
  CHECK(own->providers.at("openai").api == "openai-chat");
  CHECK(own->providers.at("openai").base_url == "http://127.0.0.1:8080/v1");
  CHECK(own->providers.at("openai").base_url_from == "config");
  CHECK(own->providers.at("openai").key_env.empty());
  CHECK(own->providers.at("openai").price_vendor.empty());
  CHECK(own->providers.at("local").key_env.empty());
}

TEST_CASE("OPENAI_BASE_URL gives the address that the config leaves open") {
  TestVariable variable("OPENAI_BASE_URL", "https://proxy.example/v1/");
  ConfigFolder folder;
  auto config = folder.Load(std::string(kLeastConfig) +
                            "providers: {a: {api: openai-chat, base_url: 'https://a.example'}}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->providers.at("openai").base_url == "https://proxy.example/v1");
  CHECK(config->providers.at("openai").base_url_from == "OPENAI_BASE_URL");
  CHECK(config->providers.at("a").base_url == "https://a.example");
}

TEST_CASE("an OPENAI_BASE_URL that cannot be used matters only where it is used") {
  TestVariable variable("OPENAI_BASE_URL", "http://proxy.example/v1");
  ConfigFolder folder;
  CHECK(folder.Mistakes(kLeastConfig) == "");
  CHECK(
      folder.Mistakes("name: a\nitems: {range: 1..3}\nsteps:\n  - id: a\n    chat: {model: "
                      "openai/m, user: hi}\n") ==
      "c.yaml:1:1: the environment variable OPENAI_BASE_URL, where provider \"openai\" is: http:// "
      "to another machine lets others read prompts and keys; use https://, or set insecure_http: "
      "true");
}

TEST_CASE("settings that name folders may use name and params") {
  ConfigFolder folder;
  std::string yaml =
      "name: n\nparams: {p: q}\nrun: \"here/{{name}}-{{params.p}}/\"\n"
      "output_dir: \"../out/{{params.p}}\"\n";
  auto config = folder.Load(yaml + (kLeastConfig + 12));
  REQUIRE_MESSAGE(config.ok(), config.error());
  auto here = std::filesystem::current_path();
  CHECK(config->run_dir == here / "here/n-q");
  CHECK(config->output_dir == here.parent_path() / "out/q");

  ConfigOverrides overrides;
  overrides.run_dir = folder / "{{run}}";
  overrides.output_dir = folder / "o/";
  overrides.workers = 7;
  config = folder.Load(yaml + (kLeastConfig + 12), overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK_MESSAGE(config->run_dir == folder / "{{run}}", "the command line is no template");
  CHECK(config->output_dir == folder / "o");
  CHECK(config->workers == 7);
}

TEST_CASE("odd text stays text") {
  ConfigFolder folder;
  auto config = folder.Load("name: NO\nabout: yes\nparams: {a: NO, b: '010', c: 010}\n" +
                            std::string(kLeastConfig + 12));
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->name == "NO");
  CHECK(config->about == "yes");
  CHECK(config->params == Json{{"a", "NO"}, {"b", "010"}, {"c", 10}});
}

TEST_CASE("prices are exact") {
  ConfigFolder folder;
  auto config =
      folder.Load(std::string(kLeastConfig) +
                  "providers: {mock: {prices: {a.b: {input: 1.25, output: 10, cached_input: 0.1, "
                  "cache_write: '0.000001'}, c: {input: 0.30, output: 00}}}}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  const auto& prices = config->providers.at("mock").prices;
  CHECK(prices.at("a.b") == ConfiguredPrice{1'250'000, 10'000'000, 100'000, 1});
  CHECK(prices.at("c") == ConfiguredPrice{300'000, 0, {}, {}});
}

TEST_CASE("models are resolved to provider and model, however many slashes") {
  ConfigFolder folder;
  auto config = folder.Load(kLeastConfig);
  REQUIRE_MESSAGE(config.ok(), config.error());
  auto found = ResolveModel(*config, "openai/meta/llama-3:free");
  REQUIRE(found.ok());
  CHECK(found->provider == &config->providers.at("openai"));
  CHECK(found->model == "meta/llama-3:free");
  for (const char* bad : {"gpt", "/gpt", "openai/", ""}) {
    CHECK(ResolveModel(*config, bad).error() ==
          fmt::format("the model is \"{}\"; expected provider/name, as in openai/gpt-5.1", bad));
  }
  CHECK(ResolveModel(*config, "opneai/x").error() ==
        "the model \"opneai/x\" names an unknown provider \"opneai\"; did you mean \"openai\"?");
  CHECK(ResolveModel(*config, "zzzzzzzz/x").error() ==
        "the model \"zzzzzzzz/x\" names an unknown provider \"zzzzzzzz\"; there are: anthropic, "
        "claude-code, gemini, mock, ollama, openai, openrouter");
}

TEST_CASE("a config that is not there is one sentence") {
  CHECK(LoadConfig("/nowhere/c.yaml", {}).error() ==
        "the config cannot be read: /nowhere/c.yaml: no such file");
  CHECK(LoadConfig("/", {}).error() == "the config cannot be read: /: not a file");
}

}  // namespace
}  // namespace muster
