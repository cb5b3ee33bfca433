// The flow of an item's steps, in a worker in this process whose supervisor is the test.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <functional>
#include <map>

#include "tests/config_testing.h"
#include "worker/worker.h"

namespace muster {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Lets every call go and keeps every answer, unless `decide` says something else about a call.
class Flow : public Link {
 public:
  explicit Flow(const std::string& steps, const std::string& rest = "",
                const ConfigOverrides& overrides = {}) {
    yaml_ = "name: flow\nitems: {range: 1..9}\nproviders: {mock: {mock: {latency: 0s..0s}}}\n" +
            rest + "steps:\n" + steps;
    overrides_ = overrides;
  }

  // A step that answers `mock`, ended by a line break; `more` are further settings.
  static std::string Ask(const std::string& id, const std::string& mock,
                         const std::string& more = "") {
    return fmt::format(
        "  - {{id: {}, chat: {{model: mock/m, user: \"{} {{{{item.id}}}}\"}}, {}mock: {}}}\n", id,
        id, more.empty() ? "" : more + ", ", mock);
  }

  void Say(const FromWorker& message) override { said_.push_back(message); }

  // Carries out item 1; what it says is in `calls`, `told`, ….
  Done Run(Json fields = Json::object()) {
    auto config = folder.Load(yaml_, overrides_);
    REQUIRE_MESSAGE(config.ok(), config.error());
    Start start;
    start.config = ConfigToJson(*config);
    start.run_dir = folder / "run";
    start.verbose = verbose;
    REQUIRE(worker_.Handle(std::move(start)));
    fields["id"] = "1";
    REQUIRE(worker_.Handle(Item{"1", 1, std::move(fields)}));
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done_) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      while (!said_.empty()) {
        FromWorker message = std::move(said_.front());
        said_.erase(said_.begin());
        std::visit([this](const auto& each) { On(each); }, message);
      }
      if (!done_) worker_.Turn({}, std::chrono::steady_clock::now() + Milliseconds(5), nullptr);
    }
    return *done_;
  }

  std::vector<std::string> Steps() const {
    std::vector<std::string> steps;
    for (const Call& call : calls) steps.push_back(call.step);
    return steps;
  }

  ConfigFolder folder;
  bool verbose = false;
  std::function<std::optional<ToWorker>(const Call&)> decide;
  std::optional<int64_t> context_window;
  std::vector<Call> calls;
  std::vector<Rejected> rejected;
  std::vector<Event> told;
  size_t in_air = 0, most_in_air = 0;

 private:
  void Answer(ToWorker verdict) { REQUIRE(worker_.Handle(std::move(verdict))); }

  void On(const Call& call) {
    calls.push_back(call);
    open_[call.call] = {call, 1};
    auto verdict = decide ? decide(call) : std::nullopt;
    if (verdict) return Answer(*std::move(verdict));
    SendGo(call.call, 1);
  }

  void SendGo(int64_t call, int64_t ask) {
    most_in_air = std::max(most_in_air, ++in_air);
    Answer(Go{call, ask, 1, 10'000, 10'000, 10'000, 10'000});
  }

  void On(const Called& called) {
    --in_air;
    if (called.failure) return Answer(Refuse{called.call, true, called.failure->message});
    Answer(Kept{called.call, 1'000'000'000, context_window});
  }

  void On(const Rejected& message) {
    rejected.push_back(message);
    auto& [call, ask] = open_.at(message.call);
    if (ask > call.ask_again) return Answer(Refuse{message.call, true, message.reason});
    SendGo(message.call, ++ask);
  }

  void On(const Event& event) { told.push_back(event); }
  void On(const Done& done) { done_ = done; }
  template <class Other>
  void On(const Other&) {}

  std::string yaml_;
  ConfigOverrides overrides_;
  std::vector<FromWorker> said_;
  std::map<int64_t, std::pair<Call, int64_t>> open_;
  std::optional<Done> done_;
  Worker worker_{*this};
};

// ---- when ----

TEST_CASE("a step whose condition is false is null and makes no call") {
  Flow flow(Flow::Ask("a", "one", "when: item.id == \"2\"") +
            Flow::Ask("b", "two", "when: \"not (item.id == '2')\"") +
            "outputs: [{file: out, text: \"<{{^a}}none{{/a}}|{{b.text}}>\"}]\n");
  Done done = flow.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(flow.Steps() == std::vector<std::string>{"b"});
  CHECK(done.outputs.at(0).text == "<none|two>");
}

TEST_CASE("a condition that makes no sense fails the item with its place") {
  Flow flow(Flow::Ask("a", "one", "when: item.number"));
  Done done = flow.Run({{"number", 3}});
  CHECK(done.outcome == Outcome::kFailed);
  CHECK_MESSAGE(Has(done.reason, "a: when: "), done.reason);
  CHECK(flow.calls.empty());
}

// ---- repeat ----

constexpr char kRounds[] =
    "  - id: rounds\n"
    "    repeat: {total: params.total, batch: params.batch, most: 4}\n"
    "    chat: {model: mock/m, user: \"{{round.wanted}} of {{round.left}}; not "
    "{{rounds.values}}\"}\n"
    "    parse: {json: true}\n"
    "    mock: '[{{round.number}}1, {{round.number}}2]'\n"
    "outputs: [{file: out, text: \"{{rounds.count}} {{rounds.values}}"
    "{{#rounds.rounds}} {{number}}:{{text}}{{/rounds.rounds}}\"}]\n";

std::string Params(int total, int batch) {
  return fmt::format("params: {{total: {}, batch: {}}}\n", total, batch);
}

TEST_CASE("rounds go on until there are enough values, each knows those before it") {
  Flow flow(kRounds, Params(5, 2));
  std::vector<std::string> hashes;
  Done done = flow.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(flow.Steps() == std::vector<std::string>{"rounds[1]", "rounds[2]", "rounds[3]"});
  CHECK(done.outputs.at(0).text == "5 [11,12,21,22,31] 1:[11, 12] 2:[21, 22] 3:[31, 32]");
  std::vector<std::string> progress;
  for (const Event& event : flow.told) {
    CHECK(event.kind == "progress");
    progress.push_back(event.step + " " + event.text);
  }
  CHECK(progress ==
        std::vector<std::string>{"rounds round 1/3", "rounds round 2/3", "rounds round 3/3"});
}

TEST_CASE("what a round asks for is what is missing, and those before it are in its prompt") {
  Flow flow(kRounds, Params(5, 2));
  flow.verbose = true;
  flow.decide = [](const Call& call) -> std::optional<ToWorker> {
    if (call.step != "rounds[2]") return std::nullopt;
    return Replay{call.call, 1, Bytes{R"({"text": "[\"x\"]", "finish": "stop"})"}, 0, {}};
  };
  Done done = flow.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(Has(done.outputs.at(0).text, R"(5 [11,12,"x",31,32])"));
  CHECK(flow.calls.size() == 3);
  // The third asks for two, and with three there it asks for two of two.
  CHECK(flow.calls.at(2).request_chars > flow.calls.at(1).request_chars);
}

TEST_CASE("rounds that end short fail the item with how many there are, or are kept") {
  Flow flow(kRounds, Params(100, 25));
  Done done = flow.Run();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason == "rounds: after 4 rounds there are 8 of 100 values");
  std::string kept = kRounds;
  kept.replace(kept.find("most: 4"), 7, "most: 4, keep_short: true");
  Flow short_one(kept, Params(100, 25));
  done = short_one.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(Has(done.outputs.at(0).text, "8 [11,"));
}

TEST_CASE("more rounds than were expected count up to the most there can be") {
  Flow flow(kRounds, Params(7, 4));  // two expected, of two values each
  REQUIRE(flow.Run().outcome == Outcome::kDone);
  REQUIRE(flow.told.size() == 4);
  CHECK(flow.told[1].text == "round 2/2");
  CHECK(flow.told[2].text == "round 3/4");
}

TEST_CASE("no values wanted, no round; a batch of none is a mistake") {
  Flow none(kRounds, Params(0, 2));
  Done done = none.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(none.calls.empty());
  CHECK(done.outputs.at(0).text == "0 []");
  Flow empty(kRounds, Params(5, 0));
  done = empty.Run();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK_MESSAGE(Has(done.reason, "repeat.batch is 0"), done.reason);
}

TEST_CASE("until is looked at after every round, with what it left") {
  const std::string step =
      "  - id: talk\n"
      "    repeat: {until: talk.count >= 2 and round.number >= 3, most: MOST}\n"
      "    chat: {model: mock/m, user: hello}\n"
      "    parse: {line: Answer}\n"
      "    mock: \"Answer: {{round.number}}\"\n"
      "outputs: [{file: out, text: \"{{talk.values}}\"}]\n";
  auto with_most = [&](const char* most) {
    std::string text = step;
    return text.replace(text.find("MOST"), 4, most);
  };
  Flow enough(with_most("9"));
  Done done = enough.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(done.outputs.at(0).text == R"(["1","2","3"])");
  Flow never(with_most("2"));
  done = never.Run();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason ==
        "talk: after 2 rounds it is still not true that talk.count >= 2 and round.number >= 3");
}

