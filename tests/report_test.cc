#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "common/json.h"
#include "supervisor/report/plot_svg.h"
#include "supervisor/report/report_command.h"
#include "supervisor/report/report_formats.h"
#include "supervisor/report/report_words.h"
#include "tests/ledger_testing.h"

namespace muster {
namespace {

constexpr const char* kRules = R"({"compare": ["baseline", "treatment"],
  "group_by": {"text": "item.task", "origin": "c.yaml:9:9"},
  "plots": ["accuracy", "tokens", "cost", "time"],
  "against": {"text": "item.points", "origin": "c.yaml:9:9"}})";

// A run directory that is filled item by item; the ledger closes with it.
struct Books {
  explicit Books(const std::string& folder, const std::string& name = "bench")
      : ledger((std::filesystem::create_directories(folder), OpenAt(folder + "/ledger.sqlite"))) {
    CommitAll(ledger, record::Meta{"name", name}, record::Meta{"report", kRules});
  }

  void Add(const std::string& id, const std::string& task, ItemStatus status,
           const std::string& reason = "") {
    std::string fields = DumpJson(Json{{"id", id}, {"task", task}});
    CommitAll(ledger, record::Item{++position, id, fields, "hash", ""},
              record::Status{id, status, reason, 0, 1000});
  }

  // An answered call of a step, of `tokens` in and 10 out, that took `ms`.
  void Call(const std::string& id, const std::string& step, int64_t tokens, int64_t ms,
            std::optional<Picodollars> cost = 1'000'000'000) {
    int64_t call = ledger.TakeCallId();
    auto started = StartTry(call, id);
    started.step = step;
    started.request_hash = fmt::format("hash {}", call);
    started.simulated = simulated;
    auto ended = Answered(call, "text", cost, {tokens, 0, 0, 10, 0});
    ended.total_ms = ms;
    CommitAll(ledger, started, ended);
  }

  // A done trial; a missing value is a skipped condition, which made no call.
  void Trial(const std::string& id, const std::string& task, std::optional<double> baseline,
             std::optional<double> treatment, double points) {
    Add(id, task, ItemStatus::kDone);
    if (baseline) Call(id, "baseline", 400, 2000);
    if (treatment) Call(id, "treatment", 90, 1000);
    auto score = [](std::optional<double> value) {
      return Json{{"value", value ? Json(*value) : Json()}, {"got", "it's <b>"}, {"expect", "x"}};
    };
    Json result{{"scores", {{"baseline", score(baseline)}, {"treatment", score(treatment)}}},
                {"steps", {{"baseline", {"baseline"}}, {"treatment", {"treatment"}}}},
                {"group", task},
                {"against", points},
                {"warnings", Json::array()}};
    CommitAll(ledger, record::Result{id, DumpJson(result)});
  }

  Ledger ledger;
  int64_t position = 0;
  bool simulated = false;
};

// Two tasks with five trials each, a skipped baseline, two failed items and an open one:
//   trend    baseline 1 1 0 0 0   treatment 1 1 1 1 0
//   scaling  baseline 1 0 - 0 0   treatment 1 1 1 0 1
void FillBench(Books& books) {
  const int trend_baseline[] = {1, 1, 0, 0, 0}, trend_treatment[] = {1, 1, 1, 1, 0};
  const int scaling_baseline[] = {1, 0, -1, 0, 0}, scaling_treatment[] = {1, 1, 1, 0, 1};
  for (int i = 0; i < 5; ++i) {
    books.Trial(fmt::format("t{}", i), "trend", trend_baseline[i], trend_treatment[i], 100);
  }
  for (int i = 0; i < 5; ++i) {
    std::optional<double> baseline = scaling_baseline[i];
    if (*baseline < 0) baseline.reset();
    books.Trial(fmt::format("s{}", i), "scaling", baseline, scaling_treatment[i], 1000);
  }
  books.Add("f1", "trend", ItemStatus::kFailed, "the model refused | <script>");
  books.Add("f2", "scaling", ItemStatus::kQuarantined, "killed 2 workers");
  books.Add("open", "trend", ItemStatus::kPending);
  books.Add("gone", "trend", ItemStatus::kAbsent);
}

ReportRun ReadRun(const std::string& folder) {
  auto run = ReadReportRun(folder);
  REQUIRE_MESSAGE(run, run.error());
  return *std::move(run);
}

const ScoreNumbers& ScoreIn(const GroupNumbers& group, const std::string& name) {
  auto found = std::find_if(group.scores.begin(), group.scores.end(),
                            [&](const ScoreNumbers& score) { return score.score == name; });
  REQUIRE(found != group.scores.end());
  return *found;
}

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

