// HTTP jobs against a small server on loopback: what is sent once, what is waited for, what is
// taken from where.

#include "worker/request_step.h"

#include <atomic>
#include <functional>

#include "tests/image_samples.h"
#include "tests/step_testing.h"
#include "tests/tcp_server.h"
#include "worker/job_download.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr char kKey[] = "key-canary-0123456789";

// A reply; "" closes the connection without one.
std::string Http(int status, const std::string& body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}
std::string Job(const std::string& status, int progress = 0, const std::string& more = "") {
  return Http(200, fmt::format(R"({{"status":"{}","progress":{}{}}})", status, progress, more));
}

// Answers "METHOD /path" by a function, and remembers every request.
class JobServer {
 public:
  using Route = std::function<std::string(const std::string& request)>;

  std::string Url() const { return server_.Url(""); }
  int port() const { return server_.port(); }

  void On(const std::string& what, Route route) {
    std::lock_guard lock(mutex_);
    routes_[what] = std::move(route);
  }
  void On(const std::string& what, const std::string& reply) {
    On(what, [reply](const std::string&) { return reply; });
  }
  // Requests so far that begin so.
  std::vector<std::string> Got(const std::string& what) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const std::string& each : requests_) {
      if (each.starts_with(what)) all.push_back(each);
    }
    return all;
  }
  size_t Count(const std::string& what = "") const { return Got(what).size(); }

 private:
  std::string Answer(const std::string& request) {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    size_t end = request.find(" HTTP/1.1");
    auto route = routes_.find(request.substr(0, end));
    return route == routes_.end() ? Http(404, R"({"message":"no such thing"})")
                                  : route->second(request);
  }

  mutable std::mutex mutex_;
  std::map<std::string, Route> routes_;
  std::vector<std::string> requests_;
  TcpServer server_{[this](TcpConnection& client) {
    for (std::string request; !(request = client.ReadRequest()).empty();) {
      std::string reply = Answer(request);
      if (reply.empty() || !client.Send(reply)) return;
      if (!reply.starts_with("HTTP/1.1 200 OK-THEN-CLOSE")) continue;
      return;
    }
  }};
};

// A step like an image-to-3D service's: POST, poll, one file.
struct RequestTest : StepTest {
  RequestTest() {
    Provider& provider = config.providers["jobs"];
    provider.name = "jobs";
    provider.api = "http";
    provider.base_url = server.Url();
    caller.SetKeys(Json{{"jobs", kKey}});
    RequestStep& request = step.request.emplace();
    request.provider = "jobs";
    request.post = Text("/jobs");
    request.body = Json{{"name", "{{item.id}}"}, {"textured", true}};
    request.job = "result";
    PollRule& poll = request.poll.emplace();
    poll.get = Text("/jobs/{{job}}");
    poll.every = milliseconds(10);
    poll.limit = milliseconds(20'000);
    poll.done = {"status == 'SUCCEEDED'", "test.yaml:3:3"};
    poll.failed = {"status in ['FAILED', 'CANCELED']", "test.yaml:4:3"};
    poll.error = "task_error.message";
    poll.progress = "progress";
    request.download = {{Text("models/{{item.id}}.glb"), "model_urls.glb"}};
    request.cost_per_call = 100;
    server.On("POST /jobs", Http(202, R"({"result":"j1"})"));
    server.On("GET /jobs/j1", [this](const std::string&) { return Poll(); });
    server.On("GET /files/1", Http(200, "GLB"));
  }

  // Twice in progress, then done.
  std::string Poll() {
    int look = ++looks;
    if (look < 3) return Job("IN_PROGRESS", look * 30);
    return Job("SUCCEEDED", 100, R"(,"model_urls":{"glb":")" + file_url + "\"}");
  }
  void Find() {
    FindRule& find = step.request->find.emplace();
    find.get = Text("/jobs?all");
    find.list = "jobs";
    find.match = {"each.name == item.id", "test.yaml:5:3"};
    find.job = "id";
  }

