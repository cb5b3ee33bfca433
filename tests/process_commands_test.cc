// Commands that make more of themselves than anybody asked for.

#include <signal.h>

#include "tests/process_testing.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// Starts `most` children, each of which starts others, and so on; none ends by itself.
constexpr char kForks[] =
    "import os, sys, time\\n"
    "left = int(sys.argv[1])\\n"
    "while True:\\n"
    "  try:\\n"
    "    if left > 0 and os.fork() == 0:\\n"
    "      if left % 3 == 0: os.setsid()\\n"
    "  except OSError: pass\\n"
    "  left -= 1\\n"
    "  if left <= 0: time.sleep(600)\\n";

std::string Forks() {
  std::string script = kForks, lines;
  for (size_t at = 0; at < script.size(); ++at) {
    bool newline = script.compare(at, 2, "\\n") == 0;
    lines += newline ? '\n' : script[at];
    at += newline;
  }
  return lines;
}

}  // namespace

TEST_CASE("command trees: one that forks and forks is gone with all of it when its time is over") {
  Workplace place(0);
  std::string token = "forks-of-" + place.folder().path();
  place.Write("forks.py", Forks());
  // Two to the sixth processes; many of them in sessions of their own.
  place.Write("forks.yaml",
              "name: forks\nitems: {range: 1..2}\nworkers: 2\nsteps:\n"
              "  - id: c\n    when: item.number == 1\n    command:\n"
              "      run: [python3, " +
                  (place / "forks.py") +
                  ", \"6\"]\n      env: [FORKS]\n      limit: 5s\n"
                  "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{#c}}{{text}}{{/c}}\"}\n");
  place.SetVariable("FORKS", token);
  Child run(place.Muster({"run", "forks.yaml"}));
  size_t most = 0;
  run.ReadUntil([&] {
    most = std::max(most, torture::StartedWith(token).size());
    return most > 40;
  });
  CHECK(most > 40);
  ChildEnd end = run.Wait();
  CHECK(end.code == 1);
  CHECK(Has(end.out, "✓ [2] done"));
  CHECK(Has(end.out, "✗ [1] failed"));
  CHECK(Eventually([&] { return torture::StartedWith(token).empty(); }, milliseconds(1'000)));
}

TEST_CASE("command trees: kill -9 of muster in the middle of all that leaves nothing either") {
  Workplace place(0);
  std::string token = "forks-of-" + place.folder().path();
  place.Write("forks.py", Forks());
  place.Write("forks.yaml",
              "name: forks\nitems: {range: 1..1}\nsteps:\n  - id: c\n    command:\n"
              "      run: [python3, " +
                  (place / "forks.py") +
                  ", \"6\"]\n      env: [FORKS]\n"
                  "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{c.text}}\"}\n");
  place.SetVariable("FORKS", token);
  Child run(place.Muster({"run", "forks.yaml"}));
  REQUIRE(run.ReadUntil([&] { return torture::StartedWith(token).size() > 40; }));
  run.Signal(SIGKILL);
  run.Wait();
  CHECK(Eventually([&] { return torture::StartedWith(token).empty(); }, milliseconds(2'000)));
}

}  // namespace muster
