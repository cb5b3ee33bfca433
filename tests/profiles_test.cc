#include <doctest/doctest.h>

#include "tests/config_testing.h"

// Profiles, and params whose default another param picks.

namespace muster {
namespace {

constexpr const char* kConfig = R"(name: p
params:
  backend: {default: mock, choices: [mock, api, claude-code], help: who}
  trials: {default: 30, help: of each}
  max_points: {default: {api: 100000, claude-code: 1000, mock: 9}, by: backend}
  share: 0.5
items: {range: 1..3}
limits: {concurrency: 4, rates: [{per: 1m, requests: 5}]}
steps:
  - id: ask
    chat: {model: "mock/m", user: "{{params.trials}}"}
profiles:
  quick:
    params: {trials: 5}
    limits: {min_delay: 1s}
  slow:
    params: {trials: 100, share: 0.9}
    limits: {concurrency: 1, rates: [{per: 2m, tokens: 7}]}
  whole:
    params: {max_points: 4, backend: {default: api}}
  nothing:
)";

Config LoadWith(const std::vector<std::string>& profiles,
                const std::vector<std::string>& set = {}) {
  ConfigFolder folder;
  ConfigOverrides overrides;
  overrides.profiles = profiles;
  overrides.set = set;
  auto config = folder.Load(kConfig, overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

// The mistakes of the config with other profiles.
std::string MistakesOf(const std::string& profiles, const std::vector<std::string>& used = {},
                       const std::vector<std::string>& set = {}) {
  ConfigFolder folder;
  ConfigOverrides overrides;
  overrides.profiles = used;
  overrides.set = set;
  std::string text = kConfig;
  text.resize(text.find("profiles:"));
  return folder.Mistakes(text + profiles, overrides);
}

TEST_CASE("profiles: those named lie over the config, in order, --set over them") {
  CHECK(LoadWith({}).params["trials"] == 30);
  CHECK(LoadWith({"quick"}).params["trials"] == 5);
  CHECK(LoadWith({"quick", "slow"}).params["trials"] == 100);
  CHECK(LoadWith({"slow", "quick"}).params["trials"] == 5);
  CHECK(LoadWith({"slow", "quick"}).params["share"] == 0.9);
  CHECK(LoadWith({"quick"}, {"trials=7"}).params["trials"] == 7);
  CHECK(LoadWith({"nothing"}).params == LoadWith({}).params);
}

TEST_CASE("profiles: maps merge, lists replace") {
  Config quick = LoadWith({"quick"});
  CHECK(quick.limits.concurrency == 4);
  CHECK(quick.limits.min_delay == std::chrono::seconds(1));
  REQUIRE(quick.limits.rates.size() == 1);
  CHECK(quick.limits.rates[0].requests == 5);
  Config slow = LoadWith({"slow"});
  CHECK(slow.limits.concurrency == 1);
  REQUIRE(slow.limits.rates.size() == 1);
  CHECK_FALSE(slow.limits.rates[0].requests);
  CHECK(slow.limits.rates[0].tokens == 7);
}

TEST_CASE("profiles: a param keeps its choices and gets another default") {
  CHECK(LoadWith({"whole"}).params["backend"] == "api");
  CHECK(LoadWith({"whole"}).params["max_points"] == 4);
  CHECK(MistakesOf("profiles:\n  a: {params: {backend: apy}}\n", {"a"}) ==
        "c.yaml:13:25: \"params.backend\" is \"apy\"; expected one of: \"mock\", \"api\", "
        "\"claude-code\"; did you mean \"api\"?");
}

TEST_CASE("profiles: an unknown one is told with the nearest") {
  CHECK(MistakesOf("profiles: {quick: {}, slow: {}}\n", {"quik"}) ==
        "--profile quik: no profile \"quik\"; did you mean \"quick\"?");
  CHECK(MistakesOf("profiles: {quick: {}, slow: {}}\n", {"z"}) ==
        "--profile z: no profile \"z\"; there are: quick, slow");
  CHECK(MistakesOf("", {"z"}) == "--profile z: no profile \"z\"; the config has none");
}

TEST_CASE("profiles: mistakes are told where the profile has them, also in one not in use") {
  for (const std::vector<std::string>& used : {std::vector<std::string>(), {"a"}, {"b"}}) {
    std::string profiles = "profiles:\n  b: {}\n  a:\n";
    auto mistake = [&](const std::string& line) { return MistakesOf(profiles + line, used); };
    CHECK(mistake("    limits: {concurency: 1}\n") ==
          "c.yaml:15:14: unknown key \"concurency\" in \"limits\"; did you mean \"concurrency\"?");
    CHECK(mistake("    limits: {concurrency: many}\n") ==
          "c.yaml:15:27: \"limits.concurrency\" is \"many\"; expected a whole number from 1 to "
          "100000");
    CHECK(mistake("    params: {trails: 5}\n") ==
          "c.yaml:15:14: no param \"trails\"; did you mean \"trials\"?");
    CHECK(mistake("    params: {trials: many}\n") ==
          "c.yaml:15:22: \"many\" is no number; expected one, like the default 30");
    CHECK(mistake("    profiles: {}\n") == "c.yaml:15:5: a profile has no profiles of its own");
    CHECK(mistake("    lmits: {}\n").starts_with("c.yaml:15:5: unknown key \"lmits\""));
  }
  CHECK(MistakesOf("profiles:\n  a: 3\n") ==
        "c.yaml:13:6: \"profiles.a\" is no map; expected settings, as in a: {params: {trials: 5}}");
  CHECK(MistakesOf("profiles: [a]\n") == "c.yaml:12:11: \"profiles\" is a list; expected a map");
}

TEST_CASE("profiles: what is wrong anyway is told once") {
  CHECK(MistakesOf("workers: no\nprofiles: {a: {}, b: {}}\n") ==
        "c.yaml:12:10: \"workers\" is \"no\"; expected a whole number from 1 to 10000");
}

TEST_CASE("profiles: a config with profiles travels to workers and back") {
  Config config = LoadWith({"quick"});
  auto back = ConfigFromJson(ConfigToJson(config));
  REQUIRE_MESSAGE(back.ok(), back.error());
  CHECK(*back == config);
}

TEST_CASE("params: by picks the default that belongs to another param's value") {
  CHECK(LoadWith({}).params["max_points"] == 9);
  CHECK(LoadWith({}, {"backend=api"}).params["max_points"] == 100'000);
  CHECK(LoadWith({}, {"backend=claude-code"}).params["max_points"] == 1'000);
  CHECK(LoadWith({}, {"backend=api", "max_points=5"}).params["max_points"] == 5);
  CHECK(MistakesOf("", {}, {"max_points=many"}) ==
        "--set max_points: \"many\" is no number; expected one, like the default 100000");
}

TEST_CASE("params: a default that is a map needs by, and an entry that fits") {
  auto mistake = [](const std::string& param) {
    ConfigFolder folder;
    return folder.Mistakes("name: a\nparams:\n  n: 3\n  kind: {default: x}\n  p: " + param +
                           "\n  later: 1\nitems: {range: 1..2}\nsteps: [{id: a, chat: {model: "
                           "mock/m, user: x}}]\n");
  };
  CHECK(mistake("{default: {x: 1, y: 2}, by: kind}") == "");
  CHECK(mistake("{default: {3: 1}, by: n}") == "");
  CHECK(mistake("{default: 4, by: kind}") == "");
  CHECK(mistake("{default: {a: 1, b: 2}, by: kind}") ==
        "c.yaml:5:16: \"params.p.default\" has no value for kind \"x\"; there are: a, b");
  CHECK(mistake("{default: {xx: 1, y: 2}, by: knd}") ==
        "c.yaml:5:35: no param above is called \"knd\"; did you mean \"kind\"?");
  CHECK(mistake("{default: {x: 1}, by: later}") ==
        "c.yaml:5:28: no param above is called \"later\"; there are: n, kind");
  CHECK(mistake("{default: {x: 1}}") ==
        "c.yaml:5:16: \"params.p.default\" is a map; expected text, a number, true or false, or "
        "beside it by: the name of the param that picks from it");
  CHECK(mistake("{default: {x: [1]}, by: kind}").find("expected text, a number, true or false") !=
        std::string::npos);
  CHECK(mistake("{default: {x: 1}, choices: [2, 3], by: kind}")
            .find("\"params.p\" is 1; expected one of: 2, 3") != std::string::npos);
}

}  // namespace
}  // namespace muster
