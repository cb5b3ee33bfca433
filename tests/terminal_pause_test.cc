// Ctrl+Z and fg in a shell with job control, on a terminal of its own: nothing is counted against
// anybody for the time that nobody was working.

#include <signal.h>

#include "tests/process_testing.h"
#include "tests/screen.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// Commands that take a while, and limits that a pause is longer than.
std::string PauseConfig(const std::string& guard) {
  return "name: pause\nitems: {range: 1..2}\nworkers: 2\nguard: {" + guard +
         ", worker_deaths: 1}\nsteps:\n  - id: c\n    command: {run: [sleep, \"1\"]}\n"
         "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{c.text}}\"}\n";
}

int64_t AttemptsIn(const Workplace& place, const std::string& run) {
  int64_t attempts = 0;
  Json status = place.Status(run);
  for (const Json& item : status["items"]) attempts += *IntMember(item, "attempts");
  return attempts;
}

// The shell's child that is muster, once it is there.
pid_t MusterOf(Child& shell) {
  pid_t found = 0;
  shell.ReadUntil([&] {
    std::vector<pid_t> children = shell.Children();
    if (!children.empty()) found = children.front();
    return found != 0;
  });
  return found;
}

}  // namespace

TEST_CASE("pause: Ctrl+Z and fg in a shell: the terminal is left and drawn on again, all is done") {
  Workplace place(0);
  place.Write("pause.yaml", PauseConfig("item_time: 2s, worker_silence: 1500ms"));
  ChildOptions options = place.Muster({"run", "pause.yaml"});
  std::string muster = options.argv[0];
  options.argv = {"sh", "-im"};
  options.columns = 100;
  options.env["PS1"] = "ready> ";
  options.env["ENV"] = std::nullopt;
  Child shell(options);
  REQUIRE(shell.ReadUntil("ready> "));
  shell.Type(muster + " run pause.yaml\n");
  REQUIRE(shell.ReadUntil("of 2 workers busy"));
  pid_t run = MusterOf(shell);
  REQUIRE(run > 0);
  shell.Type("\x1a");
  REQUIRE(shell.ReadUntil([&] { return StateOf(run) == 'T'; }));
  auto until = TestClock::now() + seconds(3);
  size_t drawn = 0;
  shell.ReadUntil([&] {
    if (drawn == 0) drawn = shell.out().size();
    return TestClock::now() > until;
  });
  shell.Type("echo while-it-stands\n");
  REQUIRE(shell.ReadUntil("while-it-stands\r\n"));
  shell.Type("fg\n");
  REQUIRE(shell.ReadUntil("all 2 items are done"));
  shell.Type("exit\n");
  CHECK(shell.Wait().code == 0);
  CHECK(AttemptsIn(place, "runs/pause") == 2);
}

TEST_CASE(
    "pause: however long the supervisor stands still, no worker is taken for silent or slow") {
  for (const char* guard : {"item_time: 2s", "worker_silence: 1s"}) {
    CAPTURE(guard);
    Workplace place(0);
    place.Write("pause.yaml", PauseConfig(guard));
    Child run(place.Muster({"run", "pause.yaml"}));
    REQUIRE(run.ReadUntil("[2] starting"));
    run.Signal(SIGSTOP);
    REQUIRE(Eventually([&] { return StateOf(run.pid()) == 'T'; }));
    usleep(2'500'000);
    run.Signal(SIGCONT);
    ChildEnd end = run.Wait();
    CHECK_MESSAGE(end.code == 0, end.out);
    CHECK(AttemptsIn(place, "runs/pause") == 2);
  }
}

TEST_CASE("pause: stopped together with all its workers, calls in the air are kept or unknown") {
  FakeServer server("", {"--latency-ms=400"});
  Workplace place(2);
  place.Ask(server);
  place.SetVariable("NO_COLOR", "1");
  Child run(place.Run({"--set", "guard.worker_silence=1s"}));
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 2; }));
  std::vector<pid_t> all = run.Children();
  all.push_back(run.pid());
  for (pid_t pid : all) kill(pid, SIGSTOP);
  usleep(1'500'000);
  for (pid_t pid : all) kill(pid, SIGCONT);
  ChildEnd end = run.Wait();
  CHECK_MESSAGE(end.code == 0, end.out);
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "calls") == 16);
  CHECK(server.Book("asked") == CountIn(status, "totals", "tries"));
  CHECK(server.Book("repeats_of_answered") <= CountIn(status, "totals", "unknown_tries"));
}

TEST_CASE("pause: what signals there are beside those that mean something changes nothing") {
  FakeServer server("", {"--latency-ms=20"});
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = 80;
  Child run(options);
  REQUIRE(run.ReadUntil([&] { return server.Book("asked") > 0; }));
  for (int i = 0; i < 1'000; ++i) {
    for (int number : {SIGWINCH, SIGCONT, SIGURG, SIGCHLD}) run.Signal(number);
    if (i % 50 == 0) run.ReadUntil([] { return true; });
    usleep(200);
  }
  ChildEnd end = run.Wait();
  CHECK(end.code == 0);
  CHECK(CountIn(place.Status(), "totals", "calls") == 24);
  CHECK(server.Book("asked") == 24);
  Screen screen(80);
  screen.Feed(end.out);
  CHECK(screen.foreign() == 0);
}

TEST_CASE("pause: SIGUSR1 is told where the run stands and changes nothing") {
  FakeServer server("", {"--latency-ms=100"});
  Workplace place(3);
  place.Ask(server);
  Child run(place.Run());
  REQUIRE(run.ReadUntil([&] { return server.Book("asked") > 0; }));
  run.Signal(SIGUSR1);
  REQUIRE(run.ReadUntil("3 running; 3 of 3 workers busy, "));
  ChildEnd end = run.Wait();
  CHECK(end.code == 0);
  CHECK(Has(end.out, " in the air; $0"));
  CHECK(server.Book("asked") == 24);
}

}  // namespace muster
