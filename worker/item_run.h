#pragma once

#include <string>

#include "common/config/config.h"
#include "common/protocol.h"
#include "common/step_values.h"
#include "worker/caller.h"
#include "worker/link.h"
#include "worker/step_end.h"
#include "worker/task.h"

namespace muster {

// One attempt at one item: its steps in order, then its scores and outputs. Lives until Run() has
// ended or the attempt is given up; destroying it aborts what is in the air.
class ItemRun {
 public:
  // `run_dir`: the run's folder; the item's work folder is in it.
  ItemRun(const Config& config, const std::string& run_dir, Caller& caller, Link& link, Item item,
          bool verbose);
  ItemRun(const ItemRun&) = delete;

  // Ends with what to report. Start it once.
  Task<Done> Run();

  const std::string& item() const { return item_.item; }
  int64_t attempt() const { return item_.attempt; }

 private:
  Result<void> Conclude(Done& done);
  void Account(const CallValue& value);
  Done Finish(Outcome outcome, std::string reason) const;
  void Tell(const std::string& kind, const std::string& step, std::string text);

  const Config& config_;
  Caller& caller_;
  Link& link_;
  Item item_;
  bool verbose_;
  std::string work_folder_;  // absolute; made by the first step that needs it
  Json context_;
  ItemUsage usage_;
  std::vector<std::string> warnings_;
  StepParts parts_;
};

}  // namespace muster