size_t CountIn(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

Report ReportOf(const std::vector<std::string>& folders) {
  std::vector<ReportRun> runs;
  for (const std::string& folder : folders) runs.push_back(ReadRun(folder));
  return MakeReport(std::move(runs));
}

// What the command says on stderr, by way of a child.
std::string ComplaintOf(const ReportOptions& options, int* code) {
  TempDir folder;
  std::string file = folder / "stderr";
  *code = Wait(Fork([&] {
    if (!std::freopen(file.c_str(), "w", stderr)) return 99;
    int result = ReportCommand(options);
    std::fflush(stderr);
    return result;
  }));
  return ReadBytes(file);
}

TEST_CASE("errors, skipped and open items are counted apart and never as wrong") {
  TempDir folder;
  {
    Books books(folder.path());
    FillBench(books);
  }
  RunNumbers numbers = CountRun(ReadRun(folder.path()));
  const ScoreNumbers& baseline = ScoreIn(numbers.all, "baseline");
  CHECK(baseline.estimate.n == 9);
  CHECK(baseline.estimate.mean == doctest::Approx(3.0 / 9));
  CHECK(baseline.estimate.binary);
  CHECK(baseline.estimate.interval == WilsonInterval(3, 9));
  CHECK(baseline.errors == 2);
  CHECK(baseline.skipped == 1);
  CHECK(baseline.open == 1);
  const ScoreNumbers& treatment = ScoreIn(numbers.all, "treatment");
  CHECK(treatment.estimate.n == 10);
  CHECK(treatment.estimate.mean == doctest::Approx(0.8));
  CHECK(treatment.skipped == 0);

  REQUIRE(numbers.groups.size() == 2);
  CHECK(*numbers.groups[0].group == "trend");
  const ScoreNumbers& trend = ScoreIn(numbers.groups[0], "baseline");
  CHECK(trend.estimate.n == 5);
  CHECK(trend.errors == 1);  // by the failed item's own fields
  CHECK(trend.open == 1);
  CHECK(ScoreIn(numbers.groups[1], "baseline").skipped == 1);
}

TEST_CASE("conditions are compared over the trials that both have") {
  TempDir folder;
  {
    Books books(folder.path());
    FillBench(books);
  }
  RunNumbers numbers = CountRun(ReadRun(folder.path()));
  REQUIRE(numbers.all.pairs.size() == 1);
  const PairNumbers& pair = numbers.all.pairs[0];
  CHECK(pair.first == "baseline");
  CHECK(pair.n == 9);
  CHECK(pair.both == 3);
  CHECK(pair.only_first == 0);
  CHECK(pair.only_second == 4);
  CHECK(pair.neither == 2);
  CHECK(pair.test.exact == doctest::Approx(2.0 / 16));
  CHECK(pair.difference.mean == doctest::Approx(4.0 / 9));
  REQUIRE(pair.difference.interval);
  CHECK(pair.difference.interval->low > 0);
  CHECK(pair.difference.interval->high <= 1);
  CHECK(pair.tokens_n == 9);
  CHECK(*pair.compression() == doctest::Approx(1 - 100.0 / 410));
  CHECK(*pair.input_compression() == doctest::Approx(1 - 90.0 / 400));
  CHECK(numbers.groups[1].pairs[0].n == 4);
}

TEST_CASE("tokens, cost and time of a trial are those of the score's step, where they are known") {
  TempDir folder;
  {
    Books books(folder.path());
    books.Trial("a", "trend", 1, 1, 5);
    books.Trial("b", "trend", 1, 1, 5);
    books.Call("b", "treatment[2]", 110, 500, std::nullopt);  // of unknown price
    books.Call("b", "elsewhere", 5000, 9000);
  }
  RunNumbers numbers = CountRun(ReadRun(folder.path()));
  const ScoreNumbers& treatment = ScoreIn(numbers.all, "treatment");
  CHECK(treatment.input.n == 2);
  CHECK(treatment.input.mean == doctest::Approx((90 + 200) / 2.0));
  CHECK(treatment.cost.n == 1);
  CHECK(treatment.cost.mean == 1e9);
  CHECK(treatment.time.median == doctest::Approx(1250));
  CHECK(ScoreIn(numbers.all, "baseline").time.mean == 2000);
  CHECK(IsPathOf("chunks[1-income]", "chunks"));
  CHECK(IsPathOf("conditions/baseline", "baseline"));
  CHECK_FALSE(IsPathOf("baseline2", "baseline"));
  CHECK_FALSE(IsPathOf("chunks[a/baseline]", "baseline"));
}

TEST_CASE("partly right trials have a bootstrap interval, and no part in McNemar's test") {
  TempDir folder;
  {
    Books books(folder.path());
    books.Trial("a", "set", 0.5, 1, 5);
    books.Trial("b", "set", 0.25, 0.75, 5);
    books.Trial("c", "set", 0, 1, 5);
  }
  RunNumbers numbers = CountRun(ReadRun(folder.path()));
  const ScoreNumbers& baseline = ScoreIn(numbers.all, "baseline");
  CHECK_FALSE(baseline.estimate.binary);
  CHECK(baseline.estimate.mean == doctest::Approx(0.25));
  CHECK(baseline.estimate.interval == BootstrapMean({0.5, 0.25, 0}));
  const PairNumbers& pair = numbers.all.pairs[0];
  CHECK(pair.n == 3);
  CHECK(pair.right_n == 1);
  CHECK(pair.only_second == 1);
  CHECK(pair.difference.mean == doctest::Approx(2.0 / 3));
}

TEST_CASE("accuracy stands against each value, or against buckets where there are many") {
  TempDir folder;
  {
    Books books(folder.path());
    for (int i = 0; i < 40; ++i) books.Trial(IdOf(i), "scaling", i < 20, 1, 10 * (i + 1));
  }
  RunNumbers numbers = CountRun(ReadRun(folder.path()));
  REQUIRE(numbers.against.size() == 16);  // two scores in eight buckets
  CHECK(numbers.against[0].score == "baseline");
  CHECK(numbers.against[0].from == 10);
  CHECK(numbers.against[0].to == 50);
  CHECK(numbers.against[0].middle == 30);
  CHECK(numbers.against[0].estimate.n == 5);
  CHECK(numbers.against[0].estimate.mean == 1.0);
  CHECK(numbers.against[7].from == 360);
  CHECK(numbers.against[7].to == 400);
  CHECK(numbers.against[7].estimate.mean == 0.0);
  int64_t all = 0;
  for (const AgainstNumbers& each : numbers.against) all += each.estimate.n;
  CHECK(all == 80);
}

TEST_CASE("two runs are compared item by item, with the flips listed") {
  TempDir folder;
  {
    Books single(folder / "single", "spatial"), staged(folder / "two-stage", "spatial");
    const int before[] = {1, 0, 0, 1, 1}, after[] = {1, 1, 1, 0, 1};
    for (int i = 0; i < 5; ++i) {
      single.Trial(IdOf(i), "views", before[i], 1, 5);
      staged.Trial(IdOf(i), "views", after[i], 1, 5);
    }
    single.Trial("only here", "views", 1, 1, 5);
    staged.Add("item9", "views", ItemStatus::kFailed, "no");
  }
  Report report = ReportOf({folder / "single", folder / "two-stage"});
  CHECK(report.runs[0].label == "single");  // both are named spatial
  REQUIRE(report.comparisons.size() == 1);
  const RunPair& pair = report.comparisons[0].scores.at(0);
  CHECK(pair.score == "baseline");
  CHECK(pair.pairs.n == 5);
  CHECK(pair.pairs.only_first == 1);
  CHECK(pair.pairs.only_second == 2);
  CHECK(pair.only_in_first == 1);
  CHECK(pair.only_in_second == 0);
  REQUIRE(pair.flips.size() == 3);
  CHECK(pair.flips[0].item == "item1");
  CHECK(pair.flips[2].second == 0);
  std::string text = ReportAsText(report, false);
  CHECK(Holds(text, "two-stage compared with single"));
  CHECK(Holds(text, "item3  right → wrong"));
  CHECK(Holds(text, "item1  wrong → right"));
  CHECK(Holds(ReportAsMarkdown(report), "| item3 | right → wrong |"));
  auto json = ParseJson(ReportAsJson(report));
  REQUIRE_MESSAGE(json, json.error());
  CHECK((*json)["comparisons"][0]["scores"][0]["flips"].size() == 3);
}

TEST_CASE("no format hides what happened: failures, unknown costs, and costs that are simulated") {
  TempDir folder;
  {
    Books books(folder.path());
    FillBench(books);
    books.simulated = true;
    books.Call("t0", "baseline", 1, 1);
    CommitAll(books.ledger, StartTry(999, "t1"), EndTry(999, record::TryOutcome::kUnknown));
  }
  Report report = ReportOf({folder.path()});
  std::string text = ReportAsText(report, false);
  for (const char* part : {"14: 10 done, 1 failed, 1 quarantined, 1 pending, 1 absent",
                           "cost (partly simulated)", "part of the cost is simulated",
                           "1 call may have been paid without an answer", "killed 2 workers"}) {
    CHECK_MESSAGE(Holds(text, part), text);
  }
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(Holds(ReportAsText(report, true), "\x1b["));
  CHECK(Holds(ReportAsCsv(report), ",simulated cost,"));
  CHECK(Holds(ReportAsHtml(report), "partly simulated"));
  auto json = ParseJson(ReportAsJson(report));
  REQUIRE_MESSAGE(json, json.error());
  const Json& run = (*json)["runs"][0];
  CHECK(run["totals"]["simulated"] == true);
  CHECK(run["totals"]["all_simulated"] == false);
  CHECK(run["all"]["scores"][0]["accuracy"]["interval"] == "wilson");
  CHECK(run["groups"].size() == 2);
  CHECK(run["items"].size() == 13);  // the absent one is counted, not shown
}

TEST_CASE("texts of items are escaped in every format") {
  TempDir folder;
  {
    Books books(folder.path(), "na|me <i>");
    books.Trial("a|b<script>alert(1)</script>,\"c\"", "<b>|task*", 1, 0, 3);
    books.Add("f", "x", ItemStatus::kFailed, "bad </td><script>\x1b[31m");
  }
  Report report = ReportOf({folder.path()});
  std::string html = ReportAsHtml(report);
  CHECK_FALSE(Holds(html, "<script"));
  CHECK_FALSE(Holds(html, "<b>|task"));
  CHECK(Holds(html, "&lt;b&gt;|task*"));
  CHECK_FALSE(Holds(html, "http://"));
  CHECK_FALSE(Holds(html, "https://"));
  std::string md = ReportAsMarkdown(report);
  CHECK(Holds(md, "| &lt;b>\\|task\\* |"));
  CHECK_FALSE(Holds(md, "<script"));
  CHECK(ReportAsText(report, false).find('\x1b') == std::string::npos);
  CHECK(EscapeMarkup("<a href=\"x\">'&'") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
}

TEST_CASE("an HTML report has every plot that was asked for, and closes what it opens") {
  TempDir folder;
  {
    Books books(folder.path());
    FillBench(books);
  }
  std::string html = ReportAsHtml(ReportOf({folder.path()}));
  for (const char* title :
       {"Accuracy, 95 % intervals", "Tokens a trial, mean", "Cost a trial, mean",
        "Time a trial, median", "Accuracy against item.points"}) {
    CHECK_MESSAGE(Holds(html, title), title);
  }
  CHECK(CountIn(html, "<svg ") == 5);
  for (const char* tag : {"svg", "figure", "table", "section", "tr", "td", "title", "text"}) {
    std::string name = tag;
    CHECK_MESSAGE(CountIn(html, "<" + name + " ") + CountIn(html, "<" + name + ">") ==
                      CountIn(html, "</" + name + ">"),
                  tag);
  }
  CHECK(Holds(html, "<title>trend, baseline: 40.0 % (n=5, 95 %: 11.8 to 76.9 %)</title>"));
  CHECK_FALSE(Holds(html, "nan"));
  CHECK_FALSE(Holds(html, "inf"));
}

TEST_CASE("CSV has a number a line, each with its run, group, score and n") {
  TempDir folder;
  {
    Books books(folder.path());
    FillBench(books);
  }
  std::istringstream csv(ReportAsCsv(ReportOf({folder.path()})));
  std::string line, accuracy, p;
  std::getline(csv, line);
  CHECK(line == "run,group,score,measure,value,n,low,high");
  while (std::getline(csv, line)) {
    CHECK_MESSAGE(std::count(line.begin(), line.end(), ',') == 7, line);
    if (line.starts_with("bench,trend,treatment,accuracy,")) accuracy = line;
    if (line.starts_with("bench,,treatment - baseline,McNemar exact p,")) p = line;
  }
  CHECK(accuracy.starts_with("bench,trend,treatment,accuracy,0.8,5,0.37"));
  CHECK(p == "bench,,treatment - baseline,McNemar exact p,0.125,9,,");
}

TEST_CASE("a run without scores or rules, or that is going on, has a report too") {
  TempDir folder;
  auto ledger = OpenAt(folder / "ledger.sqlite");
  CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"));
  Report report = ReportOf({folder.path()});
  CHECK(report.numbers[0].all.scores.empty());
  CHECK(Holds(ReportAsText(report, false), "2: 2 pending"));
  CHECK(Holds(ReportAsHtml(report), "</html>"));
  CHECK(ParseJson(ReportAsJson(report)));
  CommitAll(ledger, MakeStatus("a", ItemStatus::kDone));  // the reader is in nobody's way
  CHECK(Holds(ReportAsText(ReportOf({folder.path()}), false), "2: 1 done, 1 pending"));
}

TEST_CASE("what was done on which machine is told where there were several") {
  TempDir folder;
  auto ledger = OpenAt(folder / "ledger.sqlite");
  CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"));
  CommitAll(ledger, record::AttemptStarted{"a", 1, "far/1", 1, "far.example"},
            record::AttemptEnded{"a", 1, "worker-lost(SIGKILL)", "", 2},
            record::AttemptStarted{"a", 2, "far/2", 3, "far.example"},
            record::AttemptEnded{"a", 2, "done", "", 4});
  CHECK_FALSE(Holds(ReportAsText(ReportOf({folder.path()}), false), "by machine"));
  CommitAll(ledger, record::AttemptStarted{"b", 1, "w1", 1, "near.example"});
  Report report = ReportOf({folder.path()});
  std::string text = ReportAsText(report, false);
  CHECK(Holds(text, "by machine"));
  const NodeWork& far = report.runs[0].nodes.at("far.example");
  CHECK(std::tuple(far.workers, far.attempts, far.done, far.lost) == std::tuple(2, 2, 1, 1));
  const NodeWork& near = report.runs[0].nodes.at("near.example");
  CHECK(std::tuple(near.workers, near.attempts, near.done, near.lost) == std::tuple(1, 1, 0, 0));
  auto json = ParseJson(ReportAsJson(report));
  REQUIRE(json.ok());
  CHECK((*json)["runs"][0]["nodes"][0]["workers_lost"] == 1);
}

TEST_CASE("what is no run of this version is refused with the reason, and nothing is written") {
  TempDir folder;
  std::string out = folder / "out.txt";
  int code = 0;
  CHECK(Holds(ComplaintOf({{folder.path()}, "text", out}, &code), "there is no run"));
  CHECK(code == 2);
  CHECK(Holds(ComplaintOf({{folder / "nowhere"}, "text", out}, &code), "it is no folder"));
  CHECK(code == 2);
  { Books books(folder / "old"); }
  {
    auto database = Database::Open(folder / "old/ledger.sqlite", Database::Access::kReadWrite);
    REQUIRE(database);
    CHECK((*database)->Run("PRAGMA user_version = 3"));
  }
  CHECK(Holds(ComplaintOf({{folder / "old"}, "text", out}, &code), "has version 3"));
  CHECK(code == 2);
  CHECK(Holds(ComplaintOf({{folder / "old"}, "htm", out}, &code), "did you mean \"html\"?"));
  CHECK(code == 2);
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("--output replaces the file as a whole; reading changes nothing in the run") {
  TempDir folder;
  {
    Books books(folder / "run");
    FillBench(books);
  }
  std::string before = ReadBytes(folder / "run/ledger.sqlite");
  WriteBytes(folder / "report.csv", std::string(1'000'000, 'x'));
  CHECK(ReportCommand({{folder / "run"}, "csv", folder / "report.csv"}) == 0);
  std::string csv = ReadBytes(folder / "report.csv");
  CHECK(csv.starts_with("run,group,score,measure"));
  CHECK(csv.size() < 100'000);
  CHECK(ReadBytes(folder / "run/ledger.sqlite") == before);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()),
                      std::filesystem::directory_iterator()) == 2);
}

TEST_CASE("numbers are written for people") {
  CHECK(PercentText(1) == "100 %");
  CHECK(PercentText(0.7333) == "73.3 %");
  CHECK(PercentText(-0.00001) == "0.0 %");
  CHECK(DifferenceText({4, 0.25, std::nullopt, false}) == "+25.0");
  CHECK(DifferenceText({4, -0.25, std::nullopt, false}) == "-25.0");
  CHECK(DifferenceText({4, 0, std::nullopt, false}) == "0.0");
  CHECK(DifferenceText({}) == "–");
  CHECK(ProbabilityText(0.00005) == "<0.0001");
  CHECK(ProbabilityText(0.03125) == "0.0312");
  CHECK(PlainNumber(1234567) == "1,234,567");
  CHECK(PlainNumber(0.125) == "0.125");
  CHECK(MoneyMean({2, 2e9, 1e9, 1e9, 1e9}, 3) == "$0.0010 (n=2)");
  CHECK(MoneyMean({}, 3) == "unknown");
}

}  // namespace
}  // namespace muster
