#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "common/step_values.h"
#include "worker/caller.h"
#include "worker/link.h"
#include "worker/task.h"

namespace muster {

// One attempt at one item: its steps in order, then its outputs. Lives until Run() has ended or the
// attempt is given up; destroying it aborts what is in the air.
class ItemRun {
 public:
  ItemRun(const Config& config, Caller& caller, Link& link, Item item, bool verbose);

  // Ends with what to report. Start it once.
  Task<Done> Run();

  const std::string& item() const { return item_.item; }
  int64_t attempt() const { return item_.attempt; }

 private:
  // A step's value, or why the attempt ends here.
  using StepEnd = std::variant<Json, Ended>;
  // The branches of one for_each while they run.
  struct Fan {
    const Step* step = nullptr;
    Json list;
    std::vector<std::string> keys;
    size_t next = 0;
    std::optional<Ended> ended;  // set: no branch begins another element
    std::vector<Json> values;
  };

  Task<StepEnd> RunStep(const Step& step);
  Task<StepEnd> RunForEach(const Step& step);
  Task<bool> RunBranch(Fan* fan);
  Task<StepEnd> RunChat(const Step& step, std::string path, Json context);

  Result<std::vector<OutputText>> RenderOutputs() const;
  void Account(const CallValue& value);
  Done Finish(Outcome outcome, std::string reason) const;
  void Tell(const std::string& kind, const std::string& step, std::string text);

  const Config& config_;
  Caller& caller_;
  Link& link_;
  Item item_;
  bool verbose_;
  Json context_;
  ItemUsage usage_;
};

}  // namespace muster
