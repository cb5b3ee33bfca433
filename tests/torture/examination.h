#pragma once

// The whole of what must hold, I1 to I12, asked of a run that somebody has done something to: the
// torture and every destructive test ask the same here. invariants.h says what the numbers mean;
// what is added to it is about processes and files:
//
//   I9   a second after muster is gone no process of its is left
//   I11  one more run calls nobody and changes no output
//   I12  the key stands in no file and in nothing that was said

#include <optional>
#include <string>
#include <vector>

#include "tests/torture/invariants.h"

namespace muster::torture {

// A run to be examined: owns nothing. All its files are below the scene's folder.
struct Subject {
  const Scene& scene;
  Provider& provider;
  const Witness& witness;
  std::string key;
};

// What was found: sentences, none if all holds, and the ledger as it was read where there was one.
struct Findings {
  std::vector<std::string> wrong;
  std::optional<LedgerFacts> ledger;
};

// I1 to I8, I10 and I12, with no process of the run alive. `finished`: muster said that all is
// done.
Findings Examine(const Subject& subject, bool finished);

// I9. Whatever is left is killed. `token`: in the environment of every process of the run, or "".
std::vector<std::string> ExamineProcesses(const Subject& subject, const std::string& token);

// I11, and I9 and I12 after it, of a run that has finished: `again` is the command that did it.
std::vector<std::string> ExamineOneMore(const Subject& subject, const Child::Command& again,
                                        const std::string& token);

}  // namespace muster::torture
