#include <algorithm>
#include <cstdlib>

#include "common/config/items.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/text.h"
#include "supervisor/rehearsal.h"
#include "supervisor/run.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

// Told once, however many items have it.
struct Mistake {
  std::string text, first_item;
  int64_t items = 0;
};

// Sums over all items, each rehearsed and let go of again.
struct Plan {
  int64_t items = 0, calls = 0, input_tokens = 0;
  std::optional<Picodollars> worst = 0;
  std::optional<Rehearsal> first;
  std::string first_id;
  std::vector<Mistake> mistakes;
};

constexpr size_t kMistakesShown = 20;

Result<void> AddMistake(std::vector<Mistake>& mistakes, const std::string& item,
                        const std::string& text) {
  for (Mistake& each : mistakes) {
    if (each.text == text) return ++each.items, Result<void>();
  }
  mistakes.push_back({text, item, 1});
  return mistakes.size() < kMistakesShown ? Result<void>() : Fail("too many mistakes");
}

void PrintMistakes(const std::vector<Mistake>& mistakes) {
  for (const Mistake& each : mistakes) {
    std::string more = each.items == 1 ? "" : fmt::format(" and {} more", each.items - 1);
    fmt::print(stderr, "{} (item {}{})\n", each.text, VisibleText(each.first_item), more);
  }
}

Result<Plan> MakePlan(const Config& config, const PriceTable& prices) {
  Plan plan;
  auto read = ForEachItem(config, [&](SourceItem item) -> Result<void> {
    ++plan.items;
    auto rehearsal = Rehearse(config, item.fields);
    if (!rehearsal) return AddMistake(plan.mistakes, item.id, rehearsal.error());
    plan.calls += static_cast<int64_t>(rehearsal->calls.size());
    plan.input_tokens += InputTokensOf(*rehearsal);
    auto worst = WorstCostOf(*rehearsal, config, prices);
    plan.worst = plan.worst && worst ? std::optional(AddMoney(*plan.worst, *worst)) : std::nullopt;
    if (!plan.first) {
      plan.first = std::move(*rehearsal);
      plan.first_id = item.id;
    }
    return {};
  });
  if (!read && plan.mistakes.empty()) return Error{read.error()};
  return plan;
}

void PrintEndpoints(const Config& config) {
  for (const Provider* provider : ProvidersInUse(config)) {
    std::string key = "no key needed";
    if (!provider->key_env.empty()) {
      bool set = std::getenv(provider->key_env.c_str()) != nullptr;
      key = fmt::format("key from {} ({})", provider->key_env, set ? "set" : "not set");
    }
    bool mock = provider->api == "mock";
    fmt::print("  provider   {} · {} · {}\n", provider->name,
               mock ? std::string("embedded mock, costs are simulated")
                    : fmt::format("{} at {} ({})", provider->api, VisibleText(provider->base_url),
                                  provider->base_url_from),
               key);
  }
}

void PrintFirstPrompts(const Plan& plan) {
  fmt::print("\nfirst prompt (item {}, step {}, {}/{}):\n", VisibleText(plan.first_id),
             VisibleText(plan.first->calls[0].step), plan.first->calls[0].provider,
             plan.first->calls[0].model);
  const RehearsedCall& call = plan.first->calls[0];
  if (!call.system.empty()) fmt::print("--- system\n{}\n", VisibleText(call.system, true));
  fmt::print("--- user\n{}\n---\n", VisibleText(call.user, true));
}

}  // namespace

int CheckCommand(const std::string& path, const ConfigOverrides& overrides) {
  auto config = LoadConfig(path, overrides);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error());
    return kBadInput;
  }
  auto file = FindDataFile("prices.json");
  auto prices = file ? PriceTable::Load(*file) : Result<PriceTable>(Error{file.error()});
  auto plan = prices ? MakePlan(*config, *prices) : Result<Plan>(Error{prices.error()});
  if (!plan) {
    fmt::print(stderr, "muster: {}\n", plan.error());
    return kBadInput;
  }
  if (!plan->mistakes.empty()) return PrintMistakes(plan->mistakes), kBadInput;
  fmt::print("{}: {} items, {} calls, nothing was sent\n", config->name, FormatCount(plan->items),
             FormatCount(plan->calls));
  PrintEndpoints(*config);
  fmt::print("  tokens     about {} of input (4 characters each; answers not counted in)\n",
             FormatCount(plan->input_tokens));
  fmt::print("  cost       {}\n",
             plan->worst
                 ? "at most " + FormatMoney(*plan->worst) + " if nothing has to be asked again"
                 : "unknown: a model has no price, or no limit to its answers");
  fmt::print("  prices     {} of {}\n", prices->source(), prices->date());
  fmt::print("  run        {}\n  outputs    {}\n", config->run_dir, config->output_dir);
  if (plan->first && !plan->first->calls.empty()) PrintFirstPrompts(*plan);
  return kAllDone;
}

}  // namespace muster
