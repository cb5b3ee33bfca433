// The experiments config as its users run it: rows for several providers and models, asked of the
// fake provider, whose own books say what was asked.

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <set>

#include "tests/csv_rows.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "experiments/experiments.yaml";
constexpr const char* kHeader = "provider,model,topic,audience,words\n";
const Args kColumns{"id",     "provider",     "model",        "topic",          "audience",
                    "words",  "status",       "input_tokens", "context_window", "output_tokens",
                    "output", "error_message"};

// A folder with the config, where its runs take place.
class Experiments {
 public:
  Experiments() {
    fs::copy("configs/experiments", place / "experiments", fs::copy_options::recursive);
    for (const char* key : {"OPENAI_API_KEY", "OPENROUTER_API_KEY"}) {
      place.SetVariable(key, FakeServer::kKey);
    }
  }

  ChildOptions Run(const Args& more, const std::string& config = kConfig) const {
    return place.Muster(Args{"run", config} + more);
  }
  ChildEnd RunToEnd(const Args& more, const std::string& config = kConfig) const {
    return RunChild(Run(more, config));
  }

  // The rows of experiments/mine.csv, asked of this server.
  Args On(const FakeServer& server) const {
    Args args{"--set", "simulate=false", "--set", "table=mine.csv", "--set", "retry.base=20ms"};
    // Only OpenAI's own hosts have its newer names of options.
    using Api = std::pair<const char*, const char*>;
    for (auto [name, api] :
         {Api{"openai", "compat"}, {"openrouter", "openrouter"}, {"ollama", "ollama"}}) {
      args.push_back("--set");
      args.push_back(fmt::format("providers.{}.base_url={}", name, server.UrlFor(api)));
    }
    return args;
  }
  void WriteTable(const std::string& rows) const {
    place.Write("experiments/mine.csv", kHeader + rows);
  }
  // So many rows for one model.
  void WriteRows(int count) const {
    std::string rows;
    for (int i = 1; i <= count; ++i) {
      rows += fmt::format("openai,gpt-5.1,tides,reader {},100\n", i);
    }
    WriteTable(rows);
  }
  CsvFile Results(const std::string& path = "runs/experiments/results.csv") const {
    return ReadCsv(place / path);
  }

  Workplace place{0};
};

int64_t SumOf(const CsvFile& file, const std::string& column) {
  int64_t sum = 0;
  for (const CsvRow& row : file.rows) {
    if (!row.at(column).empty()) sum += std::stoll(row.at(column));
  }
  return sum;
}

// The config with rows that need not have every column.
std::string OfJsonl(const Experiments& experiments) {
  std::string config = experiments.place.Read(kConfig), csv = "csv: \"{{params.table}}\"";
  size_t at = config.find(csv);
  REQUIRE(at != std::string::npos);
  return config.replace(at, 3, "jsonl");
}

std::chrono::duration<double> TimeOf(const Experiments& experiments, const Args& args) {
  auto start = std::chrono::steady_clock::now();
  ChildEnd end = experiments.RunToEnd(args);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  return std::chrono::steady_clock::now() - start;
}

}  // namespace

TEST_CASE("e2e: experiments: each row asks its own provider and model, and its values come back") {
  Experiments experiments;
  experiments.WriteTable(
      "openai,gpt-5.1,tides,a sailor,-5\n"
      "openai,gpt-4.1-mini,sourdough,\"someone who asks \"\"who, me?\"\"\",100\n"
      "openrouter,anthropic/claude-sonnet-4.5,tides,\"two\nlines\",100\n"
      "openrouter,openai/gpt-5.2,chess clocks,=1+1,007\n"
      "ollama,llama3.2,tides,a sailor,100\n"
      "ollama,llama3.2,sourdough,a baker,100\n");
  FakeServer server(R"({"rules": [{"match": {"model": "gpt-5.1"},
                        "action": {"text": "One, \"two\",\nthree"}}]})");
  ChildEnd end = experiments.RunToEnd(experiments.On(server));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CsvFile results = experiments.Results();
  CHECK(results.header == kColumns);
  CsvFile table = ReadCsv(experiments.place / "experiments/mine.csv");
  std::map<std::string, CsvRow> rows = RowsBy("id", results);
  REQUIRE(rows.size() == table.rows.size());
  for (size_t i = 0; i < table.rows.size(); ++i) {
    CAPTURE(i);
    const CsvRow& row = rows[std::to_string(i + 1)];
    REQUIRE_FALSE(row.empty());
    for (const auto& [column, value] : table.rows[i]) CHECK(row.at(column) == value);
    CHECK(row.at("status") == "ok");
    CHECK(row.at("error_message").empty());
    CHECK_FALSE(row.at("output").empty());
  }
  CHECK(rows["1"]["output"] == "One, \"two\",\nthree");
  CHECK(rows["1"]["context_window"] == "272000");
  CHECK(SumOf(results, "input_tokens") == server.Book("input"));
  CHECK(SumOf(results, "output_tokens") == server.Book("output"));
  CHECK(server.Book("billed_count") == 6);

  // Where each was asked, and about whom.
  std::multiset<std::string> asked;
  for (const Json& request : server.Requests(6)) {
    auto body = ParseJson(StringMember(request, "body"));
    REQUIRE(body);
    asked.insert(StringMember(request, "target") + " " + StringMember(*body, "model"));
  }
  CHECK(asked == std::multiset<std::string>{"/compat/v1/chat/completions gpt-5.1",
                                            "/compat/v1/chat/completions gpt-4.1-mini",
                                            "/api/v1/chat/completions anthropic/claude-sonnet-4.5",
                                            "/api/v1/chat/completions openai/gpt-5.2",
                                            "/api/chat llama3.2", "/api/chat llama3.2"});
  CHECK(experiments.place.FilesIn("runs/experiments/by-provider").size() == 6);
  CsvFile tides = experiments.Results("runs/experiments/by-provider/openai/tides.csv");
  REQUIRE(tides.rows.size() == 1);
  CHECK(tides.rows[0].at("output") == "One, \"two\",\nthree");
}

