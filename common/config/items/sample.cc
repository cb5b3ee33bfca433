#include "common/config/items/sample.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/hash.h"
#include "common/result.h"

namespace muster {
namespace {

// SplitMix64: the `index`-th number of the sequence that begins at `start`.
uint64_t NumberAt(uint64_t start, uint64_t index) {
  uint64_t z = start + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

Json SampleOf(const Json& list, int64_t n, int64_t seed, const std::string& whose) {
  size_t size = list.size(), wanted = std::min(size, static_cast<size_t>(std::max<int64_t>(n, 0)));
  uint64_t start = StableHash(fmt::format("{}\n{}", seed, whose));
  std::vector<std::pair<uint64_t, size_t>> drawn;  // a number and the element that drew it
  for (size_t i = 0; i < size; ++i) drawn.emplace_back(NumberAt(start, i), i);
  std::sort(drawn.begin(), drawn.end());
  drawn.resize(wanted);
  std::sort(drawn.begin(), drawn.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  Json chosen = Json::array();
  for (const auto& [number, index] : drawn) chosen.push_back(list[index]);
  return chosen;
}

}  // namespace muster
