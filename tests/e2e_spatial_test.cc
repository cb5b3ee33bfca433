// The spatial config as its users run it: on the mock, and with 3D models made by the fake
// provider's image-to-3D, whose own books say what was ordered.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <set>

#include "common/base64.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "spatial/spatial.yaml";
const std::string kRule(60, '=');
constexpr int kProblems = 29;

// In place of f3d, which few machines have: every view is the picture of problem 29.
constexpr const char* kStandIn = R"(#!/bin/sh
test -s "$1" || exit 1
mkdir -p "$2"
for n in 01 02 03 04 05 06 07 08 09 10 11 12; do cp problems/29.png "$2/$n.png"; done
echo "$1" >> rendered.txt
)";

// A row of problems/answers.csv.
struct Problem {
  std::string answer, wrong;
};

enum class Renderer { kStandIn, kReal };

// A folder with the config, where its runs take place.
class Spatial {
 public:
  explicit Spatial(Renderer renderer = Renderer::kStandIn) {
    fs::copy("configs/spatial", place / "spatial", fs::copy_options::recursive);
    fs::remove_all(place / "spatial/models");
    if (renderer == Renderer::kStandIn) place.Write("spatial/render-views", kStandIn);
    place.SetVariable("MESHY_API_KEY", FakeServer::kKey);
    place.SetVariable("OPENAI_API_KEY", FakeServer::kKey);
    ReadKey();
  }

  ChildOptions Run(const Args& more) const { return place.Muster(Args{"run", kConfig} + more); }
  ChildEnd RunToEnd(const Args& more) const { return RunChild(Run(more)); }

  // With models made by this server, and its answers; problems 1 to `last`.
  Args On(const FakeServer& server, int last) const {
    std::string meshy = fmt::format("http://127.0.0.1:{}", server.port());
    return {"--range", fmt::format("1..{}", last),
            "--set",   "models=make",
            "--set",   "model=openai/gpt-5.1",
            "--set",   "providers.openai.base_url=" + server.Url(),
            "--set",   "providers.meshy.base_url=" + meshy,
            "--set",   "steps.solid.request.poll.every=30ms",
            "--set",   "retry.base=20ms"};
  }

  // Rules of a script: the server answers these problems so. It knows them by a piece of their
  // pictures.
  std::string Answering(const std::map<int, std::string>& answers) const {
    std::string rules;
    for (const auto& [number, answer] : answers) {
      std::string picture =
          EncodeBase64(place.Read(fmt::format("spatial/problems/{}.png", number)));
      rules += fmt::format(
          R"({}{{"match": {{"path": "/responses", "body": "{}"}},
                 "action": {{"text": "I counted.\nFinal answer: {}"}}}})",
          rules.empty() ? "" : ", ", picture.substr(4'000, 80), answer);
    }
    return rules;
  }
  std::string AnsweringRightly(int last) const {
    std::map<int, std::string> answers;
    for (int i = 1; i <= last; ++i) answers[i] = key.at(i).answer;
    return Answering(answers);
  }

  std::string Output(const std::string& run = "runs/spatial") const {
    return place.Read(run + "/output.txt");
  }
  bool HasModel(int number) const {
    return fs::exists(place / fmt::format("spatial/models/{}.glb", number));
  }

  Workplace place{1};
  std::map<int, Problem> key;

 private:
  void ReadKey() {
    std::string text = place.Read("spatial/problems/answers.csv");
    for (const std::string& line : LinesOf(text)) {
      size_t first = line.find(','), second = line.find(',', first + 1);
      int number = std::atoi(line.c_str());
      if (number > 0) {
        key[number] = {line.substr(first + 1, second - first - 1),
                       line.substr(second + 1, line.find(',', second + 1) - second - 1)};
      }
    }
    REQUIRE(key.size() == kProblems);
  }
};

std::string Script(const std::string& rules) { return R"({"rules": [)" + rules + "]}"; }

// What is done to the first orders for a problem's model, told by its prompt for the texture.
std::string OnOrder(int number, const std::string& action, int times = 1) {
  return fmt::format(R"({{"match": {{"path": "/image-to-3d", "body": "Problem {}."}},
                         "times": {}, "action": {}}})",
                     number, times, action);
}

// An output file taken apart: its header, and each problem's record by its number.
struct OutputFile {
  std::string header;
  std::vector<int> order;
  std::map<int, std::string> records;
};

