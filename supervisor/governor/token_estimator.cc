#include "supervisor/governor/token_estimator.h"

#include <algorithm>
#include <cmath>

namespace muster {
namespace {

constexpr int64_t kEnough = 3;    // calls to learn answers' lengths from
constexpr double kFading = 0.98;  // of what was highest, with every call
constexpr double kLeastRatio = 0.1, kMostRatio = 10;

}  // namespace

Tokens TokenEstimator::Estimate(const std::string& kind, const Tokens& guess,
                                std::optional<int64_t> output_most) const {
  Tokens tokens = guess;
  auto known = kinds_.find(kind);
  if (known != kinds_.end()) {
    const Experience& seen = known->second;
    double input = static_cast<double>(guess.input) * seen.input_ratio;
    tokens.input = static_cast<int64_t>(std::ceil(input));
    if (seen.calls >= kEnough) tokens.output = static_cast<int64_t>(std::ceil(seen.output_tokens));
  }
  if (output_most) tokens.output = std::min(tokens.output, *output_most);
  return tokens;
}

void TokenEstimator::Learn(const std::string& kind, const Tokens& guess, const Usage& usage) {
  Experience& seen = kinds_[kind];
  double ratio =
      static_cast<double>(usage.input) / static_cast<double>(std::max<int64_t>(guess.input, 1));
  ratio = std::clamp(ratio, kLeastRatio, kMostRatio);
  seen.input_ratio = seen.calls == 0 ? ratio : std::max(ratio, seen.input_ratio * kFading);
  seen.output_tokens = std::max(static_cast<double>(usage.output), seen.output_tokens * kFading);
  ++seen.calls;
}

}  // namespace muster
