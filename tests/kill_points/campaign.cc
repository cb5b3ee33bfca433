#include "tests/kill_points/campaign.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/torture/dice.h"

namespace muster::kill_points {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kBetweenLines{5};
constexpr int kHeld = 0, kFailed = 1, kNotTried = 2;

std::string_view Name(Phase phase) { return phase == Phase::kFirst ? "first start" : "recovery"; }

volatile sig_atomic_t stopped = 0;

// Half of the writes to the ledger are done then.
Result<Point> Halfway(const Census& first) {
  Point point;
  point.call = FindSystemCall("pwrite64");
  point.count = first.Counts()[{Role::kSupervisor, "pwrite64"}] / 2;
  point.how = Point::How::kKillAfter;
  if (point.count == 0) return Fail("muster never wrote to its ledger");
  return point;
}

}  // namespace

void StopTrying() { stopped = 1; }

Trial KillPoints::MakeTrial() { return {campaign_, ++trials_, stacks_}; }

int KillPoints::Run() {
  if (auto taken = TakeCensuses(); !taken) {
    fmt::print(stderr, "kill-points: {}\n", taken.error());
    return kNotTried;
  }
  ReadJournal();
  Choose();
  for (const Point& point : chosen_) {
    if (stopped) break;
    TellNowAndThen();
    Try(point);
  }
  return Conclude();
}

Result<void> KillPoints::TakeCensuses() {
  for (Phase phase : {Phase::kFirst, Phase::kRecovery}) {
    Trial trial = MakeTrial();
    auto census = trial.TakeCensus(phase == Phase::kFirst ? std::nullopt : recovery_at_);
    std::error_code error;
    fs::remove_all(trial.folder(), error);
    if (!census) return Fail("a start that nothing is done to: {}", census.error());
    censuses_[phase] = std::move(*census);
    if (phase == Phase::kRecovery) break;
    auto halfway = Halfway(censuses_[phase]);
    if (!halfway) return Error{halfway.error()};
    recovery_at_ = *halfway;
  }
  return {};
}

void KillPoints::Choose() {
  std::vector<Point> rest;
  for (const auto& [phase, census] : censuses_) {
    for (Role role : {Role::kSupervisor, Role::kWorker}) {
      if (wish_.role.value_or(role) != role || wish_.phase.value_or(phase) != phase) continue;
      size_t distinct = 0;
      auto candidates = CandidatesOf(census, phase, wish_.kind, role, campaign_.seed, &distinct);
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (!IsOurs(candidates[i].point)) continue;
        (i < distinct ? chosen_ : rest).push_back(candidates[i].point);
        Row& row = rows_[{phase, role, candidates[i].point.call->name}];
        ++row.points;
        row.stacks.insert(*candidates[i].stack);
      }
    }
  }
  distinct_ = chosen_.size();
  all_ = distinct_ + rest.size();
  torture::Dice dice{campaign_.seed, distinct_};
  auto shuffle = [&](std::vector<Point>& points) {
    for (size_t i = points.size(); i > 1; --i) std::swap(points[i - 1], points[dice.Next() % i]);
  };
  shuffle(chosen_);
  shuffle(rest);
  chosen_.insert(chosen_.end(), rest.begin(), rest.end());
  if (wish_.only) chosen_ = {*wish_.only};
  std::vector<Point> some;
  for (size_t i = 0; i < chosen_.size(); i += static_cast<size_t>(wish_.stride)) {
    some.push_back(chosen_[i]);
  }
  std::erase_if(some, [&](const Point& point) { return held_before_.contains(point.Text()); });
  auto most = static_cast<size_t>(wish_.sample);
  if (most > 0 && some.size() > most) some.resize(most);
  chosen_ = std::move(some);
  std::string share =
      wish_.parts == 1 ? "" : fmt::format("part {} of {}: ", wish_.part, wish_.parts);
  fmt::print("kill-points: {}{} points, {} of them at distinct call stacks; {} are tried\n", share,
             all_, distinct_, chosen_.size());
  std::fflush(stdout);
}

