// Sudden ends: of the supervisor, of a worker, between a commit and its file; and two at once.

#include <signal.h>

#include "tests/programs.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kCalls = 24;  // 3 items of 8
const std::string kDone = "runs/transcripts/transcripts";

// A run whose answers take a while, stopped in its middle: some calls answered, some in the air.
void RunIntoTheMiddle(const FakeServer& server, Child& run, int64_t answered) {
  REQUIRE(run.ReadUntil([&] {
    Json books = server.Books();
    return *IntMember(books, "answered") >= answered && *IntMember(books, "in_air") >= 2;
  }));
}

// spent <= the provider's bill <= spent + what is unknown; every asking is a try of ours.
void CheckMoney(const Json& status, const FakeServer& server) {
  Json books = server.Books();
  int64_t spent = CountIn(status, "totals", "cost_picodollars");
  int64_t bill = *IntMember(books, "picodollars");
  double unknown = status["totals"]["unknown_cost_at_most_usd"].get<double>();
  CHECK(spent <= bill);
  CHECK(static_cast<double>(bill - spent) <= unknown * 1e12);
  CHECK(*IntMember(books, "asked") <= CountIn(status, "totals", "tries"));
  CHECK(*IntMember(books, "repeats_of_answered") <= CountIn(status, "totals", "unknown_tries"));
}

}  // namespace

TEST_CASE(
    "e2e: kill -9 of the supervisor: no process stays, and no kept answer is asked for again") {
  FakeServer server("", {"--latency-ms=60"});
  Workplace place(3);
  place.Ask(server);
  std::vector<pid_t> children;
  {
    Child run(place.Run());
    RunIntoTheMiddle(server, run, 8);
    children = run.Children();
    CHECK(run.Workers().size() == 3);
    run.Signal(SIGKILL);
    CHECK(run.Wait().code == 128 + SIGKILL);
  }
  Json killed = place.Status();
  CHECK(killed["live"] == false);
  int64_t kept = CountIn(killed, "totals", "calls"), in_air = killed["in_the_air"].size();
  CHECK(kept >= 8 - 3);
  CHECK(in_air <= 3);
  CHECK(Has(RunChild(place.Muster({"status", "runs/transcripts"})).out, "last session was killed"));

  ChildEnd resumed = place.RunToEnd();
  REQUIRE_MESSAGE(resumed.code == 0, resumed.out << resumed.err);
  for (pid_t child : children) CHECK(ProcessEnded(child));
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "calls") == kCalls);
  CHECK(CountIn(status, "session_totals", "calls") == kCalls - kept);
  CHECK(CountIn(status, "totals", "unknown_tries") == in_air);
  CHECK(static_cast<int64_t>(status["unknown"].size()) == in_air);
  CheckMoney(status, server);
  CHECK(place.FilesIn(kDone).size() == 3);
  CHECK(place.RunToEnd().code == 0);
  CHECK(CountIn(place.Status(), "session_totals", "tries") == 0);
}

TEST_CASE("e2e: kill -9 of every worker in turn costs their calls in the air; the run completes") {
  FakeServer server("", {"--latency-ms=60"});
  Workplace place(3);
  place.Ask(server);
  Child run(place.Run());
  RunIntoTheMiddle(server, run, 5);
  std::vector<pid_t> workers = run.Workers();
  REQUIRE(workers.size() == 3);
  for (pid_t worker : workers) kill(worker, SIGKILL);
  ChildEnd end = run.Wait();
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out, "worker lost: "));
  CHECK(Has(end.out, "SIGKILL"));
  CHECK(Has(end.out, "(attempt 2)"));
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "calls") == kCalls);
  CHECK(CountIn(status, "totals", "unknown_tries") <= 3);
  CheckMoney(status, server);
  CHECK(server.Book("answered") <= kCalls + 3);
}

TEST_CASE("e2e: a second run in a directory exits 4 at once, names the first and touches nothing") {
  FakeServer server(R"({"rules": [{"action": {"delay_ms": 400}}]})");
  Workplace place(2);
  place.Ask(server);
  Child first(place.Run());
  REQUIRE(first.ReadUntil([&] { return server.Book("in_air") == 2; }));
  for (const Args& args : {Args{}, Args{"--fresh"}, Args{"--redo"}, Args{"--retry-failed"}}) {
    ChildEnd second = place.RunToEnd(args);
    CHECK(second.code == 4);
    CHECK(second.out == "");
    CHECK(LinesOf(second.err).size() == 1);
    CHECK(Has(second.err, "in use by process " + std::to_string(first.pid())));
  }
  CHECK(place.Status()["session"]["session"] == 1);
  CHECK(place.Status()["session"]["pid"] == first.pid());
  CHECK_FALSE(std::filesystem::exists(place / "runs/transcripts.1"));
  CHECK(first.Wait().code == 0);
  CHECK(server.Book("asked") == 16);
  CHECK(server.Book("repeats_of_answered") == 0);
}

TEST_CASE("e2e: deleted outputs are written again from the ledger, byte for byte, without a call") {
  Workplace place(3);
  REQUIRE(place.RunToEnd().code == 0);
  Files files = place.FilesIn(kDone);
  REQUIRE(files.size() == 3);
  SUBCASE("the whole folder") { std::filesystem::remove_all(place / kDone); }
  SUBCASE("one file") { std::filesystem::remove(place / (kDone + "/" + files.begin()->first)); }
  ChildEnd again = place.RunToEnd();
  CHECK(again.code == 0);
  CHECK(place.FilesIn(kDone) == files);
  CHECK(CountIn(place.Status(), "session_totals", "tries") == 0);
}

TEST_CASE("e2e: an output that could not be written is told, and repaired by the next start") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  place.Write("runs/transcripts/transcripts", "a file where the folder should be");
  ChildEnd end = place.RunToEnd();
  CHECK(Has(end.out, "outputs are behind the ledger"));
  std::filesystem::remove(place / kDone);
  ChildEnd again = place.RunToEnd();
  CHECK(again.code == 0);
  CHECK(place.FilesIn(kDone).size() == 3);
  CHECK(server.Book("asked") == kCalls);
}

TEST_CASE("e2e: a crash between the commit and its file is repaired at the next start") {
  if (!CanTrace()) {
    MESSAGE("skipped: a crash between commit and file (strace cannot be used here)");
    return;
  }
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildOptions run = place.Run();
  run.argv =
      Args{"strace", "-o", "/dev/null", "-e", "inject=/^rename:signal=KILL:when=2"} + run.argv;
  CHECK(RunChild(run).code != 0);
  Json killed = place.Status();
  int64_t done = CountIn(killed, "counts", "done");
  int64_t written = 0;
  for (const std::string& id : place.Ids()) {
    written += std::filesystem::exists(place / (kDone + "/" + id + ".txt"));
  }
  CHECK(written == 1);
  CHECK(done > written);

  ChildEnd again = place.RunToEnd();
  REQUIRE_MESSAGE(again.code == 0, again.out << again.err);
  Files files = place.FilesIn(kDone);
  for (const std::string& id : place.Ids()) {
    CHECK(files[id + ".txt"].starts_with("Persona: " + id + "\n"));
  }
  CheckMoney(place.Status(), server);
}

}  // namespace muster
