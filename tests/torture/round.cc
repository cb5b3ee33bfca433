#include "tests/torture/round.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "tests/torture/processes.h"
#include "tests/torture/run_checks.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kSecondInterrupt{500};
constexpr milliseconds kTerm{10'000};
constexpr milliseconds kBetweenReads{250};  // of the provider, which keeps a thousand requests

microseconds Since(Clock::time_point from) {
  return std::chrono::duration_cast<microseconds>(Clock::now() - from);
}

Scene MakeScene(const Campaign& campaign, int64_t number) {
  Scene::Shape shape = campaign.ShapeOf("round", number);
  shape.seed += static_cast<uint64_t>(number);
  fs::create_directories(shape.folder);
  return Scene(shape);
}

}  // namespace

Round::Round(const Campaign& campaign, int64_t number, Tally& tally)
    : campaign_(campaign), number_(number), tally_(tally), scene_(MakeScene(campaign, number)) {}

std::vector<std::string> Round::Run() {
  auto provider =
      Provider::Start(campaign_.programs + "/fake-provider", folder(), kCanaryKey, scene_.Script());
  if (!provider) return {provider.error()};
  provider_ = std::move(*provider);
  if (auto written = scene_.Write(provider_->port()); !written) return {written.error()};
  bool finished = false;
  while (!finished && wrong_.empty()) {
    on_start();
    finished = RunOnce();
  }
  if (wrong_.empty()) Compare(true);
  if (wrong_.empty()) Checks().CheckOneMoreRun();
  ++tally_.starts;
  ++tally_.rounds;
  return wrong_;
}

RunChecks Round::Checks() { return {campaign_, scene_, *provider_, witness_, wrong_}; }

// One start; true: muster says that all is done.
bool Round::RunOnce() {
  StartPlan plan = PlanStart(campaign_.seed, number_, start_++);
  if (tally_.kills() >= campaign_.kills) plan.acts.clear();
  auto muster = Child::Start(campaign_.RunCommand(scene_));
  if (!muster) return Complain("{}", muster.error()), false;
  ++tally_.starts;
  muster_ = std::move(*muster);
  muster_->on_line = [this](const std::string& line) {
    if (std::string id = ShownDone(line); !id.empty()) witness_.shown_done.insert(id);
  };
  witness_.supervisors.insert(muster_->pid());
  Stage stage{campaign_, scene_, *muster_, witness_, wrong_};
  std::optional<Deed> ender;
  for (const Act& act : plan.acts) {
    if (muster_->PumpUntil(muster_->started() + act.at * campaign_.slow) || !wrong_.empty()) break;
    if (EndsSession(act.deed)) ender = act.deed;
    if (Perform(act, stage)) ++tally_.deeds[static_cast<size_t>(act.deed)];
  }
  AwaitEnd(ender);
  CheckSurvivors();
  if (auto read = provider_->Read(); !read) Complain("{}", read.error());
  bool finished = muster_->ended() && muster_->ending().exit_code == 0;
  muster_.reset();
  if (wrong_.empty() && !finished && plan.check) Compare(false);
  return finished;
}

// `ender`: what was done to end it.
void Round::AwaitEnd(std::optional<Deed> ender) {
  auto from = Clock::now();
  bool ended_before = muster_->ended();
  while (!muster_->PumpUntil(Clock::now() + kBetweenReads)) {
    if (Since(muster_->started()) > kStartLimit) return ReportHang();
    if (auto read = provider_->Read(); !read) return Complain("{}", read.error());
  }
  if (!ended_before && ender) NoteTime(*ender, Since(from));
  JudgeEnding(ender);
}

void Round::NoteTime(Deed ender, microseconds took) {
  auto note = [&](microseconds& slowest, milliseconds limit) {
    slowest = std::max(slowest, took);
    if (took > limit * campaign_.slow)
      Complain("{}: gone only after {} ms", Name(ender), took.count() / 1000);
  };
  if (ender == Deed::kInterrupt) note(tally_.slowest_interrupt, kStartLimit);
  if (ender == Deed::kInterruptTwice) note(tally_.slowest_second_interrupt, kSecondInterrupt);
  if (ender == Deed::kTerminate) note(tally_.slowest_term, kTerm);
}

// Whether it ended as it should after that deed; one that was about to end anyway may also say 0.
void Round::JudgeEnding(std::optional<Deed> ender) {
  const Child::Ending& ending = muster_->ending();
  if (ending.exit_code) witness_.exit_codes[muster_->pid()] = *ending.exit_code;
  bool fits = ending.exit_code == 0;
  if (ender == Deed::kInterrupt || ender == Deed::kInterruptTwice) {
    fits = fits || ending.exit_code == 128 + SIGINT || ending.signal == SIGINT;
  } else if (ender == Deed::kTerminate) {
    fits = fits || ending.exit_code == 128 + SIGTERM || ending.signal == SIGTERM;
  } else if (ender) {
    fits = fits || ending.signal == SIGKILL;
  }
  if (fits) return;
  Complain("muster ended with {} ({}): {}", ending.Text(), ender ? Name(*ender) : "by itself",
           LastLines(muster_->output() + muster_->errors()));
}

void Round::CheckSurvivors() {
  auto from = Clock::now();
  Checks().CheckSurvivors();
  tally_.slowest_gone = std::max(tally_.slowest_gone, Since(from));
}

void Round::Compare(bool finished) {
  ++tally_.checks;
  auto ledger = Checks().CompareBooks(finished);
  if (ledger && finished && wrong_.empty()) Count(*ledger);
}

void Round::Count(const LedgerFacts& ledger) {
  tally_.items_done += static_cast<int64_t>(ledger.items.size());
  tally_.spent += ledger.view_totals.cost;
  tally_.unknown_cost += ledger.view_totals.unknown_cost;
  tally_.unknown += ledger.view_totals.unknown_tries;
  tally_.answered += ledger.view_totals.calls;
  tally_.asked += static_cast<int64_t>(provider_->asks().size());
  for (const auto& [number, ask] : provider_->asks()) {
    tally_.billed += ask.billed.has_value();
    tally_.bill += ask.billed.value_or(0);
  }
  std::map<std::pair<int64_t, std::string>, int64_t> lost;  // by session and, of a worker, item
  for (const auto& [number, call] : ledger.calls) {
    for (const auto& sent : call.tries) {
      if (sent.kind == "supervisor-lost") ++lost[{sent.session, ""}];
      if (sent.kind == "worker-lost") ++lost[{sent.session, call.item}];
    }
  }
  for (const auto& [where, count] : lost) {
    tally_.worst_lost = std::max(tally_.worst_lost, count);
    tally_.lost_to_kills += count;
  }
}

void Round::ReportHang() {
  auto status = RunToEnd(campaign_.StatusCommand(scene_), kStartLimit);
  Complain("muster has not ended after {} s; its processes:\n{}\nits status:\n{}\nits words:\n{}",
           kStartLimit.count() / 1000, StacksOf(muster_->pid()),
           status ? (*status)->output() + (*status)->errors() : status.error(),
           LastLines(muster_->output() + muster_->errors()));
  muster_->Signal(SIGKILL);
  muster_->PumpUntil(Clock::now() + kGoneLimit);
}

}  // namespace muster::torture
