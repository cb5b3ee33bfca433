#include "supervisor/plan/budget_check.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "common/chat_options.h"
#include "common/config/items.h"
#include "common/pricing.h"
#include "common/step_condition.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "supervisor/rehearsal.h"

namespace muster {
namespace {

constexpr size_t kShown = 20;

// Collects what is wrong with the models of steps, each once.
class ModelCheck {
 public:
  ModelCheck(const Config& config, const PriceTable& prices)
      : config_(config), prices_(prices), working_(WorkingSteps(config)) {}

  const std::vector<const Step*>& working() const { return working_; }

  void Take(size_t step_index, const std::string& provider, const std::string& model) {
    if (!seen_.emplace(step_index, provider, model).second) return;
    StepModel what{working_[step_index]->id, provider, model};
    std::string why = WhyUnbounded(config_, prices_, step_index, what);
    if (!why.empty()) mistakes_.push_back(std::move(why));
  }

  Result<void> Verdict() const {
    if (mistakes_.empty()) return {};
    std::vector<std::string> shown(
        mistakes_.begin(),
        mistakes_.begin() + static_cast<ptrdiff_t>(std::min(mistakes_.size(), kShown)));
    if (mistakes_.size() > kShown) {
      shown.push_back(fmt::format("… and {} more", mistakes_.size() - kShown));
    }
    return Fail("a budget needs to know what every call can cost at most:\n  {}",
                fmt::join(shown, "\n  "));
  }

 private:
  const Config& config_;
  const PriceTable& prices_;
  const std::vector<const Step*> working_;
  std::set<std::tuple<size_t, std::string, std::string>> seen_;
  std::vector<std::string> mistakes_;
};

// Models that no item decides: templates are strict, so one that renders without the names of an
// item does not ask for them. False where some step's model is none of these. A step that an item
// may skip is looked at all the same, one that every item skips is not.
bool TakeFixedModels(const Config& config, ModelCheck& check) {
  Json context = FixedNames(config);
  for (size_t i = 0; i < check.working().size(); ++i) {
    const Step& step = *check.working()[i];
    if (!MayRun(step, context)) continue;
    if (step.request) check.Take(i, step.request->provider, step.id);
    if (!step.chat) continue;
    const TextSource& model = step.chat->model;
    auto text = Render(model.text, model.origin, context);
    if (!text) return false;
    auto resolved = ResolveModel(config, *text);
    if (!resolved) return false;  // told by the rehearsal of an item
    check.Take(i, resolved->provider->name, resolved->model);
  }
  return true;
}

}  // namespace

bool HasBudget(const Config& config) {
  if (config.budget.max_cost || config.budget.max_cost_per_item) return true;
  return std::any_of(config.providers.begin(), config.providers.end(),
                     [](const auto& entry) { return entry.second.max_cost.has_value(); });
}

std::string WhyUnbounded(const Config& config, const PriceTable& prices, size_t step_index,
                         const StepModel& what) {
  const Step& step = *WorkingSteps(config)[step_index];
  if (step.request && !step.request->cost_per_call) {
    return fmt::format(
        "{}: step {}: what a request to {} costs is not known; give the request a "
        "cost_per_call",
        step.origin, what.step, what.provider);
  }
  if (!step.chat) return "";
  auto price = FindPrice(prices, config.providers.at(what.provider), what.model);
  std::string name = VisibleText(what.provider + "/" + what.model);
  if (!price || !price->known()) {
    return fmt::format("step {}: {} has no known price; give it one under providers.{}.prices",
                       what.step, name, what.provider);
  }
  const Provider& provider = config.providers.at(what.provider);
  auto taken = TakeOptions(provider, what.model, *step.chat);
  if (!taken) return "";  // told as what it is
  const ChatOptions& options = taken->options;
  std::string tier = TierOf(options.service_tier);
  if (WorstCost(*price, 0, options.max_tokens, tier)) return "";
  if (tier != "auto" && !CostOf(*price, Usage(), tier)) {
    return fmt::format("step {}: {} has no known price in service_tier {}; choose another",
                       what.step, name, options.service_tier);
  }
  return fmt::format("step {}: nobody says how long an answer of {} can be; set max_tokens",
                     what.step, name);
}

Result<void> CheckBudget(const Config& config, const PriceTable& prices) {
  if (!HasBudget(config)) return {};
  ModelCheck check(config, prices);
  if (TakeFixedModels(config, check)) return check.Verdict();
  auto read = ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    auto rehearsal = Rehearse(config, item.fields);
    if (!rehearsal) return {};  // the item's own mistake, with which it will end
    for (const RehearsedCall& call : rehearsal->calls) {
      check.Take(call.step_index, call.provider, call.model);
    }
    return {};
  });
  if (!read) return read;
  return check.Verdict();
}

}  // namespace muster
