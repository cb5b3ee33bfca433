#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/kill_points/tracer.h"
#include "tests/power_cuts/small_disk.h"
#include "tests/torture/campaign.h"
#include "tests/torture/run_checks.h"

namespace muster::power_cuts {

// A run on a disk whose power is cut at some instant, then the same command until the end. Owns its
// provider and its processes, not the disk. To be used once.
//
// The order of things at a cut, so that everything that anybody outside knows of came before it:
// the workers are stopped, so that nothing more is asked; what muster has said is read; the disk is
// cut, while the supervisor may be in the middle of a flush; then everything is killed.
class PowerCut {
 public:
  // `flushes`: false makes every flush of the ledger's log a pretence, which is what
  // synchronous=NORMAL does between checkpoints: the control, which must lose what was promised.
  PowerCut(const torture::Campaign& campaign, int64_t number, SmallDisk& disk, bool flushes);

  struct Outcome {
    bool before_the_end = false;          // the run was cut while it ran
    size_t asked = 0, shown = 0;          // requests, and items shown as done, before the cut
    std::vector<std::string> lost;        // what the cut took: invariants that do not hold after it
    std::vector<std::string> not_healed;  // what was still wrong at the end; empty after losses
    std::string error;                    // it could not be tried
  };
  Outcome Run(std::chrono::microseconds at);

  // How long the run takes if nothing happens to it.
  Result<std::chrono::microseconds> Measure();

  const std::string& folder() const { return scene_.shape().folder; }

 private:
  Result<void> SetUp();
  Result<void> Start();
  Result<void> Cut();
  void Finish(std::vector<std::string>& wrong);
  torture::RunChecks Checks(std::vector<std::string>& wrong);

  const torture::Campaign& campaign_;
  SmallDisk& disk_;
  bool flushes_;
  torture::Scene scene_;
  std::unique_ptr<torture::Provider> provider_;
  std::unique_ptr<torture::Child> muster_;
  std::unique_ptr<kill_points::Tracer> tracer_;  // of a control
  torture::Witness witness_;
};

}  // namespace muster::power_cuts
