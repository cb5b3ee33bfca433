#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/torture/campaign.h"
#include "tests/torture/child.h"
#include "tests/torture/deeds.h"
#include "tests/torture/examination.h"
#include "tests/torture/ledger_facts.h"
#include "tests/torture/provider.h"
#include "tests/torture/run_checks.h"
#include "tests/torture/scene.h"
#include "tests/torture/tally.h"

namespace muster::torture {

// One run, from an empty run directory to its end by itself: muster is started, struck down and
// started again until it says that all is done. Then everything is compared, and one more run must
// find nothing to do.
class Round {
 public:
  Round(const Campaign& campaign, int64_t number, Tally& tally);

  // What did not hold, a sentence each; it ends at the first start or check that has any.
  std::vector<std::string> Run();

  const std::string& folder() const { return scene_.shape().folder; }
  int64_t starts() const { return start_; }  // which start the last one was
  std::function<void()> on_start;            // called before each

 private:
  RunChecks Checks();
  bool RunOnce();
  void AwaitEnd(std::optional<Deed> ender);
  void NoteTime(Deed ender, std::chrono::microseconds took);
  void JudgeEnding(std::optional<Deed> ender);
  void CheckSurvivors();
  void Compare(bool finished);
  void Count(const LedgerFacts& ledger);
  void ReportHang();

  template <class... Args>
  void Complain(fmt::format_string<Args...> format, Args&&... args) {
    wrong_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  const Campaign& campaign_;
  int64_t number_;
  Tally& tally_;
  Scene scene_;
  std::unique_ptr<Provider> provider_;
  std::unique_ptr<Child> muster_;  // of this start
  Witness witness_;
  int64_t start_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace muster::torture
