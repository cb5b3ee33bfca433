#pragma once

// A run's configuration as both programs use it: checked, with every default filled in and every
// prompt file's text inside. The supervisor makes it from YAML (LoadConfig); workers get it as JSON
// in their `start` message (ConfigFromJson). Which settings exist, their types, defaults, bounds
// and help stand in one place: settings.h.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace muster {

using Milliseconds = std::chrono::milliseconds;

// A Mustache template and where it was written, for error messages ("prompts/chunk.md" or
// "transcripts.yaml:23:13"). In YAML: a string, or {file: path} relative to the config. A path that
// is a template itself stands in `file`, and the text is read when it is needed (text_source.h).
struct TextSource {
  std::string text;
  std::string origin;
  std::string file = {};  // template of the path; empty: `text` is all
  bool operator==(const TextSource&) const = default;
};

// A condition or a value over names (expression.h), and where it was written. Empty: not given.
struct Expression {
  std::string text;
  std::string origin = {};
  bool empty() const { return text.empty(); }
  bool operator==(const Expression&) const = default;
};

// Where items come from. Exactly one source is set.
struct ItemSource {
  std::string directories;  // glob, relative to the config: every folder is an item
  std::string files;        // glob inside each folder: item.files, sorted by name
  struct Range {
    int64_t from = 0, to = 0;  // both included
    bool operator==(const Range&) const = default;
  };
  std::optional<Range> range;                 // item.id and item.number are the number
  std::map<std::string, std::string> fields;  // further fields: templates over item
  struct Join {
    std::string json;      // a JSON file: an array of objects, or an object of objects by key
    std::string on;        // the field that equals item.id
    std::string csv = {};  // instead of json: a CSV file
    bool operator==(const Join&) const = default;
  };
  std::optional<Join> join;
  std::string csv, jsonl, json;  // paths: every row, line or element is an item
  Json matrix = Json::object();  // name → list of values: every combination is an item
  std::string delimiter;         // of csv, one character; empty: ","
  std::string id;                // template of item.id; empty: the source's own
  std::string group_by;          // a field: one item for each of its values, with item.rows
  Expression where;              // over item and params: which rows are items
  Expression repeat;             // over params: so many items of each, item.trial from 1
  struct Sample {                // some elements of a list, by chance but always the same
    std::string of;              // path of a list: item.rows
    int64_t n = 0;
    int64_t seed = 1;
    bool operator==(const Sample&) const = default;
  };
  std::map<std::string, Sample> sample;  // by the field that they become
  bool operator==(const ItemSource&) const = default;
};