  // A session's attempt at the step.
  StepEnd Run() {
    NewSession();
    looks = 0;
    return Finish(RunRequestStep(Parts(), step, "it", context));
  }
  Failure Fails() {
    ReasonOf(Run());
    REQUIRE(desk.failures.size() == 1);
    return desk.failures[0];
  }

  JobServer server;
  std::string file_url = server.Url() + "/files/1";
  std::atomic<int> looks{0};
};

TEST_CASE("request step: posted, awaited, downloaded; each a call of its own") {
  RequestTest test;
  Json value = ValueOf(test.Run());
  CHECK(value["job"] == "j1");
  CHECK(value["file"] == "models/1.glb");
  CHECK(value["files"] == Json({"models/1.glb"}));
  CHECK(value["reply"]["status"] == "SUCCEEDED");
  CHECK(RequestTest::Read(test.base + "/models/1.glb") == "GLB");
  CHECK(test.progress == std::vector<std::string>{"30 %", "60 %", "100 %"});
  CHECK(test.desk.went ==
        std::vector<std::string>{"it.post", "it.poll", "it.download[models/1.glb]"});
  const std::vector<Call>& asked = test.desk.asked;
  CHECK(asked[0].fixed_cost == 100);
  CHECK(asked[1].fixed_cost == 0);
  CHECK(asked[2].fixed_cost == 0);
  CHECK(asked[0].holds_for == "it.poll");
  CHECK_FALSE(asked[0].goes_on);
  CHECK(asked[1].goes_on);
  CHECK(asked[2].goes_on);
  for (const Call& call : asked) {
    CHECK(call.provider == "jobs");
    CHECK(call.model == "it");
    CHECK(call.input_most == 0);
    CHECK(call.output_most == 0);
  }
  auto posted = test.server.Got("POST /jobs");
  REQUIRE(posted.size() == 1);
  CHECK(posted[0].ends_with("\r\n\r\n{\"name\":\"1\",\"textured\":true}"));
  CHECK(Contains(posted[0], "Content-Type: application/json\r\n"));
  for (const std::string& each : test.server.Got("")) {
    CHECK(Contains(each, std::string("Authorization: Bearer ") + kKey));
  }
}

TEST_CASE("request step: what is done is replayed, and nothing is sent") {
  RequestTest test;
  Json first = ValueOf(test.Run());
  size_t sent = test.server.Count();
  CHECK(ValueOf(test.Run()) == first);
  CHECK(test.server.Count() == sent);
  CHECK(test.desk.went.empty());
}

TEST_CASE("request step: without poll and download the reply is what it leaves") {
  RequestTest test;
  test.step.request->poll.reset();
  test.step.request->download.clear();
  test.step.request->job.clear();
  Json value = ValueOf(test.Run());
  CHECK(value["reply"] == Json{{"result", "j1"}});
  CHECK(value["job"].is_null());
  CHECK(value["file"].is_null());
  CHECK(test.desk.asked[0].holds_for == "");
}

TEST_CASE("request step: another body is another job") {
  RequestTest test;
  test.Run();
  test.step.request->body["textured"] = false;
  ValueOf(test.Run());
  CHECK(test.server.Count("POST /jobs") == 2);
}

