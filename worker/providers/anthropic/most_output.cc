// From Anthropic's overview of its models.

#include "worker/providers/anthropic/most_output.h"

#include <algorithm>

namespace muster {
namespace {

struct Family {
  std::string_view prefix;
  int64_t tokens;
};

// The first prefix that fits. Names with a dot (claude-opus-4.5) are those of resellers, who allow
// some models less.
constexpr Family kFamilies[] = {
    {"claude-opus-4-5", 64'000},  {"claude-opus-4-6", 128'000}, {"claude-opus-4-7", 128'000},
    {"claude-opus-4-8", 128'000}, {"claude-opus-5", 128'000},   {"claude-sonnet-5", 128'000},
    {"claude-fable-5", 128'000},  {"claude-sonnet-4", 64'000},  {"claude-haiku-4", 64'000},
    {"claude-4-sonnet", 64'000},  {"claude-3-7-", 64'000},      {"claude-3.7-", 64'000},
    {"claude-3-5-", 8'192},       {"claude-3.5-", 8'192},       {"claude-3-", 4'096},
    {"claude-2", 4'096},          {"claude-instant", 4'096},    {"claude-", 32'000},
};

constexpr int64_t kOfOthers = 8'192;  // servers that imitate the API with models of their own

}  // namespace

int64_t MostOutputTokens(std::string_view model) {
  // Clouds put their own names in front: "anthropic.claude-…", "anthropic/claude-…".
  model.remove_prefix(std::min(model.find("claude-"), model.size()));
  for (const Family& family : kFamilies) {
    if (model.starts_with(family.prefix)) return family.tokens;
  }
  return kOfOthers;
}

}  // namespace muster
