#include "tests/torture/run_checks.h"

#include "tests/torture/examination.h"

namespace muster::torture {

Subject RunChecks::subject() const {
  return {scene_, provider_, witness_, std::string(kCanaryKey)};
}

void RunChecks::Note(std::vector<std::string> found) {
  for (std::string& each : found) wrong_.push_back(std::move(each));
}

std::optional<LedgerFacts> RunChecks::CompareBooks(bool finished) {
  Findings found = Examine(subject(), finished);
  Note(std::move(found.wrong));
  return std::move(found.ledger);
}

void RunChecks::CheckSurvivors() { Note(ExamineProcesses(subject(), "")); }

void RunChecks::CheckOneMoreRun() {
  Note(ExamineOneMore(subject(), campaign_.RunCommand(scene_), campaign_.token));
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