// By its number, so that the shares of several processes fit together though each counted by
// itself.
bool KillPoints::IsOurs(const Point& point) const {
  return point.count % wish_.parts == wish_.part - 1;
}

void KillPoints::ReadJournal() {
  std::ifstream file(wish_.journal);
  for (std::string line; std::getline(file, line);) held_before_.insert(line);
}

void KillPoints::Journal(const Point& point) const {
  if (!wish_.journal.empty()) std::ofstream(wish_.journal, std::ios::app) << point.Text() << "\n";
}

void KillPoints::Try(const Point& point) {
  Trial trial = MakeTrial();
  trial.recover_from(*recovery_at_);
  Trial::Outcome outcome = trial.Run(point);
  std::error_code error;
  if (stopped) {  // Ctrl+C may have reached what it started, too
    fs::remove_all(trial.folder(), error);
    return;
  }
  Row& row = rows_[{point.phase, point.role, point.call->name}];
  ++tried_;
  ++row.tried;
  if (outcome.reached) {
    ++struck_;
    ++row.struck;
    ++endings_[outcome.ending];
    row.struck_stacks.insert(outcome.stack);
  }
  interrupted_ += outcome.interrupted;
  if (!outcome.wrong.empty()) return Report(point, outcome, trial.folder());
  Journal(point);
  if (!wish_.keep) fs::remove_all(trial.folder(), error);
}

void KillPoints::Report(const Point& point, const Trial::Outcome& outcome,
                        const std::string& folder) {
  ++rows_[{point.phase, point.role, point.call->name}].failed;
  failed_.push_back(point.Text());
  fmt::print("kill-points: FAILED at {} ({}; kept: {})\n", point.Text(), outcome.ending, folder);
  fmt::print("  {}\n", outcome.names);
  for (const std::string& what : outcome.wrong) fmt::print("  {}\n", what);
  std::fflush(stdout);
}

void KillPoints::TellNowAndThen() {
  if (torture::Clock::now() - told_ < kBetweenLines) return;
  told_ = torture::Clock::now();
  fmt::print("kill-points: {} of {} tried, {} failed\n", tried_, chosen_.size(), failed_.size());
  std::fflush(stdout);
}

int KillPoints::Conclude() const {
  double passed = std::chrono::duration<double>(torture::Clock::now() - began_).count();
  fmt::print("kill-points: {}; {} points tried in {:.0f} s, {} struck, {} failed; seed {}\n",
             failed_.empty() ? "all held" : "NOT all held", tried_, passed, struck_, failed_.size(),
             campaign_.seed);
  fmt::print("  {:<44}{:>8}{:>8}{:>8}{:>9}{:>9}\n", "", "points", "tried", "struck", "stacks",
             "struck");
  for (const auto& [key, row] : rows_) {
    const auto& [phase, role, call] = key;
    fmt::print("  {:<44}{:>8}{:>8}{:>8}{:>9}{:>9}\n",
               fmt::format("{}, {}, {}", Name(phase), kill_points::Name(role), call), row.points,
               row.tried, row.struck, row.stacks.size(), row.struck_stacks.size());
  }
  for (const auto& [ending, count] : endings_) fmt::print("  ended with {}: {}\n", ending, count);
  if (interrupted_ > 0) fmt::print("  waited until Ctrl+C: {}\n", interrupted_);
  if (stopped) fmt::print("  stopped before all was tried\n");
  int64_t before = static_cast<int64_t>(held_before_.size());
  if (before > 0) fmt::print("  tried and held before, by the journal: {} points\n", before);
  int64_t untried = std::max<int64_t>(0, static_cast<int64_t>(all_) - tried_ - before);
  fmt::print("  untried: {} points{}\n", untried,
             wish_.sample > 0 && untried > 0 ? " (ALL=1 tries every one)" : "");
  for (const std::string& point : failed_) fmt::print("  again: POINT={}\n", point);
  return !failed_.empty() ? kFailed : struck_ == 0 ? kNotTried : kHeld;
}

}  // namespace muster::kill_points
