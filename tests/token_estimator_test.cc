#include "supervisor/governor/token_estimator.h"

#include <doctest/doctest.h>

#include <random>

namespace muster {
namespace {

Usage Used(int64_t input, int64_t output) {
  Usage usage;
  usage.input = input;
  usage.output = output;
  return usage;
}

TEST_CASE("token estimator: before any experience the guess holds, cut at the most it can be") {
  TokenEstimator estimator;
  Tokens plain = estimator.Estimate("p/m s1", {1'000, 400}, std::nullopt);
  CHECK(plain.input == 1'000);
  CHECK(plain.output == 400);
  CHECK(estimator.Estimate("p/m s1", {1'000, 400}, 300).output == 300);
  CHECK(estimator.Estimate("p/m s1", {1'000, 400}, 500).output == 400);
}

TEST_CASE("token estimator: inputs are corrected from the first call on") {
  TokenEstimator estimator;
  estimator.Learn("k", {1'000, 0}, Used(1'250, 10));
  CHECK(estimator.Estimate("k", {2'000, 0}, std::nullopt).input == 2'500);
  TokenEstimator less;
  less.Learn("k", {1'000, 0}, Used(500, 10));
  CHECK(less.Estimate("k", {2'000, 0}, std::nullopt).input == 1'000);
}

TEST_CASE("token estimator: outputs only once there are a few calls to go by") {
  TokenEstimator estimator;
  estimator.Learn("k", {100, 900}, Used(100, 50));
  CHECK(estimator.Estimate("k", {100, 900}, std::nullopt).output == 900);
  for (int i = 0; i < 4; ++i) estimator.Learn("k", {100, 900}, Used(100, 50));
  CHECK(estimator.Estimate("k", {100, 900}, std::nullopt).output == 50);
  CHECK(estimator.Estimate("k", {100, 900}, 20).output == 20);
}

TEST_CASE("token estimator: every kind of call has its own experience") {
  TokenEstimator estimator;
  for (int i = 0; i < 5; ++i) estimator.Learn("k", {100, 100}, Used(300, 7));
  Tokens other = estimator.Estimate("l", {100, 100}, std::nullopt);
  CHECK(other.input == 100);
  CHECK(other.output == 100);
}

TEST_CASE("token estimator: rather high: in sum no less than what is used, and not far above") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto draw = [&](int64_t least, int64_t most) {
      return std::uniform_int_distribution<int64_t>(least, most)(random);
    };
    TokenEstimator estimator;
    int fit = 0;
    double estimated = 0, used = 0;
    for (int call = 0; call < 1'000; ++call) {
      Tokens guess{draw(500, 5'000), 1'000};
      Usage truth = Used(guess.input * draw(80, 130) / 100, draw(200, 600));
      Tokens estimate = estimator.Estimate("k", guess, 4'000);
      bool fits = estimate.input >= truth.input && estimate.output >= truth.output;
      if (call >= 50) {
        fit += fits;
        estimated += static_cast<double>(estimate.input + estimate.output);
        used += static_cast<double>(truth.total());
      }
      estimator.Learn("k", guess, truth);
    }
    CHECK(fit > 950 / 2);
    CHECK(estimated >= used);
    CHECK(estimated < 1.5 * used);
  }
}

TEST_CASE("token estimator: one enormous call is forgotten after a while") {
  TokenEstimator estimator;
  for (int i = 0; i < 5; ++i) estimator.Learn("k", {100, 100}, Used(100, 50));
  estimator.Learn("k", {100, 100}, Used(900, 20'000));
  CHECK(estimator.Estimate("k", {100, 100}, std::nullopt).output == 20'000);
  for (int i = 0; i < 400; ++i) estimator.Learn("k", {100, 100}, Used(100, 50));
  Tokens estimate = estimator.Estimate("k", {100, 100}, std::nullopt);
  CHECK(estimate.output == 50);
  CHECK(estimate.input == 100);
}

TEST_CASE("token estimator: absurd counts do not make estimates absurd") {
  TokenEstimator estimator;
  estimator.Learn("k", {1, 1}, Used(kMostTokensOfOneCall, 10));
  CHECK(estimator.Estimate("k", {1'000, 1}, std::nullopt).input <= 20'000);
  TokenEstimator zero;
  zero.Learn("k", {0, 0}, Used(0, 0));
  Tokens estimate = zero.Estimate("k", {1'000, 10}, std::nullopt);
  CHECK(estimate.input >= 1);
  CHECK(estimate.output == 10);
}

}  // namespace
}  // namespace muster