// So much in any span of `per`. At least one amount is set.
struct RateLimit {
  Milliseconds per{60'000};
  std::optional<int64_t> requests;
  std::optional<int64_t> tokens;         // input and output together
  std::optional<int64_t> input_tokens;   // cached ones included
  std::optional<int64_t> output_tokens;  // reasoning included
  bool operator==(const RateLimit&) const = default;
};

// What a lane may do. A missing limit is no limit of ours; what the provider allows is then learned
// from its replies.
struct Limits {
  std::optional<int64_t> concurrency;  // calls in the air
  std::optional<int64_t> requests_per_minute, tokens_per_minute;
  std::optional<int64_t> input_tokens_per_minute, output_tokens_per_minute;
  std::vector<RateLimit> rates;  // further ones, per any duration
  Milliseconds min_delay{0};     // from one call's start to the next one's
  bool learn = true;             // follow the limits that replies name, find the concurrency
  bool warmup = false;           // the first call goes alone
  bool operator==(const Limits&) const = default;
};

// What holds for one model of a provider, or for one key.
struct LaneSettings {
  Limits limits;
  bool operator==(const LaneSettings&) const = default;
};

// How the embedded mock provider behaves; only for `api: mock`.
struct MockBehaviour {
  Milliseconds latency_min{20}, latency_max{80};
  int64_t seed = 1;
  double fail = 0;  // share of tries that fail with a transient error, 0..1
  bool operator==(const MockBehaviour&) const = default;
};

// US dollars per million tokens as the config gives them, in picodollars per token.
struct ConfiguredPrice {
  int64_t input = 0, output = 0;
  std::optional<int64_t> cached_input, cache_write;
  std::optional<int64_t> cache_write_1h = {};  // to be kept for an hour
  bool operator==(const ConfiguredPrice&) const = default;
};

// An API that calls go to. Its name is the first part of `model: name/model`.
struct Provider {
  std::string name;
  std::string api;            // openai-responses, anthropic, … (settings.h has the list)
  std::string base_url;       // without a slash at the end; {model} in it is the model's name
  std::string base_url_from;  // "config", "default" or the environment variable that gave it
  std::string key_env;        // environment variable that holds the key; empty: none
  std::string key_file;       // absolute path of a file (mode 600) that holds it; empty: none
  std::string key_header;     // empty, Authorization: "Authorization: Bearer KEY"; else "NAME: KEY"
  std::map<std::string, std::string> headers;  // sent as they are
  std::map<std::string, std::string> query;    // of every request's URL: api-version and the like
  std::string stream = "auto";                 // auto, always, never: how answers travel
  std::string program;                         // api: claude-code: the CLI; empty: "claude"
  std::string price_vendor;                    // which part of prices.json; empty: none
  std::map<std::string, ConfiguredPrice> prices;  // by model; before prices.json
  bool insecure_http = false;                     // plain http beyond loopback
  Limits limits;                                  // of all its models together
  std::map<std::string, LaneSettings> models;     // by name; those that have limits of their own
  std::optional<int64_t> max_cost;                // picodollars over the whole run
  MockBehaviour mock;
  bool operator==(const Provider&) const = default;
};

// How long one try may take. The total is base + per_1k_chars × request size, at most `most`.
struct TimeLimits {
  Milliseconds connect{10'000};
  Milliseconds first_byte{600'000};     // from the request to the first byte of the reply
  Milliseconds between_bytes{120'000};  // silence within the reply
  Milliseconds base{600'000};
  Milliseconds per_1k_chars{0};
  Milliseconds most{1'800'000};
  bool operator==(const TimeLimits&) const = default;
};

struct RetryRule {
  int64_t attempts = 6;            // tries of one call, the first included
  Milliseconds base{1'000};        // full jitter over base·2^n …
  Milliseconds most{60'000};       // … up to this
  Milliseconds max_wait{900'000};  // a lane that would be closed for longer is stopped instead
  Milliseconds give_up_after{3'600'000};  // since its first try; then a call fails for good
  bool operator==(const RetryRule&) const = default;
};

struct Guard {
  int64_t worker_deaths = 2;                  // of one item; then it is quarantined
  Milliseconds item_time{3'600'000};          // an attempt's time, waiting for verdicts not counted
  Milliseconds worker_silence{30'000};        // a worker that says nothing for so long is killed
  int64_t worker_memory_mb = 1024;            // a worker larger than this is replaced between items
  std::optional<int64_t> consecutive_errors;  // calls that failed for good; then the run stops
  std::optional<double> error_rate;           // the same, as a share of the latest calls
  bool operator==(const Guard&) const = default;
};

// The most that may be spent, in picodollars: what is spent, what is unknown and the worst case of
// what is in the air count. Over all sessions of the run.
struct BudgetLimits {
  std::optional<int64_t> max_cost;
  std::optional<int64_t> max_cost_per_item;
  double warn_at = 0.8;  // share of max_cost
  bool operator==(const BudgetLimits&) const = default;
};

// How a model is to answer. What is empty or missing is not sent. Which API and model takes what
// stands in chat_options.h.
struct ChatOptions {
  std::optional<double> temperature, top_p;
  std::optional<int64_t> top_k;
  std::optional<int64_t> max_tokens;  // of the answer, reasoning included
  std::string reasoning_effort;       // none, minimal, low, medium, high, xhigh, max
  std::string thinking;               // off, auto
  std::optional<int64_t> thinking_tokens;
  std::string verbosity;  // low, medium, high
  std::vector<std::string> stop;
  std::optional<int64_t> seed;
  std::string service_tier;                   // auto, default, flex, priority
  std::string prompt_cache;                   // 5m, 1h: how long the prompt is to be kept
  std::optional<int64_t> context_tokens;      // of a local model's context
  std::string image_detail;                   // low, high, auto, original
  std::map<std::string, std::string> safety;  // category → threshold
  Json response_schema;                       // null: any text
  bool response_strict = true;                // the provider enforces the schema
  bool operator==(const ChatOptions&) const = default;
};

// A chat call. model, system, user and images are templates over the item's context.
struct ChatStep {
  TextSource model;
  std::optional<TextSource> system;
  TextSource user;
  std::vector<TextSource> images;  // each a path, a glob, or the name of a list (images.h)
  ChatOptions options;
  std::vector<std::string> optional;     // names of options to leave out where a model refuses them
  bool keep_truncated = false;           // an answer cut at max_tokens is good enough
  Json extra = Json::object();           // raw fields added to the request body
  std::vector<TextSource> context = {};  // paths of text files shown before the user prompt
  bool operator==(const ChatStep&) const = default;
};

// A program that a step starts; never a shell. Its value is what it printed (text) and the files it
// made (files).
struct CommandStep {
  std::vector<TextSource> run;           // argv; a program with a slash is beside the config
  std::optional<TextSource> stdin_text;  // nullopt: empty
  std::vector<TextSource> produces;  // paths and globs of files it must leave in the work folder
  std::vector<TextSource> inputs;    // paths and globs of files it reads, beside those in run
  Milliseconds limit{600'000};       // then it is ended
  std::vector<std::string> env;      // variables that it gets beside PATH, HOME, LANG and TMPDIR
  std::optional<int64_t> cost_per_call;  // picodollars; nullopt: it costs nothing
  bool operator==(const CommandStep&) const = default;
};

// How a lost POST is found again: a list that the API keeps of what it was asked for.
struct FindRule {
  TextSource get;    // path of the list
  std::string list;  // path of the list in the reply; empty: the reply is the list
  Expression match;  // over an element (`each`), item and params: this is the lost one
  std::string job;   // path in the element: what `job` would have been
  bool operator==(const FindRule&) const = default;
};

// How the end of a job is waited for.
struct PollRule {
  TextSource get;  // path; {{job}} is the job's name
  Milliseconds every{5'000};
  Milliseconds limit{1'800'000};  // then the job has failed
  Expression done, failed;        // over the reply's own names
  std::string error;              // path in the reply: why it failed
  std::string progress;           // path in the reply: how far it is, for people
  bool operator==(const PollRule&) const = default;
};

struct Download {
  TextSource file;   // where to, beside the config
  std::string from;  // path of its URL in the last reply
  bool operator==(const Download&) const = default;
};

// An HTTP job: a POST, what it started awaited, what it made downloaded.
struct RequestStep {
  std::string provider;        // with api: http
  TextSource post;             // path behind the provider's base_url
  Json body = Json::object();  // texts in it are templates; {data_uri: path} is a file as data URI
  std::string job;             // path in the reply to post: what the job is called
  std::optional<FindRule> find;
  std::optional<PollRule> poll;
  std::vector<Download> download;
  std::optional<int64_t> cost_per_call;  // picodollars a POST; nullopt: not known
  bool operator==(const RequestStep&) const = default;
};

// A step done in rounds: each sees those before it as {{id.values}} and {{id.rounds}}.
struct RepeatRule {
  Expression until;  // after a round: enough
  Expression total;  // so many values are wanted; further ones are cut off
  Expression batch;  // so many of them in a round: {{round.wanted}}
  int64_t most = 10;
  bool keep_short = false;  // after `most` rounds take what there is
  bool operator==(const RepeatRule&) const = default;
};

// A file that makes a step needless.
struct ReuseRule {
  TextSource file;  // beside the config
  Expression only;  // true: fail where it is not there
  bool operator==(const ReuseRule&) const = default;
};

// What the mock provider answers instead now and then.
struct MockVariant {
  double share = 0;  // of the calls
  TextSource text;
  std::string finish = "stop";  // stop, length, refusal
  bool operator==(const MockVariant&) const = default;
};

// How the text of an answer becomes the step's value. One of json, regex and line is given.
struct ParseRule {
  Json json;  // null: not this; {}: any JSON; else the schema it must meet
  // What may be mended: fences, commas; latex: backslashes, also where JSON has a meaning for them.
  std::vector<std::string> repair{"fences", "commas"};
  std::string regex;  // RE2; its last match's first group, or all of the match
  std::string line;   // what follows "LINE:" on the last line that begins so
  bool operator==(const ParseRule&) const = default;
};

struct Step {
  std::string id;
  std::string for_each;     // path to a list in the context, e.g. item.files; empty: once
  int64_t concurrency = 1;  // of for_each: calls of one item at the same time
  int64_t ask_again = 0;    // further asks when an answer cannot be used
  bool say_why = false;     // the next ask tells the model why
  std::optional<ChatStep> chat;
  std::optional<ParseRule> parse;  // nullopt: as the response schema says, else there is no value
  std::optional<TextSource> mock;  // what the mock provider answers here
  std::string origin;              // file:line:column, for messages
  Expression when = {};            // false: the step is skipped, its value is null
  std::optional<RepeatRule> repeat = {};
  std::optional<ReuseRule> reuse = {};
  std::optional<CommandStep> command = {};
  std::optional<RequestStep> request = {};
  std::vector<Step> branches = {};  // chat and command steps done side by side; no further branches
  Expression parallel = {};         // of branches: false: one after the other
  std::vector<MockVariant> mock_instead = {};
  bool operator==(const Step&) const = default;
};

// A column of a table: a name and what stands in it, or all fields of a map ("item.*").
struct Column {
  std::string name;  // empty: of `value`, whose last part is *
  Expression value;
  bool operator==(const Column&) const = default;
};

// What done items leave in files. Exactly one of file, append, csv and jsonl is given: a template
// of the path inside the run directory or output_dir. A file is one item's; the others grow.
struct Output {
  std::optional<TextSource> file, append, csv, jsonl;
  std::optional<TextSource> text = {};            // of file
  std::optional<TextSource> header, record = {};  // of append; the header knows params and run
  std::vector<Column> columns = {};               // of csv and jsonl
  std::string rows = {};       // path of a list: a row for each of its elements; else one an item
  std::string flatten = {};    // path of a map whose members are further columns
  std::string order = "done";  // or item: the source's order
  bool errors = false;         // also failed items leave a record
  bool skip_existing = false;  // an item whose file is there already is skipped
  bool spreadsheet_safe = false;  // texts that a spreadsheet would take for formulas are guarded
  bool operator==(const Output&) const = default;

  const TextSource& path() const { return file ? *file : append ? *append : csv ? *csv : *jsonl; }
  bool grows() const { return !file; }
  bool is_table() const { return csv || jsonl; }
};

// How an item's result is judged: right or wrong, or how right (score.h).
struct ScoreRule {
  Expression got, expect;
  std::string by =
      "exact";  // exact, number [TOLERANCE], class, set, yes-no, regex; or the path of one
  bool operator==(const ScoreRule&) const = default;
};

// What `muster report` shows beside what it always does.
struct ReportRules {
  std::vector<std::string> compare;  // names of scores, the first is the baseline
  Expression group_by;               // over the item's context
  std::vector<std::string> plots;    // accuracy, tokens, cost, time
  Expression against;                // a number: accuracy over it is plotted
  Expression against_when;           // for which items
  bool operator==(const ReportRules&) const = default;
};

// Workers that are started alike: forked on this machine, or where a launcher (srun, ssh) puts
// them.
struct PoolSettings {
  std::string name;                   // of launched ones; default: the launcher's program
  int64_t workers = 0;                // 0, of local ones: one per core
  std::vector<std::string> launch;    // stands before the worker's command line; empty: local
  std::vector<std::string> nodes;     // over which workers are spread: {{node}} in launch
  std::string program;                // of the worker on that machine; empty: the same path as here
  Milliseconds start_within{60'000};  // from launch to hello
  int64_t starts_at_once = 16;        // workers that may be starting
  Milliseconds lease{30'000};         // a launched worker that hears nothing for so long ends
  bool operator==(const PoolSettings&) const = default;

  bool launched() const { return !launch.empty(); }
};

struct Config {
  std::string name;
  std::string about;
  std::string path;              // of the YAML, as given
  std::string base_dir;          // its folder, absolute; what paths in it are relative to
  std::string run_dir;           // absolute
  std::string output_dir;        // absolute; outputs go here (default: the run directory)
  Json params = Json::object();  // resolved values
  ItemSource items;
  std::map<std::string, Provider> providers;  // built-in ones included
  std::map<std::string, LaneSettings> keys;   // by the variable that holds the key
  int64_t workers = 0;                        // 0: one per core
  Limits limits;                              // for every provider together
  TimeLimits time;
  RetryRule retry;
  Guard guard;
  BudgetLimits budget;
  std::string metrics;  // host:port to serve them at; empty: nowhere
  std::vector<Step> steps;
  std::vector<Output> outputs;
  std::map<std::string, ScoreRule> score;
  ReportRules report;
  Json profiles = Json::object();  // name → settings that lie over these
  std::string range;  // which items were asked for: "1..10", as --range or items.range says; empty:
                      // neither. For texts alone ({{run.range}}).
  std::vector<PoolSettings> pools = {};  // empty: one of local workers, `workers` of them
  std::string shard = {};  // "2/8": only this share of the items (shard.h); empty: all
  bool operator==(const Config&) const = default;
};

// Every step that does something itself, in order: those of the config, with their branches in
// their place.
std::vector<const Step*> WorkingSteps(const Config& config);

// What the command line may say about a config.
struct ConfigOverrides {
  std::vector<std::string> set;            // "name=value": a param, or a dotted path of a setting
  std::string run_dir;                     // --run
  std::string output_dir;                  // --output-dir
  std::optional<int64_t> workers;          // --workers
  std::string max_cost;                    // --max-cost, US dollars
  std::string timeout;                     // --timeout, a duration: of one try of a call
  std::vector<std::string> profiles = {};  // --profile, in order; before `set`
  std::string range = {};                  // --range, for texts: who selects is Selection
  std::string shard = {};                  // --shard, as "2/8"
};

// Reads, checks and completes a config. Every mistake found is in the error, a line each:
// "file:line:column: what; what was expected; nearest name".
Result<Config> LoadConfig(const std::string& path, const ConfigOverrides& overrides);

// To and from the form that travels in `start`. FromJson(ToJson(c)) is c.
Json ConfigToJson(const Config& config);
Result<Config> ConfigFromJson(const Json& json);

// The options that are set, as in `start`.
Json OptionsToJson(const ChatOptions& options);

// What decides the answers: steps, params, endpoints, mock behaviour. Items are hashed apart.
Json FingerprintOf(const Config& config);

// Provider and model of a rendered "provider/model"; an error names the nearest provider.
struct ModelRef {
  const Provider* provider;  // owned by the config
  std::string model;
};
Result<ModelRef> ResolveModel(const Config& config, const std::string& text);

}  // namespace muster
