#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/usage.h"
#include "supervisor/governor/lane.h"

namespace muster {

// How many tokens a call will take of a limit: the worker's guess, corrected by what calls of the
// same kind (model and step) really took. High rather than low, since what was too much is given
// back at the end, and what was too little is over the limit already.
class TokenEstimator {
 public:
  // `output_most`: never more than this; nullopt: not known.
  Tokens Estimate(const std::string& kind, const Tokens& guess,
                  std::optional<int64_t> output_most) const;
  // A call of that kind, guessed at `guess`, took this.
  void Learn(const std::string& kind, const Tokens& guess, const Usage& usage);

 private:
  struct Experience {
    int64_t calls = 0;
    double input_ratio = 1;    // of true to guessed; the highest of late
    double output_tokens = 0;  // the most of late
  };
  std::map<std::string, Experience> kinds_;
};

}  // namespace muster
