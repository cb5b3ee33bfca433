// What is left of processes when those that started them die: nothing, a second later.

#include <signal.h>

#include "tests/process_testing.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {
namespace {

const std::string kToken = "orphans-of-this-test";

// Items whose command starts others in every way that programs know, and waits with them. Each
// process of it has the token in its environment, and has said so in a file before it waits.
constexpr char kConfig[] = R"(name: orphans
items: {range: 1..2}
workers: 2
steps:
  - id: tree
    command:
      run: [sh, -c, "(sleep 600; true) & setsid sleep 600 & (setsid sh -c 'sleep 600 & sleep 600' &) ; echo > $ORPHANS_FOLDER/started-{{item.id}}; sleep 600; true"]
      env: [ORPHANS_TOKEN, ORPHANS_FOLDER]
outputs:
  - {file: "{{item.id}}.txt", text: "{{tree.text}}"}
)";

struct Orphanage {
  Orphanage() : place(0) {
    place.Write("orphans.yaml", kConfig);
    place.SetVariable("ORPHANS_TOKEN", kToken + place.folder().path());
    place.SetVariable("ORPHANS_FOLDER", place.folder().path());
  }
  bool Started(int item) const {
    return std::filesystem::exists(place / ("started-" + std::to_string(item)));
  }
  // Of muster and all below it.
  std::vector<std::string> Left() const {
    return torture::StartedWith(kToken + place.folder().path());
  }
  void CheckNobodyLeft() const {
    Eventually([&] { return Left().empty(); }, milliseconds(1'000));
    CHECK(Left() == std::vector<std::string>{});
  }
  Workplace place;
};

}  // namespace

TEST_CASE("orphans: whatever ends muster, a second later nothing of what it started is there") {
  for (int signal : {SIGKILL, SIGTERM, SIGINT}) {
    CAPTURE(signal);
    Orphanage orphanage;
    Child run(orphanage.place.Muster({"run", "orphans.yaml"}));
    REQUIRE(run.ReadUntil([&] { return orphanage.Started(1) && orphanage.Started(2); }));
    CHECK(orphanage.Left().size() >= 12);
    run.Signal(signal);
    if (signal != SIGKILL) {
      REQUIRE(run.ReadUntil("finishing 2 calls in the air"));
      run.Signal(SIGINT);
    }
    run.Wait();
    orphanage.CheckNobodyLeft();
  }
}

TEST_CASE(
    "orphans: a worker that is killed takes what its command started along; the run goes on") {
  Orphanage orphanage;
  Child run(orphanage.place.Muster({"run", "orphans.yaml", "--only", "1"}));
  REQUIRE(run.ReadUntil([&] { return orphanage.Started(1); }));
  size_t before = orphanage.Left().size();
  std::filesystem::remove(orphanage.place / "started-1");
  std::vector<pid_t> workers = run.Workers();
  REQUIRE(workers.size() == 1);
  kill(workers[0], SIGKILL);
  REQUIRE(run.ReadUntil([&] { return orphanage.Started(1); }));  // by the next worker
  bool gone = run.ReadUntil([&] { return orphanage.Left().size() <= before; });
  CHECK(gone);
  run.Signal(SIGKILL);
  run.Wait();
  orphanage.CheckNobodyLeft();
}

}  // namespace muster
