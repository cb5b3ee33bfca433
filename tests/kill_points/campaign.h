#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/kill_points/trial.h"

namespace muster::kill_points {

// What is asked for.
struct Wish {
  Kind kind = Kind::kKills;
  int64_t sample = 200;         // how many points at most; 0: all
  int64_t stride = 1;           // every so manieth
  int64_t part = 1, parts = 1;  // the points are shared out by their numbers; which share it is
  std::optional<Role> role;
  std::optional<Phase> phase;
  std::optional<Point> only;  // nothing but this one
  bool keep = false;
  std::string journal;  // a file of points that held, a line each: they are left out, and added to
};

// To be called by whoever handles signals: the trial that is under way is the last one, and does
// not count.
void StopTrying();

// Takes a census of a start and of a recovery, chooses points, tries them one after the other and
// tells what it saw.
class KillPoints {
 public:
  KillPoints(const torture::Campaign& campaign, Wish wish) : campaign_(campaign), wish_(wish) {}

  // Exit code: 0 all held, 1 something did not, 2 it could not be tried.
  int Run();

 private:
  // Of one kind of system call in one role and phase.
  struct Row {
    int64_t points = 0, tried = 0, struck = 0, failed = 0;
    std::set<Stack> stacks, struck_stacks;
  };
  using Key = std::tuple<Phase, Role, std::string_view>;

  Result<void> TakeCensuses();
  void Choose();
  bool IsOurs(const Point& point) const;
  void ReadJournal();
  void Journal(const Point& point) const;
  void Try(const Point& point);
  void Report(const Point& point, const Trial::Outcome& outcome, const std::string& folder);
  void TellNowAndThen();
  int Conclude() const;
  Trial MakeTrial();

  const torture::Campaign& campaign_;
  Wish wish_;
  Stacks stacks_;
  int64_t trials_ = 0;
  std::map<Phase, Census> censuses_;
  std::optional<Point> recovery_at_;
  std::vector<Point> chosen_;
  size_t distinct_ = 0, all_ = 0;
  std::set<std::string> held_before_;
  std::map<Key, Row> rows_;
  std::map<std::string, int64_t> endings_;
  int64_t tried_ = 0, struck_ = 0, interrupted_ = 0;
  std::vector<std::string> failed_;
  torture::Clock::time_point began_ = torture::Clock::now(), told_ = began_;
};

}  // namespace muster::kill_points
