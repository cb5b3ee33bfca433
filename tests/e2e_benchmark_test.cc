// The benchmark config as its users run it: on the mock, and on the fake provider, whose own books
// and scripted answers say what the table and the report have to show.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <set>

#include "tests/csv_rows.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "benchmark/benchmark.yaml";
constexpr const char* kTable = "/trials.csv";

// Says which table it was given, and writes it down: how often it was run, and for what.
constexpr const char* kCounting = R"(import sys
name = sys.stdin.readline().strip().split(",")[1]
with open("described.txt", "a") as file: file.write(name + "\n")
print("Column " + name + ": described")
)";

// A question, and what is answered to it under either condition.
struct Question {
  std::string id, expected, by, baseline, treatment;
  double baseline_score, treatment_score;
};

const Question kQuestions[] = {
    {"q1", "41.61", "number 1%", "41.5", "41.61", 1, 1},
    {"q2", "falling", "class", "rising", "Falling", 0, 1},
    {"q3", "13, 175", "set", "175, 100", "175, 13", 0.5, 1},
    {"q4", "56", "number 0", "57", "56", 0, 1},
    {"q5", "north", "class", "north", "south", 1, 0},
    {"q6", "6.33", "number 2%", "6.2", "6", 0, 0},
};

// A folder with the config, where its runs take place.
class Benchmark {
 public:
  Benchmark() {
    fs::copy("configs/benchmark", place / "benchmark", fs::copy_options::recursive);
    place.SetVariable("ANTHROPIC_API_KEY", FakeServer::kKey);
    std::string lines;
    for (const Question& question : kQuestions) {
      Json line = {{"id", question.id},
                   {"task", question.by},
                   {"points", 2},
                   {"query", "What is it?"},
                   {"expected", question.expected},
                   {"by", question.by},
                   {"wrong", "none"},
                   {"raw", fmt::format("index,{}\n0,1\n1,5\n", question.id)}};
      lines += DumpJson(line) + "\n";
    }
    place.Write("benchmark/mine.jsonl", lines);
    place.Write("benchmark/counting.py", kCounting);
  }

  ChildOptions Run(const Args& more) const { return place.Muster(Args{"run", kConfig} + more); }
  ChildEnd RunToEnd(const Args& more) const { return RunChild(Run(more)); }

  // The questions above, once each, asked of this server.
  Args On(const FakeServer& server, const Args& more = {}) const {
    return Args{"--set", "backend=api",
                "--set", "trials=1",
                "--set", "queries=mine.jsonl",
                "--set", "providers.api.base_url=" + server.UrlFor("anthropic"),
                "--set", "providers.api.limits.warmup=false",
                "--set", "retry.base=20ms"} +
           more;
  }

