// The math-tasks config as its users run it: on the mock, whose answers are short, broken or empty
// now and then, and on the fake provider, whose requests say what was asked for.

#include <fmt/format.h>

#include <set>

#include "tests/csv_rows.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "math-tasks/math-tasks.yaml";
constexpr const char* kRun = "runs/math-tasks";
constexpr int kSkills = 10;

// A folder with the config, where its runs take place.
class MathTasks {
 public:
  MathTasks() {
    fs::copy("configs/math-tasks", place / "math-tasks", fs::copy_options::recursive);
    place.SetVariable("GEMINI_API_KEY", FakeServer::kKey);
  }

  ChildOptions Run(const Args& more) const { return place.Muster(Args{"run", kConfig} + more); }
  ChildEnd RunToEnd(const Args& more) const { return RunChild(Run(more)); }

  // One skill, asked of this server.
  Args On(const FakeServer& server) const {
    return {"--only", "Circles",
            "--set",  "model=gemini/gemini-2.5-pro",
            "--set",  "providers.gemini.base_url=" + server.UrlFor("gemini"),
            "--set",  "providers.gemini.limits.min_delay=0s",
            "--set",  "retry.base=20ms"};
  }

  // generated_….csv by their names.
  Files Generated(const std::string& run = kRun) const {
    Files files = place.FilesIn(run);
    std::erase_if(files, [](const auto& file) { return !file.first.starts_with("generated_"); });
    return files;
  }
  CsvFile Circles() const {
    return ReadCsv(place / (kRun + std::string("/generated_Circles.csv")));
  }

  Workplace place{0};
};

// An answer of questions `from` to `to`.
std::string Questions(int from, int to) {
  Json questions = Json::array();
  for (int i = from; i <= to; ++i) {
    questions.push_back({{"test", "Math"},
                         {"domain", "Geometry and Trigonometry"},
                         {"skill", "Circles"},
                         {"difficulty", "Easy"},
                         {"question_text_latex", fmt::format("Question $q_{{{}}}$?", i)},
                         {"option_A_latex", ""},
                         {"option_B_latex", ""},
                         {"option_C_latex", ""},
                         {"option_D_latex", ""},
                         {"correct_answer", ""},
                         {"correct_answer_spr_latex", "$1$"},
                         {"step_1", "By looking."}});
  }
  return DumpJson(questions);
}

// One answer after another, the last one for ever.
std::string Answering(const std::vector<std::string>& answers) {
  Json rules = Json::array();
  for (const std::string& answer : answers) {
    Json rule{{"action", {{"text", answer}}}};
    if (&answer != &answers.back()) rule["times"] = 1;
    rules.push_back(std::move(rule));
  }
  return DumpJson({{"rules", rules}});
}

// What each request wanted, in the order of asking.
std::vector<int> Wanted(const FakeServer& server) {
  std::vector<int> wanted;
  for (const Json& request : server.Requests(100)) {
    std::string body = StringMember(request, "body");
    size_t at = body.find(" new questions of this skill"), start = body.rfind(' ', at - 1);
    REQUIRE(at != std::string::npos);
    wanted.push_back(std::stoi(body.substr(start + 1, at - start)));
  }
  return wanted;
}

bool Says(const ChildEnd& end, const std::string& text) { return Has(end.out + end.err, text); }

}  // namespace

TEST_CASE("e2e: math-tasks writes the same files with one worker and with eight") {
  MathTasks tasks;
  for (const char* workers : {"1", "8"}) {
    ChildEnd end =
        tasks.RunToEnd(kQuickly + Args{"--workers", workers, "--run",
                                       fmt::format("runs/{}", workers), "--set", "tasks=50"});
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  }
  Files files = tasks.Generated("runs/1");
  CHECK(files.size() == kSkills);
  CHECK((files == tasks.Generated("runs/8")));
  std::vector<std::string> columns = ReadCsv(tasks.place / "math-tasks/sat-math.csv").header;
  for (const auto& [name, text] : files) {
    CAPTURE(name);
    CsvFile file = ReadCsv(tasks.place / ("runs/1/" + name));
    CHECK(file.header == columns);
    CHECK(file.rows.size() == 50);
    std::string skill = name.substr(10, name.size() - 14);
    for (const CsvRow& row : file.rows) CHECK(row.at("skill") == skill);
  }
  // Some answers were of no use: paid, kept and asked for again, the same ones in either run.
  int64_t calls = CountIn(tasks.place.Status("runs/1"), "totals", "calls");
  CHECK(calls > kSkills * 50 / 25);
  CHECK(calls == CountIn(tasks.place.Status("runs/8"), "totals", "calls"));
  ChildEnd report = RunChild(tasks.place.Muster({"report", "runs/1", "--format", "json"}));
  auto json = ParseJson(report.out);
  REQUIRE(json);
  CHECK((*json)["runs"][0]["totals"]["unusable_answers"] == calls - kSkills * 50 / 25);
}

