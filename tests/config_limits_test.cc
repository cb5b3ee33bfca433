// Settings of limits, keys, budgets and metrics: how they load, what options say of them, and the
// mistakes that can be made.

#include <doctest/doctest.h>

#include <algorithm>

#include "common/config/settings.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

TEST_CASE("limits, keys, budgets and metrics load as they are written") {
  ConfigFolder folder;
  auto config = folder.Load(R"(name: limited
items: {range: 1..3}
limits:
  concurrency: 8
  tokens_per_minute: 100000
  rates:
    - {per: 1d, requests: 10000}
    - {per: 90s, input_tokens: 5, output_tokens: 6}
  time: {first_byte: 20s, between_bytes: 5s}
providers:
  openai:
    limits: {requests_per_minute: 500, input_tokens_per_minute: 7, output_tokens_per_minute: 8,
             min_delay: 250ms, learn: false, warmup: true}
    models: {gpt-5.1: {limits: {concurrency: 2}}}
    max_cost: 12.34
keys: {OPENAI_API_KEY: {limits: {requests_per_minute: 60}}}
retry: {give_up_after: 2h, max_wait: 31d}
guard: {consecutive_errors: 5, error_rate: 0.5}
budget: {max_cost: $20, max_cost_per_item: '0.000000000001', warn_at: 0.9}
metrics: 127.0.0.1:9464
steps:
  - {id: ask, ask_again: 2, say_why: true, chat: {model: openai/gpt-5.1, user: hello}}
)");
  REQUIRE_MESSAGE(config.ok(), config.error());
  Limits run;
  run.concurrency = 8, run.tokens_per_minute = 100'000;
  run.rates = {{std::chrono::days(1), 10'000, {}, {}, {}},
               {std::chrono::seconds(90), {}, {}, 5, 6}};
  CHECK(config->limits == run);
  CHECK(config->time.first_byte == std::chrono::seconds(20));
  CHECK(config->time.between_bytes == std::chrono::seconds(5));
  const Provider& openai = config->providers.at("openai");
  Limits own;
  own.requests_per_minute = 500, own.input_tokens_per_minute = 7, own.output_tokens_per_minute = 8;
  own.min_delay = std::chrono::milliseconds(250), own.learn = false, own.warmup = true;
  CHECK(openai.limits == own);
  CHECK(openai.models.at("gpt-5.1").limits.concurrency == 2);
  CHECK(openai.max_cost == 12'340'000'000'000);
  CHECK(config->keys.at("OPENAI_API_KEY").limits.requests_per_minute == 60);
  CHECK(config->retry.give_up_after == std::chrono::hours(2));
  CHECK(config->retry.max_wait == std::chrono::days(31));
  CHECK(config->guard.consecutive_errors == 5);
  CHECK(config->guard.error_rate == 0.5);
  CHECK(config->budget == BudgetLimits{20'000'000'000'000, 1, 0.9});
  CHECK(config->metrics == "127.0.0.1:9464");
  CHECK(config->steps[0].say_why);
}

// What is said of limits, keys, budgets and metrics; added to a config without mistakes from line 6
// on.
struct Mistake {
  const char* lines;
  const char* expected;
};
constexpr Mistake kLimitMistakes[] = {
    {"limits: automatic",
     "c.yaml:6:9: \"limits\" is \"automatic\"; expected a map of settings (lines of \"name: "
     "value\"), or auto"},
    {"budget: auto",
     "c.yaml:6:9: \"budget\" is \"auto\"; expected a map of settings (lines of \"name: value\")"},
    {"limits: {tokens_per_minute: 0}",
     "c.yaml:6:29: \"limits.tokens_per_minute\" is 0; expected a whole number from 1 to "
     "1000000000000"},
    {"limits: {min_delay: 2}",
     "c.yaml:6:21: \"limits.min_delay\" is 2; expected a duration with its unit, such as 90s, from "
     "0s to 1d"},
    {"limits: {learn: maybe}",
     "c.yaml:6:17: \"limits.learn\" is \"maybe\"; expected true or false"},
    {"limits: {rates: [{requests: 5}]}",
     "c.yaml:6:18: \"limits.rates[0].per\" is missing; expected a duration with its unit, such as "
     "90s, from 1s to 31d"},
    {"limits: {rates: [{per: 10ms, requests: 5}]}",
     "c.yaml:6:24: \"limits.rates[0].per\" is \"10ms\"; expected a duration with its unit, such as "
     "90s, from 1s to 31d"},
    {"limits: {rates: [{per: 1h}]}",
     "c.yaml:6:18: \"limits.rates[0]\" limits nothing; expected requests, tokens, input_tokens or "
     "output_tokens in it"},
    {"limits:\n  rates:\n    - {per: 1h, tokens: 5}\n    - {per: 1d, tokens: 50}\n"
     "    - {per: 60m, requests: 5, tokens: 6}",
     "c.yaml:10:31: \"limits.rates[2].tokens\": tokens per 1h are limited twice; the first time in "
     "line 8"},
    {"limits: {requests_per_minute: 500, rates: [{per: 60s, requests: 300}]}",
     "c.yaml:6:65: \"limits.rates[0].requests\" is 300 per 1m, and \"limits.requests_per_minute\" "
     "is 500; expected one of them"},
    {"providers:\n  mock:\n    limits: {output_tokens_per_minute: 9}\n    models:\n"
     "      m.1: {limits: {input_tokens_per_minute: 7, rates: [{per: 1m, input_tokens: 8}]}}",
     "c.yaml:10:82: \"providers.mock.models[\"m.1\"].limits.rates[0].input_tokens\" is 8 per 1m, "
     "and "
     "\"providers.mock.models[\"m.1\"].limits.input_tokens_per_minute\" is 7; expected one of "
     "them"},
    {"providers: {mock: {models: {m: {limit: {concurrency: 1}}}}}",
     "c.yaml:6:33: unknown key \"limit\" in \"providers.mock.models.m\"; did you mean \"limits\"?"},
    {"keys: {OPENAI_API_KY: {limits: {concurrency: 1}}}",
     "c.yaml:6:8: \"keys.OPENAI_API_KY\" is no provider's key_env; did you mean "
     "\"OPENAI_API_KEY\"?"},
    {"keys: {OTHER: {limits: {rates: [{per: 1h}]}}}",
     "c.yaml:6:8: \"keys.OTHER\" is no provider's key_env; there are: ANTHROPIC_API_KEY, "
     "GEMINI_API_KEY, OPENAI_API_KEY, OPENROUTER_API_KEY\n"
     "c.yaml:6:33: \"keys.OTHER.limits.rates[0]\" limits nothing; expected requests, tokens, "
     "input_tokens or output_tokens in it"},
    {"providers: {openai: {key_env: ''}}\nkeys: {OTHER: {}}",
     "c.yaml:7:8: \"keys.OTHER\" is no provider's key_env; there are: ANTHROPIC_API_KEY, "
     "GEMINI_API_KEY, OPENROUTER_API_KEY"},
    {"keys: {sk-SECRET: {}}",
     "c.yaml:6:8: this name is not allowed here; expected the name of an environment variable, "
     "such "
     "as OPENAI_API_KEY"},
    {"budget: {max_cost: free}",
     "c.yaml:6:20: \"budget.max_cost\" is \"free\"; expected US dollars, such as 2.50"},
    {"budget: {max_cost: -1}",
     "c.yaml:6:20: \"budget.max_cost\" is -1; expected US dollars, such as 2.50"},
    {"budget: {max_cost: 2.5, max_cost_per_item: $2.51}",
     "c.yaml:6:44: \"budget.max_cost_per_item\" is $2.51, more than \"budget.max_cost\" ($2.50)"},
    {"budget: {warn_at: 80}",
     "c.yaml:6:19: \"budget.warn_at\" is 80; expected a number from 0 to 1"},
    {"guard: {error_rate: 0}",
     "c.yaml:6:21: \"guard.error_rate\" is 0; expected a number from 0.01 to 1"},
    {"guard: {consecutive_errors: 0}",
     "c.yaml:6:29: \"guard.consecutive_errors\" is 0; expected a whole number from 1 to 1000000"},
    {"metrics: 9464",
     "c.yaml:6:10: \"metrics\" is 9464; expected an address and a port, such as 127.0.0.1:9464; "
     "put "
     "it in quotes if it is meant as text"},
    {"metrics: http://localhost:9464",
     "c.yaml:6:10: \"metrics\" is \"http://localhost:9464\"; expected an address and a port, such "
     "as "
     "127.0.0.1:9464"},
};

TEST_CASE("a mistake in limits, keys, budgets or metrics is told as any other") {
  TestVariable none("OPENAI_BASE_URL", nullptr);
  ConfigFolder folder;
  for (const Mistake& mistake : kLimitMistakes) {
    CAPTURE(mistake.lines);
    CHECK(folder.Mistakes(kLeastConfig + std::string(mistake.lines) + "\n") == mistake.expected);
  }
}

TEST_CASE("limits that only look odd are no mistakes") {
  ConfigFolder folder;
  for (const char* lines :
       {"limits: {requests_per_minute: 60, min_delay: 1h}",
        "limits: {requests_per_minute: 60, rates: [{per: 1m, requests: 60}, {per: 1h, requests: "
        "1}]}",
        "limits: {time: {first_byte: 3h, between_bytes: 2h}}", "budget: {max_cost: 0}",
        "budget: {max_cost: 0, max_cost_per_item: 0}", "budget: {max_cost_per_item: 7}",
        "providers: {openai: {max_cost: 0, models: {unused: {limits: auto}, other: }}}",
        "metrics: 0.0.0.0:9464", "metrics: '[::]:9464'", "limits:"}) {
    CAPTURE(lines);
    CHECK(folder.Mistakes(std::string(kLeastConfig) + lines + "\n") == "");
  }
}

TEST_CASE("--max-cost and --timeout set what a config would, and are held to the same bounds") {
  ConfigFolder folder;
  ConfigOverrides overrides;
  overrides.max_cost = "$2.5", overrides.timeout = "45m";
  auto config = folder.Load(std::string(kLeastConfig) +
                                "budget: {max_cost: 9, max_cost_per_item: 2}\n"
                                "limits: {time: {base: 1m, per_1k_chars: 1s, most: 2m}}\n",
                            overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->budget.max_cost == 2'500'000'000'000);
  CHECK(config->budget.max_cost_per_item == 2'000'000'000'000);
  CHECK(config->time.base == std::chrono::minutes(45));
  CHECK(config->time.per_1k_chars.count() == 0);
  CHECK(config->time.most == std::chrono::minutes(45));

  overrides.max_cost = "0", overrides.timeout = "";
  config = folder.Load(kLeastConfig, overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->budget.max_cost == 0);
  CHECK(config->time == TimeLimits{});
}

TEST_CASE("a bad --max-cost or --timeout is told under its name") {
  ConfigFolder folder;
  for (const char* bad : {"free", "-1", "1e3", "0.0000000000001", "[1]", "2,50", "{a: 1}"}) {
    CAPTURE(bad);
    ConfigOverrides overrides;
    overrides.max_cost = bad;
    std::string mistakes = folder.Mistakes(kLeastConfig, overrides);
    CHECK(mistakes.starts_with("--max-cost: \"budget.max_cost\" is "));
    CHECK(mistakes.ends_with("; expected US dollars, such as 2.50"));
    CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 0);
  }
  ConfigOverrides overrides;
  overrides.max_cost = "1";
  CHECK(
      folder.Mistakes(std::string(kLeastConfig) + "budget: {max_cost_per_item: 2}\n", overrides) ==
      "c.yaml:6:29: \"budget.max_cost_per_item\" is $2.00, more than \"budget.max_cost\" ($1.00)");
  for (const char* bad : {"90", "soon", "2d", "0s", "-5s"}) {
    CAPTURE(bad);
    ConfigOverrides timeout;
    timeout.timeout = bad;
    CHECK(folder.Mistakes(kLeastConfig, timeout).starts_with("--timeout: \"limits.time."));
  }
}

TEST_CASE("limits: auto says the same as nothing, for every lane, and --set may still add to it") {
  ConfigFolder folder;
  std::string yaml = std::string(kLeastConfig) +
                     "limits: auto\n"
                     "providers: {openai: {limits: auto, models: {m: {limits: auto}}}}\n"
                     "keys: {OPENAI_API_KEY: {limits: auto}}\n";
  auto config = folder.Load(yaml);
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->limits == Limits{});
  CHECK(config->providers.at("openai").limits == Limits{});
  CHECK(config->providers.at("openai").models.at("m") == LaneSettings{});
  CHECK(config->keys.at("OPENAI_API_KEY") == LaneSettings{});
  ConfigOverrides overrides;
  overrides.set = {"providers.openai.limits.concurrency=3", "limits=auto"};
  config = folder.Load(yaml, overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  CHECK(config->providers.at("openai").limits.concurrency == 3);
  for (const Json& row : SettingsReference()) {
    if (!StringMember(row, "path").ends_with("limits")) continue;
    CHECK_MESSAGE(StringMember(row, "type") == "map, or auto", DumpJson(row));
  }
}

}  // namespace
}  // namespace muster
