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
  v.Required("default", s.value, Scalar{true},
             "the value unless --set gives another; with `by` a map of values");
  v.Setting("choices", s.choices, Scalars{}, "the only values it may have");
  v.Setting("help", s.help, Words{}, "what it does, for people");
  v.Setting("by", s.by, Words{IsIdentifier, "the name of a param above", "none"},
            "the param whose value picks from a default that is a map");
}

template <class V>
void Describe(V& v, ItemSource::Range& s) {
  constexpr int64_t kMost = 1'000'000'000'000;
  v.Required("from", s.from, Whole{-kMost, kMost}, "the first number");
  v.Required("to", s.to, Whole{-kMost, kMost}, "the last number, included");
}

template <class V>
void Describe(V& v, ItemSource::Join& s) {
  v.Setting("json", s.json, LoadTemplate{"a path", "none"},
            "a JSON file beside the config: a list of objects, or one object of objects by id");
  v.Setting("csv", s.csv, LoadTemplate{"a path", "none"}, "instead of it a CSV file");
  v.Setting("on", s.on, Words{IsFieldName, "the name of a field", "the field \"id\""},
            "the field of each object in a list, or row, that equals item.id");
}

template <class V>
void Describe(V& v, ItemSource::Sample& s) {
  v.Required("of", s.of, Words{IsPath, "the name of a list, such as item.rows"},
             "the list they are taken from");
  v.Required("n", s.n, Whole{1, 1'000'000}, "how many, or all if there are fewer");
  v.Setting("seed", s.seed, Whole{0, INT64_MAX}, "another seed, others of them");
}

