#pragma once

// The examination of a run (examination.h) as the campaigns use it: those that do many things to
// many runs, each with a scene, a provider and a witness of its own.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/torture/campaign.h"
#include "tests/torture/deeds.h"
#include "tests/torture/examination.h"
#include "tests/torture/ledger_facts.h"
#include "tests/torture/provider.h"
#include "tests/torture/scene.h"

namespace muster::torture {

inline constexpr std::chrono::milliseconds kStartLimit{60'000};  // of one start of muster
inline constexpr std::chrono::milliseconds kGoneLimit{1'000};    // after the supervisor

// Holds one run against what its provider and its witness know. Owns nothing; what does not hold is
// added to a list of sentences.
class RunChecks {
 public:
  RunChecks(const Campaign& campaign, const Scene& scene, Provider& provider,
            const Witness& witness, std::vector<std::string>& wrong)
      : campaign_(campaign), scene_(scene), provider_(provider), witness_(witness), wrong_(wrong) {}

  // To be called while no process of the run lives. `finished`: muster said that all is done. The
  // ledger as it was found; nullopt: there is none, or it cannot be read.
  std::optional<LedgerFacts> CompareBooks(bool finished);
  // Nobody may be left but the provider.
  void CheckSurvivors();
  // To be called after a finished run.
  void CheckOneMoreRun();

 private:
  Subject subject() const;
  void Note(std::vector<std::string> found);

  const Campaign& campaign_;
  const Scene& scene_;
  Provider& provider_;
  const Witness& witness_;
  std::vector<std::string>& wrong_;
};

// The end of a text, for a report.
std::string LastLines(const std::string& text);

// The item of a line that shows one as done ("✓ [id] done · …"); empty: it shows none.
std::string ShownDone(const std::string& line);

}  // namespace muster::torture