TEST_CASE("e2e: experiments: rows without their file or variable fail alone, and are replaced") {
  Experiments experiments;
  experiments.place.Write("experiments/rows.yaml", OfJsonl(experiments));
  auto write = [&](const std::string& third) {
    std::string lines;
    for (const std::string& more :
         Args{R"("topic": "tides", "audience": "a")", R"("topic": "springs", "audience": "b")",
              R"("topic": "tides")" + third, R"("topic": "tides", "audience": "d")"}) {
      lines += R"({"provider": "openai", "model": "gpt-5.1", "words": 9, )" + more + "}\n";
    }
    experiments.place.Write("experiments/mine.csv", lines);
  };
  write("");
  FakeServer server;
  Args args = experiments.On(server);
  ChildEnd end = experiments.RunToEnd(args, "experiments/rows.yaml");
  CHECK_MESSAGE(end.code == 1, end.out << end.err);
  std::map<std::string, CsvRow> rows = RowsBy("id", experiments.Results());
  REQUIRE(rows.size() == 4);
  for (const char* id : {"1", "4"}) CHECK(rows[id]["status"] == "ok");
  for (const char* id : {"2", "3"}) {
    CHECK(rows[id]["status"] == "error");
    CHECK(rows[id]["output"].empty());
  }
  CHECK(Has(rows["2"]["error_message"], "context/springs.txt: no such file"));
  CHECK(Has(rows["3"]["error_message"], "unknown name \"item.audience\""));
  CHECK(server.Book("asked") == 2);

  experiments.place.Write("experiments/context/springs.txt", "Water comes out of the ground.");
  write(R"(, "audience": "c")");
  end = experiments.RunToEnd(args + Args{"--retry-failed", "--keep-done"}, "experiments/rows.yaml");
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  rows = RowsBy("id", experiments.Results());
  REQUIRE(rows.size() == 4);
  for (const auto& [id, row] : rows) {
    CHECK(row.at("status") == "ok");
    CHECK(row.at("error_message").empty());
  }
  CHECK(server.Book("asked") == 4);
  CHECK(server.Book("repeats_of_answered") == 0);
}

