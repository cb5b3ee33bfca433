#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "tests/kill_points/tracer.h"

namespace muster::kill_points {

// In which start of muster it is done: the first, on an empty run directory, or the one after the
// first was killed halfway, which recovers what that left.
enum class Phase { kFirst, kRecovery };

// One thing done to one system call of one start of muster. Its name says it all and can be read
// back: "pwrite64:37:after", "recovery:worker:sendto:2:EINTR:once".
struct Point {
  enum class How { kKillBefore, kKillAfter, kFailOnce, kFailForever };

  Phase phase = Phase::kFirst;
  Role role = Role::kSupervisor;
  const SystemCall* call = nullptr;
  int64_t count = 1;  // the how manieth of this call in this role
  How how = How::kKillBefore;
  int error = 0;  // of kFailOnce and kFailForever

  bool kills() const { return how == How::kKillBefore || how == How::kKillAfter; }
  std::string Text() const;
};

Result<Point> ParsePoint(const std::string& text);

}  // namespace muster::kill_points
