#include "tests/torture/invariants.h"

#include <algorithm>
#include <filesystem>

#include "common/fd.h"
#include "tests/torture/call_checks.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using record::TryOutcome;

constexpr std::string_view kLedger = "ledger.sqlite";
constexpr size_t kMostBytes = 1 << 30;

// SQLite leaves them empty where a reader was the last to close the database: it may not delete.
bool IsReadersOwn(const std::string& path) {
  return path == std::string(kLedger) + "-wal" || path == std::string(kLedger) + "-shm";
}

// One look at all the evidence but calls and money.
class Inquiry {
 public:
  explicit Inquiry(const Evidence& evidence)
      : scene_(evidence.scene), ledger_(evidence.ledger), seen_(evidence) {}

  std::vector<std::string> Run() {
    if (ledger_.integrity != "ok") Complain("I8: integrity_check: {}", ledger_.integrity);
    CheckItems();
    CheckSessions();
    CallFindings findings = CheckCalls(seen_);
    wrong_.insert(wrong_.end(), findings.wrong.begin(), findings.wrong.end());
    CheckOutputs(findings.answers);
    if (seen_.finished) CheckEnd();
    return std::move(wrong_);
  }

 private:
  template <class... Args>
  void Complain(fmt::format_string<Args...> format, Args&&... args) {
    wrong_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void CheckItems() {
    std::set<std::string> ids;
    for (const auto& item : ledger_.items) {
      if (!ids.insert(item.id).second) Complain("I1: item {} is there twice", item.id);
      if (item.status == ItemStatus::kDone) done_.insert(item.id);
      int64_t done = item.status == ItemStatus::kDone;
      if (item.done_attempts != done) {
        Complain("I4: item {} is {} with {} attempts that were done", item.id, Name(item.status),
                 item.done_attempts);
      }
      if (IsFinal(item.status) && item.status != ItemStatus::kDone) {
        Complain("I1: item {} is {}: {}", item.id, Name(item.status), item.reason);
      }
    }
    for (const std::string& id : seen_.witness.shown_done) {
      if (!done_.contains(id)) Complain("I2: item {} was shown as done and is not", id);
    }
  }

  void CheckSessions() {
    for (const auto& [number, session] : ledger_.sessions) {
      if (seen_.witness.refused.contains(session.pid)) {
        Complain("second run: process {} began session {}", session.pid, number);
      } else if (!seen_.witness.supervisors.contains(session.pid)) {
        Complain("session {} is of a strange process {}", number, session.pid);
      }
      auto exited = seen_.witness.exit_codes.find(session.pid);
      bool exits = exited != seen_.witness.exit_codes.end();
      bool unbooked = seen_.witness.hindered.contains(session.pid) && !session.ended;
      if (exits && !unbooked && session.exit_code != exited->second) {
        Complain("session {} ended with exit code {}, the ledger says {}", number, exited->second,
                 session.exit_code.value_or(-1));
      }
      if (session.lost && session.ended) Complain("session {} is lost and ended", number);
    }
  }

  void CheckOutputs(const Scene::Answers& answers) {
    std::set<std::string> with_output;
    std::set<std::string> paths;
    for (const auto& output : ledger_.outputs) {
      if (!with_output.insert(output.item).second) {
        Complain("I4: item {} has two outputs", output.item);
      }
      paths.insert(output.path);
      if (output.path != scene_.OutputPath(output.item) ||
          output.text != scene_.OutputOf(output.item, answers)) {
        Complain("I3: the output of item {} is not what follows from its answers", output.item);
      }
      auto file = seen_.files.find(output.path);
      bool there = file != seen_.files.end();
      if (there && file->second != output.text) {
        Complain("I3: {} is not what the ledger holds", output.path);
      }
      if (!there && output.written) Complain("I3: {} is gone", output.path);
    }
    if (with_output != done_) {
      Complain("I5: {} items are done, {} have outputs", done_.size(), with_output.size());
    }
    for (const auto& [path, bytes] : seen_.files) {
      bool temporary = path.ends_with(".tmp") || path.starts_with(kLedger) || path == "lock";
      if (!temporary && !paths.contains(path)) Complain("I5: {} is of no done item", path);
    }
  }

  void CheckEnd() {
    std::vector<std::string> ids;
    for (const auto& item : ledger_.items) {
      ids.push_back(item.id);
      if (item.status != ItemStatus::kDone) {
        Complain("I1: muster says that all is done; item {} is {}", item.id, Name(item.status));
      }
      if (item.open_attempts > 0) Complain("I1: item {} has an open attempt", item.id);
    }
    if (ids != scene_.items()) Complain("I1: the ledger's items are not those of the source");
    for (const auto& [number, call] : ledger_.calls) {
      for (const auto& sent : call.tries) {
        if (sent.outcome == TryOutcome::kSent) Complain("I7: {} is still in the air", call.place);
      }
    }
    for (const auto& [number, session] : ledger_.sessions) {
      if (!session.lost && !session.ended) Complain("I1: session {} has no end", number);
    }
    CheckFilesAtEnd();
  }

  void CheckFilesAtEnd() {
    std::set<std::string> expected{std::string(kLedger), "lock"};
    for (const std::string& item : scene_.items()) expected.insert(scene_.OutputPath(item));
    for (const auto& output : ledger_.outputs) {
      if (!output.written) Complain("I3: {} is not marked as written", output.path);
    }
    for (const auto& [path, bytes] : seen_.files) {
      bool of_a_reader = seen_.witness.readers > 0 && IsReadersOwn(path) && bytes.empty();
      if (expected.erase(path) == 0 && !of_a_reader) Complain("I10: {} is left", path);
    }
    for (const std::string& path : expected) Complain("I3: {} is missing", path);
  }

  const Scene& scene_;
  const LedgerFacts& ledger_;
  const Evidence& seen_;
  std::set<std::string> done_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> CheckInvariants(const Evidence& evidence) {
  return Inquiry(evidence).Run();
}

std::map<std::string, std::string> ReadRunFiles(const std::string& run_dir) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(run_dir, error)) {
    if (!entry.is_regular_file(error)) continue;
    std::string path = fs::relative(entry.path(), run_dir, error).string();
    std::string& bytes = files[path];
    if (path == kLedger || path == std::string(kLedger) + "-shm") continue;
    if (path == std::string(kLedger) + "-reserve") continue;
    if (auto read = ReadFile(entry.path().string(), kMostBytes)) bytes = *std::move(read);
  }
  return files;
}

}  // namespace muster::torture
