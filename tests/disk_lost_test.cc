// The run directory taken away, replaced or closed to us while a run works in it: the run stops
// with 3 and its path, asks nobody any more, and makes nothing anew by itself.

#include <sys/stat.h>

#include <filesystem>

#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr int kNobody = 65534;

struct Lost {
  const char* name;
  void (*how)(const std::string& run_dir);
};

void Remove(const std::string& dir) { fs::remove_all(dir); }
void MoveAway(const std::string& dir) { fs::rename(dir, dir + "-moved"); }
void Replace(const std::string& dir) {
  fs::rename(dir, dir + "-moved");
  fs::create_directory(dir);
}
void RemoveLedger(const std::string& dir) { fs::remove(dir + "/ledger.sqlite"); }
void RemoveLog(const std::string& dir) { fs::remove(dir + "/ledger.sqlite-wal"); }
void ReplaceLedger(const std::string& dir) {
  fs::copy_file(dir + "/ledger.sqlite", dir + "/other");
  fs::rename(dir + "/other", dir + "/ledger.sqlite");
}

constexpr Lost kWays[] = {{"removed", Remove},
                          {"moved away", MoveAway},
                          {"another in its place", Replace},
                          {"the ledger removed", RemoveLedger},
                          {"the ledger's log removed", RemoveLog},
                          {"another ledger in its place", ReplaceLedger}};

size_t FilesBelow(const std::string& dir) {
  std::error_code error;
  auto all = fs::recursive_directory_iterator(dir, error);
  return error ? 0 : static_cast<size_t>(std::distance(fs::begin(all), fs::end(all)));
}

}  // namespace

TEST_CASE(
    "disk lost: a run whose directory is gone or replaced stops with 3 and asks nobody more") {
  for (const Lost& lost : kWays) {
    CAPTURE(lost.name);
    FakeServer server("", {"--latency-ms=60"});
    Workplace place(3);
    place.Ask(server);
    Child run(place.Run());
    REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 4; }));
    std::string dir = place / "runs/transcripts";
    lost.how(dir);
    int64_t then = server.Book("asked");
    ChildEnd end = run.Wait();
    CHECK(end.code == 3);
    CHECK_MESSAGE(Has(end.out, dir), end.out);
    CHECK(server.Book("asked") <= then + 3);  // those that were decided already
    bool whole_folder = lost.how == Remove || lost.how == MoveAway || lost.how == Replace;
    if (whole_folder) CHECK(FilesBelow(dir) == 0);
  }
}

TEST_CASE("disk lost: a directory moved away goes on where it is then, paying nothing twice") {
  FakeServer server("", {"--latency-ms=60"});
  Workplace place(3);
  place.Ask(server);
  Child run(place.Run());
  REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 4; }));
  MoveAway(place / "runs/transcripts");
  CHECK(run.Wait().code == 3);
  ChildEnd end = place.RunToEnd({"--run", place / "runs/transcripts-moved"});
  CHECK_MESSAGE(end.code == 0, end.out << end.err);
  Json status = place.Status("runs/transcripts-moved");
  CHECK(CountIn(status, "totals", "calls") == 24);
  CHECK(server.Book("repeats_of_answered") <= CountIn(status, "totals", "unknown_tries"));
}

TEST_CASE("disk lost: a directory whose permissions are taken away stops the run with 3") {
  FakeServer server("", {"--latency-ms=60"});
  Workplace place(2);
  place.Ask(server);
  for (const auto& entry : fs::recursive_directory_iterator(place.folder().path())) {
    (void)chown(entry.path().c_str(), kNobody, kNobody);
  }
  (void)chown(place.folder().path().c_str(), kNobody, kNobody);
  ChildOptions options = place.Run();
  options.user = kNobody;
  ChildOptions look = place.Muster({"--version"});
  look.user = kNobody;
  if (geteuid() != 0 || RunChild(look).code != 0) {
    MESSAGE("skipped: only root can become a user for whom permissions hold");
    return;
  }
  Child run(options);
  REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 2; }));
  REQUIRE(chmod((place / "runs/transcripts").c_str(), 0) == 0);
  int64_t then = server.Book("asked");
  ChildEnd end = run.Wait();
  CHECK(end.code == 3);
  CHECK(server.Book("asked") <= then + 2);
  REQUIRE(chmod((place / "runs/transcripts").c_str(), 0700) == 0);
  ChildEnd again = RunChild(options);
  CHECK_MESSAGE(again.code == 0, again.out << again.err);
  CHECK(server.Book("repeats_of_answered") <= CountIn(place.Status(), "totals", "unknown_tries"));
}

}  // namespace muster
