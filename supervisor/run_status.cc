#include "supervisor/run_status.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "common/fd.h"

namespace muster {
namespace {

int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string NameOf(const LedgerView& ledger, const std::string& run_dir) {
  if (auto name = ledger.Meta("name"); name && !name->empty()) return *name;
  std::filesystem::path path(run_dir);
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

bool IsFailed(ItemStatus status) {
  return status == ItemStatus::kFailed || status == ItemStatus::kQuarantined;
}

// Without what the source says of them: nothing shows that, and it can be large.
void ReadItems(const LedgerView& ledger, bool all, RunStatus& status) {
  auto counts = [&](ItemStatus each) { return status.counts[static_cast<size_t>(each)]; };
  bool any_failed = counts(ItemStatus::kFailed) + counts(ItemStatus::kQuarantined) > 0;
  if (!all && !any_failed) return;
  ledger.ForEachStanding([&](const ItemStanding& item) {
    bool failed = IsFailed(item.status);
    if (!all && !failed) return true;
    auto row = ledger.FindItem(item.id);
    if (!row) return true;
    row->fields = std::string();
    if (failed) status.failed.push_back(*row);
    if (all) status.items.push_back({*std::move(row), {}});
    return true;
  });
  for (RunStatus::Item& item : status.items) item.totals = ledger.ItemTotals(item.row.id);
}

}  // namespace

bool IsRunLocked(const std::string& run_dir) {
  Fd file(open((run_dir + "/lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Result<std::string> LatestRun(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::string latest;
  fs::file_time_type latest_time;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    for (const char* file : {"ledger.sqlite", "ledger.sqlite-wal"}) {
      std::error_code none;
      auto time = fs::last_write_time(entry.path() / file, none);
      if (none || (!latest.empty() && time <= latest_time)) continue;
      latest = entry.path().string();
      latest_time = time;
    }
  }
  if (latest.empty()) return Fail("there is no run in {}; which run directory is meant?", folder);
  return latest;
}

Result<RunStatus> ReadRunStatus(const std::string& run_dir, bool items) {
  std::string path = run_dir + "/ledger.sqlite";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Fail("status of {}: there is no run: {}", run_dir,
                error ? error.message() : "it holds no ledger.sqlite");
  }
  // Before the books: a run that ends meanwhile is then shown as one that just ended.
  RunStatus status;
  status.run_dir = run_dir;
  status.live = IsRunLocked(run_dir);
  status.now_ms = NowMs();
  auto ledger = LedgerView::Open(path);
  if (!ledger) return Fail("status of {}: {}", run_dir, ledger.error());
  status.name = NameOf(*ledger, run_dir);
  status.session = ledger->LastSession();
  if (status.session) {
    status.other_host = status.session->host != HostName();
    status.session_totals = ledger->SessionTotals(status.session->session);
  }
  status.counts = ledger->CountItems();
  status.totals = ledger->RunTotals();
  status.in_the_air = ledger->InTheAir();
  status.unknown = ledger->UnknownTries();
  ReadItems(*ledger, items, status);
  return status;
}

}  // namespace muster
