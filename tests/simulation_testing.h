#pragma once

// What the simulations share: runs in the fake world of supervisor_testing.h that follow from a
// seed, and questions to the provider's own log of what it was sent.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/supervisor.h"
#include "tests/supervisor_testing.h"

namespace muster {

// Random draws that follow from a seed.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed * 7919 + 17) {}

  int64_t Draw(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  std::chrono::milliseconds Time(std::chrono::milliseconds least, std::chrono::milliseconds most) {
    return std::chrono::milliseconds(Draw(least.count(), most.count()));
  }
  bool Chance(double share) { return std::bernoulli_distribution(share)(random_); }
  uint64_t Seed() { return random_(); }

 private:
  std::mt19937_64 random_;
};

// Runs `check` for every seed; MUSTER_SEED runs one alone, MUSTER_SEEDS as many as it says.
inline void ForEachSeed(uint64_t count, const std::function<void(uint64_t)>& check) {
  const char* one = std::getenv("MUSTER_SEED");
  const char* many = std::getenv("MUSTER_SEEDS");
  uint64_t first = one ? std::strtoull(one, nullptr, 10) : 1;
  if (one) count = 1;
  if (!one && many) count = std::strtoull(many, nullptr, 10);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    check(seed);
  }
}

// What a sent call took of some limit, in its unit.
using Weight = std::function<int64_t(const SentCall&)>;
using Which = std::function<bool(const SentCall&)>;

inline int64_t OneRequest(const SentCall&) { return 1; }
inline int64_t InputTokens(const SentCall& sent) { return sent.usage.input; }
inline int64_t OutputTokens(const SentCall& sent) { return sent.usage.output; }
inline int64_t AllTokens(const SentCall& sent) { return sent.usage.input + sent.usage.output; }

inline Which OfProvider(const std::string& name) {
  return [name](const SentCall& sent) { return sent.provider == name; };
}
inline Which OfModel(const std::string& provider, const std::string& model) {
  return [=](const SentCall& sent) { return sent.provider == provider && sent.model == model; };
}
inline bool Everything(const SentCall&) { return true; }

// The most of it within any span of that length. The log is in the order of time.
inline int64_t MostOf(const std::vector<SentCall>& log, const Which& which, const Weight& weight,
                      std::chrono::milliseconds span) {
  int64_t most = 0, sum = 0;
  size_t first = 0;
  for (const SentCall& sent : log) {
    if (which(sent)) sum += weight(sent);
    for (; log[first].at + span <= sent.at; ++first) {
      if (which(log[first])) sum -= weight(log[first]);
    }
    most = std::max(most, sum);
  }
  return most;
}

inline int64_t SumOf(const std::vector<SentCall>& log, const Which& which, const Weight& weight) {
  int64_t sum = 0;
  for (const SentCall& sent : log) sum += which(sent) ? weight(sent) : 0;
  return sum;
}

inline int64_t SentBetween(const std::vector<SentCall>& log, Clock::Time from, Clock::Time to) {
  return std::count_if(log.begin(), log.end(),
                       [&](const SentCall& sent) { return sent.at >= from && sent.at < to; });
}

inline Picodollars BillOf(const std::vector<SentCall>& log, const Which& which) {
  return SumOf(log, which, [](const SentCall& sent) { return sent.bill; });
}

// At that time of the session the supervisor is gone as by kill -9.
inline std::function<void(FakePool&)> KilledAfter(std::chrono::milliseconds when) {
  return [when](FakePool& pool) { pool.After(when, [] { throw Crash{}; }); };
}

}  // namespace muster
