// One config done by several supervisors, each a share of the items in a folder of its own.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kItems = 30;

constexpr char kConfig[] = R"(name: shared
params: {model: mock/m}
items: {range: 1..30}
providers:
  openai: {api: openai-responses, limits: {concurrency: 6, requests_per_minute: 6000}}
workers: 8
steps:
  - {id: ask, chat: {model: "{{params.model}}", user: "Tell of {{item.id}}.", max_tokens: 500}}
outputs:
  - {file: "texts/{{item.id}}.txt", text: "{{ask.text}}"}
  - {jsonl: all.jsonl, columns: [id: item.id, text: ask.text]}
)";

class Shards {
 public:
  explicit Shards(const FakeServer& server) : place_(0) {
    place_.Write("c.yaml", kConfig);
    place_.Ask(server);
  }

  Workplace& place() { return place_; }
  ChildOptions Run(const std::string& shard, const Args& more = {}) const {
    return place_.Muster(Args{"run", "c.yaml", "--shard", shard} + place_.asking() + more);
  }
  static std::string Folder(int shard) { return fmt::format("runs/shared/shard-{}-of-3", shard); }
  Json Status(int shard) const { return place_.Status(Folder(shard)); }
  ChildEnd Report(const Args& runs) const {
    return RunChild(place_.Muster(Args{"report"} + runs + Args{"--format", "json"}));
  }

  // Every item has one output in one shard, and one record there.
  void CheckOutputs(const std::function<std::string(int)>& folder) const {
    std::set<std::string> texts;
    size_t records = 0;
    for (int shard = 1; shard <= 3; ++shard) {
      for (const auto& [path, text] : place_.FilesIn(folder(shard) + "/texts")) {
        CHECK_MESSAGE(texts.insert(path).second, path);
      }
      records += LinesOf(place_.Read(folder(shard) + "/all.jsonl")).size();
    }
    CHECK(texts.size() == kItems);
    CHECK(records == kItems);
  }

 private:
  Workplace place_;
};

// Of the report's one run.
Json OnlyRun(const ChildEnd& end) {
  REQUIRE_MESSAGE(end.code == 0, end.err);
  auto report = ParseJson(end.out);
  REQUIRE_MESSAGE(report, end.out);
  REQUIRE_MESSAGE((*report)["runs"].size() == 1, end.out);
  return (*report)["runs"][0];
}

}  // namespace

TEST_CASE("e2e: shards one after another do every item once; a report sums them") {
  FakeServer server("", {"--latency-ms=20"});
  Shards shards(server);
  ChildEnd first = RunChild(shards.Run("1/3"));
  REQUIRE_MESSAGE(first.code == 0, first.out << first.err);
  int64_t of_first = server.Book("asked");
  CHECK(of_first > 0);
  CHECK(server.Book("max_in_air") <= 2);  // a third of the limit
  ChildEnd early = shards.Report({"runs/shared"});
  CHECK_MESSAGE(Has(early.err, "1 of 3 shards are there; missing: shard-2-of-3, shard-3-of-3"),
                early.err);
  CHECK(OnlyRun(early)["items_by_status"]["done"] == of_first);
  for (const char* shard : {"2/3", "3/3"}) {
    ChildEnd end = RunChild(shards.Run(shard));
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  }
  CHECK(server.Book("asked") == kItems);
  CHECK(server.Book("max_in_air") <= 2);
  shards.CheckOutputs(Shards::Folder);

  ChildEnd status = RunChild(shards.place().Muster({"status", Shards::Folder(1)}));
  CHECK(status.code == 0);
  CHECK(CountIn(shards.Status(1), "counts", "done") == of_first);
  ChildEnd again = RunChild(shards.Run("1/3"));
  CHECK(again.code == 0);
  CHECK(server.Book("asked") == kItems);
  CHECK(CountIn(shards.Status(1), "session_totals", "tries") == 0);

  ChildEnd whole = shards.Report({"runs/shared"});
  CHECK(whole.err == "");
  ChildEnd parts = shards.Report({Shards::Folder(3), Shards::Folder(1), Shards::Folder(2)});
  ChildEnd twice = shards.Report({"runs/shared", Shards::Folder(2), "runs/shared/"});
  CHECK_MESSAGE(Has(twice.err, "shard-2-of-3 is given twice; it counts once"), twice.err);
  for (const Json& run : {OnlyRun(whole), OnlyRun(parts), OnlyRun(twice)}) {
    CHECK(run["items_by_status"]["done"] == kItems);
    CHECK(run["totals"]["calls"] == kItems);
    CHECK(run["totals"]["input_tokens"] == server.Book("input"));
    CHECK(run["totals"]["output_tokens"] == server.Book("output"));
    CHECK(run["items"].size() == kItems);
  }
  ChildEnd two = shards.Report({Shards::Folder(1), Shards::Folder(3)});
  CHECK_MESSAGE(Has(two.err, "2 of 3 shards are there; missing: shard-2-of-3"), two.err);
}

