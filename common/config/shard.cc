#include "common/config/shard.h"

#include <charconv>

#include "common/hash.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kMostShards = 100'000;

bool ReadWhole(std::string_view text, int64_t& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Divides what a config limits. Refers to the config and the problems.
class Division {
 public:
  Division(int64_t shards, Config& config, Problems& problems)
      : shards_(shards), config_(config), problems_(problems) {}

  void DivideAll() {
    DivideLimits(config_.limits, "limits");
    for (auto& [name, provider] : config_.providers) {
      std::string path = MemberPath("providers", name);
      DivideLimits(provider.limits, MemberPath(path, "limits"));
      Divide(provider.max_cost, MemberPath(path, "max_cost"));
      for (auto& [model, own] : provider.models) {
        std::string at = MemberPath(MemberPath(path, "models"), model);
        DivideLimits(own.limits, MemberPath(at, "limits"));
      }
    }
    for (auto& [variable, own] : config_.keys) {
      DivideLimits(own.limits, MemberPath(MemberPath("keys", variable), "limits"));
    }
    Divide(config_.budget.max_cost, "budget.max_cost");
  }

 private:
  void DivideLimits(Limits& limits, const std::string& path) {
    Divide(limits.concurrency, MemberPath(path, "concurrency"));
    Divide(limits.requests_per_minute, MemberPath(path, "requests_per_minute"));
    Divide(limits.tokens_per_minute, MemberPath(path, "tokens_per_minute"));
    Divide(limits.input_tokens_per_minute, MemberPath(path, "input_tokens_per_minute"));
    Divide(limits.output_tokens_per_minute, MemberPath(path, "output_tokens_per_minute"));
    limits.min_delay *= shards_;
    for (size_t i = 0; i < limits.rates.size(); ++i) {
      RateLimit& rate = limits.rates[i];
      std::string at = ElementPath(MemberPath(path, "rates"), i);
      Divide(rate.requests, MemberPath(at, "requests"));
      Divide(rate.tokens, MemberPath(at, "tokens"));
      Divide(rate.input_tokens, MemberPath(at, "input_tokens"));
      Divide(rate.output_tokens, MemberPath(at, "output_tokens"));
    }
  }

  // Nobody wrote what a built-in provider has: each share may have one.
  void Divide(std::optional<int64_t>& limit, const std::string& path) {
    if (!limit) return;
    int64_t share = *limit / shards_;
    if (share == 0 && *limit > 0 && problems_.places().HasKey(path)) {
      problems_.AtValue(path, fmt::format("\"{}\" cannot be divided among {} shards; expected at "
                                          "least 1 for each, or fewer shards",
                                          path, shards_));
    }
    limit = std::max<int64_t>(share, 1);
  }

  const int64_t shards_;
  Config& config_;
  Problems& problems_;
};

}  // namespace

bool Shard::Holds(std::string_view item) const {
  auto shards = static_cast<uint64_t>(count);
  return StableHash(item) % shards == static_cast<uint64_t>(index - 1);
}

std::string Shard::folder() const { return fmt::format("shard-{}-of-{}", index, count); }

std::optional<Shard> ParseShard(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Shard shard;
  bool whole = ReadWhole(text.substr(0, slash), shard.index) &&
               ReadWhole(text.substr(slash + 1), shard.count);
  if (!whole || shard.count < 1 || shard.count > kMostShards) return std::nullopt;
  if (shard.index < 1 || shard.index > shard.count) return std::nullopt;
  return shard;
}

void TakeShard(const std::string& text, Config& config, Problems& problems) {
  if (text.empty()) return;
  auto shard = ParseShard(text);
  if (!shard) {
    problems.At({1, 1, "--shard"},
                fmt::format("\"{}\" is no share; expected I/N with I from 1 to N, such as 2/8",
                            VisibleText(text)));
    return;
  }
  config.shard = text;
  Division(shard->count, config, problems).DivideAll();
}

}  // namespace muster