TEST_CASE("e2e: experiments: a prompt over the context window is a warning before it is sent") {
  Experiments experiments;
  experiments.WriteTable("openai,gpt-4,long,a,1\nopenai,gpt-4,tides,b,1\n");
  std::string text;
  while (text.size() < 60'000) text += "The tide comes in and goes out again, twice each day. ";
  experiments.place.Write("experiments/context/long.txt", text);
  FakeServer server("", {"--latency-ms=600"});
  Child run(experiments.Run(experiments.On(server)));
  CHECK(run.ReadUntil("over gpt-4's context window of 8,192"));
  CHECK(server.Book("answered") == 0);
  ChildEnd end = run.Wait();
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  std::map<std::string, CsvRow> rows = RowsBy("topic", experiments.Results());
  CHECK(rows["long"]["status"] == "warning");
  CHECK(rows["long"]["context_window"] == "8192");
  CHECK(std::stoi(rows["long"]["input_tokens"]) > 8'192);
  CHECK_FALSE(rows["long"]["output"].empty());
  CHECK(rows["tides"]["status"] == "ok");
}

TEST_CASE("e2e: experiments: values in paths cannot lead out of the folder, nor meet each other") {
  Experiments experiments;
  experiments.WriteTable(
      "openai,gpt-5.1,a/b,x,1\nopenai,gpt-5.1,a_b,x,1\nopenai,gpt-5.1,../../out,x,1\n"
      "openai,gpt-5.1,..,x,1\nopenai,gpt-5.1,CON,x,1\n");
  for (const char* name : {"a/b", "a_b", "CON"}) {
    experiments.place.Write(fmt::format("experiments/context/{}.txt", name), "Text.");
  }
  std::set<std::string> before;
  for (const auto& [path, text] : experiments.place.FilesIn(".")) before.insert(path);
  ChildEnd end = experiments.RunToEnd(kQuickly + Args{"--set", "table=mine.csv"});
  CHECK_MESSAGE(end.code == 1, end.out << end.err);
  std::map<std::string, CsvRow> rows = RowsBy("topic", experiments.Results());
  REQUIRE(rows.size() == 5);
  for (const char* good : {"a/b", "a_b", "CON"}) CHECK(rows[good]["status"] == "ok");
  // The prompt's files are read within the config's folder alone.
  for (const char* bad : {"../../out", ".."}) CHECK(rows[bad]["status"] == "error");
  Files files = experiments.place.FilesIn("runs/experiments/by-provider/openai");
  CHECK(files.size() == 5);
  for (const auto& [path, text] : files) {
    CAPTURE(path);
    CHECK_FALSE(Has(path, "/"));
    CHECK(experiments.Results("runs/experiments/by-provider/openai/" + path).rows.size() == 1);
  }
  for (const auto& [path, text] : experiments.place.FilesIn(".")) {
    CHECK_MESSAGE((before.contains(path) || path.starts_with("runs/experiments/")), path);
  }
}

TEST_CASE("e2e: experiments with a structured answer: its members are columns, or it is an error") {
  Experiments experiments;
  experiments.WriteRows(2);
  FakeServer server(R"({"rules": [
      {"match": {"body": "reader 2"}, "action": {"text": "{\"title\": \"T\"}"}},
      {"action": {"text": "{\"title\": \"T, U\", \"summary\": \"S\", )"
                    R"(\"keywords\": [\"a\", \"b\", \"c\"]}"}}]})");
  ChildEnd end = experiments.RunToEnd(experiments.On(server), "experiments/structured.yaml");
  CHECK_MESSAGE(end.code == 1, end.out << end.err);
  std::string path = "runs/experiments-structured/structured.csv";
  CsvFile results = experiments.Results(path);
  CHECK(std::set<std::string>(results.header.begin(), results.header.end()) ==
        std::set<std::string>{"id", "provider", "model", "topic", "audience", "words", "status",
                              "error_message", "title", "summary", "keywords"});
  std::map<std::string, CsvRow> rows = RowsBy("id", results);
  REQUIRE(rows.size() == 2);
  CHECK(rows["1"]["title"] == "T, U");
  CHECK(rows["1"]["summary"] == "S");
  CHECK(rows["1"]["keywords"] == R"(["a","b","c"])");
  CHECK(rows["2"]["status"] == "error");
  CHECK(Has(rows["2"]["error_message"], "summary"));
  CHECK(rows["2"]["title"].empty());
  CHECK(server.Book("asked") == 1 + 3);
}

TEST_CASE("e2e: experiments: ten calls at once take far less time than one after another") {
  Experiments experiments;
  experiments.WriteRows(50);
  FakeServer server("", {"--latency-ms=200"});
  Args args = experiments.On(server);
  auto five =
      TimeOf(experiments, args + Args{"--limit", "5", "--sequential", "--run", "runs/five"});
  CHECK(server.Book("max_in_air") == 1);
  auto fifty = TimeOf(experiments, args + Args{"--run", "runs/fifty"});
  int64_t at_once = server.Book("max_in_air");
  CHECK(at_once <= 10);
  CHECK(at_once > 5);
  CHECK(fifty.count() < 10 * five.count() / 3);
  CHECK(experiments.Results("runs/fifty/results.csv").rows.size() == 50);
}

TEST_CASE("e2e: experiments killed in the middle and resumed: one row for each, none paid twice") {
  Experiments experiments;
  experiments.WriteRows(30);
  FakeServer server("", {"--latency-ms=40"});
  Args args = experiments.On(server);
  for (int64_t answered : {6, 16}) {
    Child run(experiments.Run(args));
    REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= answered; }));
    run.Signal(SIGKILL);
    CHECK(run.Wait().code == 128 + SIGKILL);
  }
  ChildEnd end = experiments.RunToEnd(args);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  std::map<std::string, CsvRow> rows = RowsBy("id", experiments.Results());
  CHECK(rows.size() == 30);
  for (int i = 1; i <= 30; ++i) {
    CHECK(rows[std::to_string(i)]["audience"] == fmt::format("reader {}", i));
    CHECK(rows[std::to_string(i)]["status"] == "ok");
  }
  CHECK(experiments.Results("runs/experiments/by-provider/openai/tides.csv").rows.size() == 30);
  // Answers on their way when it was killed, at most; what was committed is never asked again.
  CHECK(server.Book("repeats_of_answered") <= 2 * 10);
  CHECK(server.Book("answered") <= 30 + 2 * 10);
}

}  // namespace muster
