// Workers that grow: replaced between items, retried when they are killed for it; and runs of many
// items, in which nothing grows.

#include <signal.h>

#include <filesystem>

#include "tests/process_testing.h"
#include "tests/stand_in.h"
#include "tests/torture/processes.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

std::string MockConfig(int64_t items, const std::string& more = "") {
  return "name: mock\nitems: {range: 1.." + std::to_string(items) +
         "}\nworkers: 2\nproviders: {mock: {api: mock, mock: {latency: 0s..0s}}}\n" + more +
         "steps:\n  - {id: ask, chat: {model: mock/m, user: \"{{item.id}}\"}}\n"
         "outputs:\n  - {append: all.txt, record: \"{{item.id}}\\n\"}\n";
}

struct Size {
  int64_t kb = 0;
  size_t descriptors = 0;
};

Size SizeOf(pid_t pid) {
  Size size;
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) size.kb = std::atoll(line.c_str() + 6);
  }
  std::error_code error;
  auto all = fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
  if (!error) size.descriptors = static_cast<size_t>(std::distance(begin(all), end(all)));
  return size;
}

}  // namespace

TEST_CASE("memory: a worker past its cap is replaced after its item, and every item is done") {
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(6, "guard: {worker_memory_mb: 100}\n"));
  Child run(WithBadWorker(place, "--misbehave=alloc=150M", {"run", "mock.yaml"}));
  std::set<pid_t> seen;
  run.ReadUntil([&] {
    for (pid_t pid : run.Children()) seen.insert(pid);
    return false;
  });
  ChildEnd end = run.Wait();
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(CountIn(place.Status("runs/mock"), "counts", "done") == 6);
  CHECK(seen.size() >= 4);  // one for each item; some are too quick to be seen
  CHECK_FALSE(Has(end.out, "worker lost"));
}

TEST_CASE("memory: a worker that cannot have what it asks for dies, and its item comes again") {
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(4));
  ChildOptions options =
      WithBadWorker(place, "--misbehave=alloc=3000M --once seen", {"run", "mock.yaml"});
  options.argv = Args{"bash", "-c", "ulimit -v 2000000; exec \"$@\"", "bash"} + options.argv;
  ChildEnd end = RunChild(options);
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  CHECK(Has(end.out, "worker lost: SIGABRT"));
  CHECK(CountIn(place.Status("runs/mock"), "counts", "done") == 4);
}

TEST_CASE("memory: one that the kernel kills is told as such, with the most it had") {
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(4));
  ChildEnd end =
      RunChild(WithBadWorker(place, "--misbehave=kill9 --once seen", {"run", "mock.yaml"}));
  CHECK(end.code == 0);
  CHECK_MESSAGE(Has(end.out, "worker lost: SIGKILL, perhaps out of memory at "), end.out);
}

// MUSTER_ITEMS=100000 for the long form.
TEST_CASE("memory: over thousands of items neither supervisor nor worker grows, nor their files") {
  const char* asked = std::getenv("MUSTER_ITEMS");
  int64_t items = asked ? std::atoll(asked) : 1'500;
  Workplace place(0);
  place.Write("mock.yaml", MockConfig(items));
  ChildOptions options = place.Muster({"run", "mock.yaml"});
  options.deadline = std::chrono::seconds(30 + items / 20);
  Child run(options);
  auto look_at = [&](int64_t percent) {
    REQUIRE(run.ReadUntil(" (" + std::to_string(percent) + "%)"));
    std::vector<Size> sizes{SizeOf(run.pid())};
    for (pid_t worker : run.Workers()) sizes.push_back(SizeOf(worker));
    return sizes;
  };
  std::vector<Size> early = look_at(25), late = look_at(90);
  ChildEnd end = run.Wait();
  CHECK(end.code == 0);
  REQUIRE(early.size() == 3);
  REQUIRE(late.size() == 3);
  // The ledger's cache of pages fills up to 8 MB; what an item costs at most that is never given
  // back: 100 bytes.
  int64_t allowed_kb = 10'240 + items * 100 / 1024;
  for (size_t i = 0; i < early.size(); ++i) {
    CAPTURE(i);
    CHECK(late[i].kb <= early[i].kb + allowed_kb);
    CHECK(late[i].descriptors <= early[i].descriptors + 1);
  }
  CHECK(LinesOf(place.Read("runs/mock/all.txt")).size() == static_cast<size_t>(items));
  CHECK(place.FilesIn("runs/mock").size() <= 3);
}

}  // namespace muster