TEST_CASE("request step: a worker that ends while it waits takes up the same job again") {
  RequestTest test;
  test.server.On("GET /jobs/j1", Job("IN_PROGRESS", 10));
  {
    test.NewSession();
    auto task = RunRequestStep(test.Parts(), test.step, "it", test.context);
    task.Start();
    for (int turns = 0; turns < 5'000 && test.server.Count("GET") < 3; ++turns) test.Turn();
    CHECK_FALSE(task.done());
  }
  CHECK(test.http.in_the_air() == 0);
  test.server.On("GET /jobs/j1", [&](const std::string&) { return test.Poll(); });
  ValueOf(test.Run());
  CHECK(test.server.Count("POST /jobs") == 1);
  CHECK(test.desk.went.size() == 2);
}

TEST_CASE("request step: trouble that passes does not end the wait, what does not pass does") {
  RequestTest test;
  for (const std::string& trouble :
       {Http(500, "oops"), Http(429, R"({"message":"RateLimitExceeded"})"), Http(503, ""),
        std::string()}) {
    CAPTURE(trouble);
    test.server.On("GET /jobs/j1", [&](const std::string&) {
      return test.looks == 1 ? ++test.looks, trouble : test.Poll();
    });
    ValueOf(test.Run());
    test.step.request->body["n"] = trouble;  // another job next time
    test.step.request->poll->get = RequestTest::Text("/jobs/{{job}}");
    test.desk = StepDesk();
    test.desk.caller = &test.caller;
  }
  struct Row {
    int status;
    FailureKind kind;
  };
  for (auto [status, kind] :
       {Row{401, FailureKind::kAuth}, Row{402, FailureKind::kQuota},
        Row{404, FailureKind::kBadRequest}, Row{410, FailureKind::kBadRequest}}) {
    CAPTURE(status);
    test.desk = StepDesk();
    test.desk.caller = &test.caller;
    test.server.On("GET /jobs/j1", Http(status, R"({"message":"no"})"));
    Failure failure = test.Fails();
    CHECK(Name(failure.kind) == Name(kind));
    CHECK(failure.billing == Billing::kNo);
  }
}

TEST_CASE("request step: a reply to a poll that cannot be read ends the wait when it comes again") {
  RequestTest test;
  test.server.On("GET /jobs/j1", Http(200, "<html>"));
  CHECK(Contains(test.Fails().message, "no JSON"));
  CHECK(test.server.Count("GET") == 3);
  test.server.On("GET /jobs/j1", Http(200, R"({"statu":"SUCCEEDED"})"));
  CHECK(Contains(test.Fails().message, "status"));
}

TEST_CASE(
    "request step: a job that takes longer than its limit fails the item, and stays its job") {
  RequestTest test;
  test.server.On("GET /jobs/j1", Job("IN_PROGRESS", 45));
  test.step.request->poll->limit = milliseconds(60);
  Failure failure = test.Fails();
  CHECK(Contains(failure.message, "the job j1 was not done within"));
  CHECK(Contains(failure.message, "45 %"));
  test.step.request->poll->limit = milliseconds(20'000);
  test.server.On("GET /jobs/j1", [&](const std::string&) { return test.Poll(); });
  ValueOf(test.Run());
  CHECK(test.server.Count("POST /jobs") == 1);
}

TEST_CASE("request step: a job that has failed fails the item and is not begun again unasked") {
  RequestTest test;
  test.server.On("GET /jobs/j1",
                 Http(200, R"({"status":"FAILED","task_error":{"message":"the image is empty"}})"));
  CHECK(ReasonOf(test.Run()) == "it.post: the job j1 has failed: the image is empty");
  size_t sent = test.server.Count();
  CHECK(Contains(ReasonOf(test.Run()), "the image is empty"));
  CHECK(test.server.Count() == sent);
  test.server.On("POST /jobs", Http(202, R"({"result":"j2"})"));
  test.server.On("GET /jobs/j2", [&](const std::string&) { return test.Poll(); });
  test.desk.extra_asks = 1;  // --retry-failed
  CHECK(ValueOf(test.Run())["job"] == "j2");
  CHECK(test.server.Count("POST /jobs") == 2);
  sent = test.server.Count();
  CHECK(ValueOf(test.Run())["job"] == "j2");
  CHECK(test.server.Count() == sent);
}

TEST_CASE("request step: a POST that may have arrived is looked up before it is sent again") {
  RequestTest test;
  test.Find();
  test.desk.unsure = true;
  SUBCASE("it had") {
    test.server.On("GET /jobs?all",
                   Http(200, R"({"jobs":[{"name":"0","id":"j0"},{"name":"1","id":"j1"}]})"));
    CHECK(ValueOf(test.Run())["job"] == "j1");
    CHECK(test.server.Count("POST") == 0);
    CHECK(ValueOf(test.Run())["job"] == "j1");
  }
  SUBCASE("it had not") {
    test.server.On("GET /jobs?all", Http(200, R"({"jobs":[{"name":"0","id":"j0"}]})"));
    CHECK(ValueOf(test.Run())["job"] == "j1");
    CHECK(test.server.Count("POST") == 1);
  }
  SUBCASE("nobody can say: it is not sent") {
    std::string reply;
    SUBCASE("no list") { reply = Http(200, R"({"jobs":{}})"); }
    SUBCASE("another name") { reply = Http(200, R"({"jobs":[{"title":"1"}]})"); }
    SUBCASE("not allowed") { reply = Http(403, R"({"message":"no"})"); }
    SUBCASE("trouble") { reply = Http(500, ""); }
    test.server.On("GET /jobs?all", reply);
    CHECK(test.Fails().billing == Billing::kNo);
    CHECK(test.server.Count("POST") == 0);
  }
}

TEST_CASE("request step: a POST whose reply is lost is unknown, and its next try looks for it") {
  RequestTest test;
  test.Find();
  test.desk.tries_allowed = 2;
  test.server.On("POST /jobs", std::string());
  test.server.On("GET /jobs?all", Http(200, R"({"jobs":[{"name":"1","id":"j1"}]})"));
  CHECK(ValueOf(test.Run())["job"] == "j1");
  REQUIRE(test.desk.failures.size() == 1);
  CHECK(test.desk.failures[0].billing == Billing::kUnknown);
  CHECK(test.server.Count("POST") == 1);
}

TEST_CASE("request step: what a refused POST means") {
  struct Row {
    std::string reply;
    FailureKind kind;
    Billing billing;
    const char* says;
  };
  RequestTest test;
  for (const Row& row : std::initializer_list<Row>{
           {Http(400, R"({"message":"image_url is invalid"})"), FailureKind::kBadRequest,
            Billing::kNo, "image_url is invalid"},
           {Http(401, R"({"message":"Invalid API key"})"), FailureKind::kAuth, Billing::kNo,
            "Invalid"},
           {Http(402, R"({"message":"Insufficient credits"})"), FailureKind::kQuota, Billing::kNo,
            "credits"},
           {Http(403, "{}"), FailureKind::kAuth, Billing::kNo, "403"},
           {Http(404, "nothing"), FailureKind::kModelNotFound, Billing::kNo, "/jobs"},
           {Http(429, R"({"message":"RateLimitExceeded"})"), FailureKind::kRateLimited,
            Billing::kNo, "RateLimitExceeded"},
           {Http(429, R"({"message":"NoMoreConcurrentTasks"})"), FailureKind::kRateLimited,
            Billing::kNo, "NoMoreConcurrentTasks"},
           {Http(500, R"({"message":"oops"})"), FailureKind::kServer, Billing::kUnknown, "oops"},
           {Http(503, ""), FailureKind::kOverloaded, Billing::kUnknown, "503"},
           {Http(200, "not JSON"), FailureKind::kBadReply, Billing::kUnknown, "no JSON"},
           {Http(200, R"({"id":"j1"})"), FailureKind::kBadReply, Billing::kUnknown, "result"},
           {"HTTP/1.1 302 X\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
            FailureKind::kBadRequest, Billing::kNo, "not followed"}}) {
    CAPTURE(row.reply);
    test.server.On("POST /jobs", row.reply);
    Failure failure = test.Fails();
    CHECK(Name(failure.kind) == Name(row.kind));
    CHECK(Name(failure.billing) == Name(row.billing));
    CAPTURE(failure.message);
    CHECK(Contains(failure.message, row.says));
  }
}

TEST_CASE(
    "request step: a downloaded file that is gone or changed is downloaded again, and only that") {
  RequestTest test;
  ValueOf(test.Run());
  size_t polls = test.server.Count("GET /jobs");
  for (bool gone : {true, false}) {
    if (gone) fs::remove(test.base + "/models/1.glb");
    if (!gone) test.Write("models/1.glb", "cut");
    ValueOf(test.Run());
    CHECK(RequestTest::Read(test.base + "/models/1.glb") == "GLB");
    CHECK(test.desk.went == std::vector<std::string>{"it.download[models/1.glb]"});
  }
  CHECK(test.server.Count("GET /files") == 3);
  CHECK(test.server.Count("GET /jobs") == polls);
  CHECK(test.server.Count("POST") == 1);
}

TEST_CASE("request step: a URL that has expired is asked for again") {
  RequestTest test;
  ValueOf(test.Run());
  fs::remove(test.base + "/models/1.glb");
  test.server.On("GET /files/1", Http(403, "<Error>expired</Error>"));
  test.server.On("GET /files/2", Http(200, "GLB"));
  test.file_url = test.server.Url() + "/files/2";
  test.server.On("GET /jobs/j1", [&](const std::string&) {
    test.looks = 3;
    return test.Poll();
  });
  ValueOf(test.Run());
  CHECK(RequestTest::Read(test.base + "/models/1.glb") == "GLB");
  CHECK(test.server.Count("POST") == 1);
}

TEST_CASE("request step: half a file never takes the place of a whole one") {
  RequestTest test;
  SUBCASE("the connection is cut") {
    test.server.On("GET /files/1", "HTTP/1.1 200 OK-THEN-CLOSE\r\nContent-Length: 9\r\n\r\nGL");
    CHECK(test.Fails().billing == Billing::kNo);
  }
  SUBCASE("the worker is gone") {
    test.server.On("GET /files/1", "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nGL");
    test.NewSession();
    auto task = RunRequestStep(test.Parts(), test.step, "it", test.context);
    task.Start();
    std::string part = test.base + "/models/1.glb.part";
    for (int turns = 0; turns < 5'000 && RequestTest::Read(part) != "GL"; ++turns) test.Turn();
    CHECK(RequestTest::Read(part) == "GL");
  }
  SUBCASE("a place that cannot be written to") {
    test.Write("models", "a file");
    CHECK(test.Fails().kind == FailureKind::kInternal);
  }
  CHECK_FALSE(fs::exists(test.base + "/models/1.glb"));
  CHECK_FALSE(fs::exists(test.base + "/models/1.glb.part"));
  fs::remove_all(test.base + "/models");
  fs::create_directories(test.base + "/models");
  test.Write("models/1.glb.part", "of a worker that was killed");
  test.server.On("GET /files/1", Http(200, "GLB"));
  ValueOf(test.Run());
  CHECK(RequestTest::Read(test.base + "/models/1.glb") == "GLB");
  CHECK_FALSE(fs::exists(test.base + "/models/1.glb.part"));
  CHECK(test.server.Count("POST") == 1);
}

TEST_CASE("request step: the key goes to the provider and to no other server") {
  RequestTest test;
  JobServer other;
  other.On("GET /files/1", Http(200, "GLB"));
  test.file_url = other.Url() + "/files/1";
  ValueOf(test.Run());
  auto got = other.Got("GET");
  REQUIRE(got.size() == 1);
  CHECK_FALSE(Contains(got[0], kKey));
  CHECK_FALSE(Contains(got[0], "Authorization"));
}

TEST_CASE("request step: no redirect of a download is followed") {
  RequestTest test;
  test.server.On("GET /files/1", fmt::format("HTTP/1.1 302 X\r\nLocation: {}/files/2\r\n"
                                             "Content-Length: 0\r\n\r\n",
                                             test.server.Url()));
  CHECK(Contains(test.Fails().message, "not followed"));
  CHECK(test.server.Count("GET /files/2") == 0);
}

TEST_CASE("request step: files are not taken from where only this machine can look") {
  Provider provider;
  provider.base_url = "https://api.example.com/v1";
  for (const char* url :
       {"https://api.example.com/files/1?signed=x", "https://assets.example.com/1.glb",
        "https://bucket.s3.amazonaws.com/1.glb", "https://cdn.example.com:8443/1.glb"}) {
    CAPTURE(url);
    CHECK(CheckDownloadUrl(url, provider));
  }
  for (const char* url : {"http://assets.example.com/1.glb",
                          "http://api.example.com/v1/1.glb",
                          "https://169.254.169.254/latest/meta-data",
                          "https://127.0.0.1/x",
                          "https://[::1]/x",
                          "https://[::ffff:127.0.0.1]/x",
                          "https://0x7f.1/x",
                          "https://2130706433/x",
                          "https://localhost/x",
                          "https://localhost:8443/x",
                          "https://printer.local/x",
                          "https://metadata.google.internal/x",
                          "https://intranet/x",
                          "https://10.0.0.1/x",
                          "file:///etc/passwd",
                          "ftp://example.com/x",
                          "gopher://example.com/x",
                          "/files/1",
                          "",
                          "https://user:secret@example.com/x",
                          "http://127.0.0.1:8080/x"}) {
    CAPTURE(url);
    auto allowed = CheckDownloadUrl(url, provider);
    CHECK_FALSE(allowed);
    if (!allowed) CHECK_FALSE(Contains(allowed.error(), "secret"));
  }
  provider.base_url = "http://127.0.0.1:8080";
  CHECK(CheckDownloadUrl("http://127.0.0.1:9090/x", provider));
  CHECK(CheckDownloadUrl("http://localhost:9090/x", provider));
  CHECK_FALSE(CheckDownloadUrl("http://10.0.0.1/x", provider));
  CHECK_FALSE(CheckDownloadUrl("http://example.com/x", provider));
}

TEST_CASE("request step: a URL that is refused is not asked for") {
  RequestTest test;
  test.file_url = "http://10.0.0.1/files/1";
  Failure failure = test.Fails();
  CHECK(failure.kind == FailureKind::kBadRequest);
  CHECK(Contains(failure.message, "10.0.0.1"));
  CHECK_FALSE(fs::exists(test.base + "/models/1.glb.part"));
}

TEST_CASE("request step: a picture of the body is a data URI; nothing outside is read") {
  RequestTest test;
  test.Write("problems/1.png", PngOf(2, 2));
  test.step.request->body = Json{{"image_url", Json{{"data_uri", "problems/{{item.id}}.png"}}},
                                 {"list", Json::array({"{{item.id}}", 2, nullptr})}};
  ValueOf(test.Run());
  auto posted = test.server.Got("POST");
  REQUIRE(posted.size() == 1);
  CHECK(Contains(posted[0], R"({"image_url":"data:image/png;base64,iVBOR)"));
  CHECK(posted[0].ends_with(R"(","list":["1",2,null]})"));
  test.Write("problems/1.png", PngOf(3, 3));
  ValueOf(test.Run());
  CHECK(test.server.Count("POST") == 2);  // another picture, another job
  for (const char* path : {"../secret.png", "/etc/passwd", "problems/2.png", "text.txt", ""}) {
    CAPTURE(path);
    test.Write("text.txt", "no picture");
    test.step.request->body = Json{{"image_url", Json{{"data_uri", path}}}};
    CHECK(Contains(ReasonOf(test.Run()), "data_uri: "));
    CHECK(test.desk.asked.empty());
  }
}

TEST_CASE("request step: neither an item nor a reply decides where a request goes") {
  RequestTest test;
  test.server.On("POST /jobs", Http(202, R"({"result":"../admin?x=/#y"})"));
  test.server.On("GET /jobs/..%2Fadmin%3Fx%3D%2F%23y", Job("SUCCEEDED", 100));
  test.step.request->download.clear();
  ValueOf(test.Run());
  test.context["item"]["path"] = "@evil.example.com/";
  test.step.request->post = RequestTest::Text("{{item.path}}");
  CHECK(Contains(ReasonOf(test.Run()), "does not begin with a slash"));
  test.step.request->post = RequestTest::Text("/jobs");
  test.step.request->download = {{RequestTest::Text("../{{item.id}}.glb"), "model_urls.glb"}};
  CHECK(Contains(ReasonOf(test.Run()), "not a file inside"));
}

TEST_CASE("request step: what is missing in a done job's reply is said") {
  RequestTest test;
  test.server.On("GET /jobs/j1", Job("SUCCEEDED", 100));
  CHECK(Contains(test.Fails().message, "model_urls"));
}

}  // namespace
}  // namespace muster
