#include "supervisor/doctor/config_facts.h"

#include <algorithm>
#include <set>

#include "common/config/items.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/pricing.h"
#include "common/step_condition.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "supervisor/doctor/program_search.h"
#include "supervisor/plan/budget_check.h"

namespace muster {
namespace {

// A template that no item decides; nullopt: one does.
std::optional<std::string> Fixed(const TextSource& text, const Json& context) {
  auto rendered = Render(text.text, text.origin, context);
  return rendered ? std::optional(*rendered) : std::nullopt;
}

// ---- providers ----

// A file can make all its calls needless.
bool MayBeNeedless(const Config& config, const Provider& provider) {
  auto steps = WorkingSteps(config);
  return provider.api == "http" && std::ranges::all_of(steps, [&](const Step* step) {
           return !step->request || step->request->provider != provider.name || step->reuse;
         });
}

// What is wrong with a provider's key; "": it is there.
std::string WhyNoKey(const Provider& provider) {
  auto key = ReadKey(provider);
  if (!key) return key.error();
  return key->empty() ? "its key is not in " + KeySource(provider) : "";
}

std::string HostOf(const Provider& provider) {
  size_t begin = provider.base_url.find("://");
  if (begin == std::string::npos) return "";
  begin += 3;
  return provider.base_url.substr(begin, provider.base_url.find('/', begin) - begin);
}

Fact ProviderFact(const Provider& provider, bool sure) {
  Fact fact{FactKind::kOk, "provider " + provider.name, HostOf(provider)};
  auto say = [&](const std::string& more) {
    fact.detail += (fact.detail.empty() ? "" : ", ") + more;
  };
  if (KeySource(provider).empty()) {
    say(provider.api == "mock" ? "simulated, needs no key" : "needs no key");
    return fact;
  }
  std::string why = WhyNoKey(provider);
  say(why.empty() ? "its key is in " + KeySource(provider) : why);
  if (why.empty()) return fact;
  fact.kind = sure ? FactKind::kMissing : FactKind::kNote;
  fact.advice = sure ? fmt::format("put it into {}", KeySource(provider))
                     : "calls of it will fail, where items make any";
  return fact;
}

// ---- programs ----

// Whether all workers run where a launcher puts them.
bool WorkersAreElsewhere(const Config& config) {
  return !config.pools.empty() && std::ranges::all_of(config.pools, [](const PoolSettings& pool) {
    return pool.launched();
  });
}

Fact ProgramFact(const std::string& what, const std::string& name, const std::string& found) {
  if (!found.empty()) return {FactKind::kOk, what, found};
  return {FactKind::kMissing, what, fmt::format("the program {} was not found", name),
          "install it, or name another"};
}

Fact StepFact(const Config& config, const Step& step, const Json& context,
              const std::string& path) {
  std::string what = "step " + step.id;
  auto name = Fixed(step.command->run[0], context);
  if (!name) return {FactKind::kOk, what, "items decide which program it starts"};
  Fact fact = ProgramFact(what, *name, FindProgram(*name, config.base_dir, path));
  if (fact.kind != FactKind::kMissing) return fact;
  if (WorkersAreElsewhere(config)) {
    fact.kind = FactKind::kNote;
    fact.advice = "it must be where the workers run";
  } else if (step.reuse) {
    fact.kind = FactKind::kNote;
    fact.advice = "items whose file is there already do without";
  }
  return fact;
}

Result<void> Enough() { return Fail("enough"); }

}  // namespace

Facts ProviderFacts(const Config& config) {
  bool by_item = false;
  Facts facts;
  for (const Provider* provider : ProvidersInUse(config, &by_item)) {
    // Whoever lets items decide has all that are built in: of these only what is there counts.
    if (by_item && !KeySource(*provider).empty() && !WhyNoKey(*provider).empty() &&
        provider->base_url_from == "default") {
      continue;
    }
    facts.push_back(ProviderFact(*provider, !by_item && !MayBeNeedless(config, *provider)));
  }
  if (by_item) {
    facts.push_back({FactKind::kNote, "providers", "items decide which are called",
                     "muster run says which of their keys are missing"});
  }
  return facts;
}

Facts ProgramFacts(const Config& config, const std::string& path) {
  Facts facts;
  Json context = FixedNames(config);
  for (const Step* step : WorkingSteps(config)) {
    if (step->command && !step->command->run.empty() && MayRun(*step, context)) {
      facts.push_back(StepFact(config, *step, context, path));
    }
  }
  bool by_item = false;
  for (const Provider* provider : ProvidersInUse(config, &by_item)) {
    if (provider->api != "claude-code") continue;
    std::string name = provider->program.empty() ? "claude" : provider->program;
    Fact fact =
        ProgramFact("program of " + provider->name, name, FindProgram(name, config.base_dir, path));
    if (by_item && fact.kind == FactKind::kMissing) fact.kind = FactKind::kNote;
    facts.push_back(std::move(fact));
  }
  for (const PoolSettings& pool : config.pools) {
    if (!pool.launched()) continue;
    facts.push_back(ProgramFact("launcher of pool " + pool.name, pool.launch[0],
                                FindProgram(pool.launch[0], "", path)));
  }
  return facts;
}

Facts PriceFacts(const Config& config, const PriceTable& table) {
  Facts facts;
  std::set<std::string> seen;
  Json context = FixedNames(config);
  for (const Step* step : WorkingSteps(config)) {
    if (!step->chat || !MayRun(*step, context)) continue;
    auto name = Fixed(step->chat->model, context);
    auto model = name ? ResolveModel(config, *name) : Result<ModelRef>(Error{""});
    if (!model || model->provider->api == "mock" || !seen.insert(*name).second) continue;
    auto price = FindPrice(table, *model->provider, model->model);
    Fact fact{FactKind::kOk, "price of " + *name, "known"};
    if (!price || !price->known()) {
      fact.kind = HasBudget(config) ? FactKind::kMissing : FactKind::kNote;
      fact.detail = "not known: its calls count as unknown cost";
      fact.advice = HasBudget(config) ? "a budget needs one: providers.NAME.prices"
                                      : "providers.NAME.prices can say it";
    }
    facts.push_back(std::move(fact));
  }
  return facts;
}

Fact ItemsFact(const Config& config) {
  std::string first;
  auto read = ForEachItem(config, [&](const SourceItem& item) -> Result<void> {
    first = item.id;
    return Enough();
  });
  if (!first.empty()) return {FactKind::kOk, "items", "the first is " + first};
  return {FactKind::kMissing, "items", read ? "there are none" : read.error(),
          "muster check says more"};
}

Facts ConfigFacts(const Config& config) {
  Facts facts = ProviderFacts(config);
  auto add = [&](Facts more) { facts.insert(facts.end(), more.begin(), more.end()); };
  add(ProgramFacts(config, SearchPath()));
  auto file = FindDataFile("prices.json");
  auto table = file ? PriceTable::Load(*file) : Result<PriceTable>(Error{file.error()});
  if (table) add(PriceFacts(config, *table));
  facts.push_back(ItemsFact(config));
  return facts;
}

}  // namespace muster
