#include "supervisor/report/statistics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace muster {
namespace {

void CheckWilson(int64_t right, int64_t n, double low, double high) {
  auto interval = WilsonInterval(right, n);
  REQUIRE(interval);
  CHECK(interval->low == doctest::Approx(low).epsilon(0.00005).scale(1));
  CHECK(interval->high == doctest::Approx(high).epsilon(0.00005).scale(1));
}

// The means of all n^n ways to draw n values with replacement, sorted.
std::vector<double> AllResampledMeans(const std::vector<double>& values) {
  size_t n = values.size(), ways = 1;
  for (size_t i = 0; i < n; ++i) ways *= n;
  std::vector<double> means;
  for (size_t way = 0; way < ways; ++way) {
    double sum = 0;
    for (size_t i = 0, rest = way; i < n; ++i, rest /= n) sum += values[rest % n];
    means.push_back(sum / static_cast<double>(n));
  }
  std::sort(means.begin(), means.end());
  return means;
}

// The standard error that a 95 % interval of a normal distribution would have.
double ImpliedError(const std::vector<double>& values) {
  auto interval = BootstrapMean(values);
  REQUIRE(interval);
  return (interval->high - interval->low) / (2 * 1.96);
}

// R. G. Newcombe, Two-sided confidence intervals for the single proportion: comparison of seven
// methods, Statistics in Medicine 17 (1998), Table I, method 3 (score, without correction).
TEST_CASE("Wilson intervals are those of Newcombe 1998, Table I") {
  CheckWilson(81, 263, 0.2553, 0.3662);
  CheckWilson(15, 148, 0.0624, 0.1605);
  CheckWilson(0, 20, 0.0000, 0.1611);
  CheckWilson(1, 29, 0.0061, 0.1718);
}

TEST_CASE("a Wilson interval is mirrored by what is not right, and touches 0 and 1 at the ends") {
  for (auto [right, n] : {std::pair<int64_t, int64_t>{3, 10}, {0, 7}, {50, 100}, {999, 1000}}) {
    auto one = WilsonInterval(right, n), other = WilsonInterval(n - right, n);
    REQUIRE(one);
    CHECK(one->low == doctest::Approx(1 - other->high));
    CHECK(one->high == doctest::Approx(1 - other->low));
  }
  CHECK(WilsonInterval(0, 1)->low == 0.0);
  CHECK(WilsonInterval(5, 5)->high == 1.0);
  CHECK(WilsonInterval(5, 5)->low < 1.0);
  CHECK_FALSE(WilsonInterval(0, 0));
}

// M. W. Fagerland, S. Lydersen, P. Laake, The McNemar test for binary matched-pairs data: mid-p and
// asymptotic are better than exact conditional, BMC Medical Research Methodology 13:91 (2013).
// Table 1: airway hyper-responsiveness before and after stem cell transplantation (1, 1, 7, 12);
// table 2: complete response before and after consolidation therapy (65, 6, 16, 75).
TEST_CASE("McNemar's exact and mid-p tests are those of Fagerland, Lydersen and Laake 2013") {
  McNemar first = McNemarTest(1, 7);
  CHECK(first.exact == doctest::Approx(0.070).epsilon(0.005));
  CHECK(first.mid == doctest::Approx(0.039).epsilon(0.005));
  CHECK(first.exact == doctest::Approx(18.0 / 256).epsilon(1e-12));  // 2 (1 + 8) / 2^8
  CHECK(first.mid == doctest::Approx(10.0 / 256).epsilon(1e-12));
  McNemar second = McNemarTest(6, 16);
  CHECK(second.exact == doctest::Approx(0.052).epsilon(0.01));
  CHECK(second.mid == doctest::Approx(0.035).epsilon(0.01));
}

// A. Agresti, Categorical Data Analysis (2nd edition), table 10.1: approval of the prime minister
// at two surveys (794, 150, 86, 570), where z = -4.17. The exact value is from whole-number
// arithmetic: the sum of the binomial coefficients of 236 up to 86, over 2^235.
TEST_CASE("McNemar's exact test holds for the approval ratings of Agresti") {
  CHECK(McNemarTest(150, 86).exact == doctest::Approx(3.715936139571442e-05).epsilon(1e-9));
  CHECK(McNemarTest(86, 150).exact == McNemarTest(150, 86).exact);
  CHECK(McNemarTest(150, 86).mid == doctest::Approx(2.8933895176154898e-05).epsilon(1e-9));
}

TEST_CASE("McNemar's test of no difference is 1, and stays a number for very many pairs") {
  CHECK(McNemarTest(0, 0).exact == 1.0);
  CHECK(McNemarTest(0, 0).mid == 1.0);
  CHECK(McNemarTest(5, 5).exact == 1.0);
  CHECK(McNemarTest(5, 5).mid == doctest::Approx(1 - 252.0 / 1024 / 2));
  CHECK(McNemarTest(1, 0).exact == 1.0);
  CHECK(McNemarTest(1, 0).mid == doctest::Approx(0.5));
  double many = McNemarTest(50'000, 51'000).exact;
  CHECK(many > 0.001);  // z = 3.15
  CHECK(many < 0.002);
  CHECK(McNemarTest(0, 5'000).exact == 0.0);  // below what a double holds
}

// B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), table 2.2: the bootstrap
// standard error of the mean of the 7 treated mice is 23.36; of the 9 in control, by the same
// formula (the root of the mean squared distance over n), 13.3 (their mean is 56.22).
TEST_CASE("bootstrap intervals are as wide as the mouse data of Efron and Tibshirani say") {
  std::vector<double> treated{94, 197, 16, 38, 99, 141, 23};
  CHECK(*MeanOf(treated) == doctest::Approx(86.86).epsilon(0.0001));
  CHECK(ImpliedError(treated) == doctest::Approx(23.36).epsilon(0.04));
  std::vector<double> control{52, 104, 146, 10, 51, 30, 40, 27, 46};
  CHECK(*MeanOf(control) == doctest::Approx(56.22).epsilon(0.0001));
  CHECK(ImpliedError(control) == doctest::Approx(13.3).epsilon(0.05));
}

TEST_CASE("a bootstrap interval is near that of all resamples there are") {
  std::vector<double> differences{-1, 0.5, 2, 3, 7};
  std::vector<double> all = AllResampledMeans(differences);
  auto interval = BootstrapMean(differences);
  REQUIRE(interval);
  CHECK(std::abs(interval->low - *PercentileOf(all, 0.025)) < 0.21);  // a step of their means
  CHECK(std::abs(interval->high - *PercentileOf(all, 0.975)) < 0.21);
}

TEST_CASE("a bootstrap interval is the same each time, and needs two values") {
  std::vector<double> values{1, 0, 0, 1, -1, 0, 1, 1, 0, 0};
  CHECK(BootstrapMean(values) == BootstrapMean(values));
  CHECK(BootstrapMean({0.25, 0.25}) == Interval{0.25, 0.25});
  CHECK_FALSE(BootstrapMean({1}));
  CHECK_FALSE(BootstrapMean({}));
}

TEST_CASE("percentiles lie between neighbours in proportion") {
  CHECK_FALSE(MeanOf({}));
  CHECK_FALSE(PercentileOf({}, 0.5));
  CHECK(*PercentileOf({3, 1, 2}, 0.5) == 2);
  CHECK(*PercentileOf({4, 1, 2, 3}, 0.5) == 2.5);
  CHECK(*PercentileOf({5}, 0.95) == 5);
  CHECK(*PercentileOf({1, 2, 3, 4, 5}, 0.95) == doctest::Approx(4.8));
  CHECK(*PercentileOf({1, 2, 3}, 1) == 3);
}

}  // namespace
}  // namespace muster