TEST_CASE("e2e: shards at the same time keep the limits together, and one that is killed goes on") {
  FakeServer server("", {"--latency-ms=100"});
  Shards shards(server);
  std::vector<std::unique_ptr<Child>> runs;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    runs.push_back(std::make_unique<Child>(shards.Run(shard, {"--output-dir", "there"})));
  }
  REQUIRE(runs[2]->ReadUntil([&] { return server.Book("answered") >= 6; }));
  runs[2]->Signal(SIGKILL);
  CHECK(runs[0]->Wait().code == 0);
  CHECK(runs[1]->Wait().code == 0);
  runs[2]->Wait();
  ChildEnd again = RunChild(shards.Run("3/3", {"--output-dir", "there"}));
  CHECK_MESSAGE(again.code == 0, again.out << again.err);
  CHECK(server.Book("max_in_air") <= 6);
  CHECK(server.Book("repeats_of_answered") <= 2);
  CHECK(server.Book("answered") <= kItems + 2);
  shards.CheckOutputs([](int shard) { return fmt::format("there/shard-{}-of-3", shard); });
}

TEST_CASE("e2e: a shard has its share of the budget, and says how to go on with it") {
  FakeServer server("", {"--latency-ms=20"});
  Shards shards(server);
  // A third of it holds one worst case at a time, and less than ten answers.
  ChildEnd end = RunChild(shards.Run("2/3", {"--max-cost", "0.03"}));
  CHECK_MESSAGE(end.code == 5, end.out << end.err);
  CHECK_MESSAGE(Has(end.out, "the budget of the run, $0.0100, has $"), end.out);
  CHECK(server.Book("picodollars") <= 10'000'000'000);
  CHECK(server.Book("asked") > 0);
  CHECK(Has(CommandAfter("to go on", end.out), "--shard 2/3"));
  int64_t asked = server.Book("asked");
  ChildEnd none = RunChild(shards.Run("1/3", {"--max-cost", "0.003"}));
  CHECK_MESSAGE(none.code == 5, none.out << none.err);
  CHECK(server.Book("asked") == asked);
}

TEST_CASE("e2e: what is no share is told before anything is made or sent") {
  FakeServer server;
  Shards shards(server);
  for (const char* bad : {"0/3", "4/3", "3", "a/b", "1/3/5"}) {
    CAPTURE(bad);
    ChildEnd end = RunChild(shards.Run(bad));
    CHECK(end.code == 2);
    CHECK(LinesOf(end.err).size() == 1);
    CHECK(Has(end.err, std::string("\"") + bad + "\" is no share; expected I/N"));
  }
  ChildEnd many = RunChild(shards.Run("1/7"));
  CHECK(many.code == 2);
  CHECK_MESSAGE(Has(many.err, "concurrency\" cannot be divided among 7 shards"), many.err);
  CHECK_FALSE(std::filesystem::exists(shards.place() / "runs"));
  CHECK(server.Book("connections") == 0);
}

}  // namespace muster
