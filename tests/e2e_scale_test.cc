// Many items: what the supervisor keeps in memory does not grow with them.

#include <fstream>

#include "tests/workplace.h"

namespace muster {
namespace {

const char* const kConfig =
    "name: scale\n"
    "items: {csv: items.csv}\n"
    "providers: {mock: {api: mock, mock: {latency: 0s}}}\n"
    "workers: 4\n"
    "steps:\n"
    "  - id: ask\n"
    "    mock: short\n"
    "    chat: {model: mock/m, user: \"{{item.text}}\"}\n"
    "outputs:\n"
    "  - {jsonl: all.jsonl, columns: [id: item.id, text: ask.text]}\n";

// The most memory a process has had since it is muster, in KB; 0: it is not yet, or has ended.
int64_t PeakOf(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::string line;
  if (!std::getline(status, line) || line != "Name:\tmuster") return 0;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6);
  }
  return 0;
}

// The supervisor's peak over a run of so many items; `text` bytes each.
int64_t PeakOfRun(int64_t items, size_t text) {
  Workplace place(0);
  place.Write("c.yaml", kConfig);
  std::string csv = "id,text\n";
  for (int64_t i = 1; i <= items; ++i) csv += fmt::format("i{},{}\n", i, std::string(text, 'x'));
  place.Write("items.csv", csv);
  ChildOptions options = place.Muster({"run", "c.yaml", "--run", "run"});
  options.deadline = std::chrono::seconds(120);
  Child run(options);
  int64_t peak = 0;
  run.ReadUntil([&] {
    peak = std::max(peak, PeakOf(run.pid()));
    return false;
  });
  ChildEnd end = run.Wait();
  CHECK_MESSAGE(end.code == 0, end.err);
  CHECK(LinesOf(place.Read("run/all.jsonl")).size() == static_cast<size_t>(items));
  return peak;
}

}  // namespace

TEST_CASE("e2e: twice the items cost the supervisor no more memory") {
  // Both runs fill SQLite's cache of 8 MB; the items that one has more hold 9 MB, and leave more.
  int64_t few = PeakOfRun(3'000, 3'000), many = PeakOfRun(6'000, 3'000);
  MESSAGE("peak memory of the supervisor: ", few, " KB with 3,000 items, ", many, " KB with 6,000");
  REQUIRE(few > 0);
  CHECK(many - few < 3'000);  // less than 1 KB for each of them
}

}  // namespace muster
