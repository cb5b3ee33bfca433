#include "supervisor/outputs/clean_command.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <variant>

#include "common/text.h"
#include "supervisor/run_dir.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "muster: clean: {}\n", message);
  return code;
}

struct Freed {
  int64_t bytes = 0, files = 0;
};

// What the folder's files take on the disk; a file with several names counts once they all go.
Freed SizeOf(const std::string& folder) {
  Freed sum;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error), end;
  for (; !error && at != end; at.increment(error)) {
    struct stat info;
    if (lstat(at->path().c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    ++sum.files;
    if (info.st_nlink == 1) sum.bytes += int64_t{info.st_blocks} * 512;
  }
  return sum;
}

std::string BytesText(int64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < std::size(kUnits); ++unit) amount /= 1000;
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace

int CleanCommand(const std::string& run) {
  std::error_code error;
  if (!fs::exists(run + "/ledger.sqlite", error)) {
    return Complain(kBadInput, fmt::format("there is no run in {}", VisibleText(run)));
  }
  auto taken = RunDir::Take(run, false);  // held until the end
  if (auto* problem = std::get_if<RunDir::Problem>(&taken)) {
    return Complain(problem->in_use ? kInUse : kBadInput, problem->message);
  }
  std::string work = run + "/work";
  fs::file_status status = fs::symlink_status(work, error);
  if (!fs::exists(status)) {
    fmt::print("nothing to remove: {} has no work folders\n", VisibleText(run));
    return kAllDone;
  }
  if (!fs::is_directory(status)) {
    return Complain(kBadInput, VisibleText(work) + " is no folder; it was left alone");
  }
  Freed freed = SizeOf(work);
  fs::remove_all(work, error);
  if (error) {
    return Complain(kLedgerFailure,
                    fmt::format("cannot remove all of {}: {}", VisibleText(work), error.message()));
  }
  fmt::print("removed {}: {} {}, {} freed\n", VisibleText(work), FormatCount(freed.files),
             freed.files == 1 ? "file" : "files", BytesText(freed.bytes));
  return kAllDone;
}

}  // namespace muster
