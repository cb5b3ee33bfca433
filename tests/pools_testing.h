#pragma once

// What the end-to-end tests of pools share: a config whose items are one call each, and launchers
// that need no other machine.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "supervisor/ledger/sqlite.h"
#include "tests/process_testing.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {

// carrier.sh HOW ARGS…: a launcher. Whatever it starts has CARRIED in its environment.
inline constexpr char kCarrier[] = R"(export CARRIED=$POOLS_PLACE
how=$1
shift
case $how in
  exec) exec "$@" ;;
  fail) echo 'no node is free' >&2; exit 255 ;;
  silent) exec sleep 60 ;;
  chatty) echo 'Welcome to node7'; echo 'Have fun'; exec "$@" ;;
  child) "$@"; exit 0 ;;
  stubborn) trap '' TERM; "$@"; exit 0 ;;
  helper) setsid cat | "$@" | setsid cat ;;
  hold) trap '' TERM; setsid bash -c 'cat; exec sleep 60' | "$@" | setsid bash -c 'cat; exec sleep 60' ;;
  cut) if mkdir cut 2> /dev/null; then "$@" | dd bs=1 count=2500 2> /dev/null; else exec "$@"; fi ;;
  killer)
    mkdir killed 2> /dev/null || exec "$@"
    "$@" <&0 &
    sleep 0.6
    kill -9 $!
    exit 0 ;;
  node) node=$1; shift; exec unshare -u bash -c 'hostname "$0"; exec "$@"' "$node" "$@" ;;
  elsewhere) exec unshare -m bash -c 'mount -t tmpfs none "$POOLS_PLACE/runs" && exec "$@"' - "$@" ;;
  swallow) unshare -m bash -c 'mount -t tmpfs none "$POOLS_PLACE/runs" && "$@"' - "$@"; exit 0 ;;
esac
)";

inline const std::string kAsk =
    "  - {id: ask, chat: {model: \"{{params.model}}\", user: \"Tell of {{item.id}}.\"}}\n";

// A folder with c.yaml and carrier.sh. Every process that a run here starts has the folder in its
// environment; what is left of them is killed with it.
class PoolPlace {
 public:
  explicit PoolPlace(const std::string& pools, int items = 12, const std::string& steps = kAsk)
      : place_(0), items_(items) {
    place_.Write("c.yaml", fmt::format("name: pools\nparams: {{model: mock/m}}\n"
                                       "items: {{range: 1..{}}}\n"
                                       "providers: {{openai: {{api: openai-responses, limits: "
                                       "{{concurrency: 32, requests_per_minute: 6000}}}}}}\n"
                                       "pools:\n{}steps:\n{}outputs:\n",
                                       items, pools, steps) +
                               "  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
    place_.Write("carrier.sh", kCarrier);
    place_.SetVariable("POOLS_PLACE", token());
  }
  PoolPlace(const PoolPlace&) = delete;
  ~PoolPlace() {
    for (pid_t pid : Having("POOLS_PLACE=" + token())) kill(pid, SIGKILL);
  }

  Workplace& place() { return place_; }
  int items() const { return items_; }
  std::string token() const { return place_.folder().path(); }

  ChildOptions Run(const FakeServer& server, const Args& more = {}) {
    place_.Ask(server);
    ChildOptions options = place_.Muster(Args{"run", "c.yaml"} + place_.asking() + more);
    options.deadline = std::chrono::seconds(60);
    return options;
  }
  Json Status() const { return place_.Status("runs/pools"); }

  // The workers that a carrier started and that live.
  std::vector<pid_t> Carried() const {
    std::vector<pid_t> pids = Having("CARRIED=" + token());
    std::erase_if(pids, [](pid_t pid) {
      auto words = WordsOf(pid);
      return words.size() != 2 || words[1] != "--pipe";
    });
    return pids;
  }
  // All that is left of what was started here.
  std::vector<std::string> Left() const { return torture::StartedWith(token()); }
  void CheckNobodyLeft() const {
    Eventually([&] { return Left().empty(); }, milliseconds(1'000));
    CHECK(Left() == std::vector<std::string>{});
  }

  // The first column of a query to the ledger, as texts.
  std::vector<std::string> Ask(std::string_view sql) const {
    auto database =
        Database::Open(place_ / "runs/pools/ledger.sqlite", Database::Access::kReadOnly);
    REQUIRE_MESSAGE(database, database.error());
    std::vector<std::string> column;
    Rows rows = (*database)->Query(sql);
    while (rows.Next()) column.push_back(rows.Text(0));
    return column;
  }

  // Everything is done, each item once, and the books and the provider's agree; of so many tries
  // at most is not known how they ended.
  void CheckAllDone(const FakeServer& server, int64_t unknown = 0) const {
    Json status = Status();
    CHECK(CountIn(status, "counts", "done") == items_);
    CHECK(CountIn(status, "totals", "calls") == items_);
    CHECK(CountIn(status, "totals", "unknown_tries") <= unknown);
    CHECK(place_.FilesIn("runs/pools").contains("1.txt"));
    Json books = server.Books();
    int64_t spent = CountIn(status, "totals", "cost_picodollars");
    int64_t bill = *IntMember(books, "picodollars");
    double most = status["totals"]["unknown_cost_at_most_usd"].get<double>() * 1e12;
    CHECK(spent <= bill);
    CHECK(static_cast<double>(bill - spent) <= most);
    CHECK(*IntMember(books, "asked") <= CountIn(status, "totals", "tries"));
    CHECK(*IntMember(books, "repeats_of_answered") <= CountIn(status, "totals", "unknown_tries"));
    if (CountIn(status, "totals", "unknown_tries") == 0) CHECK(spent == bill);
  }

  static std::vector<std::string> WordsOf(pid_t pid) { return ListOf(pid, "cmdline"); }

 private:
  static std::vector<std::string> ListOf(pid_t pid, const char* name) {
    std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
    return words;
  }
  static std::vector<pid_t> Having(const std::string& variable) {
    std::vector<pid_t> pids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid <= 0 || pid == getpid()) continue;
      auto words = ListOf(pid, "environ");
      if (std::find(words.begin(), words.end(), variable) != words.end()) pids.push_back(pid);
    }
    return pids;
  }

  Workplace place_;
  int items_;
};

inline const std::string kLocalPool = "  - {workers: 1}\n";

// A pool called `name` of `workers` workers by carrier.sh, and other settings: ", lease: 1s".
inline std::string CarriedPool(const std::string& how, int workers = 2,
                               const std::string& more = "", const std::string& name = "cluster") {
  return fmt::format("  - {{name: {}, workers: {}, launch: [bash, carrier.sh, {}]{}}}\n", name,
                     workers, how, more);
}

inline size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

}  // namespace muster