  CsvFile Trials(const std::string& run = "runs/benchmark") const {
    return ReadCsv(place / (run + kTable));
  }
  // The same without the order of its rows.
  std::vector<std::string> Lines(const std::string& run = "runs/benchmark") const {
    std::vector<std::string> lines = LinesOf(place.Read(run + kTable));
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::string Report(const std::string& format, const std::string& run = "runs/benchmark") const {
    ChildEnd end = RunChild(place.Muster({"report", run, "--format", format}));
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    return end.out;
  }
  Json ReportJson(const std::string& run = "runs/benchmark") const {
    auto report = ParseJson(Report("json", run));
    REQUIRE(report);
    return (*report)["runs"][0];
  }

  Workplace place{0};
};

// What the fake provider's Anthropic API charges, as the price table has it.
const Args kPrices{"--input-price=3000000", "--output-price=15000000"};

Json Rule(const std::string& body, const Json& action, int times = 1'000) {
  return {{"match", {{"body", body}}}, {"times", times}, {"action", action}};
}

// By what tells the conditions apart: the table's first line, or its description's.
std::string InBaseline(const std::string& id) { return "index," + id; }
std::string InTreatment(const std::string& id) { return "Column " + id + ":"; }

// What kQuestions says is answered, after these rules.
std::string Script(Json rules = Json::array()) {
  for (const Question& question : kQuestions) {
    auto says = [](const std::string& answer) -> Json {
      return {{"text", "I looked.\nAnswer: " + answer}};
    };
    rules.push_back(Rule(InBaseline(question.id), says(question.baseline)));
    rules.push_back(Rule(InTreatment(question.id), says(question.treatment)));
  }
  return DumpJson({{"rules", rules}});
}

// One condition's column of the table, counted by hand.
struct Count {
  int n = 0, errors = 0, skipped = 0;
  double sum = 0;
};

Count CountColumn(const CsvFile& trials, const std::string& condition, const std::string& task) {
  Count count;
  for (const CsvRow& row : trials.rows) {
    if (!task.empty() && row.at("task") != task) continue;
    std::string score = row.at(condition + "_score");
    if (score.empty()) {
      ++(row.at("status") == "error" ? count.errors : count.skipped);
      continue;
    }
    ++count.n;
    count.sum += std::stod(score);
  }
  return count;
}

void CheckGroup(const Json& group, const CsvFile& trials) {
  std::string task = group["group"].is_null() ? "" : group["group"].get<std::string>();
  CAPTURE(task);
  REQUIRE(group["scores"].size() == 2);
  for (const Json& score : group["scores"]) {
    Count counted = CountColumn(trials, score["score"].get<std::string>(), task);
    CHECK(score["accuracy"]["n"] == counted.n);
    CHECK(score["errors"] == counted.errors);
    CHECK(score["skipped"] == counted.skipped);
    if (counted.n == 0) continue;
    CHECK(score["accuracy"]["mean"].get<double>() == doctest::Approx(counted.sum / counted.n));
  }
}

// Every number of trials the report has is that of the table.
void CheckReport(const Benchmark& benchmark) {
  CsvFile trials = benchmark.Trials();
  Json report = benchmark.ReportJson();
  CheckGroup(report["all"], trials);
  std::set<std::string> groups;
  for (const Json& group : report["groups"]) {
    CheckGroup(group, trials);
    CHECK(groups.insert(group["group"].get<std::string>()).second);
  }
  for (const CsvRow& row : trials.rows) CHECK(groups.contains(row.at("task")));
}

void CheckMoney(const Benchmark& benchmark, const FakeServer& server) {
  Json status = benchmark.place.Status("runs/benchmark");
  auto same = [&](const char* ours, const char* theirs, int64_t programs = 0) {
    INFO("the provider's " << theirs);
    CHECK(CountIn(status, "totals", ours) == server.Book(theirs) + programs);
  };
  // Each item's description was a call too, of nobody else.
  same("calls", "billed_count", std::size(kQuestions));
  same("tries", "asked", std::size(kQuestions));
  same("input_tokens", "input");
  same("output_tokens", "output");
  same("cost_picodollars", "picodollars");
}

// The tokens in the table are those of the answers that were used.
int64_t SumOf(const CsvFile& trials, const std::string& column) {
  int64_t sum = 0;
  for (const CsvRow& row : trials.rows) {
    if (!row.at(column).empty()) sum += std::stoll(row.at(column));
  }
  return sum;
}

}  // namespace