// ---- branches ----

const std::string kBranches =
    "  - id: both\n"
    "    parallel: PARALLEL\n"
    "    branches:\n"
    "      - {id: plain, when: \"item.skip != true\", chat: {model: mock/m, user: p}, mock: P}\n"
    "      - {id: treated, chat: {model: mock/m, user: t}, mock: T}\n"
    "outputs: [{file: out, text: \"{{#plain}}{{text}}{{/plain}}{{treated.text}}"
    "{{#both}}{{treated.text}}{{/both}}\"}]\n";

std::string BranchesWith(const std::string& parallel) {
  std::string text = kBranches;
  return text.replace(text.find("PARALLEL"), 8, parallel);
}

TEST_CASE("branches go side by side or one after the other, and leave the same") {
  for (const char* parallel : {"true", "false", "item.id == \"1\""}) {
    CAPTURE(parallel);
    Flow flow(BranchesWith(parallel));
    Done done = flow.Run({{"skip", false}});
    REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
    CHECK(flow.Steps() == std::vector<std::string>{"plain", "treated"});
    CHECK(flow.most_in_air == (std::string(parallel) == "false" ? 1 : 2));
    CHECK(done.outputs.at(0).text == "PTT");
  }
}

TEST_CASE("a branch whose condition is false is null, the other is done") {
  Flow flow(BranchesWith("true"));
  Done done = flow.Run({{"skip", true}});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(flow.Steps() == std::vector<std::string>{"treated"});
  CHECK(done.outputs.at(0).text == "TT");
}