TEST_CASE("e2e: math-tasks in small: tasks=10; a skill whose file is there is skipped") {
  MathTasks tasks;
  tasks.place.Write("out/generated_Circles.csv", "mine\n");
  Args args = kQuickly + Args{"--set", "tasks=10", "--output-dir", "out"};
  ChildEnd end = tasks.RunToEnd(args);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Json status = tasks.place.Status(kRun);
  CHECK(CountIn(status, "counts", "done") == kSkills - 1);
  CHECK(CountIn(status, "counts", "skipped") == 1);
  Files files = tasks.Generated("out");
  CHECK(files.size() == kSkills);
  for (const auto& [name, text] : files) {
    CAPTURE(name);
    if (name == "generated_Circles.csv") {
      CHECK(text == "mine\n");
    } else {
      CHECK(ReadCsv(tasks.place / ("out/" + name)).rows.size() == 10);
    }
  }
}

TEST_CASE("e2e: math-tasks: broken and short answers; the next round asks for what is missing") {
  MathTasks tasks;
  // Round 1 in three asks, of which two are of no use; then short rounds.
  FakeServer server(Answering({"[{\"test\": \"Math\", \"domain\": \"Alg", "[]", Questions(1, 6),
                               "Here:\n```json\n" + Questions(7, 8) + "\n```", Questions(9, 40)}));
  ChildEnd end =
      tasks.RunToEnd(tasks.On(server) + Args{"--set", "tasks=20", "--set", "batch=8", "--verbose"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Wanted(server) == std::vector{8, 8, 8, 8, 8});
  CsvFile circles = tasks.Circles();
  REQUIRE(circles.rows.size() == 20);
  for (int i = 1; i <= 20; ++i) {
    CHECK(circles.rows[i - 1].at("question_text_latex") == fmt::format("Question $q_{{{}}}$?", i));
  }
  // Later asks are told what was wrong, later rounds what is there already.
  Json asked = server.Requests(5);
  CHECK_FALSE(Has(StringMember(asked[0], "body"), "Your previous answer"));
  for (int i : {1, 2}) CHECK(Has(StringMember(asked[i], "body"), "Your previous answer"));
  for (int i : {3, 4}) CHECK_FALSE(Has(StringMember(asked[i], "body"), "Your previous answer"));
  CHECK(Has(StringMember(asked[3], "body"), "numbers: Question $q_{6}$?"));
  CHECK_FALSE(Has(StringMember(asked[3], "body"), "numbers: Question $q_{7}$?"));
  CHECK(Has(StringMember(asked[4], "body"), "numbers: Question $q_{8}$?"));

  // The books have all five.
  Json status = tasks.place.Status(kRun);
  CHECK(CountIn(status, "totals", "calls") == server.Book("billed_count"));
  CHECK(CountIn(status, "totals", "cost_picodollars") == server.Book("picodollars"));
}

TEST_CASE("e2e: math-tasks: the same examples at every start, others with another seed") {
  MathTasks tasks;
  FakeServer server(Answering({Questions(1, 5)}));
  std::vector<std::string> bodies;
  for (const char* seed : {"1", "1", "2"}) {
    ChildEnd end = tasks.RunToEnd(tasks.On(server) +
                                  Args{"--set", "tasks=5", "--set", "items.sample.examples.n=3",
                                       "--set", fmt::format("items.sample.examples.seed={}", seed),
                                       "--run", fmt::format("runs/{}", bodies.size())});
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    bodies.push_back(StringMember(server.Requests(1)[0], "body"));
    size_t examples = 0;
    for (size_t at = 0; (at = bodies.back().find("{\\\"difficulty", at)) != std::string::npos;
         ++at) {
      ++examples;
    }
    CHECK(examples == 3);
  }
  CHECK((bodies[0] == bodies[1]));
  CHECK((bodies[0] != bodies[2]));
}

TEST_CASE("e2e: math-tasks: the last round is smaller; its place among the rounds is shown") {
  MathTasks tasks;
  FakeServer server(Answering({Questions(1, 5), Questions(6, 10), Questions(11, 13),
                               Questions(14, 18), Questions(19, 20)}),
                    {"--latency-ms=100"});
  ChildOptions options =
      tasks.Run(tasks.On(server) + Args{"--set", "tasks=18", "--set", "batch=5"});
  options.columns = 120;
  ChildEnd end = RunChild(options);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Wanted(server) == std::vector{5, 5, 5, 5});
  CHECK_MESSAGE(Has(end.out, "round 2/4"), end.out);
  CHECK(tasks.Circles().rows.size() == 18);
}

TEST_CASE("e2e: math-tasks: a skill that is still short after the last round fails, and says so") {
  MathTasks tasks;
  FakeServer server(Answering({Questions(1, 1)}));
  ChildEnd end = tasks.RunToEnd(tasks.On(server) + Args{"--set", "tasks=20"});
  CHECK(end.code == 1);
  CHECK_MESSAGE(Says(end, "after 12 rounds there are 12 of 20"), end.out);
  CHECK(server.Book("asked") == 12);
  CHECK(tasks.Generated().empty());
  std::vector<int> wanted = Wanted(server);
  REQUIRE(wanted.size() == 12);
  for (int i = 0; i < 12; ++i) CHECK(wanted[i] == 20 - i);
}

}  // namespace muster
