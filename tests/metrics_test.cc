// Metrics: the page is what Prometheus reads, its numbers are the ledger's and the supervisor's
// own, and the process that serves it neither holds its supervisor up nor outlives it.

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "supervisor/metrics/exposition.h"
#include "supervisor/metrics/metrics_child.h"
#include "supervisor/metrics/metrics_server.h"
#include "supervisor/metrics/metrics_text.h"
#include "tests/child.h"
#include "tests/control_testing.h"
#include "tests/programs.h"

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr Picodollars kCent = kPicodollarsPerDollar / 100;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- a reader of the format, stricter than Prometheus ----

// Samples by "name{label="value",…}" as written; every line must be one of HELP, TYPE, a sample.
class Page {
 public:
  explicit Page(const std::string& text) {
    REQUIRE(text.ends_with("\n"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) Read(line);
    for (const auto& [name, type] : types_) CHECK_MESSAGE(helps_.contains(name), name);
    CheckHistograms();
  }

  double operator[](const std::string& sample) const {
    auto found = samples_.find(sample);
    REQUIRE_MESSAGE(found != samples_.end(), sample);
    return found->second;
  }
  bool HasFamily(const std::string& name) const { return types_.contains(name); }
  bool HasSample(const std::string& sample) const { return samples_.contains(sample); }
  size_t size() const { return samples_.size(); }

 private:
  void Read(const std::string& line) {
    CAPTURE(line);
    static const std::regex kHelp("# HELP ([a-z_]+) (\\S.*)");
    static const std::regex kType("# TYPE ([a-z_]+) (counter|gauge|histogram)");
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      CHECK(helps_.insert(match[1]).second);
    } else if (std::regex_match(line, match, kType)) {
      family_ = match[1];
      CHECK(helps_.contains(family_));
      CHECK(types_.emplace(family_, match[2]).second);
      CHECK((match[2] == "counter") == family_.ends_with("_total"));
    } else {
      ReadSample(line);
    }
  }

  // Label values may hold anything but a bare quote, backslash or line break.
  void ReadSample(const std::string& line) {
    static const std::regex kSample(
        "([a-z_]+)(\\{[a-z]+=\"(?:[^\"\\\\]|\\\\[\"\\\\n])*\"(?:,[a-z]+=\"(?:[^\"\\\\]|"
        "\\\\[\"\\\\n])*\")*\\})? (-?[0-9]+(?:\\.[0-9]+)?)");
    std::smatch match;
    REQUIRE(std::regex_match(line, match, kSample));
    std::string name = match[1];
    REQUIRE_FALSE(family_.empty());
    bool histogram = types_[family_] == "histogram";
    bool fits = histogram ? name == family_ + "_bucket" || name == family_ + "_sum" ||
                                name == family_ + "_count"
                          : name == family_;
    CHECK(fits);
    double value = std::stod(match[3]);
    if (types_[family_] != "gauge") CHECK(value >= 0);
    CHECK_MESSAGE(samples_.emplace(name + std::string(match[2]), value).second, "twice");
    if (name.ends_with("_bucket")) AddBucket(match[2], value);
  }

  void AddBucket(const std::string& labels, double value) {
    size_t le = labels.rfind(",le=\"");
    REQUIRE(le != std::string::npos);
    std::string bound = labels.substr(le + 5, labels.size() - le - 7);
    buckets_[labels.substr(0, le) + "}"].emplace_back(bound == "+Inf" ? INFINITY : std::stod(bound),
                                                      value);
  }

  void CheckHistograms() const {
    for (const auto& [labels, buckets] : buckets_) {
      CHECK(std::is_sorted(buckets.begin(), buckets.end()));
      CHECK(std::is_sorted(buckets.begin(), buckets.end(),
                           [](auto& a, auto& b) { return a.second < b.second; }));
      CHECK(buckets.back().first == INFINITY);
      CHECK((*this)["muster_call_duration_seconds_count" + labels] == buckets.back().second);
      CHECK(HasSample("muster_call_duration_seconds_sum" + labels));
    }
  }

  std::string family_;
  std::set<std::string> helps_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::map<std::string, std::vector<std::pair<double, double>>> buckets_;
};

// ---- a small HTTP client ----

