#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/kill_points/census.h"
#include "tests/kill_points/point.h"
#include "tests/kill_points/stacks.h"
#include "tests/torture/campaign.h"
#include "tests/torture/run_checks.h"

namespace muster::kill_points {

// A run from an empty run directory to its end, in the first or second start of which one thing is
// done to one system call. It owns its provider and its folder, which it does not remove. To be
// used for one Run or one TakeCensus.
class Trial {
 public:
  Trial(const torture::Campaign& campaign, int64_t number, const Stacks& stacks);

  // What came of it.
  struct Outcome {
    bool reached = false;            // the call came to be made
    std::vector<uint64_t> stack;     // from which it was made
    std::string names;               // the same for people; only where something did not hold
    std::string ending;              // of the start that it was done to: "exit code 3"
    bool interrupted = false;        // it waited for better times, until Ctrl+C
    std::vector<std::string> wrong;  // what did not hold, a sentence each
  };
  Outcome Run(const Point& point);

  // All system calls of a start that nothing is done to. `recovery_at`: where the start before it
  // is killed.
  Result<Census> TakeCensus(std::optional<Point> recovery_at);
  void recover_from(const Point& point) { recovery_at_ = point; }

  const std::string& folder() const { return scene_.shape().folder; }

 private:
  bool SetUp();
  bool KillHalfway(const Point& point);
  void Start(const std::vector<int64_t>& calls, std::function<Order(const Stop&)> decide);
  void AwaitEnd(bool may_wait);
  bool Interrupt(int times);
  void AwaitOthers();
  void Judge(const Point& point);
  void Excuse(const Point& point);
  void Finish();
  torture::RunChecks Checks();

  template <class... Args>
  void Complain(fmt::format_string<Args...> format, Args&&... args) {
    outcome_.wrong.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const torture::Campaign& campaign_;
  const Stacks& stacks_;
  torture::Scene scene_;
  std::optional<Point> recovery_at_;
  std::unique_ptr<torture::Provider> provider_;
  std::unique_ptr<torture::Child> muster_;
  std::unique_ptr<Tracer> tracer_;
  torture::Witness witness_;
  Outcome outcome_;
};

}  // namespace muster::kill_points