TEST_CASE("e2e: benchmark on the mock: a row a trial, and the report counts what the rows say") {
  Benchmark benchmark;
  ChildEnd end = benchmark.RunToEnd(
      kQuickly + Args{"--profile", "quick", "--where", "item.task==trend", "--workers", "4"});
  REQUIRE_MESSAGE((end.code == 0 || end.code == 1), end.out << end.err);
  CsvFile trials = benchmark.Trials();
  CHECK(trials.header == Args{"id", "task", "points", "trial", "expected", "baseline",
                              "baseline_score", "baseline_tokens", "treatment", "treatment_score",
                              "treatment_tokens", "status", "error"});
  std::map<std::string, CsvRow> rows = RowsBy("id", trials);
  CHECK(rows.size() == 3 * 5);
  for (int question = 1; question <= 3; ++question) {
    for (int trial = 1; trial <= 5; ++trial) {
      const CsvRow& row = rows[fmt::format("trend-{}#{}", question, trial)];
      REQUIRE_FALSE(row.empty());
      CHECK(row.at("task") == "trend");
      CHECK(row.at("points") == "200");
      CHECK(row.at("trial") == std::to_string(trial));
      bool right = row.at("baseline") == row.at("expected");
      if (row.at("status") == "ok") CHECK(std::stod(row.at("baseline_score")) == right);
    }
  }
  CheckReport(benchmark);
  std::string text = benchmark.Report("text");
  for (const char* word : {"baseline", "treatment", "trend"}) CHECK(Has(text, word));
}

