#include "tests/ordeal.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include <filesystem>
#include <fstream>

#include "tests/programs.h"
#include "tests/torture/campaign.h"
#include "tests/torture/processes.h"
#include "tests/workplace.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using torture::kCanaryKey;

std::string Program(const char* name) {
  return fs::absolute(ProgramPath(name)).lexically_normal().string();
}

// The items of lines such as "✓ [id] done · …".
void TakeShownDone(const std::string& printed, std::set<std::string>& shown) {
  constexpr std::string_view kMark = "✓ [";
  for (const std::string& line : LinesOf(printed)) {
    size_t end = line.find("] done");
    if (line.starts_with(kMark) && end != line.npos) {
      shown.insert(line.substr(kMark.size(), end - kMark.size()));
    }
  }
}

}  // namespace

Ordeal::Ordeal(const Shape& shape) {
  torture::BecomeSubreaper();
  torture::Scene::Shape its;
  its.folder = folder_.path();
  token_ = "ordeal-" + fs::path(its.folder).filename().string();
  its.token = token_;
  its.seed = shape.seed;
  its.items = shape.items;
  its.workers = shape.workers;
  scene_ = std::make_unique<torture::Scene>(its);
  log_ = scene_->log();
  auto provider =
      torture::Provider::Start(Program("fake-provider"), its.folder, kCanaryKey, scene_->Script());
  REQUIRE_MESSAGE(provider, provider.error());
  provider_ = std::move(*provider);
  auto written = scene_->Write(provider_->port());
  REQUIRE_MESSAGE(written, written.error());
}

Ordeal::~Ordeal() {
  provider_.reset();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

torture::Subject Ordeal::subject() const { return {*scene_, *provider_, witness_, kCanaryKey}; }

ChildOptions Ordeal::Command(const std::vector<std::string>& before,
                             const std::vector<std::string>& more) const {
  ChildOptions options;
  options.argv = before;
  for (const std::string& word :
       {Program("muster"), std::string("run"), scene_->config(), std::string("--run"), run_dir()}) {
    options.argv.push_back(word);
  }
  options.argv.insert(options.argv.end(), more.begin(), more.end());
  options.env = {{"TORTURE_KEY", kCanaryKey}, {"MUSTER_TORTURE", token_}};
  options.cwd = folder();
  options.deadline = std::chrono::seconds(60);
  return options;
}

void Ordeal::Note(const ChildEnd& end, bool killed) {
  TakeShownDone(end.out, witness_.shown_done);
  witness_.supervisors_killed += killed;
  std::ofstream(log_, std::ios::app) << end.out << end.err;
}

int64_t Ordeal::asked() {
  auto read = provider_->Read();
  REQUIRE_MESSAGE(read, read.error());
  return static_cast<int64_t>(provider_->asks().size());
}

int64_t Ordeal::in_the_air() {
  auto read = provider_->Read();
  REQUIRE_MESSAGE(read, read.error());
  int64_t open = 0;
  for (const auto& [number, ask] : provider_->asks()) open += ask.outcome.empty();
  return open;
}

void Ordeal::Report(const std::vector<std::string>& wrong) const {
  for (const std::string& each : wrong) FAIL_CHECK(each);
}

void Ordeal::Compare(bool finished) {
  // Wrappers and shells hide which process the supervisor was: the ledger's word is taken.
  auto ledger = torture::ReadLedger(run_dir(), folder() + "/copy");
  REQUIRE_MESSAGE(ledger, ledger.error());
  if (*ledger) {
    for (const auto& [number, session] : (*ledger)->sessions) {
      witness_.supervisors.insert(session.pid);
    }
  }
  Report(torture::Examine(subject(), finished).wrong);
}

void Ordeal::Check() {
  Report(torture::ExamineProcesses(subject(), token_));
  Compare(false);
}

void Ordeal::FinishAndCheck() {
  ChildEnd end = RunChild(Command());
  Note(end, false);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Report(torture::ExamineProcesses(subject(), token_));
  Compare(true);
  torture::Child::Command again{
      Command().argv, {{"TORTURE_KEY", kCanaryKey}, {"MUSTER_TORTURE", token_}}, log_};
  Report(torture::ExamineOneMore(subject(), again, token_));
}

}  // namespace muster
