// muster as a whole in surroundings that are not as usual: few descriptors, few processes, closed
// descriptors, as process 1, and limits that end a command.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/process_testing.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int kNobody = 65534;

// `script` in a shell, whose "$@" is muster run of the transcripts on the mock.
ChildOptions InShell(const Workplace& place, const std::string& script, const Args& more = {}) {
  ChildOptions options = place.Run(kQuickly + more);
  options.argv = Args{"bash", "-c", script, "bash"} + options.argv;
  return options;
}

// Gives the folder to another user, with all that is in it. False: that user cannot get there, or
// we may not give it away.
bool GiveTo(const Workplace& place, uid_t user) {
  namespace fs = std::filesystem;
  (void)chown(place.folder().path().c_str(), user, user);
  for (const auto& entry : fs::recursive_directory_iterator(place.folder().path())) {
    (void)chown(entry.path().c_str(), user, user);
  }
  ChildOptions look = place.Muster({"--version"});
  look.user = user;
  return geteuid() == 0 && RunChild(look).code == 0;
}

}  // namespace

TEST_CASE(
    "surroundings: with few descriptors a run is refused in a line, or works with few workers") {
  FakeServer server;
  int done = 0, refused = 0;
  for (int limit : {6, 10, 14, 20, 40, 64}) {
    CAPTURE(limit);
    Workplace place(3);
    place.Ask(server);
    ChildOptions options = place.Run();
    options.argv =
        Args{"bash", "-c", "ulimit -n " + std::to_string(limit) + "; exec \"$@\"", "bash"} +
        options.argv;
    int64_t before = server.Book("asked");
    ChildEnd end = RunChild(options);
    CHECK_FALSE(end.overdue);
    if (end.code == 0) {
      ++done;
      CHECK(CountIn(place.Status(), "counts", "done") == 3);
      continue;
    }
    ++refused;
    CHECK((end.code == 2 || end.code == 3));  // 3: not even its ledger could be opened
    CHECK_MESSAGE(Has(end.out + end.err, "Too many open files"), end.out << end.err);
    CHECK(server.Book("asked") == before);
    CHECK(place.RunToEnd().code == 0);  // what it left is no hindrance
  }
  CHECK(done > 0);
  CHECK(refused > 0);
}

TEST_CASE("surroundings: where a user may have no more processes a run works with those it gets") {
  Workplace place(4);
  if (!GiveTo(place, kNobody)) {
    MESSAGE("skipped: only root can become a user of whose processes nobody else has any");
    return;
  }
  // One for muster itself; what others of that user have counts, too.
  for (const char* limit : {"1", "3"}) {
    CAPTURE(limit);
    ChildOptions options = InShell(place, std::string("ulimit -u ") + limit + "; exec \"$@\"",
                                   {"--workers", "4", "--fresh"});
    options.user = kNobody;
    ChildEnd end = RunChild(options);
    CHECK_FALSE(end.overdue);
    bool refused = end.code == 2 && Has(end.out + end.err, "cannot fork");
    CHECK_MESSAGE((end.code == 0 || refused), end.out << end.err);
  }
}

TEST_CASE(
    "surroundings: started with any of 0, 1 and 2 closed, it runs, and writes nothing astray") {
  for (const char* closed : {"<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"}) {
    CAPTURE(closed);
    Workplace place(2);
    ChildEnd end = RunChild(InShell(place, std::string("exec \"$@\" ") + closed));
    CHECK(end.code == 0);
    CHECK(CountIn(place.Status(), "counts", "done") == 2);
    Workplace usual(2);
    REQUIRE(usual.RunToEnd(kQuickly).code == 0);
    CHECK(place.FilesIn("runs/transcripts/transcripts") ==
          usual.FilesIn("runs/transcripts/transcripts"));
  }
}

TEST_CASE("surroundings: a mistake is told, or not, when there is nowhere to tell it") {
  Workplace place(1);
  for (const char* closed : {"2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"}) {
    CAPTURE(closed);
    ChildOptions options = place.Muster({"run", "no-such.yaml"});
    options.argv =
        Args{"bash", "-c", std::string("\"$@\" ") + closed + "; exit $?", "bash"} + options.argv;
    int code = RunChild(options).code;
    CHECK((code == 2 || code == 3));
  }
}

TEST_CASE("surroundings: as process 1 it does its work, buries strangers, and hears TERM") {
  Workplace place(0);
  place.Write("one.yaml",
              "name: one\nitems: {range: 1..3}\nworkers: 2\nsteps:\n  - id: c\n    command:\n"
              "      run: [sh, -c, \"(setsid sh -c 'sleep 600 & exit' &); echo done\"]\n"
              "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{c.text}}\"}\n");
  auto as_first = [&](const std::string& script) {
    ChildOptions options = place.Muster({"run", "one.yaml"});
    options.argv =
        Args{"unshare", "-pf", "--mount-proc", "bash", "-c", script, "bash"} + options.argv;
    return options;
  };
  ChildOptions probe = as_first("true");
  if (RunChild(probe).code != 0) {
    MESSAGE("skipped: no PID namespace for this user");
    return;
  }
  ChildEnd end = RunChild(as_first("exec \"$@\""));
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(CountIn(place.Status("runs/one"), "counts", "done") == 3);
  // Left to a run that is process 1: after it nobody is there, and it did not wait for them.
  ChildEnd beside = RunChild(as_first("(sleep 0.2 &) ; (sleep 600 &) ; exec \"$@\" --fresh"));
  CHECK_MESSAGE(beside.code == 0, beside.out << beside.err);
  CHECK_FALSE(beside.overdue);
}

TEST_CASE("surroundings: a thousand signals a second do not disturb a commit") {
  FakeServer server;
  Workplace place(4);
  place.Ask(server);
  Child run(place.Run());
  int64_t sent = 0;
  for (; !ProcessEnded(run.pid()) && sent < 60'000; ++sent) {
    run.Signal(sent % 2 ? SIGWINCH : SIGCONT);
    run.Signal(SIGCHLD);
    usleep(500);
  }
  ChildEnd end = run.Wait();
  CHECK(end.code == 0);
  CHECK(sent > 50);
  CHECK(CountIn(place.Status(), "totals", "calls") == 32);
  CHECK(server.Book("asked") == 32);
}

}  // namespace muster
