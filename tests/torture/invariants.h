#pragma once

// What must hold after anything that was done to a run, whatever it was: the books of the ledger,
// the files and the provider's own books are compared. Pure; takes evidence, gives sentences.
//
//   I1  at the end every item is in exactly one final state, and that is done
//   I2  what was shown as done is done
//   I3  files hold what the ledger holds, that is what follows from the provider's answers, and
//       every answer is one that the provider gave to that very question
//   I4  no second result: one request for each place, one answer for each call, one row for each
//       output, one attempt that was done for each item
//   I5  exactly the done items have outputs
//   I6  spent ≤ the provider's bill ≤ spent + unknown; each answer costs what was billed for it
//   I7  every request was announced in the ledger first, each as a try of its own; what was billed
//       and not answered is unknown; nothing is asked for again once answered; no more is unknown
//       than was in the air
//   I8  the database is whole
//   I10 after a clean end nothing temporary is left
//
// (I9, no process is left, I11, one more run calls nothing, and I12, the key is nowhere, are
// checked where processes are: examination.h.)

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/torture/deeds.h"
#include "tests/torture/ledger_facts.h"
#include "tests/torture/provider.h"
#include "tests/torture/scene.h"

namespace muster::torture {

// All there is to compare. Owns nothing.
struct Evidence {
  const Scene& scene;
  const LedgerFacts& ledger;
  const std::map<int64_t, Ask>& asks;               // read after the ledger
  const std::map<std::string, std::string>& files;  // of the run directory: path → bytes
  const Witness& witness;
  bool finished = false;  // muster said that all is done, and the provider is quiet
};

std::vector<std::string> CheckInvariants(const Evidence& evidence);

// Files by their path in a folder. Of the database and its -shm only the names.
std::map<std::string, std::string> ReadRunFiles(const std::string& run_dir);

}  // namespace muster::torture