TEST_CASE("when one branch ends the item, the other finishes its call first; a failure counts") {
  for (bool fails : {false, true}) {
    CAPTURE(fails);
    Flow flow(BranchesWith("true"));
    flow.decide = [&](const Call& call) -> std::optional<ToWorker> {
      if (call.step != "plain") return std::nullopt;
      return fails ? ToWorker(Refuse{call.call, true, "never"}) : ToWorker(Defer{call.call});
    };
    Done done = flow.Run({{"skip", false}});
    CHECK(done.outcome == (fails ? Outcome::kFailed : Outcome::kInterrupted));
    CHECK(flow.Steps() == std::vector<std::string>{"plain", "treated"});
    CHECK(flow.in_air == 0);
    CHECK(done.outputs.empty());
  }
  Flow both(BranchesWith("true"));
  both.decide = [](const Call& call) {
    return call.step == "plain" ? ToWorker(Defer{call.call})
                                : ToWorker(Refuse{call.call, true, "never"});
  };
  Done done = both.Run({{"skip", false}});
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason == "treated: never");
}

TEST_CASE("one after the other, a branch after one that ended the item does not begin") {
  Flow flow(BranchesWith("false"));
  flow.decide = [](const Call& call) { return ToWorker(Refuse{call.call, false, "stopping"}); };
  Done done = flow.Run({{"skip", false}});
  CHECK(done.outcome == Outcome::kInterrupted);
  CHECK(flow.Steps() == std::vector<std::string>{"plain"});
}

TEST_CASE("a list within a branch begins no further element when the branch beside it has failed") {
  Flow flow(
      "  - id: both\n"
      "    branches:\n"
      "      - {id: list, for_each: item.list, chat: {model: mock/m, user: \"{{each}}\"}}\n"
      "      - {id: other, chat: {model: mock/m, user: t}}\n");
  flow.decide = [](const Call& call) -> std::optional<ToWorker> {
    if (call.step != "other") return std::nullopt;
    return Refuse{call.call, true, "never"};
  };
  Done done = flow.Run({{"list", {"a", "b", "c"}}});
  CHECK(done.reason == "other: never");
  CHECK(flow.Steps() == std::vector<std::string>{"list[a]", "other"});
}

// ---- for_each ----

TEST_CASE("a list's elements are done as many at once as asked, and stay in order") {
  Flow flow(
      "  - {id: each_one, for_each: item.list, concurrency: 2, chat: {model: mock/m, user: "
      "\"{{each}}\"}, mock: \"<{{each}}>\"}\n"
      "outputs: [{file: out, text: \"{{#each_one}}{{number}}{{text}}{{/each_one}}\"}]\n");
  Done done = flow.Run({{"list", {"a", "b", "c", "a"}}});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(done.outputs.at(0).text == "1<a>2<b>3<c>4<a>");
  CHECK(flow.most_in_air == 2);
  CHECK(flow.calls.back().step == "each_one[a#2]");
}