template <class V>
void Describe(V& v, ItemSource& s) {
  v.Setting("directories", s.directories, LoadTemplate{"a path with * and ?"},
            "every folder that matches is an item; its name is item.id");
  v.Setting("files", s.files, LoadTemplate{"a path with * and ?"},
            "which texts of each folder are read as item.files: name, stem, path, text");
  v.Setting("range", s.range, NumberRange{}, "every number is an item: item.id, item.number");
  v.Setting("csv", s.csv, LoadTemplate{"a path", "none"},
            "a CSV file beside the config: every row is an item, its columns are fields of item; "
            "item.id is the column \"id\", else the row's number");
  v.Setting("delimiter", s.delimiter, Words{IsDelimiter, "one character, such as ;", ","},
            "what stands between the values of a CSV file");
  v.Setting("jsonl", s.jsonl, LoadTemplate{"a path", "none"},
            "a file with a JSON object a line: every line is an item");
  v.Setting("json", s.json, LoadTemplate{"a path", "none"},
            "a JSON file: every element of its list, or member of its map, is an item");
  v.Setting("matrix", s.matrix, RawFields{},
            "names and lists of values: every combination is an item");
  v.Setting("id", s.id, ItemTemplate{"the source's own"},
            "a template of item.id, over the item's other fields");
  v.Setting("group_by", s.group_by, Words{IsFieldName, "the name of a field", "one item a row"},
            "one item for each value of this field: item.id is the value, item.rows are its rows");
  v.Setting("where", s.where,
            ExpressionKind{"a condition, such as item.points <= params.most", "all"},
            "which rows are taken");
  v.Setting("repeat", s.repeat,
            ExpressionKind{"a whole number, or the name of one, such as params.trials", "1"},
            "so many items of each, one after another: item.trial counts them from 1, item.id is "
            "id#trial");
  v.Map("sample", s.sample, Words{IsFieldName, "the name of a field"},
        "further fields of item: some elements of a list, chosen by chance but always the same");
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

template <class V>
void Describe(V& v, PoolSettings& s) {
  v.Setting(
      "name", s.name,
      Words{IsProviderName, "letters, digits, _ and -", "the launcher's program, such as srun"},
      "what its workers are called by: NAME/1, NAME/2, …");
  v.Setting("workers", s.workers, Whole{1, 10'000, "one per core, of local ones"},
            "worker processes");
  v.Setting("launch", s.launch, Texts{"one word or a list of words", "none: on this machine"},
            "the command that starts a worker elsewhere and carries its stdin and stdout (srun …, "
            "ssh HOST); the worker's own command line follows");
  v.Setting("nodes", s.nodes, Texts{"one name or a list of names", "one"},
            "where workers are started, in turn: {{node}} in launch is one of these");
  v.Setting("program", s.program, Words{nullptr, "a path", "where it is on this machine"},
            "the path of muster-worker there");
  v.Setting("start_within", s.start_within, Duration{Milliseconds(100), 24 * kOneHour},
            "a launched worker that has not reported by then is given up and tried again later");
  v.Setting("starts_at_once", s.starts_at_once, Whole{1, 10'000},
            "launched workers that may be starting at a time");
  v.Setting("lease", s.lease, Duration{Milliseconds(1'000), kOneHour},
            "a launched worker that hears nothing from here for so long ends itself");
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
                    "openrouter", "claude-code", "mock", "http", "command"},
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
  v.Setting("context", s.context, TemplateList{"the path of a text file"},
            "text files shown before the user prompt, as they are: paths relative to the config");
}

template <class V>
void Describe(V& v, CommandStep& s) {
  v.Required("run", s.run, TemplateList{"a program and its arguments"},
             "the program and its arguments, each a text of its own; no shell sees them. A program "
             "with a slash is looked for beside the config, where it runs");
  v.Setting("stdin", s.stdin_text, Template{}, "what it reads from its standard input");
  v.Setting("produces", s.produces, TemplateList{"a path or glob"},
            "files that it must have left in {{work}}, the item's work folder: {{id.files}}");
  v.Setting("inputs", s.inputs, TemplateList{"a path or glob"},
            "files beside the config that it reads: when they change it is run again. Files among "
            "its arguments need not be named");
  v.Setting("limit", s.limit, Duration{kShortest, 24 * kOneHour},
            "then it is ended, and has failed");
  v.Setting("env", s.env, Texts{"names of environment variables", "none"},
            "what it sees of the environment beside PATH, HOME, LANG and TMPDIR");
  v.Setting("cost_per_call", s.cost_per_call, Money{"nothing"}, "what running it costs");
}

template <class V>
void Describe(V& v, FindRule& s) {
  v.Required("get", s.get, Template{false}, "the path of a list of what was asked for");
  v.Setting("list", s.list, Words{IsPath, "the name of a list in the reply", "the reply itself"},
            "where the list is");
  v.Required("match", s.match, ExpressionKind{"a condition, such as each.name == item.id"},
             "which element is the lost one");
  v.Required("job", s.job, Words{IsPath, "a name in the element"}, "where it names the job");
}

template <class V>
void Describe(V& v, PollRule& s) {
  v.Required("get", s.get, Template{false}, "the path to ask; {{job}} is the job's name");
  v.Setting("every", s.every, Duration{kShortest, kOneHour}, "how often");
  v.Setting("limit", s.limit, Duration{kShortest, 24 * kOneHour}, "how long; then it has failed");
  v.Required("done", s.done, ExpressionKind{"a condition, such as status == \"SUCCEEDED\""},
             "over the reply's own names: it is done");
  v.Setting("failed", s.failed, ExpressionKind{"a condition", "never"}, "the same: it has failed");
  v.Setting("error", s.error, Words{IsPath, "a name in the reply", "none"}, "why it has failed");
  v.Setting("progress", s.progress, Words{IsPath, "a name in the reply", "none"},
            "how far it is, for people");
}

template <class V>
void Describe(V& v, Download& s) {
  v.Required("file", s.file, Template{false}, "where to, relative to the config");
  v.Required("from", s.from, Words{IsPath, "a name in the reply"}, "where the reply has its URL");
}

template <class V>
void Describe(V& v, RequestStep& s) {
  v.Required("provider", s.provider, Words{IsProviderName, "a provider with api: http"},
             "who is asked");
  v.Required("post", s.post, Template{false}, "the path behind the provider's base_url");
  v.Setting("body", s.body, RawFields{},
            "what is sent, as JSON; texts in it are templates, and {data_uri: path} is a file");
  v.Setting("job", s.job, Words{IsPath, "a name in the reply", "none"},
            "where the reply names the job that was begun");
  v.Optional("find", s.find,
             "how a job is found whose POST was lost, so that it is not sent twice");
  v.Optional("poll", s.poll, "how the job's end is awaited");
  v.List("download", s.download, "files that are taken from it: {{id.file}}, {{id.files}}");
  v.Setting("cost_per_call", s.cost_per_call, Money{"not known"}, "what one POST costs");
}

template <class V>
void Describe(V& v, RepeatRule& s) {
  v.Setting("until", s.until, ExpressionKind{"a condition", "total, or most"},
            "looked at after every round: it was the last");
  v.Setting("total", s.total, ExpressionKind{"a whole number or its name", "any"},
            "so many values are wanted of all rounds together: {{id.values}}; more are cut off");
  v.Setting("batch", s.batch, ExpressionKind{"a whole number or its name", "total"},
            "so many of them in one round: {{round.wanted}}, less where fewer are missing");
  v.Setting("most", s.most, Whole{1, 10'000}, "rounds at most");
  v.Setting("keep_short", s.keep_short, Flag{},
            "after so many rounds go on with what there is, instead of failing");
}

template <class V>
void Describe(V& v, ReuseRule& s) {
  v.Required("file", s.file, Template{false}, "the file, relative to the config");
  v.Setting("only", s.only, ExpressionKind{"a condition", "false"},
            "never do the step: where the file is not there the item fails");
}

template <class V>
void Describe(V& v, MockVariant& s) {
  v.Required("share", s.share, Real{0, 1}, "in this share of its calls, by chance");
  v.Required("text", s.text, Template{}, "it answers this");
  v.Setting("finish", s.finish, Choice{{"stop", "length", "refusal"}}, "and ends it so");
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
  v.List("mock_instead", s.mock_instead, "what it answers instead now and then");
  v.Setting("when", s.when,
            ExpressionKind{"a condition, such as params.mode == \"single\"", "always"},
            "false: the step is skipped, and {{id}} is null");
  v.Optional("repeat", s.repeat, "does the step in rounds, each of which sees those before it");
  v.Optional("reuse", s.reuse, "a file that makes a command or request needless");
  v.Optional("command", s.command, "runs a program");
  v.Optional("request", s.request, "an HTTP job: post, wait, download");
  v.List("branches", s.branches, "steps done side by side: conditions to compare");
  v.Setting("parallel", s.parallel, ExpressionKind{"a condition", "true"},
            "of branches: false does them one after the other");
  v.Hidden("origin", s.origin);
}

template <class V>
void Describe(V& v, Output& s) {
  v.Setting("file", s.file, Template{false, "none"},
            "the path, inside the output folder, of a file that is one item's");
  v.Setting("text", s.text, Template{true, "none"}, "what it holds");
  v.Setting("append", s.append, Template{false, "none"},
            "the path of a text file that grows with every item");
  v.Setting("header", s.header, Template{true, "none"},
            "what it begins with; knows params and run");
  v.Setting("record", s.record, Template{true, "none"}, "what an item adds to it");
  v.Setting("csv", s.csv, Template{false, "none"}, "the path of a CSV file that grows");
  v.Setting("jsonl", s.jsonl, Template{false, "none"},
            "the path of a file that grows by a JSON object a row");
  v.Setting("columns", s.columns, ColumnList{},
            "of csv and jsonl: names, \"item.*\" for all fields of the item, or name: expression");
  v.Setting("rows", s.rows,
            Words{IsPath, "the name of a list, such as rounds.values", "one an item"},
            "of csv and jsonl: a row for each of its elements, whose members columns can name");
  v.Setting("flatten", s.flatten, Words{IsPath, "the name of a map, such as output.value", "none"},
            "of csv and jsonl: its members become further columns");
  v.Setting("order", s.order, Choice{{"done", "item"}},
            "of what grows: as items end, or as the source has them");
  v.Setting("errors", s.errors, Flag{}, "of what grows: failed items leave a record too");
  v.Setting("skip_existing", s.skip_existing, Flag{},
            "skip items whose file is there already, from elsewhere");
  v.Setting("spreadsheet_safe", s.spreadsheet_safe, Flag{},
            "of csv: put ' before texts that a spreadsheet would take for formulas");
}

template <class V>
void Describe(V& v, ScoreRule& s) {
  v.Required("got", s.got, ExpressionKind{"a name, such as solution.value"},
             "what is judged; null: it was skipped, and does not count");
  v.Required("expect", s.expect, ExpressionKind{"a name, such as item.answer"},
             "what would be right");
  v.Setting("by", s.by,
            Words{nullptr,
                  "exact, number [TOLERANCE], class, set, yes-no, regex, or the name of a "
                  "field that says which"},
            "how they are compared; a tolerance is a share (5%) or an amount (0.5)");
}

template <class V>
void Describe(V& v, ReportRules& s) {
  v.Setting("compare", s.compare, Texts{"names of scores, the baseline first", "none"},
            "scores that are compared item by item");
  v.Setting("group_by", s.group_by, ExpressionKind{"a name, such as item.task", "none"},
            "what items are told apart by");
  v.Setting("plots", s.plots, Choices{{"accuracy", "tokens", "cost", "time"}},
            "what the HTML report draws");
  v.Setting("against", s.against,
            ExpressionKind{"the name of a number, such as item.points", "none"},
            "accuracy is also drawn over this");
  v.Setting("against_when", s.against_when, ExpressionKind{"a condition", "all"},
            "the items of that drawing");
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
  v.Group("items", "where items come from: directories, csv, jsonl, json, range or matrix",
          [&] { Describe(v, s.items); });
  v.Map("providers", s.providers, Words{IsProviderName, "letters, digits, _ and -"},
        "the APIs that calls go to; openai, anthropic, gemini, ollama, openrouter, claude-code and "
        "mock need not be written");
  v.Map("keys", s.keys,
        Words{IsVariable, "the name of an environment variable, such as OPENAI_API_KEY", "", true},
        "limits of a key, for all providers that use it");
  v.Setting("workers", s.workers, Whole{1, 10'000, "one per core"}, "worker processes");
  v.List("pools", s.pools, "in place of workers: several kinds of them, also on other machines");
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
  v.Map("score", s.score, Words{IsIdentifier, "letters, digits and _"},
        "how results are judged: {{scores.name}}, and `muster report`");
  v.Group("report", "what `muster report` compares and draws", [&] { Describe(v, s.report); });
  v.Setting("profiles", s.profiles, RawFields{},
            "named settings that --profile lays over these: quick: {params: {trials: 5}}");
  v.Hidden("range", s.range);
  v.Hidden("shard", s.shard);
}

// One row a setting, in the table's order: {"path", "type", "default", "min"/"max" or "choices",
// "help", "when": "load" or "item", "required"}. In a path "[]" stands for any element of a list,
// "*" for any name. A default that is not a plain value is told in "otherwise".
Json SettingsReference();

}  // namespace muster
