#include "tests/torture/run_checks.h"

#include <filesystem>
#include <fstream>

#include "tests/torture/invariants.h"
#include "tests/torture/processes.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kProviderQuiet{5'000};

}  // namespace

std::optional<LedgerFacts> RunChecks::CompareBooks(bool finished) {
  const std::string& folder = scene_.shape().folder;
  auto ledger = ReadLedger(scene_.run_dir(), folder + "/copy");
  if (!ledger) return Complain("I8: {}", ledger.error()), std::nullopt;
  auto files = ReadRunFiles(scene_.run_dir());
  auto read = finished ? provider_.AwaitQuiet(kProviderQuiet) : provider_.Read();
  if (!read) return Complain("{}", read.error()), std::nullopt;
  if (!*ledger) {
    if (!witness_.shown_done.empty() || !provider_.asks().empty() || finished) {
      Complain("I2: there is no ledger");
    }
    return std::nullopt;
  }
  for (std::string& what :
       CheckInvariants({scene_, **ledger, provider_.asks(), files, witness_, finished})) {
    wrong_.push_back(std::move(what));
  }
  SearchKey();
  return std::move(*ledger);
}

void RunChecks::CheckSurvivors() {
  for (std::string& survivor : AwaitNobody({provider_.pid()}, kGoneLimit)) {
    wrong_.push_back("I9: left after a second: " + std::move(survivor));
  }
}

void RunChecks::CheckOneMoreRun() {
  size_t asked = provider_.asks().size();
  auto before = ReadRunFiles(scene_.run_dir());
  auto again = RunToEnd(campaign_.RunCommand(scene_), kStartLimit);
  if (!again) return Complain("I11: one more run: {}", again.error());
  if ((*again)->ending().exit_code != 0) {
    Complain("I11: one more run: {}: {}", (*again)->ending().Text(), LastLines((*again)->errors()));
  }
  if (auto read = provider_.AwaitQuiet(kProviderQuiet); !read) Complain("{}", read.error());
  if (provider_.asks().size() != asked) {
    Complain("I11: one more run asked {} times", provider_.asks().size() - asked);
  }
  auto after = ReadRunFiles(scene_.run_dir());
  for (const std::string& item : scene_.items()) {
    std::string path = scene_.OutputPath(item);
    if (after[path] != before[path]) Complain("I11: one more run changed {}", path);
  }
  if (after.size() > before.size()) Complain("I11: one more run left new files");
  CheckSurvivors();
  for (std::string& survivor : StartedWith(campaign_.token)) {
    wrong_.push_back("I9: left at the end: " + std::move(survivor));
  }
  SearchKey();
}

// In every file of the round: the run directory, a copy of the ledger, all that muster said.
void RunChecks::SearchKey() {
  for (const auto& entry : fs::recursive_directory_iterator(scene_.shape().folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.find(kCanaryKey) != std::string::npos) {
      Complain("I12: the key stands in {}", entry.path().string());
    }
  }
}

std::string LastLines(const std::string& text) {
  return text.size() <= 600 ? text : "…" + text.substr(text.size() - 600);
}

std::string ShownDone(const std::string& line) {
  constexpr std::string_view kMark = "✓ [";
  size_t end = line.find("] done");
  if (!line.starts_with(kMark) || end == std::string::npos) return "";
  return line.substr(kMark.size(), end - kMark.size());
}

}  // namespace muster::torture