// ---- reuse, work ----

TEST_CASE("a file that is there already makes a command needless, for one that may not run too") {
  for (const char* only : {"false", "true"}) {
    CAPTURE(only);
    Flow flow(
        fmt::format("  - {{id: solid, reuse: {{file: \"models/{{{{item.id}}}}.glb\", only: "
                    "\"{}\"}}, command: {{run: [no-such-program]}}}}\n"
                    "outputs: [{{file: out, text: \"{{{{solid.file}}}} "
                    "{{{{solid.files}}}}\"}}]\n",
                    only));
    flow.folder.Write("models/1.glb", "glb");
    Done done = flow.Run();
    REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
    CHECK(flow.calls.empty());
    std::string path = flow.folder / "models/1.glb";
    CHECK(done.outputs.at(0).text == path + " [\"" + path + "\"]");
  }
}

TEST_CASE("a file that is not there fails the item of a step that may not make it") {
  Flow flow(
      "  - {id: solid, reuse: {file: \"models/{{item.id}}.glb\", only: true}, command: {run: "
      "[no-such-program]}}\n");
  Done done = flow.Run();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason ==
        "solid: reuse: models/1.glb is not there, and the step may not make it (reuse.only)");
}

TEST_CASE("a command works in the item's own folder, which nobody else can enter") {
  Flow flow(
      "  - {id: made, command: {run: [sh, -c, \"echo hello > $0/f.txt; echo 'n: 5'\", "
      "\"{{work}}\"], produces: [f.txt]}, parse: {line: n}}\n" +
      Flow::Ask("after", "\"{{made.value}} {{work}}\"") +
      "outputs: [{file: out, text: \"{{after.text}}\"}]\n");
  Done done = flow.Run();
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  std::string work = flow.folder / "run/work/1";
  CHECK(done.outputs.at(0).text == "5 " + work);
  struct stat info {};
  REQUIRE(stat(work.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  CHECK(std::filesystem::exists(work + "/f.txt"));
}

TEST_CASE("what a command prints and does not parse fails the item") {
  Flow flow("  - {id: made, command: {run: [echo, nothing]}, parse: {line: n}}\n");
  Done done = flow.Run();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK_MESSAGE(Has(done.reason, "made: "), done.reason);
  CHECK(flow.calls.size() == 1);
}

TEST_CASE("an item without commands leaves no folder") {
  Flow flow(Flow::Ask("a", "one"));
  REQUIRE(flow.Run().outcome == Outcome::kDone);
  CHECK_FALSE(std::filesystem::exists(flow.folder / "run"));
}

// ---- texts, warnings, the end ----

TEST_CASE("a prompt's file can depend on the item; one that is missing fails the item alone") {
  const char* steps =
      "  - {id: a, chat: {model: mock/m, user: {file: \"prompts/{{item.topic}}.txt\"}, context: "
      "[\"context/{{item.topic}}.md\", \"{{item.more}}\"]}, mock: {file: "
      "\"{{item.topic}}.mock\"}}\n"
      "outputs: [{file: \"{{item.topic}}/out\", text: {file: \"{{item.topic}}.out\"}}]\n";
  Flow flow(steps);
  flow.folder.Write("prompts/sea.txt", "About {{item.topic}}.");
  flow.folder.Write("context/sea.md", "{{not a template}}");
  flow.folder.Write("sea.mock", "wet");
  flow.folder.Write("sea.out", "It is {{a.text}}.");
  Done done = flow.Run({{"topic", "sea"}, {"more", ""}});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(done.outputs.at(0).path == "sea/out");
  CHECK(done.outputs.at(0).text == "It is wet.");
  for (const char* lost : {"prompts/air.txt", "context/sea.md", "elsewhere.md"}) {
    CAPTURE(lost);
    Flow missing(steps);
    bool no_prompt = std::string(lost) == "prompts/air.txt";
    missing.folder.Write("prompts/sea.txt", "About it.");
    if (std::string(lost) != "context/sea.md") missing.folder.Write("context/sea.md", "c");
    missing.folder.Write("context/air.md", "c");
    done = missing.Run(
        {{"topic", no_prompt ? "air" : "sea"}, {"more", no_prompt ? "" : "elsewhere.md"}});
    CHECK(done.outcome == Outcome::kFailed);
    CHECK_MESSAGE(Has(done.reason, lost), done.reason);
    CHECK(missing.calls.empty());
  }
}

TEST_CASE("a prompt over the context window is a warning, known to outputs and reports") {
  Flow flow(
      "  - {id: a, chat: {model: mock/m, user: \"{{item.text}}\"}, mock: ok}\n"
      "outputs: [{file: out, text: \"{{status}} {{a.context_window}} "
      "{{#a}}{{warning}}{{/a}}\"}]\n");
  flow.context_window = 1'000;
  Done done = flow.Run({{"text", std::string(36'000, 'x')}});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  const std::string warning =
      "the prompt of about 9,000 tokens is over the context window of 1,000";
  CHECK(done.outputs.at(0).text == "warning 1000 " + warning);
  CHECK(done.result["warnings"] == Json::array({"a: " + warning}));
}

TEST_CASE("the other answers of the mock come in their share, and another ask has another") {
  const std::string steps =
      "  - {id: a, for_each: item.list, ask_again: 5, chat: {model: mock/m, user: same}, parse: "
      "{line: Answer}, mock: \"Answer: right\", mock_instead: [{share: 0.2, text: \"Answer: "
      "wrong\"}, {share: 0.2, text: no idea}, {share: 0.1, text: \"I will not\", finish: refusal}, "
      "{share: 0.1, text: \"Answer: cut\", finish: length}]}\n"
      "outputs: [{file: out, text: \"{{#a}}{{value}} {{/a}}\"}]\n";
  Json list = Json::array();
  for (int i = 0; i < 200; ++i) list.push_back(std::to_string(i));
  std::string first;
  for (int run = 0; run < 2; ++run) {
    Flow flow(steps);
    Done done = flow.Run({{"list", list}});
    REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
    const std::string& text = done.outputs.at(0).text;
    if (run == 0) first = text;
    CHECK(text == first);
    auto wrong = std::count(text.begin(), text.end(), 'w');
    CHECK(wrong > 20);  // a fifth of what counts: some 66 of 200
    CHECK(wrong < 110);
    CHECK_FALSE(Has(text, "cut"));
    size_t refused = 0, cut = 0, unparsed = 0;
    for (const Rejected& rejected : flow.rejected) {
      bool refusal = Has(rejected.reason, "refused: I will not");
      bool length = Has(rejected.reason, "cut at its token limit");
      refused += refusal, cut += length, unparsed += !refusal && !length;
    }
    CHECK(refused > 8);
    CHECK(cut > 8);
    CHECK(unparsed > 25);
  }
}

TEST_CASE("without a text of its own the mock answers what the step can parse") {
  Flow flow(
      "  - {id: a, chat: {model: mock/m, user: hi}, parse: {json: {type: array, minItems: 2, "
      "items: "
      "{type: object, required: [n], properties: {n: {type: integer, minimum: 5}}}}}}\n"
      "outputs: [{file: out, text: \"{{#a.value}}{{n}} {{/a.value}}\"}]\n");
  Done done = flow.Run({});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(std::count(done.outputs.at(0).text.begin(), done.outputs.at(0).text.end(), ' ') >= 2);
  CHECK(flow.rejected.empty());
}

TEST_CASE("an item's end has its scores, sums and rows, and a failed one has no outputs") {
  Flow flow(Flow::Ask("a", "\"Answer: 4\"", "parse: {line: Answer}") +
            "score: {right: {got: a.value, expect: item.answer, by: number}}\n"
            "outputs:\n"
            "  - csv: \"{{item.topic}}.csv\"\n"
            "    columns: [item.*, status, calls: usage.calls, right: scores.right.value]\n");
  Done done = flow.Run({{"topic", "a/b"}, {"answer", "4"}, {"list", {1}}});
  REQUIRE_MESSAGE(done.outcome == Outcome::kDone, done.reason);
  CHECK(done.result["scores"]["right"]["value"] == 1);
  const OutputText& output = done.outputs.at(0);
  CHECK_FALSE(Has(output.path, "/"));
  auto rows = ParseJson(output.text);
  REQUIRE(rows);
  CHECK((*rows)["columns"] == Json{"topic", "answer", "id", "status", "calls", "right"});
  REQUIRE((*rows)["rows"].size() == 1);
  CHECK((*rows)["rows"][0][3] == "ok");
  CHECK((*rows)["rows"][0][4] == 1);
  CHECK((*rows)["rows"][0][5] == 1);
}

}  // namespace
}  // namespace muster
