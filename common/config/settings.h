#pragma once

// The one table of settings: name, where it is kept, kind with bounds, help. Everything that knows
// settings is a visitor of it: the reader (reader.h), the writer (wire.cc), the reference
// (reference.cc). A default is what the struct in config.h begins with.
//
// A visitor has these members; `Describe(visitor, struct)` calls them in order:
//   Setting(name, target, kind, help)     a value
//   Required(name, target, kind, help)    a value that must be given
//   Group(name, help, inside, word = "")  a map of settings; inside() describes them. `word` may
//                                         stand in its place and says: nothing of my own
//   Optional(name, optional<S>, help)     a map of settings that may be missing as a whole
//   List(name, vector<S>, help)           a list of such maps
//   Map(name, map<string, S>, names, help)  a map of names (a kind Words) to such maps
//   Hidden(name, string)                  no setting: only travels to workers

#include <chrono>
#include <cstdint>

#include "common/config/kinds.h"
#include "common/config/option_names.h"

namespace muster {

inline constexpr Milliseconds kShortest{1};
inline constexpr Milliseconds kOneHour = std::chrono::hours(1);

template <class V>
void Describe(V& v, ParamDeclaration& s) {
  v.Required("default", s.value, Scalar{}, "the value unless --set gives another");
  v.Setting("choices", s.choices, Scalars{}, "the only values it may have");
  v.Setting("help", s.help, Words{}, "what it does, for people");
}

template <class V>
void Describe(V& v, ItemSource::Range& s) {
  constexpr int64_t kMost = 1'000'000'000'000;
  v.Required("from", s.from, Whole{-kMost, kMost}, "the first number");
  v.Required("to", s.to, Whole{-kMost, kMost}, "the last number, included");
}

template <class V>
void Describe(V& v, ItemSource::Join& s) {
  v.Required("json", s.json, LoadTemplate{"a path"},
             "a JSON file beside the config: a list of objects, or one object of objects by id");
  v.Setting("on", s.on, Words{IsIdentifier, "the name of a field", "the field \"id\""},
            "the field of each object in a list that equals item.id");
}

template <class V>
void Describe(V& v, ItemSource& s) {
  v.Setting("directories", s.directories, LoadTemplate{"a path with * and ?"},
            "every folder that matches is an item; its name is item.id");
  v.Setting("files", s.files, LoadTemplate{"a path with * and ?"},
            "which texts of each folder are read as item.files: name, stem, path, text");
  v.Setting("range", s.range, NumberRange{}, "every number is an item: item.id, item.number");
  v.Setting("fields", s.fields, Templates{}, "further fields of item, made from those it has");
  v.Optional("join", s.join, "takes the fields of a row in a side table into item");
}

inline constexpr int64_t kMostRequests = 1'000'000'000;
inline constexpr int64_t kMostTokens = 1'000'000'000'000;

template <class V>
void Describe(V& v, RateLimit& s) {
  v.Required("per", s.per, Duration{Milliseconds(1'000), 31 * 24 * kOneHour},
             "the length of the window");
  v.Setting("requests", s.requests, Whole{1, kMostRequests, "no limit"}, "calls sent in it");
  v.Setting("tokens", s.tokens, Whole{1, kMostTokens, "no limit"},
            "tokens in it, input and output together");
  v.Setting("input_tokens", s.input_tokens, Whole{1, kMostTokens, "no limit"},
            "input tokens in it, cached ones included");
  v.Setting("output_tokens", s.output_tokens, Whole{1, kMostTokens, "no limit"},
            "output tokens in it, reasoning included");
}

template <class V>
void Describe(V& v, Limits& s) {
  v.Setting("concurrency", s.concurrency, Whole{1, 100'000, "no limit"}, "calls in the air");
  v.Setting("requests_per_minute", s.requests_per_minute, Whole{1, kMostRequests, "no limit"},
            "calls sent in any 60 seconds");
  v.Setting("tokens_per_minute", s.tokens_per_minute, Whole{1, kMostTokens, "no limit"},
            "tokens in any 60 seconds, input and output together");
  v.Setting("input_tokens_per_minute", s.input_tokens_per_minute, Whole{1, kMostTokens, "no limit"},
            "input tokens in any 60 seconds");
  v.Setting("output_tokens_per_minute", s.output_tokens_per_minute,
            Whole{1, kMostTokens, "no limit"}, "output tokens in any 60 seconds");
  v.List("rates", s.rates, "further limits, per any duration");
  v.Setting("min_delay", s.min_delay, Duration{Milliseconds(0), 24 * kOneHour},
            "from the start of one call to the start of the next");
  v.Setting("learn", s.learn, Flag{},
            "keep to the limits that replies name, and find out how many calls at once it takes");
  v.Setting("warmup", s.warmup, Flag{},
            "the first call goes alone, the others follow when it was answered: for prompt caches "
            "and for models that must be loaded");
}

// In place of limits: none of ours; what the provider allows is found out.
inline constexpr std::string_view kAuto = "auto";

template <class V>
void Describe(V& v, LaneSettings& s) {
  v.Group(
      "limits", "its limits", [&] { Describe(v, s.limits); }, kAuto);
}

template <class V>
void Describe(V& v, TimeLimits& s) {
  v.Setting("connect", s.connect, Duration{kShortest, kOneHour}, "to open a connection");
  v.Setting("first_byte", s.first_byte, Duration{kShortest, 24 * kOneHour},
            "from the request to the first byte of the reply");
  v.Setting("between_bytes", s.between_bytes, Duration{kShortest, 24 * kOneHour},
            "silence within a reply");
  v.Setting("base", s.base, Duration{kShortest, 24 * kOneHour},
            "one try of a call, whatever its size");
  v.Setting("per_1k_chars", s.per_1k_chars, Duration{Milliseconds(0), kOneHour},
            "more for every 1000 characters of the request");
  v.Setting("most", s.most, Duration{kShortest, 24 * kOneHour}, "one try of a call, at most");
}

template <class V>
void Describe(V& v, MockBehaviour& s) {
  v.Setting("latency", std::tie(s.latency_min, s.latency_max), DurationSpan{kOneHour},
            "how long its answers take");
  v.Setting("seed", s.seed, Whole{0, INT64_MAX}, "another seed, other answers");
  v.Setting("fail", s.fail, Real{0, 1}, "share of tries that fail with a passing error");
}

template <class V>
void Describe(V& v, ConfiguredPrice& s) {
  v.Required("input", s.input, Dollars{}, "US dollars per million input tokens");
  v.Required("output", s.output, Dollars{}, "US dollars per million output tokens");
  v.Setting("cached_input", s.cached_input, Dollars{}, "the same, read from the prompt cache");
  v.Setting("cache_write", s.cache_write, Dollars{}, "the same, written to the prompt cache");
  v.Setting("cache_write_1h", s.cache_write_1h, Dollars{},
            "the same, to be kept there for an hour");
}

template <class V>
void Describe(V& v, Provider& s) {
  v.Hidden("name", s.name);
  v.Setting("api", s.api,
            Choice{{"openai-responses", "openai-chat", "anthropic", "gemini", "ollama",
                    "openrouter", "claude-code", "mock"},
                   "must be given"},
            "which API it speaks");
  v.Setting("base_url", s.base_url,
            LoadTemplate{"a URL",
                         "the API's variable ($OPENAI_BASE_URL and the like), else its "
                         "own address"},
            "where it is, up to what comes before /responses, /chat/completions, /messages, "
            "/models/… or /api/chat; {model} in it stands for the model's name");
  v.Hidden("base_url_from", s.base_url_from);
  v.Setting("key_env", s.key_env,
            Words{IsVariable, "the name of an environment variable, such as OPENAI_API_KEY",
                  "no key", true},
            "the environment variable that holds the key");
  v.Setting("key_file", s.key_file, LoadTemplate{"a path", "no file"},
            "a file that holds the key and that only its owner can read (mode 600), relative to "
            "the config");
  v.Setting("key_header", s.key_header,
            Words{IsHeaderName, "the name of an HTTP header",
                  "the API's own; Authorization sends Bearer KEY", true},
            "the header that carries the key");
  v.Setting("headers", s.headers, Headers{}, "further headers of every request; never keys");
  v.Setting("query", s.query, TextMap{}, "what every request's URL ends with: api-version");
  v.Setting("stream", s.stream, Choice{{"auto", "always", "never"}},
            "whether answers come piece by piece, so that long ones do not run into a proxy's time "
            "limit; auto: where the provider says then too what they cost");
  v.Setting("program", s.program, LoadTemplate{"a path or a name on $PATH", "claude"},
            "for api: claude-code: the program to start");
  v.Setting("price_vendor", s.price_vendor, Words{nullptr, "text", "the API's own"},
            "whose prices of the price table hold here");
  v.Map("prices", s.prices, Words{nullptr, "the name of a model"},
        "prices by model, before those of the price table");
  v.Setting("insecure_http", s.insecure_http, Flag{},
            "allow http:// beyond this machine: prompts and keys can be read on the way");
  v.Group(
      "limits", "limits of this provider, all its models together", [&] { Describe(v, s.limits); },
      kAuto);
  v.Map("models", s.models, Words{nullptr, "the name of a model"}, "limits of single models");
  v.Setting("max_cost", s.max_cost, Money{"no limit"},
            "the most that may be spent on it in the whole run; then it is stopped");
  v.Group("mock", "how a provider with api: mock behaves", [&] { Describe(v, s.mock); });
}

template <class V>
void Describe(V& v, RetryRule& s) {
  v.Setting("attempts", s.attempts, Whole{1, 100}, "tries of one call, the first included");
  v.Setting("base", s.base, Duration{kShortest, kOneHour},
            "the pause before the second try; it doubles");
  v.Setting("most", s.most, Duration{kShortest, 24 * kOneHour}, "the longest pause between tries");
  v.Setting("max_wait", s.max_wait, Duration{Milliseconds(0), 31 * 24 * kOneHour},
            "what would have to wait longer (for a limit, a Retry-After, the end of an outage) is "
            "stopped instead; the run says when to come back");
  v.Setting("give_up_after", s.give_up_after, Duration{kShortest, 31 * 24 * kOneHour},
            "a call that fails so long after its first try is not tried again");
}

template <class V>
void Describe(V& v, Guard& s) {
  v.Setting("worker_deaths", s.worker_deaths, Whole{1, 1000},
            "workers that may die of one item before it is set aside");
  v.Setting("item_time", s.item_time, Duration{kShortest, 30 * 24 * kOneHour},
            "one attempt at an item, without the time it waits for leave to call");
  v.Setting("worker_silence", s.worker_silence, Duration{kShortest, kOneHour},
            "a worker that says nothing for so long is replaced");
  v.Setting("worker_memory_mb", s.worker_memory_mb, Whole{16, 1'048'576},
            "a worker that grew larger is replaced between items");
  v.Setting("consecutive_errors", s.consecutive_errors, Whole{1, 1'000'000, "no limit"},
            "so many calls in a row that failed for good stop the run");
  v.Setting("error_rate", s.error_rate, Real{0.01, 1, "no limit"},
            "such a share of failed calls among the latest 50 stops the run");
}

template <class V>
void Describe(V& v, BudgetLimits& s) {
  v.Setting("max_cost", s.max_cost, Money{"no limit"},
            "the most that the run may cost, over all its sessions");
  v.Setting("max_cost_per_item", s.max_cost_per_item, Money{"no limit"},
            "the most that one item may cost; then it fails");
  v.Setting("warn_at", s.warn_at, Real{0, 1}, "the share of max_cost at which to warn");
}

template <class V>
void Describe(V& v, ChatOptions& s) {
  constexpr const char* kOwn = "the model's own";
  v.Setting("temperature", s.temperature, Real{0, 2, kOwn}, "how varied answers are");
  v.Setting("top_p", s.top_p, Real{0, 1, kOwn}, "the share of likely words it chooses from");
  v.Setting("top_k", s.top_k, Whole{1, 1'000'000, kOwn}, "the number of words it chooses from");
  v.Setting("max_tokens", s.max_tokens, Whole{1, 100'000'000, "the model's maximum"},
            "the longest answer, reasoning included");
  v.Setting("reasoning_effort", s.reasoning_effort,
            Choice{{"none", "minimal", "low", "medium", "high", "xhigh", "max"}, kOwn},
            "how long the model thinks");
  v.Setting("thinking", s.thinking, Choice{{"off", "auto"}, kOwn},
            "whether the model thinks first; auto: as it sees fit");
  v.Setting("thinking_tokens", s.thinking_tokens, Whole{1, 100'000'000, kOwn},
            "tokens it may think for, a part of max_tokens");
  v.Setting("verbosity", s.verbosity, Choice{{"low", "medium", "high"}, kOwn},
            "how long the answer is");
  v.Setting("stop", s.stop, Texts{"one text or a list of texts", "nothing"},
            "the answer ends before any of these");
  v.Setting("seed", s.seed, Whole{INT32_MIN, INT32_MAX, "chance"},
            "the same seed, much the same answer");
  v.Setting("service_tier", s.service_tier,
            Choice{{"auto", "default", "flex", "priority"}, "default"},
            "at which speed and price it is served");
  v.Setting("prompt_cache", s.prompt_cache, Choice{{"5m", "1h"}, "the provider's own"},
            "how long the prompt is kept in the provider's cache");
  v.Setting("context_tokens", s.context_tokens, Whole{1, 100'000'000, "the server's own"},
            "how long a context a local model gets; longer prompts are cut without a word");
  v.Setting("image_detail", s.image_detail, Choice{{"low", "high", "auto", "original"}, kOwn},
            "how closely pictures are looked at");
  v.Setting("safety", s.safety, TextMap{}, "thresholds of content filters by category");
  v.Setting("response_schema", s.response_schema, JsonSource{"any text"},
            "the JSON Schema that answers must meet: a map, or the path of a JSON file");
  v.Setting("response_strict", s.response_strict, Flag{},
            "the provider makes sure of the schema, where it can");
}

template <class V>
void Describe(V& v, ParseRule& s) {
  v.Setting("json", s.json, JsonSource{"not JSON"},
            "the answer is JSON; true, or the JSON Schema that it must meet: a map, or the path of "
            "a JSON file");
  v.Setting("repair", s.repair, Choices{{"fences", "commas", "latex"}},
            "what may be mended in it: text around it and raw line breaks in its texts (fences), "
            "commas too many (commas), and backslashes as LaTeX has them (latex)");
  v.Setting("regex", s.regex, Words{nullptr, "a regular expression", "none"},
            "the value is what its last match's first group, or the whole match, says");
  v.Setting("line", s.line, Words{nullptr, "the word a line begins with", "none"},
            "the value is what follows \"LINE:\" on the last line that begins so");
}

template <class V>
void Describe(V& v, ChatStep& s) {
  v.Required("model", s.model, Template{false}, "provider/name, as in openai/gpt-5.1");
  v.Setting("system", s.system, Template{}, "the system prompt");
  v.Required("user", s.user, Template{}, "the user prompt");
  v.Setting("images", s.images, TemplateList{"a path, a glob, or the name of one or of a list"},
            "pictures shown with the user prompt: paths and globs relative to the config, or names "
            "of such, as item.image or views.files");
  Describe(v, s.options);
  v.Setting(
      "optional", s.optional, Choices{OptionNames()},
      "options that are left out where a model does not take them, instead of being a mistake");
  v.Setting("keep_truncated", s.keep_truncated, Flag{},
            "take an answer that was cut at max_tokens instead of rejecting it");
  v.Setting("extra", s.extra, RawFields{}, "fields added to the request as they are");
}

template <class V>
void Describe(V& v, Step& s) {
  v.Required(
      "id", s.id,
      Words{IsStepId, "a name of lower-case letters, digits and _ that begins with a letter"},
      "its name; later templates see its answer as {{id.text}}");
  v.Setting("for_each", s.for_each, Words{IsPath, "the name of a list, such as item.files", "once"},
            "does the step for every element of a list: {{each}}");
  v.Setting("concurrency", s.concurrency, Whole{1, 10'000},
            "with for_each: calls of one item at the same time");
  v.Setting("ask_again", s.ask_again, Whole{0, 20}, "further asks when an answer cannot be used");
  v.Setting("say_why", s.say_why, Flag{},
            "with ask_again: the next ask tells the model why its answer could not be used");
  v.Optional("chat", s.chat, "asks a model");
  v.Optional("parse", s.parse,
             "how its text becomes {{id.value}}; an answer it does not fit is "
             "rejected: see ask_again");
  v.Setting("mock", s.mock, Template{}, "what a provider with api: mock answers here");
  v.Hidden("origin", s.origin);
}

template <class V>
void Describe(V& v, FileOutput& s) {
  v.Required("file", s.path, Template{false}, "its path inside the output folder");
  v.Required("text", s.text, Template{}, "what it holds");
}

template <class V>
void Describe(V& v, Config& s) {
  // name and params come first: settings after them may use them.
  v.Required("name", s.name, Words{IsName, "letters, digits, _ . and -"}, "the run's name");
  v.Setting("params", s.params, ParamMap{},
            "values for --set and for {{params.name}} in texts: name: default, or a map");
  v.Setting("about", s.about, Words{}, "one line for people");
  v.Hidden("path", s.path);
  v.Hidden("base_dir", s.base_dir);
  v.Setting("run", s.run_dir, LoadTemplate{"a path", "runs/{{name}}"},
            "the folder that holds the run, relative to the current one");
  v.Setting("output_dir", s.output_dir, LoadTemplate{"a path", "the run's folder"},
            "the folder for the outputs, relative to the current one");
  v.Group("items", "where items come from: directories or range", [&] { Describe(v, s.items); });
  v.Map("providers", s.providers, Words{IsProviderName, "letters, digits, _ and -"},
        "the APIs that calls go to; openai, anthropic, gemini, ollama, openrouter, claude-code and "
        "mock need not be written");
  v.Map("keys", s.keys,
        Words{IsVariable, "the name of an environment variable, such as OPENAI_API_KEY", "", true},
        "limits of a key, for all providers that use it");
  v.Setting("workers", s.workers, Whole{1, 10'000, "one per core"}, "worker processes");
  v.Group(
      "limits", "limits of all providers together, and of each call",
      [&] {
        Describe(v, s.limits);
        v.Group("time", "how long one try of a call may take: base + per_1k_chars, at most most",
                [&] { Describe(v, s.time); });
      },
      kAuto);
  v.Group("retry", "what happens after a passing error", [&] { Describe(v, s.retry); });
  v.Group("guard", "what stops an item or worker that goes wrong", [&] { Describe(v, s.guard); });
  v.Group("budget", "what may be spent", [&] { Describe(v, s.budget); });
  v.Setting("metrics", s.metrics,
            Words{IsHostPort, "an address and a port, such as 127.0.0.1:9464", "not served"},
            "where numbers of the run are served in Prometheus' text format");
  v.List("steps", s.steps, "what is done with every item, in this order");
  v.List("outputs", s.outputs, "files written for every item that is done");
}

// One row a setting, in the table's order: {"path", "type", "default", "min"/"max" or "choices",
// "help", "when": "load" or "item", "required"}. In a path "[]" stands for any element of a list,
// "*" for any name. A default that is not a plain value is told in "otherwise".
Json SettingsReference();

}  // namespace muster