OutputFile ParseOutput(const std::string& text) {
  OutputFile file;
  size_t start = 0;
  for (size_t end; (end = text.find("\n" + kRule + "\n", start)) != std::string::npos;) {
    std::string part = text.substr(start, end - start);
    start = end + kRule.size() + 2;
    while (part.starts_with("\n")) part.erase(0, 1);
    while (part.ends_with("\n")) part.pop_back();
    if (file.header.empty()) {
      file.header = part;
      continue;
    }
    int number = std::atoi(part.c_str());
    CHECK(part.starts_with(fmt::format("{}: ", number)));
    CHECK_MESSAGE(file.records.emplace(number, part).second, number << " is there twice");
    file.order.push_back(number);
  }
  CHECK(text.find_first_not_of('\n', start) == std::string::npos);
  return file;
}

std::string FinalAnswer(const std::string& record) {
  size_t at = record.rfind("Final answer: ");
  return at == std::string::npos ? "" : record.substr(at + 14, record.find('\n', at) - at - 14);
}

// What the report says of all items' answers: how many were judged, and the share that is right.
void CheckReport(const Spatial& spatial, int right, int judged) {
  ChildEnd end = RunChild(spatial.place.Muster({"report", "runs/spatial", "--format", "json"}));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  auto report = ParseJson(end.out);
  REQUIRE(report);
  Json accuracy = (*report)["runs"][0]["all"]["scores"][0]["accuracy"];
  CHECK(accuracy["n"] == judged);
  CHECK(accuracy["mean"].get<double>() == doctest::Approx(static_cast<double>(right) / judged));
}

bool Says(const ChildEnd& end, const std::string& text) { return Has(end.out + end.err, text); }

}  // namespace

TEST_CASE(
    "e2e: spatial on the mock: right, wrong, formless and refused answers, each in its place") {
  Spatial spatial;
  ChildEnd end = spatial.RunToEnd(kQuickly + Args{"--workers", "4"});
  REQUIRE_MESSAGE((end.code == 0 || end.code == 1), end.out << end.err);
  OutputFile file = ParseOutput(spatial.Output());
  CHECK(Has(file.header, "Mode: two-stage\nRange: 1..29\n"));
  Json status = spatial.place.Status("runs/spatial");
  CHECK(CountIn(status, "counts", "done") == static_cast<int64_t>(file.records.size()));
  CHECK(CountIn(status, "totals", "calls") >= 2 * kProblems);
  CHECK(CountIn(status, "counts", "done") >= kProblems - 3);
  int right = 0, wrong = 0;
  for (const auto& [number, record] : file.records) {
    std::string answer = FinalAnswer(record);
    right += answer == spatial.key[number].answer;
    wrong += answer == spatial.key[number].wrong;
  }
  CHECK(right + wrong == static_cast<int>(file.records.size()));
  CHECK(right > wrong);
  CHECK(wrong > 0);
  CHECK_FALSE(fs::exists(spatial.place / "spatial/models"));
  CHECK_FALSE(fs::exists(spatial.place / "spatial/rendered.txt"));

  CheckReport(spatial, right, right + wrong);
  ChildEnd report = RunChild(spatial.place.Muster({"report", "runs/spatial"}));
  for (const char* kind : {"views", "cubes", "rotations"}) CHECK(Has(report.out, kind));
}

TEST_CASE(
    "e2e: spatial's two modes are compared problem by problem; files go where they are told") {
  Spatial spatial;
  for (const char* mode : {"single", "two-stage"}) {
    ChildEnd end =
        spatial.RunToEnd(kQuickly + Args{"--set", fmt::format("mode={}", mode), "--run",
                                         fmt::format("runs/{}", mode), "--output-dir",
                                         fmt::format("out/{}", mode), "--set", "output=answers.txt",
                                         "--profile", "in-order", "--range", "3..12"});
    REQUIRE_MESSAGE((end.code == 0 || end.code == 1), end.out << end.err);
    OutputFile file = ParseOutput(spatial.place.Read(fmt::format("out/{}/answers.txt", mode)));
    CHECK(Has(file.header, fmt::format("Mode: {}\n", mode)));
    CHECK(file.order.size() >= 7);
    CHECK(std::is_sorted(file.order.begin(), file.order.end()));
    CHECK(file.order.front() >= 3);
    CHECK(file.order.back() <= 12);
  }
  Json single = spatial.place.Status("runs/single"), two = spatial.place.Status("runs/two-stage");
  CHECK(CountIn(single, "totals", "calls") + 10 <= CountIn(two, "totals", "calls"));
  ChildEnd report = RunChild(spatial.place.Muster({"report", "runs/single", "runs/two-stage"}));
  CHECK_MESSAGE(report.code == 0, report.err);
  for (const char* name : {"single", "two-stage"}) CHECK(Has(report.out, name));
}

