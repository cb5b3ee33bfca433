#include "supervisor/report/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace muster {
namespace {

constexpr double kZ = 1.959963984540054;  // leaves 2.5 % of a normal distribution on each side

// So many additions a bootstrap may take beyond its least number of resamples.
constexpr int64_t kBootstrapWork = 20'000'000;
constexpr int64_t kMostResamples = 10'000;

// log of n choose k, over 2^n.
double LogOfSplit(int64_t n, int64_t k) {
  auto factorial = [](int64_t x) { return std::lgamma(static_cast<double>(x) + 1); };
  return factorial(n) - factorial(k) - factorial(n - k) - static_cast<double>(n) * std::log(2.0);
}

// A whole number below n, the same on every machine (std's distributions are not). The bias is less
// than n / 2^32.
size_t Below(std::mt19937_64& random, size_t n) { return (random() >> 32) * n >> 32; }

// The value at `share` of sorted ones.
double At(const std::vector<double>& sorted, double share) {
  double place = share * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<size_t>(place);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<Interval> WilsonInterval(int64_t right, int64_t n) {
  if (n <= 0) return std::nullopt;
  double count = static_cast<double>(n), share = static_cast<double>(right) / count;
  double z2 = kZ * kZ;
  double middle = share + z2 / (2 * count);
  double half = kZ * std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  double scale = 1 + z2 / count;
  // At the ends it touches 0 and 1 exactly; what is missing there is rounding.
  double low = right == 0 ? 0 : std::max(0.0, (middle - half) / scale);
  double high = right == n ? 1 : std::min(1.0, (middle + half) / scale);
  return Interval{low, high};
}

McNemar McNemarTest(int64_t only_first, int64_t only_second) {
  int64_t n = only_first + only_second, fewer = std::min(only_first, only_second);
  if (n == 0) return {};
  double tail = 0;  // from the smallest terms on
  for (int64_t k = 0; k <= fewer; ++k) tail += std::exp(LogOfSplit(n, k));
  double here = std::exp(LogOfSplit(n, fewer));
  // An even split is at the middle of the distribution, which both tails would count.
  if (only_first == only_second) return {1, 1 - here / 2};
  return {std::min(1.0, 2 * tail), std::min(1.0, 2 * tail - here)};
}

std::optional<Interval> BootstrapMean(const std::vector<double>& values) {
  if (values.size() < 2) return std::nullopt;
  auto n = static_cast<int64_t>(values.size());
  int64_t resamples = std::clamp(kBootstrapWork / n, kResamples, kMostResamples);
  std::mt19937_64 random(20'251);
  std::vector<double> means;
  means.reserve(static_cast<size_t>(resamples));
  for (int64_t i = 0; i < resamples; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += values[Below(random, values.size())];
    means.push_back(sum / static_cast<double>(n));
  }
  std::sort(means.begin(), means.end());
  return Interval{At(means, 0.025), At(means, 0.975)};
}

std::optional<double> MeanOf(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<double> PercentileOf(std::vector<double> values, double share) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return At(values, share);
}

}  // namespace muster
