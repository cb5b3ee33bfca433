#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/torture/campaign.h"
#include "tests/torture/plan.h"

namespace muster::torture {

// What was done to a run and seen of it from outside, over all its starts.
struct Witness {
  std::set<std::string> shown_done;   // items, from whole lines of the output
  std::map<int64_t, int> exit_codes;  // by process, of supervisors that ended by exiting
  std::set<int64_t> supervisors;      // processes that were to work on the run
  std::set<int64_t> refused;          // processes that were to be refused
  int64_t supervisors_killed = 0;     // at any instant, so with calls in the air
  int64_t workers_killed = 0;         // one by one
  int64_t all_workers_killed = 0;     // times that all workers were killed, by us or by muster
  int64_t readers = 0;                // processes that only read the ledger
  int64_t broken_by_us = 0;           // requests that may have been broken off on our side
  std::set<int64_t> hindered;         // processes that may not have been able to book their end
};

// A start of muster in the hands of its tormentor.
struct Stage {
  const Campaign& campaign;
  const Scene& scene;
  Child& muster;
  Witness& witness;
  std::vector<std::string>& wrong;  // what did not hold, a sentence each
};

// Does it. False: it came to nothing, for want of a victim or because muster ended before.
bool Perform(const Act& act, Stage& stage);

}  // namespace muster::torture