Fd ConnectTo(int port) {
  Fd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  timeval patience{20, 0};
  setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  return connect(made.get(), generic, sizeof address) == 0 ? std::move(made) : Fd();
}

// The whole reply, head included; empty: nobody listens.
std::string Request(int port, const std::string& bytes) {
  Fd socket = ConnectTo(port);
  if (!socket) return "";
  send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string reply;
  char piece[4096];
  for (ssize_t n; (n = recv(socket.get(), piece, sizeof piece, 0)) > 0;) {
    reply.append(piece, static_cast<size_t>(n));
  }
  return reply;
}

std::string Get(int port, const std::string& path) {
  return Request(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

std::string BodyOf(const std::string& reply) {
  size_t end = reply.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  return reply.substr(end + 4);
}

Page Scrape(int port) {
  std::string reply = Get(port, "/metrics");
  REQUIRE(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(Has(reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  return Page(BodyOf(reply));
}

int PortIn(const std::string& said) {
  std::smatch match;
  REQUIRE(std::regex_search(said, match, std::regex("^metrics at http://[^ ]*:([0-9]+)/metrics")));
  return std::stoi(match[1]);
}

// ---- ledgers ----

record::TryStarted Try(int64_t call, const std::string& item, const std::string& model,
                       std::optional<Picodollars> worst = 4 * kCent) {
  record::TryStarted started = StartTry(call, item, worst);
  started.step = "chunks/" + std::to_string(call);
  started.model = model;
  return started;
}

record::TryEnded Took(record::TryEnded ended, int64_t total_ms) {
  ended.total_ms = total_ms;
  return ended;
}

// Items a (done), b (failed), c (running); five calls to gpt-5.1: two answered, one failed, two in
// the air, one of them without a worst case; and one of a model without a price.
void FillLedger(Ledger& ledger) {
  int64_t calls[6];
  for (int64_t& call : calls) call = ledger.TakeCallId();
  CommitAll(ledger, MakeItem(1, "a"), MakeItem(2, "b"), MakeItem(3, "c"),
            Try(calls[0], "a", "gpt-5.1"), Try(calls[1], "a", "gpt-5.1"),
            Try(calls[2], "b", "gpt-5.1"), Try(calls[3], "c", "gpt-5.1"),
            Try(calls[4], "c", "gpt-5.1", std::nullopt), Try(calls[5], "a", "new"));
  CommitAll(ledger, Took(Answered(calls[0], "{}", 3 * kCent, {1'000, 200, 50, 300, 100}), 2'500),
            Took(Answered(calls[1], "{}", 1, {10, 0, 0, 5, 0}), 2'501),
            Took(EndTry(calls[2], record::TryOutcome::kFailed, 0), 17),
            Took(Answered(calls[5], "{}", std::nullopt), 700'000),
            MakeStatus("a", ItemStatus::kDone), MakeStatus("b", ItemStatus::kFailed, "no"),
            MakeStatus("c", ItemStatus::kRunning));
}

const std::string kModel = "provider=\"openai\",model=\"gpt-5.1\"";

// The numbers of FillLedger, while its supervisor lives or after.
void CheckLedgerNumbers(const Page& page, bool live) {
  CHECK(page["muster_items{status=\"done\"}"] == 1);
  CHECK(page["muster_items{status=\"failed\"}"] == 1);
  CHECK(page["muster_items{status=\"running\"}"] == 1);
  CHECK(page["muster_items{status=\"pending\"}"] == 0);
  CHECK(page["muster_calls_total{" + kModel + ",outcome=\"answered\"}"] == 2);
  CHECK(page["muster_calls_total{" + kModel + ",outcome=\"failed\"}"] == 1);
  CHECK(page["muster_calls_total{" + kModel + ",outcome=\"unknown\"}"] == (live ? 0 : 2));
  CHECK(page["muster_calls_in_the_air"] == (live ? 2 : 0));
  CHECK(page["muster_unknown_cost_dollars"] == (live ? 0 : 0.04));
  CHECK(page["muster_tokens_total{" + kModel + ",kind=\"input\"}"] == 1'010);
  CHECK(page["muster_tokens_total{" + kModel + ",kind=\"cached\"}"] == 200);
  CHECK(page["muster_tokens_total{" + kModel + ",kind=\"cache_write\"}"] == 50);
  CHECK(page["muster_tokens_total{" + kModel + ",kind=\"output\"}"] == 305);
  CHECK(page["muster_tokens_total{" + kModel + ",kind=\"reasoning\"}"] == 100);
  CHECK(page["muster_cost_dollars_total{" + kModel + "}"] == 0.030000000001);
  CHECK(page["muster_unpriced_calls_total{" + kModel + "}"] == 0);
  CHECK(page["muster_unpriced_calls_total{provider=\"openai\",model=\"new\"}"] == 1);
  std::string duration = "muster_call_duration_seconds";
  CHECK(page[duration + "_bucket{" + kModel + ",le=\"1\"}"] == 0);
  CHECK(page[duration + "_bucket{" + kModel + ",le=\"2.5\"}"] == 1);
  CHECK(page[duration + "_bucket{" + kModel + ",le=\"5\"}"] == 2);
  CHECK(page[duration + "_sum{" + kModel + "}"] == 5.001);
  CHECK(page[duration + "_bucket{provider=\"openai\",model=\"new\",le=\"600\"}"] == 0);
  CHECK(page[duration + "_bucket{provider=\"openai\",model=\"new\",le=\"+Inf\"}"] == 1);
}

Json SampleStatus() {
  return *ParseJson(R"({"mode":"working","restarts":3,"deaths":2,
    "workers":[{"name":"w1","state":"busy"},{"name":"w2","state":"busy"},{"state":"idle"}],
    "lanes":[{"name":"openai","in_the_air":2,"slots":8,"waiting":5,"stopped":"","open_in_ms":0},
             {"name":"openai/gpt-5.1","waiting":1,"open_in_ms":1500},
             {"name":"mock","stopped":"no money left"},{"name":"ollama","stopped":true},
             {"name":"gemini","stopped":false}]})");
}

void CheckStatusNumbers(const Page& page) {
  CHECK(page["muster_workers{state=\"busy\"}"] == 2);
  CHECK(page["muster_workers{state=\"idle\"}"] == 1);
  CHECK(page["muster_workers{state=\"starting\"}"] == 0);
  CHECK(page["muster_worker_restarts_total"] == 3);
  CHECK(page["muster_worker_deaths_total"] == 2);
  CHECK(page["muster_lane_waiting_calls{lane=\"openai\"}"] == 5);
  CHECK(page["muster_lane_waiting_calls{lane=\"mock\"}"] == 0);
  CHECK(page["muster_lane_slots{lane=\"openai\"}"] == 8);
  CHECK_FALSE(page.HasSample("muster_lane_slots{lane=\"mock\"}"));
  CHECK(page["muster_lane_open{lane=\"openai\"}"] == 1);
  CHECK(page["muster_lane_open{lane=\"openai/gpt-5.1\"}"] == 0);
  CHECK(page["muster_lane_open{lane=\"mock\"}"] == 0);
  CHECK(page["muster_lane_open{lane=\"ollama\"}"] == 0);
  CHECK(page["muster_lane_open{lane=\"gemini\"}"] == 1);
}

ChildOptions ByHand(const std::string& run_dir, const std::string& host_port) {
  ChildOptions options;
  options.argv = {ProgramPath("muster"), "metrics", run_dir, host_port};
  return options;
}

}  // namespace

TEST_CASE("milliseconds are written as seconds, exactly") {
  CHECK(SecondsValue(0) == "0");
  CHECK(SecondsValue(100) == "0.1");
  CHECK(SecondsValue(2'500) == "2.5");
  CHECK(SecondsValue(30'000) == "30");
  CHECK(SecondsValue(1) == "0.001");
  CHECK(SecondsValue(-1'050) == "-1.05");
  CHECK(SecondsValue(INT64_MIN) == "-9223372036854775.808");
}

TEST_CASE("a run that nothing is known of still gives a page") {
  Page page(MetricsText({}));
  CHECK(page["muster_up"] == 0);
  CHECK(page["muster_ledger_readable"] == 0);
  CHECK(page.size() == 2);
}

TEST_CASE("any name of a model or lane is escaped, and none breaks the page") {
  RunFigures figures;
  figures.ledger.emplace();
  for (std::string name : {"a\"b", "a\\b", "a\nb", "a}b 1", "\xff\xfe", "", "é", "#"}) {
    figures.ledger->models[{"p", name}].answered = 1;
  }
  figures.status = Json{{"lanes", Json::array()}};
  for (const char* name : {"x\n# TYPE y counter", "x\"} 1", "x", "x", "\\"}) {
    (*figures.status)["lanes"].push_back({{"name", name}, {"waiting", 1}});
  }
  Page page(MetricsText(figures));
  CHECK(page["muster_calls_total{provider=\"p\",model=\"a\\\"b\",outcome=\"answered\"}"] == 1);
  CHECK(page["muster_calls_total{provider=\"p\",model=\"a\\nb\",outcome=\"answered\"}"] == 1);
  CHECK(page["muster_lane_waiting_calls{lane=\"\\\\\"}"] == 1);
}

TEST_CASE("a status with missing or strange members gives what can be had of it") {
  RunFigures figures;
  figures.live = true;
  for (const char* status :
       {"{}", R"({"lanes":3,"workers":{}})", R"({"lanes":[3,null,{}],"workers":[[],{}]})",
        R"({"lanes":[{"name":""},{"name":7},{"name":"x","waiting":"y","slots":1.5,"stopped":[]}]})",
        R"({"restarts":"x","deaths":null,"workers":[{"state":"odd\n"}]})"}) {
    CAPTURE(status);
    figures.status = *ParseJson(status);
    CHECK(Page(MetricsText(figures))["muster_up"] == 1);
  }
}

TEST_CASE("the ledger's numbers are those of all its tries") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger.sqlite");
  FillLedger(ledger);
  for (bool live : {true, false}) {
    CAPTURE(live);
    auto figures = ReadLedgerFigures(dir.path(), live);
    REQUIRE_MESSAGE(figures, figures.error());
    Page page(MetricsText({live, *figures, std::nullopt}));
    CheckLedgerNumbers(page, live);
    CHECK_FALSE(page.HasFamily("muster_lane_open"));
    CHECK_FALSE(page.HasFamily("muster_workers"));
  }
}

TEST_CASE("what was in the air is unknown for good once the next session found it") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger.sqlite");
    FillLedger(ledger);
  }
  Ledger next = OpenAt(dir / "ledger.sqlite");
  auto figures = ReadLedgerFigures(dir.path(), true);
  REQUIRE(figures);
  CHECK(figures->models.at({"openai", "gpt-5.1"}).unknown == 2);
  CHECK(figures->models.at({"openai", "gpt-5.1"}).in_the_air == 0);
  CHECK(figures->models.at({"openai", "gpt-5.1"}).unknown_cost == 4 * kCent);
}

TEST_CASE("what is no ledger is not readable, and the page says so") {
  TempDir dir;
  WriteBytes(dir / "ledger.sqlite", std::string(8'192, 'x'));
  CHECK_FALSE(ReadLedgerFigures(dir.path(), false));
  CHECK(Page(MetricsText(ReadRunFigures(dir.path())))["muster_ledger_readable"] == 0);
}

TEST_CASE("a live run is read from its ledger and its supervisor") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger.sqlite");
  FillLedger(ledger);
  FakeSupervisor supervisor(dir.path(), [](const Json& request) -> Json {
    if (StringMember(request, "do") != "status") return {{"error", "what?"}};
    return SampleStatus();
  });
  RunFigures figures = ReadRunFigures(dir.path());
  CHECK(figures.live);
  Page page(MetricsText(figures));
  CHECK(page["muster_up"] == 1);
  CheckLedgerNumbers(page, true);
  CheckStatusNumbers(page);
}

TEST_CASE("a supervisor that cannot tell its status hides nothing of the ledger") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger.sqlite");
  FillLedger(ledger);
  FakeSupervisor supervisor(dir.path(), [](const Json&) -> Json { return {{"error", "busy"}}; });
  Page page(MetricsText(ReadRunFigures(dir.path())));
  CHECK(page["muster_up"] == 1);
  CheckLedgerNumbers(page, true);
  CHECK_FALSE(page.HasFamily("muster_workers"));
}

TEST_CASE("the server has one page and a pointer to it, and nothing else") {
  auto server = MetricsServer::Bind("127.0.0.1", 0, [] { return std::string("x 1\n"); });
  REQUIRE_MESSAGE(server, server.error());
  int port = server->port();
  std::thread serving([&] { server->Serve(); });
  CHECK(BodyOf(Get(port, "/metrics")) == "x 1\n");
  CHECK(Has(BodyOf(Get(port, "/")), "/metrics"));
  for (const char* path : {"/metrics/", "/../etc/passwd", "/ledger.sqlite", "/metricsx", "//"}) {
    CAPTURE(path);
    CHECK(Get(port, path).starts_with("HTTP/1.1 404 "));
  }
  std::string post = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  CHECK(Request(port, post).starts_with("HTTP/1.1 404 "));
  for (std::string bytes :
       {std::string("\0\xff\r\n\r\n", 6), std::string(100'000, 'x') + "\r\n\r\n",
        std::string("GET /metrics HTTP/9.9\r\n\r\n")}) {
    CHECK_FALSE(Request(port, bytes).starts_with("HTTP/1.1 200 "));
  }
  std::vector<Fd> silent;  // fewer than its threads
  for (int i = 0; i < 3; ++i) silent.push_back(ConnectTo(port));
  CHECK(BodyOf(Get(port, "/metrics")) == "x 1\n");
  silent.clear();
  server->Stop();
  serving.join();
}

TEST_CASE("a port that is in use, and an address of another machine, are told in a sentence") {
  auto page = [] { return std::string(); };
  auto first = MetricsServer::Bind("127.0.0.1", 0, page);
  REQUIRE(first);
  auto second = MetricsServer::Bind("127.0.0.1", first->port(), page);
  REQUIRE_FALSE(second);
  CHECK(second.error() == fmt::format("cannot serve metrics at 127.0.0.1:{}: the port is in use; "
                                      "choose another, or end what has it",
                                      first->port()));
  auto elsewhere = MetricsServer::Bind("192.0.2.1", 9464, page);
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error() ==
        "cannot serve metrics at 192.0.2.1:9464: this machine has no such address");
}

TEST_CASE("muster metrics serves a finished run until it is ended") {
  TempDir dir;
  {
    Ledger ledger = OpenAt(dir / "ledger.sqlite");
    FillLedger(ledger);
  }
  Child child(ByHand(dir.path(), "127.0.0.1:0"));
  REQUIRE(child.ReadUntil("/metrics\n"));
  int port = PortIn(child.out());
  Page page = Scrape(port);
  CHECK(page["muster_up"] == 0);
  CheckLedgerNumbers(page, false);
  child.Signal(SIGINT);
  CHECK(child.Wait().code == 128 + SIGINT);
  CHECK(Get(port, "/metrics") == "");
}

TEST_CASE("muster metrics listens at the address it was given and no other") {
  TempDir dir;
  { Ledger ledger = OpenAt(dir / "ledger.sqlite"); }
  Child child(ByHand(dir.path(), "127.0.0.2:0"));
  REQUIRE(child.ReadUntil("/metrics\n"));
  CHECK(Get(PortIn(child.out()), "/metrics") == "");  // at 127.0.0.1
}

TEST_CASE("muster metrics says in a sentence why it cannot serve") {
  TempDir dir;
  auto complaint = [&](const std::string& host_port) {
    ChildEnd end = RunChild(ByHand(dir.path(), host_port));
    CHECK(end.code == 2);
    CHECK(end.out == "");
    return end.err;
  };
  CHECK(complaint("127.0.0.1:0") ==
        "muster: there is no run in " + dir.path() + ": it holds no ledger.sqlite\n");
  for (const char* wrong : {"9464", ":9464", "127.0.0.1:", "127.0.0.1:70000", "a b:1", "[::1:5"}) {
    CHECK(Has(complaint(wrong), "is no address and port; expected HOST:PORT"));
  }
}

TEST_CASE("the child of a supervisor serves the live run, as it changes, and dies when told to") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger.sqlite");
  FillLedger(ledger);
  FakeSupervisor supervisor(dir.path(), [](const Json&) { return SampleStatus(); });
  int port = 0;
  {
    auto child = MetricsChild::Start(dir.path(), "127.0.0.1:0", ProgramPath("muster"));
    REQUIRE_MESSAGE(child, child.error());
    port = PortIn(child->said());
    Page page = Scrape(port);
    CHECK(page["muster_up"] == 1);
    CheckLedgerNumbers(page, true);
    CheckStatusNumbers(page);
    CommitAll(ledger, MakeItem(4, "d"));
    bool seen = false;
    for (int i = 0; i < 200 && !seen; ++i) {
      std::this_thread::sleep_for(50ms);
      seen = Scrape(port)["muster_items{status=\"pending\"}"] == 1;
    }
    CHECK(seen);
    auto taken =
        MetricsChild::Start(dir.path(), fmt::format("127.0.0.1:{}", port), ProgramPath("muster"));
    REQUIRE_FALSE(taken);
    CHECK(taken.error() == fmt::format("cannot serve metrics at 127.0.0.1:{}: the port is in use; "
                                       "choose another, or end what has it",
                                       port));
  }
  CHECK(Get(port, "/metrics") == "");
}

TEST_CASE("scrapes in quick succession ask the supervisor once a second at most") {
  TempDir dir;
  Ledger ledger = OpenAt(dir / "ledger.sqlite");
  int64_t asked = 0;  // in the supervisor's process
  FakeSupervisor supervisor(dir.path(), [&](const Json&) -> Json {
    return {{"restarts", ++asked}};
  });
  auto child = MetricsChild::Start(dir.path(), "127.0.0.1:0", ProgramPath("muster"));
  REQUIRE_MESSAGE(child, child.error());
  int port = PortIn(child->said());
  auto began = std::chrono::steady_clock::now();
  double last = 0;
  for (int i = 0; i < 30; ++i) last = Scrape(port)["muster_worker_restarts_total"];
  auto took = std::chrono::steady_clock::now() - began;
  CHECK(last >= 1);
  CHECK(last <= 1 + static_cast<double>(took / 1s) + 1);
}

TEST_CASE("a metrics server that cannot be started is told in a sentence") {
  TempDir dir;
  auto missing = MetricsChild::Start(dir.path(), "127.0.0.1:0", "/nonexistent/muster");
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == "metrics: cannot start /nonexistent/muster: No such file or directory");
  auto silent = MetricsChild::Start(dir.path(), "127.0.0.1:0", "/bin/true");
  REQUIRE_FALSE(silent);
  CHECK(silent.error() == "metrics: their server ended at once");
  auto no_run = MetricsChild::Start(dir.path(), "127.0.0.1:0", ProgramPath("muster"));
  REQUIRE_FALSE(no_run);
  CHECK(no_run.error() == "there is no run in " + dir.path() + ": it holds no ledger.sqlite");
}

TEST_CASE("a killed supervisor takes its metrics server along, which had nothing of it") {
  TempDir dir;
  { Ledger ledger = OpenAt(dir / "ledger.sqlite"); }
  auto told = MakePipe();
  REQUIRE(told);
  pid_t supervisor = Fork([&] {
    int secret = open("/dev/null", O_RDONLY);  // not close-on-exec
    auto child = MetricsChild::Start(dir.path(), "127.0.0.1:0", ProgramPath("muster"));
    std::string said = child ? child->said() + "\n" : "error\n";
    if (secret < 0 || write(told->write.get(), said.data(), said.size()) < 0) return 1;
    pause();
    return 0;
  });
  told->write.Reset();
  std::string said;
  for (char byte; !said.ends_with("\n") && read(told->read.get(), &byte, 1) == 1;) said += byte;
  int port = PortIn(said);
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", supervisor));
  pid_t server = 0;
  children >> server;
  REQUIRE(server > 0);
  for (const auto& file : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", server))) {
    int number = std::stoi(file.path().filename());
    std::error_code gone;
    std::string target = std::filesystem::read_symlink(file.path(), gone);
    bool own = number <= 2 || target.starts_with("socket:") || target.starts_with("anon_inode:");
    CHECK_MESSAGE(own, target);
  }
  CHECK(Scrape(port)["muster_up"] == 0);
  kill(supervisor, SIGKILL);
  Wait(supervisor);
  bool gone = false;
  for (int i = 0; i < 400 && !gone; ++i) {
    std::this_thread::sleep_for(50ms);
    gone = Get(port, "/metrics").empty();
  }
  CHECK(gone);
}

}  // namespace muster
