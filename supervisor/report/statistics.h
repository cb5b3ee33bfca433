#pragma once

// The statistics of reports. Pure: numbers in, numbers out, the same on every machine. Knows
// nothing of runs; who asks states n and leaves errors and skipped items out.

#include <cstdint>
#include <optional>
#include <vector>

namespace muster {

// Both ends included. All intervals here are of 95 %.
struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

// Wilson's score interval, without continuity correction, of a share `right` of `n`. nullopt: n is
// 0.
std::optional<Interval> WilsonInterval(int64_t right, int64_t n);

// Whether `only_first` and `only_second` discordant pairs differ by more than chance, two-sided.
// `exact` is McNemar's exact conditional test: the binomial probability of a split at least as
// uneven. `mid` takes half of the probability of this very split off it (less conservative). No
// discordant pairs: both are 1.
struct McNemar {
  double exact = 1, mid = 1;
};
McNemar McNemarTest(int64_t only_first, int64_t only_second);

// The percentile bootstrap interval of the mean: `values` drawn anew with replacement, at least
// kResamples times, by a generator that always begins alike. Of paired values give the
// differences. nullopt: fewer than two values.
inline constexpr int64_t kResamples = 2'000;
std::optional<Interval> BootstrapMean(const std::vector<double>& values);

// nullopt: there are none.
std::optional<double> MeanOf(const std::vector<double>& values);
// The value below which a share (0 to 1) of them lies, between two neighbours in proportion (0.5:
// the median).
std::optional<double> PercentileOf(std::vector<double> values, double share);

}  // namespace muster
