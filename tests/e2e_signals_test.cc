// Ctrl+C once and twice, TERM, HUP, and outputs that nobody reads.

#include <signal.h>

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kCalls = 24;  // 3 items of 8
constexpr int kWide = 250;      // columns, so that a command stays in one row
const char kSlow[] = R"({"rules": [{"action": {"delay_ms": 300}}]})";
const char kSilent[] = R"({"rules": [{"action": {"hang": true}}]})";

// Until all three workers have a call in the air.
void UntilInTheAir(const FakeServer& server, Child& run) {
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 3; }));
}

// Runs the command that the stopped run named; everything is done then, each answer paid once.
void GoOn(const Workplace& place, const FakeServer& server, const std::string& printed) {
  std::string command = CommandAfter("to go on", printed);
  REQUIRE_MESSAGE(command != "", printed);
  server.SetScript(R"({"rules": []})");
  ChildOptions shell = place.Run();
  shell.argv = {"sh", "-c", command};
  ChildEnd end = RunChild(shell);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(CountIn(place.Status(), "totals", "calls") == kCalls);
  CHECK(server.Book("repeats_of_answered") == 0);
}

}  // namespace

TEST_CASE("e2e: Ctrl+C once waits for the calls in the air, keeps them, and tells how to go on") {
  FakeServer server(kSlow);
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = kWide;
  Child run(options);
  UntilInTheAir(server, run);
  int64_t before = server.Book("answered");
  run.Type("\x03");
  ChildEnd end = run.Wait();
  CHECK(end.code == 130);
  CHECK(Has(end.out, "stopped by Ctrl+C: finishing 3 calls in the air (at most $"));
  CHECK(Has(end.out, "Ctrl+C again stops at once"));
  CHECK(server.Book("answered") == before + 3);
  CHECK(server.Book("asked") == before + 3);  // none was begun after it
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "unknown_tries") == 0);
  CHECK(CountIn(status, "totals", "calls") == before + 3);
  CHECK(CountIn(status, "totals", "cost_picodollars") == server.Book("picodollars"));
  CHECK(CountIn(status, "counts", "pending") == 3);
  GoOn(place, server, end.out);
}

TEST_CASE("e2e: Ctrl+C twice ends everything at once, though the provider never answers") {
  FakeServer server(kSilent);
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = kWide;
  Child run(options);
  UntilInTheAir(server, run);
  std::vector<pid_t> children = run.Children();
  CHECK(run.Workers().size() == 3);
  run.Type("\x03");
  REQUIRE(run.ReadUntil("Ctrl+C again stops at once"));
  run.Type("\x03");
  ChildEnd end = run.Wait();
  CHECK(end.code == 130);
  CHECK_FALSE(end.overdue);
  for (pid_t child : children) CHECK(ProcessEnded(child));
  Json status = place.Status();
  CHECK(status["live"] == false);
  CHECK(status["session"]["exit_code"] == 130);
  CHECK(CountIn(status, "totals", "unknown_tries") == 3);
  GoOn(place, server, end.out);
}

TEST_CASE("e2e: SIGTERM ends a run with 143, SIGHUP with 129; what is in the air is kept") {
  struct Case {
    int signal, code;
  };
  for (Case each : {Case{SIGTERM, 143}, Case{SIGHUP, 129}, Case{SIGINT, 130}}) {
    INFO(each.signal);
    FakeServer server(kSlow);
    Workplace place(3);
    place.Ask(server);
    Child run(place.Run());
    UntilInTheAir(server, run);
    run.Signal(each.signal);
    ChildEnd end = run.Wait();
    CHECK(end.code == each.code);
    CHECK(end.err == "");
    CHECK(Has(end.out, "finishing 3 calls in the air"));
    CHECK(CountIn(place.Status(), "totals", "unknown_tries") == 0);
    GoOn(place, server, end.out);
  }
}

TEST_CASE("e2e: a signal that comes while nothing can be asked ends the run, too") {
  FakeServer server(R"({"rules": [{"action": {"error": "rate_limit", "retry_after": 600}}]})");
  Workplace place(3);
  place.Ask(server);
  Child run(place.Run());
  REQUIRE(run.ReadUntil([&] { return server.Book("asked") >= 1 && server.Book("in_air") == 0; }));
  run.Signal(SIGTERM);
  ChildEnd end = run.Wait();
  CHECK(end.code == 143);
  CHECK(server.Book("asked") <= 3);
  GoOn(place, server, end.out);
}

TEST_CASE(
    "e2e: a terminal that is closed stops the run with 129 and leaves a ledger to go on with") {
  FakeServer server(kSlow);
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = 100;
  Child run(options);
  UntilInTheAir(server, run);
  run.CloseOutput();
  ChildEnd end = run.Wait();
  CHECK(end.code == 129);
  Json status = place.Status();
  CHECK(status["session"]["exit_code"] == 129);
  CHECK(CountIn(status, "totals", "unknown_tries") == 0);
  server.SetScript(R"({"rules": []})");
  CHECK(place.RunToEnd().code == 0);
  CHECK(server.Book("repeats_of_answered") == 0);
}

TEST_CASE("e2e: under nohup a closed terminal does not end the run") {
  FakeServer server(kSlow);
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.argv = Args{"nohup"} + options.argv;
  Child run(options);
  UntilInTheAir(server, run);
  run.Signal(SIGHUP);
  CHECK(run.Wait().code == 0);
  CHECK(server.Book("answered") == kCalls);
}

TEST_CASE("e2e: a run that was stopped for a while (Ctrl+Z) goes on where it was, losing nothing") {
  FakeServer server(kSlow);
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = 100;
  Child run(options);
  UntilInTheAir(server, run);
  run.Signal(SIGSTOP);
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 0; }));
  int64_t answered = server.Book("answered");
  CHECK(server.Book("asked") == answered);  // nobody asks while the supervisor stands still
  run.Signal(SIGCONT);
  ChildEnd end = run.Wait();
  CHECK(end.code == 0);
  CHECK(server.Book("answered") == kCalls);
  CHECK(CountIn(place.Status(), "totals", "tries") == kCalls);
}

TEST_CASE("e2e: a terminal that nobody reads does not hold up the run") {
  Workplace place;
  ChildOptions options = place.Run(kQuickly);
  options.columns = 100;
  Child run(options);
  ChildEnd end = run.WaitUnread();
  CHECK(end.code == 0);
  CHECK_FALSE(end.overdue);
  CHECK(place.FilesIn("runs/transcripts/transcripts").size() == 14);
}

TEST_CASE("e2e: a pipe that nobody reads, or that closes after a line, does not hold up the run") {
  Workplace place;
  SUBCASE("not read") {
    ChildOptions options = place.Run(kQuickly + Args{"--verbose"});
    Child run(options);
    CHECK(run.WaitUnread().code == 0);
  }
  SUBCASE("closed after its first line, as by head -1") {
    Child run(place.Run(kQuickly));
    REQUIRE(run.ReadUntil("\n"));
    run.CloseOutput();
    CHECK(run.Wait().code == 0);
  }
  SUBCASE("head -1 itself") {
    ChildOptions options = place.Run(kQuickly);
    options.argv = Args{"sh", "-c", "\"$@\" | head -1", "sh"} + options.argv;
    ChildEnd end = RunChild(options);
    CHECK(end.code == 0);
    CHECK(LinesOf(end.out).size() == 1);
  }
  CHECK(CountIn(place.Status(), "counts", "done") == 14);
}

}  // namespace muster