TEST_CASE("e2e: benchmark: long series are not sent raw: skipped, not wrong; or left out") {
  Benchmark benchmark;
  Args scaling = kQuickly + Args{"--where", "item.task==scaling", "--set", "trials=1"};
  REQUIRE(benchmark.RunToEnd(scaling + Args{"--set", "skip_baseline_above=1000"}).code <= 1);
  CsvFile trials = benchmark.Trials();
  CHECK(trials.rows.size() == 5);
  int skipped = 0;
  for (const CsvRow& row : trials.rows) {
    if (std::stoi(row.at("points")) <= 1'000) continue;
    ++skipped;
    CHECK(row.at("baseline").empty());
    CHECK(row.at("baseline_score").empty());
    CHECK(row.at("baseline_tokens").empty());
    if (row.at("status") == "ok") CHECK_FALSE(row.at("treatment_score").empty());
  }
  CHECK(skipped == 2);
  CheckReport(benchmark);
  CHECK(benchmark.ReportJson()["against"].size() > 0);

  ChildEnd html = RunChild(benchmark.place.Muster(
      {"report", "runs/benchmark", "--format", "html", "--output", "report.html"}));
  REQUIRE_MESSAGE(html.code == 0, html.err);
  std::string page = benchmark.place.Read("report.html");
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(Has(page, "<svg"));
  for (const char* elsewhere : {"src=\"http", "href=\"http", "<script src", "<link", "@import"}) {
    CHECK_FALSE(Has(page, elsewhere));
  }

  REQUIRE(benchmark
              .RunToEnd(scaling + Args{"--set", "max_points=300", "--set",
                                       "preprocessor=counting.py", "--run", "runs/short"})
              .code <= 1);
  CHECK(RowsBy("points", benchmark.Trials("runs/short")).size() == 2);
  // By itself the CLI backend takes no more than 1,000 points.
  ChildEnd cli = benchmark.RunToEnd(scaling + Args{"--set", "backend=claude-code", "--set",
                                                   "providers.claude-code.api=mock", "--run",
                                                   "runs/cli", "--dry-run"});
  CHECK_MESSAGE(Has(cli.out, "3 items"), cli.out << cli.err);
}

TEST_CASE("e2e: benchmark on an API: known answers score as they should, and the books agree") {
  Benchmark benchmark;
  // One is malformed at first, one never answers: an error, and no wrong answer.
  Json rules = Json::array({Rule(InBaseline("q2"), {{"text", "It is hard to say."}}, 1),
                            Rule(InTreatment("q6"), {{"status", 400}})});
  FakeServer server(Script(rules), kPrices);
  ChildEnd end = benchmark.RunToEnd(benchmark.On(server));
  CHECK_MESSAGE(end.code == 1, end.out << end.err);
  std::map<std::string, CsvRow> rows = RowsBy("id", benchmark.Trials());
  REQUIRE(rows.size() == std::size(kQuestions));
  for (const Question& question : kQuestions) {
    CAPTURE(question.id);
    const CsvRow& row = rows[question.id + "#1"];
    if (question.id == "q6") {
      CHECK(row.at("status") == "error");
      CHECK_FALSE(row.at("error").empty());
      CHECK(row.at("treatment_score").empty());
      continue;
    }
    CHECK(row.at("status") == "ok");
    CHECK(row.at("baseline") == question.baseline);
    CHECK(row.at("treatment") == question.treatment);
    CHECK(std::stod(row.at("baseline_score")) == question.baseline_score);
    CHECK(std::stod(row.at("treatment_score")) == question.treatment_score);
  }
  CheckReport(benchmark);
  CheckMoney(benchmark, server);
  // Two conditions of six questions, and the malformed answer.
  CHECK(server.Book("billed_count") == 2 * 6 - 1 + 1);
  CsvFile trials = benchmark.Trials();
  CHECK(SumOf(trials, "baseline_tokens") + SumOf(trials, "treatment_tokens") <=
        server.Book("input") + server.Book("output"));
}

TEST_CASE("e2e: benchmark's conditions side by side or one after the other give the same table") {
  Benchmark benchmark;
  FakeServer server(Script());
  for (const char* run : {"runs/both", "runs/one"}) {
    ChildEnd end = benchmark.RunToEnd(benchmark.On(server) +
                                      Args{"--run", run, "--set", "preprocessor=counting.py",
                                           "--set", fmt::format("parallel={}", run[5] == 'b')});
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  }
  CHECK(benchmark.Lines("runs/both") == benchmark.Lines("runs/one"));
  CHECK(benchmark.Lines("runs/both").size() == 1 + std::size(kQuestions));
}

TEST_CASE("e2e: benchmark killed in the middle goes on: same table, nothing answered done twice") {
  Benchmark benchmark;
  const Args slowly{"--set", "preprocessor=counting.py", "--set", "parallel=false", "--workers",
                    "2"};
  FakeServer untroubled(Script());
  REQUIRE(
      benchmark.RunToEnd(benchmark.On(untroubled) + slowly + Args{"--run", "runs/whole"}).code ==
      0);
  CHECK(untroubled.Book("answered") == 2 * std::size(kQuestions));
  fs::remove(benchmark.place / "benchmark/described.txt");

  FakeServer server(Script(), {"--latency-ms=30"});
  Args args = benchmark.On(server) + slowly;
  {
    Child run(benchmark.Run(args));
    REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 5; }));
    run.Signal(SIGKILL);
    CHECK(run.Wait().code == 128 + SIGKILL);
  }
  ChildEnd end = benchmark.RunToEnd(args);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out, "replayed"));
  CHECK(benchmark.Lines() == benchmark.Lines("runs/whole"));
  CheckReport(benchmark);
  // What was in the air, or answered and not yet committed, of either worker; no more.
  CHECK(server.Book("repeats_of_answered") <= 2);
  CHECK(server.Book("distinct_bodies") == 2 * std::size(kQuestions));
  // Likewise for what the preprocessor was run for.
  CHECK(LinesOf(benchmark.place.Read("benchmark/described.txt")).size() <=
        std::size(kQuestions) + 2);
}

TEST_CASE("e2e: benchmark stops after so many API errors in a row, and counts none as wrong") {
  Benchmark benchmark;
  FakeServer server(R"({"rules": [{"action": {"status": 400}}]})");
  Args args = benchmark.On(server) + Args{"--workers", "1", "--set", "parallel=false"};
  ChildEnd end = benchmark.RunToEnd(args);
  CHECK_MESSAGE(end.code == 5, end.out << end.err);
  CHECK(Has(end.out, "3 calls in a row failed"));
  CHECK(server.Book("asked") == 3);
  CHECK(server.Book("picodollars") == 0);
  for (const CsvRow& row : benchmark.Trials().rows) {
    CHECK(row.at("status") == "error");
    CHECK(row.at("baseline_score").empty());
  }

  server.SetScript(Script());
  end = benchmark.RunToEnd(args + Args{"--retry-failed"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(RowsBy("id", benchmark.Trials()).size() == std::size(kQuestions));
  CheckReport(benchmark);
}

}  // namespace muster
