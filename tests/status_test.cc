#include "supervisor/status.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/fd.h"
#include "supervisor/ledger/ledger.h"
#include "tests/files.h"

namespace muster {
namespace {

constexpr Picodollars kCent = kPicodollarsPerDollar / 100;

std::string ThisHost() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

Ledger OpenLedger(const TempDir& folder, int64_t time_ms = 1'000) {
  auto ledger = Ledger::Open(folder / "ledger.sqlite",
                             {4242, ThisHost(), "muster run t.yaml --fresh -j 2", time_ms});
  REQUIRE(ledger);
  return std::move(*ledger);
}

void StartTry(Ledger& ledger, int64_t call, const std::string& item) {
  record::TryStarted sent;
  sent.call = call;
  sent.item = item;
  sent.step = "chunks/" + std::to_string(call);
  sent.request_hash = "hash";
  sent.provider = "openai";
  sent.model = "gpt-5.1";
  sent.attempt = 1;
  sent.worker = "1";
  sent.worst = 4 * kCent;
  sent.time_ms = 2'000;
  ledger.Add(sent);
}

// Items a (running), b (failed), c (pending); a has one answered call and one in the air.
Ledger HalfARun(const TempDir& folder) {
  Ledger ledger = OpenLedger(folder);
  int64_t position = 0;
  for (const char* id : {"a", "b", "c"}) ledger.Add(record::Item{++position, id, "{}", id});
  ledger.Add(record::AttemptStarted{"a", 1, "1", 2'000});
  ledger.Add(record::Status{"a", ItemStatus::kRunning, "", 0, 0});
  int64_t first = ledger.TakeCallId(), second = ledger.TakeCallId();
  StartTry(ledger, first, "a");
  StartTry(ledger, second, "a");
  record::TryEnded answered;
  answered.call = first;
  answered.outcome = record::TryOutcome::kAnswered;
  answered.answer = "{}";
  answered.usage = Usage{1'000, 0, 0, 200, 0};
  answered.cost = 3 * kCent;
  answered.time_ms = 3'000;
  ledger.Add(answered);
  ledger.Add(record::Status{"b", ItemStatus::kFailed, "HTTP 400: \x1b[2Jno", 0, 0});
  REQUIRE(ledger.Commit() == CommitOutcome::kCommitted);
  return ledger;
}

// A child that holds the run's lock until it is destroyed.
class LockHolder {
 public:
  explicit LockHolder(const std::string& path) {
    auto ready = MakePipe();
    REQUIRE(ready);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
      struct flock lock {};
      lock.l_type = F_WRLCK;
      bool held = fcntl(fd, F_SETLK, &lock) == 0;
      if (!held || write(ready->write.get(), "x", 1) != 1) _exit(1);
      pause();
      _exit(0);
    }
    ready->write.Reset();
    char byte = 0;
    REQUIRE(read(ready->read.get(), &byte, 1) == 1);
  }
  ~LockHolder() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

 private:
  pid_t child_ = -1;
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("where there is no run, status says so in a sentence and fails") {
  TempDir folder;
  auto status = ReadRunStatus(folder.path(), false);
  REQUIRE_FALSE(status);
  CHECK(Has(status.error(), folder.path()));
  CHECK(Has(status.error(), "no run"));
  CHECK(PrintStatus(folder.path(), false, false) == 2);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a file that is no ledger is not taken for one") {
  TempDir folder;
  std::ofstream(folder / "ledger.sqlite") << std::string(8'192, 'x');
  CHECK_FALSE(ReadRunStatus(folder.path(), false));
}

TEST_CASE("a live run: who works on it, what is in the air, what failed, how to stop it") {
  TempDir folder;
  Ledger ledger = HalfARun(folder);
  LockHolder holder(folder / "lock");
  auto status = ReadRunStatus(folder.path(), false);
  REQUIRE(status);
  status->now_ms = 62'000;
  CHECK(status->live);
  std::string text = StatusAsText(*status, false);
  CHECK(Has(text, "running for 1m01s (process 4242 on " + ThisHost() + ")"));
  CHECK(Has(text, "3: 1 failed, 1 running, 1 pending"));
  CHECK(Has(text, "calls in the air (1)\n    [a] chunks/2 · "));
  CHECK(Has(text, "for 1m00s · worker 1"));
  CHECK(Has(text, "$0.0300"));
  CHECK(Has(text, "failed items (1)\n    ✗ [b] HTTP 400: \\x1b[2Jno"));
  CHECK(Has(text, " stop\n"));
  CHECK_FALSE(Has(text, "muster run"));
}

TEST_CASE("a killed run: not live, what was cut off, how to go on") {
  TempDir folder;
  { Ledger ledger = HalfARun(folder); }
  std::ofstream(folder / "lock") << "";
  auto status = ReadRunStatus(folder.path(), false);
  REQUIRE(status);
  status->now_ms = 62'000;
  CHECK_FALSE(status->live);
  std::string text = StatusAsText(*status, false);
  CHECK(Has(text, "last session was killed"));
  CHECK(Has(text, "calls cut off"));
  CHECK(Has(text, "to go on          muster run t.yaml -j 2\n"));
  CHECK(Has(text, "to try again      muster run t.yaml -j 2 --retry-failed\n"));
}

TEST_CASE("calls of unknown outcome are listed with their worst case") {
  TempDir folder;
  { Ledger ledger = HalfARun(folder); }
  Ledger next = OpenLedger(folder, 60'000);
  next.Add(record::SessionEnded{130, 61'000});
  REQUIRE(next.Commit() == CommitOutcome::kCommitted);
  auto status = ReadRunStatus(folder.path(), true);
  REQUIRE(status);
  status->now_ms = 71'000;
  std::string text = StatusAsText(*status, true);
  CHECK(Has(text, "last session ended 10 s ago with exit code 130"));
  CHECK(Has(text, "1 call may have been paid without an answer: at most $0.0400"));
  CHECK(Has(text, "[a] chunks/2 · openai/gpt-5.1 · at most $0.0400"));
  CHECK(Has(text, "this session  whole run"));
  CHECK(Has(text, "○ [a] pending · 1 call · 1,000 in · 200 out · $0.0300"));
  CHECK(Has(text, "○ [c] pending\n"));
}

TEST_CASE("the same as JSON") {
  TempDir folder;
  { Ledger ledger = HalfARun(folder); }
  auto status = ReadRunStatus(folder.path(), true);
  REQUIRE(status);
  Json json = StatusAsJson(*status, true);
  CHECK(json["live"] == false);
  CHECK(json["session"]["pid"] == 4242);
  CHECK(json["session"]["ended_ms"].is_null());
  CHECK(json["counts"]["pending"] == 1);
  CHECK(json["totals"]["cost_picodollars"] == 3 * kCent);
  CHECK(json["totals"]["cost_usd"].get<double>() == doctest::Approx(0.03));
  CHECK(json["in_the_air"].size() == 1);
  CHECK(json["failed"][0]["id"] == "b");
  CHECK(json["items"].size() == 3);
  CHECK(ParseJson(DumpJson(json)));
  CHECK_FALSE(StatusAsJson(*status, false).contains("items"));
}

TEST_CASE("what providers say of the cost is told, and of cache writes for an hour") {
  TempDir folder;
  Ledger ledger = OpenLedger(folder);
  ledger.Add(record::Item{1, "a", "{}", "a"});
  int64_t call = ledger.TakeCallId();
  StartTry(ledger, call, "a");
  record::TryEnded ended;
  ended.call = call;
  ended.outcome = record::TryOutcome::kAnswered;
  ended.answer = "{}";
  ended.usage = Usage{.input = 90, .cache_write = 50, .output = 5, .cache_write_1h = 40};
  ended.cost = kCent;
  ended.own_cost = 2 * kCent;
  ended.time_ms = 3'000;
  ledger.Add(ended);
  REQUIRE(ledger.Commit() == CommitOutcome::kCommitted);
  auto status = ReadRunStatus(folder.path(), true);
  REQUIRE(status);
  CHECK(Has(StatusAsText(*status, false), "the provider's own figure: $0.0200\n"));
  Json totals = StatusAsJson(*status, true)["totals"];
  CHECK(totals["own_cost_picodollars"] == 2 * kCent);
  CHECK(totals["cache_write_tokens"] == 50);
  CHECK(totals["cache_write_1h_tokens"] == 40);
  status->totals.own_costs = 0;
  CHECK(StatusAsJson(*status, true)["totals"]["own_cost_picodollars"].is_null());
}

TEST_CASE("reading a run changes nothing in it") {
  TempDir folder;
  { Ledger ledger = HalfARun(folder); }
  auto listing = [&] {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::string name = entry.path().filename();
      if (name == "ledger.sqlite") all += name + std::to_string(entry.file_size());
    }
    return all;
  };
  std::string before = listing();
  REQUIRE(ReadRunStatus(folder.path(), true));
  CHECK(listing() == before);
  CHECK_FALSE(std::filesystem::exists(folder / "lock"));
}

}  // namespace muster