TEST_CASE("e2e: spatial with 3D models: ordered once, fetched, drawn, shown, answered, scored") {
  Spatial spatial;
  std::map<int, std::string> answers;
  for (int i = 1; i <= 4; ++i) answers[i] = spatial.key[i].answer;
  answers[2] = spatial.key[2].wrong;
  FakeServer server(Script(spatial.Answering(answers)), {"--job-ms=100"});
  ChildEnd end = spatial.RunToEnd(spatial.On(server, 4));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(server.Book("jobs") == 4);
  CHECK(server.Book("images_of_jobs") == 4);
  CHECK(server.Book("downloads") == 4);
  CHECK(server.Book("downloads_with_key") == 0);
  CHECK(LinesOf(spatial.place.Read("spatial/rendered.txt")).size() == 4);
  for (int i = 1; i <= 4; ++i) {
    std::string glb = spatial.place.Read(fmt::format("spatial/models/{}.glb", i));
    CHECK(glb.starts_with("glTF"));
  }
  // Two calls a problem, each with its picture and twelve views.
  CHECK(server.Book("answered") == 4 + 2 * 4);
  for (const Json& request : server.Requests(1'000)) {
    std::string body = request["body"].get<std::string>();
    if (!Has(request["target"].get<std::string>(), "/responses")) continue;
    size_t pictures = 0;
    for (size_t at = 0; (at = body.find("data:image/png", at)) != body.npos; ++at) ++pictures;
    CHECK(pictures == 13);
    CHECK(Has(body, "views of a 3D model"));
  }
  OutputFile file = ParseOutput(spatial.Output());
  REQUIRE(file.records.size() == 4);
  for (const auto& [number, answer] : answers) {
    CHECK(file.records[number] == fmt::format("{}: I counted.\nFinal answer: {}", number, answer));
  }
  CheckReport(spatial, 3, 4);

  // Another run finds the models made; nothing is ordered.
  ChildEnd again = spatial.RunToEnd(spatial.On(server, 4) +
                                    Args{"--run", "runs/again", "--set", "models=reuse-only"});
  CHECK_MESSAGE(again.code == 0, again.out << again.err);
  CHECK(server.Book("jobs") == 4);
  CHECK(ParseOutput(spatial.Output("runs/again")).records == file.records);

  // clean takes the drawn views away, and nothing else.
  CHECK(fs::exists(spatial.place / "runs/again/work"));
  CHECK(RunChild(spatial.place.Muster({"clean", "runs/again"})).code == 0);
  CHECK_FALSE(fs::exists(spatial.place / "runs/again/work"));
  CHECK(ParseOutput(spatial.Output("runs/again")).records == file.records);
  CHECK(spatial.HasModel(4));
}

TEST_CASE("e2e: spatial with models=reuse-only: a missing model fails its problem and is named") {
  Spatial spatial;
  FakeServer server(Script(spatial.AnsweringRightly(2)), {"--job-ms=1"});
  REQUIRE(spatial.RunToEnd(spatial.On(server, 1)).code == 0);
  ChildEnd end = spatial.RunToEnd(spatial.On(server, 2) +
                                  Args{"--run", "runs/reuse", "--set", "models=reuse-only"});
  CHECK(end.code == 1);
  CHECK(Says(end, "models/2.glb"));
  CHECK(ParseOutput(spatial.Output("runs/reuse")).order == std::vector{1});
  CHECK(server.Book("jobs") == 1);
}

TEST_CASE("e2e: spatial killed in the middle and resumed orders no model twice") {
  Spatial spatial;
  FakeServer server(Script(spatial.AnsweringRightly(6)), {"--job-ms=400"});
  Args args = spatial.On(server, 6);
  for (int64_t jobs : {2, 5}) {
    Child run(spatial.Run(args));
    REQUIRE(run.ReadUntil([&] { return server.Book("jobs") >= jobs; }));
    run.Signal(SIGKILL);
    CHECK(run.Wait().code == 128 + SIGKILL);
  }
  ChildEnd end = spatial.RunToEnd(args);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(server.Book("jobs") == 6);
  CHECK(server.Book("images_of_jobs") == 6);
  CHECK(server.Book("repeats_of_answered") <= 2 * 3);  // answers lost with a kill, never orders
  CHECK(ParseOutput(spatial.Output()).records.size() == 6);
  CHECK(spatial.RunToEnd(args).code == 0);
  CHECK(server.Book("jobs") == 6);
  CHECK(LinesOf(spatial.place.Read("spatial/rendered.txt")).size() <= 6 + 2 * 3);
}

TEST_CASE("e2e: spatial: an order whose reply was lost is found again in Meshy's list") {
  Spatial spatial;
  std::string rules = OnOrder(2, R"({"cut_at_byte": 0})") + ", " +
                      OnOrder(3, R"({"status": 504, "bill": true})") + ", " +
                      OnOrder(4, R"({"reset_at_byte": 0})");
  FakeServer server(Script(rules + ", " + spatial.AnsweringRightly(4)), {"--job-ms=100"});
  ChildEnd end = spatial.RunToEnd(spatial.On(server, 4));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(server.Book("jobs") == 4);
  CHECK(server.Book("images_of_jobs") == 4);
  CHECK(ParseOutput(spatial.Output()).records.size() == 4);
}

TEST_CASE("e2e: spatial stops when Meshy's credits are used up, and says so") {
  Spatial spatial;
  FakeServer server(Script(spatial.AnsweringRightly(6)), {"--job-ms=50", "--credits=60"});
  ChildEnd end = spatial.RunToEnd(spatial.On(server, 6));
  CHECK(end.code == 5);
  CHECK(Says(end, "Insufficient credits"));
  CHECK(server.Book("jobs") == 2);
  Json status = spatial.place.Status("runs/spatial");
  CHECK(CountIn(status, "counts", "failed") == 0);
  CHECK(*IntMember(server.Books()["statuses"], "402") <= 3);  // those in the air
}

TEST_CASE("e2e: spatial: a model that fails costs its problem alone; polls and limits may falter") {
  Spatial spatial;
  std::string rules =
      OnOrder(2, R"({"job": {"end": "FAILED", "error": "too dark", "ms": 50}})", 99) +
      R"(, {"match": {"path": "/image-to-3d/", "every": 3}, "times": 4,
                            "action": {"status": 503}})";
  FakeServer server(Script(rules + ", " + spatial.AnsweringRightly(4)),
                    {"--job-ms=150", "--jobs-at-once=2"});
  ChildEnd end = spatial.RunToEnd(spatial.On(server, 4) + Args{"--workers", "4"});
  CHECK(end.code == 1);
  CHECK(Says(end, "too dark"));
  CHECK(server.Book("jobs") == 4);
  std::vector<int> done = ParseOutput(spatial.Output()).order;
  std::sort(done.begin(), done.end());
  CHECK(done == std::vector{1, 3, 4});
  CHECK_FALSE(spatial.HasModel(2));
}

