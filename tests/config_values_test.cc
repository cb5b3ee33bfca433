#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "common/config/settings.h"
#include "common/duration.h"
#include "tests/config_testing.h"

// --set, the travelling form, the reference and the fingerprint of configs.

namespace muster {
namespace {

constexpr const char* kSettable = R"(name: s
params:
  model: {default: mock/a, choices: [mock/a, mock/b, openai/c]}
  n: 30
  share: 0.5
  loud: false
  word: "12"
items: {range: 1..3}
providers: {mock: {prices: {gpt-5.1: {input: 1, output: 2}}}}
steps:
  - id: first
    chat: {model: "{{params.model}}", user: hello}
  - id: second
    chat: {model: "{{params.model}}", user: {file: second.md}, extra: {list: [1, 2], map: {a: 1}}}
outputs: [{file: "{{item.id}}", text: x}]
)";

Config LoadWith(const std::vector<std::string>& set) {
  ConfigFolder folder;
  folder.Write("second.md", "from a file");
  folder.Write("other.md", "from another");
  ConfigOverrides overrides;
  overrides.set = set;
  auto config = folder.Load(kSettable, overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

std::string MistakeOf(const std::string& set) {
  ConfigFolder folder;
  folder.Write("second.md", "from a file");
  ConfigOverrides overrides;
  overrides.set = {set};
  return folder.Mistakes(kSettable, overrides);
}

TEST_CASE("--set gives params values of their declared type") {
  Config config = LoadWith({"model=mock/b", "n=7", "share=1", "loud=true", "params.word=34"});
  CHECK(config.params ==
        Json{{"model", "mock/b"}, {"n", 7}, {"share", 1}, {"loud", true}, {"word", "34"}});
  CHECK(LoadWith({"word=a=b: c"}).params["word"] == "a=b: c");
  CHECK(LoadWith({"word="}).params["word"] == "");
  CHECK_MESSAGE(LoadWith({"n=1", "n=2"}).params["n"] == 2, "the last one counts");
}

TEST_CASE("--set reaches every setting by its path, and steps by their id") {
  Config config = LoadWith({"limits.concurrency=7", "steps.second.chat.reasoning_effort=low",
                            "providers.openai.base_url=http://localhost:1/",
                            "providers.mock.prices.gpt-5.1.input=0.3", "about=b: c [d",
                            "steps.first.chat.user=12", "workers=3", "limits.time.base=90s"});
  CHECK(config.limits.concurrency == 7);
  CHECK(config.steps[1].chat->options.reasoning_effort == "low");
  CHECK(config.providers.at("openai").base_url == "http://localhost:1");
  CHECK(config.providers.at("mock").prices.at("gpt-5.1").input == 300'000);
  CHECK(config.about == "b: c [d");
  CHECK(config.steps[0].chat->user == TextSource{"12", "--set steps.first.chat.user"});
  CHECK(config.workers == 3);
  CHECK(config.time.base == std::chrono::seconds(90));
}

TEST_CASE("--set merges maps and replaces lists") {
  Config config = LoadWith({"steps.second.chat.extra={list: [3], map: {b: 2}}",
                            "providers={x: {api: mock, prices: {m: {input: 0.1, output: 1}}}}",
                            "steps.second.chat.user={file: other.md}",
                            "outputs=[{file: a, text: b}, {file: c, text: d}]"});
  CHECK(config.steps[1].chat->extra == Json{{"list", {3}}, {"map", {{"a", 1}, {"b", 2}}}});
  CHECK(config.providers.at("x").prices.at("m").input == 100'000);
  CHECK(config.providers.at("mock").prices.contains("gpt-5.1"));
  CHECK(config.steps[1].chat->user.text == "from another");
  CHECK(config.outputs.size() == 2);
}

TEST_CASE("mistakes of --set name the option and what it may be") {
  CHECK(MistakeOf("model=x") ==
        "--set model: \"params.model\" is \"x\"; expected one of: \"mock/a\", \"mock/b\", "
        "\"openai/c\"");
  CHECK(MistakeOf("n=ten") == "--set n: \"ten\" is no number; expected one, like the default 30");
  CHECK(MistakeOf("loud=yes") == "--set loud: \"yes\" is neither true nor false");
  CHECK(MistakeOf("modl=x") ==
        "--set modl: \"modl\" is neither a param nor a setting; did you mean \"model\"?");
  CHECK(MistakeOf("params.modl=x") ==
        "--set params.modl: no param \"modl\"; did you mean \"model\"?");
  CHECK(MistakeOf("steps.frist.chat.user=x") ==
        "--set steps.frist.chat.user: no step \"frist\"; did you mean \"first\"?");
  CHECK(MistakeOf("steps.first.chat.verbosity=loud") ==
        "--set steps.first.chat.verbosity: \"steps[0].chat.verbosity\" is \"loud\"; expected "
        "one "
        "of: low, medium, high");
  CHECK(MistakeOf("limits.concurency=1") ==
        "--set limits.concurency: unknown key \"concurency\" in \"limits\"; did you mean "
        "\"concurrency\"?");
  CHECK(MistakeOf("outputs.file=x") ==
        "--set outputs.file: \"outputs\" is a list, which is set as a whole: outputs=[…]");
  CHECK(MistakeOf("n") == "--set n: expected name=value");
  CHECK(MistakeOf("=1") == "--set : expected name=value");
  CHECK(MistakeOf("limits.=1") ==
        "--set limits.: expected name=value, the name with words between its dots");
}

TEST_CASE("--workers is held to the same bounds") {
  ConfigFolder folder;
  ConfigOverrides overrides;
  overrides.workers = 0;
  CHECK(folder.Mistakes(kLeastConfig, overrides) ==
        "--workers: \"workers\" is 0; expected a whole number from 1 to 10000");
}

Limits FullLimits(int64_t n) {
  return {n,
          n + 1,
          n + 2,
          n + 3,
          n + 4,
          {{Milliseconds(90'000), n + 5, n + 6, n + 7, n + 8}},
          Milliseconds(1'500),
          false,
          true};
}

ChatOptions FullOptions() {
  ChatOptions options;
  options.temperature = 0.7, options.top_p = 0.25, options.top_k = 11, options.max_tokens = 5;
  options.reasoning_effort = "high", options.thinking = "off", options.thinking_tokens = 1'024;
  options.verbosity = "low", options.stop = {"END", "\n"}, options.seed = -3;
  options.service_tier = "flex", options.prompt_cache = "1h", options.context_tokens = 8'192;
  options.image_detail = "auto", options.safety = {{"HARM", "OFF"}};
  options.response_schema = {{"type", "object"}}, options.response_strict = false;
  return options;
}

CommandStep FullCommand() {
  CommandStep command;
  command.run = {{"./x", "c:3"}, {"{{item.id}}", "c:4"}}, command.stdin_text = TextSource{"i", "c"};
  command.produces = {{"*.png", "c:5"}}, command.inputs = {{"data/*", "c:6"}};
  command.limit = Milliseconds(7), command.env = {"DISPLAY"}, command.cost_per_call = 3;
  return command;
}

RequestStep FullRequest() {
  RequestStep request;
  request.provider = "p", request.post = {"/jobs", "c:7"}, request.body = {{"n", {1, "{{x}}"}}};
  request.job = "result.id", request.cost_per_call = 9;
  request.find = FindRule{{"/jobs", "c:8"}, "jobs", {"each.a == 1", "c:9"}, "id"};
  PollRule poll;
  poll.get = {"/jobs/{{job}}", "c:10"}, poll.every = Milliseconds(1), poll.limit = Milliseconds(2);
  poll.done = {"status == 1", "c:11"}, poll.failed = {"status == 2", "c:12"};
  poll.error = "error", poll.progress = "progress";
  request.poll = poll;
  request.download = {{{"{{item.id}}.glb", "c:13"}, "urls.glb"}};
  return request;
}

// A step that is all kinds at once, and one that is none.
std::vector<Step> FullSteps() {
  ChatStep chat;
  chat.model = {"p/m", "c.yaml:1:1"}, chat.system = TextSource{"s", "s.md"};
  chat.user = {"u {{x}}", "u.md"}, chat.images = {{"a.png", "c.yaml:2:2"}, {"item.b", "c"}};
  chat.options = FullOptions(), chat.keep_truncated = true;
  chat.extra = {{"k", {1, nullptr, "x"}}}, chat.context = {{"{{item.t}}.txt", "c:14"}};
  chat.optional = {"seed"};
  ParseRule parse{{{"type", "array"}}, {"latex"}, "a(b)", "Answer"};
  Step step{"s", "item.files", 3, 4, true, chat, parse, TextSource{"m", "m.md", "f"}, "c.yaml:9:9"};
  step.when = {"true", "c:15"}, step.parallel = {"false", "c:16"};
  step.repeat = RepeatRule{{"a", "c:17"}, {"100", "c:18"}, {"25", "c:19"}, 8, true};
  step.reuse = ReuseRule{{"{{item.id}}.glb", "c:20"}, {"true", "c:21"}};
  step.command = FullCommand(), step.request = FullRequest();
  step.mock_instead = {{0.25, {"w", "c:22"}, "refusal"}};
  Step plain;
  plain.id = "t", plain.chat = ChatStep{};
  step.branches = {plain};
  return {step, plain};
}

std::vector<Output> FullOutputs() {
  Output output;
  output.file = TextSource{"f", "fo"}, output.append = TextSource{"a", "ao"};
  output.csv = TextSource{"c", "co"}, output.jsonl = TextSource{"j", "jo"};
  output.text = TextSource{"t", "to"}, output.header = TextSource{"h", "ho"};
  output.record = TextSource{"r", "ro"};
  output.columns = {{"", {"item.*", "c:23"}}, {"cost", {"usage.cost", "c:24"}}};
  output.rows = "a.values", output.flatten = "a.value", output.order = "item";
  output.errors = output.skip_existing = output.spreadsheet_safe = true;
  Output plain;
  plain.file = TextSource{"g", "go"};
  return {output, plain};
}

// Every member differs from its default.
Config FullConfig() {
  Config c;
  c.name = "full", c.about = "all \"of\" it\n", c.path = "a/c.yaml", c.base_dir = "/a";
  c.run_dir = "/r", c.output_dir = "/o";
  c.params = {{"z", 1}, {"a", "text"}, {"f", 0.1}, {"b", true}};
  c.items.directories = "p/*", c.items.files = "*.txt";
  c.items.range = ItemSource::Range{-3, 9};
  c.items.fields = {{"image", "{{item.id}}.png"}};
  c.items.join = ItemSource::Join{"t.json", "key", "u.csv"};
  c.items.csv = "r.csv", c.items.jsonl = "r.jsonl", c.items.json = "r.json";
  c.items.matrix = {{"a", {1, "x"}}}, c.items.delimiter = ";", c.items.id = "{{item.a}}";
  c.items.group_by = "g", c.items.where = {"item.a == 1", "c:1"}, c.items.repeat = {"3", "c:2"};
  c.items.sample = {{"s", {"item.rows", 15, 7}}};
  Provider p;
  p.name = "p", p.api = "openai-chat", p.base_url = "https://h/v1", p.base_url_from = "config";
  p.key_env = "KEY", p.key_file = "/k", p.key_header = "X-Key", p.query = {{"api-version", "1"}};
  p.stream = "always", p.program = "/bin/claude", p.headers = {{"X-A", "b"}}, p.price_vendor = "v";
  p.prices = {{"m.1", {1, 2, 3, 4, 5}}, {"m", {1'250'000, 30'000'000, {}, {}}}};
  p.insecure_http = true, p.limits = FullLimits(3);
  p.models = {{"m.1", {FullLimits(5)}}, {"n", {}}}, p.max_cost = 1;
  p.mock = {Milliseconds(1500), Milliseconds(7'200'000 / 2), 42, 0.1};
  c.providers = {{"p", p}, {"q", Provider()}};
  c.keys = {{"KEY", {FullLimits(7)}}};
  c.workers = 9, c.limits = FullLimits(9);
  c.time = {Milliseconds(1), Milliseconds(61'000), Milliseconds(3'600'000),
            Milliseconds(7), Milliseconds(0),      Milliseconds(8)};
  c.retry = {2, Milliseconds(3), Milliseconds(4), Milliseconds(0), Milliseconds(5)};
  c.guard = {3, Milliseconds(4), Milliseconds(5), 77, 6, 0.25};
  c.budget = {2'500'000'000'001, 0, 0.5}, c.metrics = "[::1]:9464";
  c.steps = FullSteps(), c.outputs = FullOutputs();
  c.score = {{"right", {{"s.value", "c:25"}, {"item.a", "c:26"}, "number 5%"}}};
  c.report = {{"right"}, {"item.task", "c:27"}, {"cost"}, {"item.n", "c:28"}, {"true", "c:29"}};
  c.profiles = {{"quick", {{"params", {{"z", 2}}}}}};
  c.pools = {{"far",
              3,
              {"ssh", "{{node}}"},
              {"n1", "n2"},
              "/opt/w",
              Milliseconds(100),
              2,
              Milliseconds(1'000)}};
  c.range = "1..2", c.shard = "2/3";
  return c;
}

TEST_CASE("a config arrives at a worker as it was sent") {
  for (const Config& config : {FullConfig(), LoadWith({})}) {
    Json sent = ConfigToJson(config);
    auto parsed = ParseJson(DumpJson(sent));
    REQUIRE(parsed.ok());
    auto arrived = ConfigFromJson(*parsed);
    REQUIRE_MESSAGE(arrived.ok(), arrived.error());
    CHECK(*arrived == config);
    CHECK(DumpJson(ConfigToJson(*arrived)) == DumpJson(sent));
  }
}

TEST_CASE("a message that is no config is refused") {
  CHECK_FALSE(ConfigFromJson(Json()).ok());
  CHECK_FALSE(ConfigFromJson(Json::array()).ok());
  CHECK_FALSE(ConfigFromJson({{"name", "a"}, {"workers", "x"}}).ok());
  CHECK_FALSE(ConfigFromJson({{"name", "a"}, {"unknown", 1}}).ok());
}

TEST_CASE("every setting has help, a default that its bounds allow, and a path of its own") {
  Json rows = SettingsReference();
  std::set<std::string> paths;
  for (const Json& row : rows) {
    CAPTURE(DumpJson(row));
    CHECK(paths.insert(StringMember(row, "path")).second);
    CHECK(StringMember(row, "help").size() > 3);
    CHECK(!StringMember(row, "type").empty());
    std::string when = StringMember(row, "when");
    CHECK((when == "load" || when == "item"));
    const Json* value = Member(row, "default");
    if (!value || value->is_null()) continue;
    if (StringMember(row, "type") == "duration") {
      auto duration = ParseDuration(value->get<std::string>());
      REQUIRE(duration.ok());
      CHECK(*duration >= *ParseDuration(StringMember(row, "min")));
      CHECK(*duration <= *ParseDuration(StringMember(row, "max")));
    } else if (value->is_number()) {
      CHECK(*value >= row["min"]);
      CHECK(*value <= row["max"]);
    }
  }
  for (const char* path :
       {"name", "params.*.choices", "items.range.from", "items.join.json",
        "providers.*.prices.*.cache_write", "providers.*.limits.concurrency", "limits.time.most",
        "guard.worker_deaths", "steps[].chat.user", "steps[].mock", "outputs[].file"}) {
    CHECK_MESSAGE(paths.contains(path), path);
  }
}

TEST_CASE("the reference lists what can travel, and nothing else") {
  // Walks the full config as it is sent; only what no person writes is not in the reference.
  std::set<std::string> paths{
      "path",  "base_dir", "providers.*.name", "providers.*.base_url_from", "steps[].origin",
      "range", "shard"};
  for (const Json& row : SettingsReference()) paths.insert(StringMember(row, "path"));
  std::set<std::string> seen;
  auto walk = [&](auto& self, const Json& map, const std::string& prefix) -> void {
    for (const auto& member : map.items()) {
      bool named = paths.contains(prefix + "*") || prefix == "providers." || prefix == "keys." ||
                   prefix == "providers.*.prices." || prefix == "providers.*.models." ||
                   prefix == "items.sample." || prefix == "score.";
      std::string path = prefix + (named ? "*" : member.key());
      if (!named) {
        CHECK_MESSAGE(paths.contains(path), path);
        seen.insert(path);
      }
      bool opaque = path == "params" || path.ends_with(".extra") || path.ends_with(".headers") ||
                    path.ends_with(".fields") || path.ends_with(".query") ||
                    path.ends_with(".safety") || path.ends_with(".response_schema") ||
                    path.ends_with(".parse.json") || path.ends_with(".body") ||
                    path == "items.matrix" || path == "profiles" ||
                    member.value().contains("origin");
      if (member.value().is_object() && !opaque) self(self, member.value(), path + ".");
      // Branches are steps again.
      if (!member.value().is_array() || path == "steps[].branches") continue;
      for (const Json& element : member.value()) {
        bool map = element.is_object() && !element.contains("origin");
        if (map) self(self, element, path + "[].");
      }
    }
  };
  Json sent = ConfigToJson(FullConfig());
  for (Json& step : sent["steps"]) step.erase("origin");
  walk(walk, sent, "");
  for (const std::string& path : paths) {
    bool hidden = path == "steps[].origin" || path.starts_with("params.");
    if (!hidden) CHECK_MESSAGE(seen.contains(path), path);
  }
}

TEST_CASE("the fingerprint has what decides the answers and nothing else") {
  std::string before = CanonicalJson(FingerprintOf(LoadWith({})));
  for (const char* other :
       {"model=mock/b", "n=31", "steps.first.chat.user=bye", "steps.first.chat.temperature=1",
        "steps.second.chat.user={file: other.md}", "steps.second.chat.extra={list: []}",
        "steps.first.mock=x", "providers.mock.mock.seed=2", "providers.mock.mock.fail=0.5",
        "steps.first.chat.model=openai/m"}) {
    CHECK_MESSAGE(CanonicalJson(FingerprintOf(LoadWith({other}))) != before, other);
  }
  for (const char* same :
       {"workers=9", "limits.concurrency=3", "limits.time.most=1h", "retry.attempts=2", "about=x",
        "guard.worker_deaths=9", "run=elsewhere", "output_dir=there", "outputs=[]",
        "providers.mock.mock.latency=1ms", "providers.openai.base_url=https://unused.example",
        "providers.openai.key_env=OTHER", "providers.mock.prices={}", "steps.first.ask_again=3"}) {
    CHECK_MESSAGE(CanonicalJson(FingerprintOf(LoadWith({same}))) == before, same);
  }
}

TEST_CASE("a model that depends on the item makes every endpoint count") {
  Config config = LoadWith({"steps.first.chat.model={{item.model}}"});
  // All but that of commands, which is none.
  CHECK(FingerprintOf(config)["endpoints"].size() == config.providers.size() - 1);
  CHECK(FingerprintOf(LoadWith({}))["endpoints"].size() == 1);
}

}  // namespace
}  // namespace muster
