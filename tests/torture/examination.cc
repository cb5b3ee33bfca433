#include "tests/torture/examination.h"

#include <filesystem>

#include "common/fd.h"
#include "tests/torture/processes.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kGone{1'000};  // after the supervisor nobody is left
constexpr milliseconds kProviderQuiet{5'000};
constexpr milliseconds kOneMore{60'000};
constexpr size_t kWordsShown = 600;
constexpr size_t kMostBytes = 1 << 30;

std::string LastWords(const std::string& text) {
  return text.size() <= kWordsShown ? text : "…" + text.substr(text.size() - kWordsShown);
}

// In every file of the run's folder: the run directory, a copy of the ledger, all that muster said.
void SearchKey(const Subject& subject, std::vector<std::string>& wrong) {
  for (const auto& entry : fs::recursive_directory_iterator(subject.scene.shape().folder)) {
    if (!entry.is_regular_file()) continue;
    auto bytes = ReadFile(entry.path().string(), kMostBytes);
    if (bytes && bytes->find(subject.key) != std::string::npos) {
      wrong.push_back("I12: the key stands in " + entry.path().string());
    }
  }
}

void Append(std::vector<std::string>& wrong, std::vector<std::string> more) {
  for (std::string& each : more) wrong.push_back(std::move(each));
}

}  // namespace

Findings Examine(const Subject& subject, bool finished) {
  Findings found;
  const Scene& scene = subject.scene;
  auto ledger = ReadLedger(scene.run_dir(), scene.shape().folder + "/copy");
  if (!ledger) return {{"I8: " + ledger.error()}, {}};
  auto files = ReadRunFiles(scene.run_dir());
  auto read = finished ? subject.provider.AwaitQuiet(kProviderQuiet) : subject.provider.Read();
  if (!read) return {{read.error()}, {}};
  if (!*ledger) {
    bool nothing = subject.witness.shown_done.empty() && subject.provider.asks().empty();
    if (!nothing || finished) found.wrong.push_back("I2: there is no ledger");
    return found;
  }
  found.ledger = std::move(**ledger);
  found.wrong = CheckInvariants(
      {scene, *found.ledger, subject.provider.asks(), files, subject.witness, finished});
  SearchKey(subject, found.wrong);
  return found;
}

std::vector<std::string> ExamineProcesses(const Subject& subject, const std::string& token) {
  std::vector<std::string> wrong;
  for (std::string& survivor : AwaitNobody({subject.provider.pid()}, kGone)) {
    wrong.push_back("I9: left after a second: " + std::move(survivor));
  }
  if (token.empty()) return wrong;
  for (std::string& survivor : StartedWith(token)) {
    wrong.push_back("I9: left at the end: " + std::move(survivor));
  }
  return wrong;
}

std::vector<std::string> ExamineOneMore(const Subject& subject, const Child::Command& again,
                                        const std::string& token) {
  const Scene& scene = subject.scene;
  size_t asked = subject.provider.asks().size();
  auto before = ReadRunFiles(scene.run_dir());
  auto run = RunToEnd(again, kOneMore);
  if (!run) return {"I11: one more run: " + run.error()};
  std::vector<std::string> wrong;
  if ((*run)->ending().exit_code != 0) {
    wrong.push_back(fmt::format("I11: one more run: {}: {}", (*run)->ending().Text(),
                                LastWords((*run)->errors())));
  }
  if (auto read = subject.provider.AwaitQuiet(kProviderQuiet); !read) wrong.push_back(read.error());
  if (size_t now = subject.provider.asks().size(); now != asked) {
    wrong.push_back(fmt::format("I11: one more run asked {} times", now - asked));
  }
  auto after = ReadRunFiles(scene.run_dir());
  for (const std::string& item : scene.items()) {
    std::string path = scene.OutputPath(item);
    if (after[path] != before[path]) wrong.push_back("I11: one more run changed " + path);
  }
  if (after.size() > before.size()) wrong.push_back("I11: one more run left new files");
  Append(wrong, ExamineProcesses(subject, token));
  SearchKey(subject, wrong);
  return wrong;
}

}  // namespace muster::torture