TEST_CASE("e2e: spatial draws twelve views with f3d, or says which packages are missing") {
  Spatial spatial(Renderer::kReal);
  FakeServer server(Script(spatial.AnsweringRightly(1)), {"--job-ms=1"});
  ChildOptions run = spatial.Run(spatial.On(server, 1));
  run.deadline = std::chrono::seconds(110);
  ChildEnd end = RunChild(run);
  if (std::system("command -v f3d >/dev/null && command -v Xvfb >/dev/null") != 0) {
    CHECK(end.code == 1);
    CHECK(Says(end, "apt install "));
    return;
  }
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  std::map<std::string, std::string> views;
  for (const auto& [path, bytes] : spatial.place.FilesIn("runs/spatial/work")) {
    if (path.ends_with(".png")) views[path.substr(path.rfind('/') + 1)] = bytes;
  }
  CHECK(views.size() == 12);
  CHECK(views.count("01.png") == 1);
  CHECK(views.count("12.png") == 1);
  std::set<std::string> different;
  for (const auto& [name, bytes] : views) different.insert(bytes);
  CHECK(different.size() == 12);

  // A model that is broken is told as such, and is no reason to order another.
  spatial.place.Write("spatial/models/1.glb", "glTF, but not much of it");
  ChildEnd broken = spatial.RunToEnd(spatial.On(server, 1) + Args{"--run", "runs/broken"});
  CHECK(broken.code == 1);
  CHECK(Says(broken, "1.glb is no whole GLB file"));
  CHECK(server.Book("jobs") == 1);
}

}  // namespace muster
