#include "common/config/items.h"

#include <optional>

#include "common/config/items/sample.h"
#include "common/config/items/seen_ids.h"
#include "common/config/items/units.h"
#include "common/config/join.h"
#include "common/config/shard.h"
#include "common/expression.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kMostTrials = 1'000'000;

// Makes items of units and hands them on. Refers to the config and `take`.
class ItemMaker {
 public:
  ItemMaker(const Config& config, const std::function<Result<void>(SourceItem)>& take)
      : config_(config),
        take_(take),
        context_{{"item", Json()}, {"params", config.params}},
        shard_(ParseShard(config.shard)) {}

  // Reads the side table, and how many trials there are.
  Result<void> Prepare() {
    const ItemSource& source = config_.items;
    if (source.join) {
      auto table = JoinTable::Load(config_);
      if (!table) return Error{table.error()};
      join_ = *std::move(table);
    }
    if (source.repeat.empty()) return {};
    auto trials = CountOf(source.repeat, {{"params", config_.params}});
    if (!trials) return Fail("items.repeat: {}", trials.error());
    if (*trials > kMostTrials) {
      return Fail("items.repeat: {} items of each; at most {} are possible", *trials, kMostTrials);
    }
    trials_ = *trials;
    return {};
  }

  Result<void> MakeAll(SourceRow unit) {
    if (join_) {
      if (auto added = join_->AddTo(unit.id, unit.fields); !added) return added;
    }
    if (!trials_) return Make(unit.id, std::move(unit.fields));
    if (unit.fields.contains("trial")) {
      return Fail("items.repeat: {}: it has a field \"trial\" already; rename it", unit.place);
    }
    for (int64_t trial = 1; trial <= *trials_; ++trial) {
      std::string id = fmt::format("{}#{}", unit.id, trial);
      if (auto fine = CheckId(id, "items.repeat: " + unit.place); !fine) return fine;
      Json fields = WithId(id, unit.fields);
      fields["trial"] = trial;
      if (auto made = Make(id, std::move(fields)); !made) return made;
    }
    return {};
  }

 private:
  // `fields` has the id already.
  Result<void> Make(const std::string& id, Json fields) {
    if (shard_ && !shard_->Holds(id)) return {};
    context_["item"] = std::move(fields);
    if (auto added = AddSamples(id); !added) return added;
    if (auto added = AddFields(id); !added) return added;
    return take_({id, std::move(context_["item"])});
  }

  Result<void> AddSamples(const std::string& id) {
    for (const auto& [name, sample] : config_.items.sample) {
      auto list = LookUp(context_, sample.of);
      if (!list) return Fail("items.sample.{}: item {}: {}", name, id, list.error());
      if (!list->is_array()) {
        return Fail("items.sample.{}: item {}: \"{}\" is no list", name, id, sample.of);
      }
      if (auto fresh = CheckNew("sample", name, id); !fresh) return fresh;
      context_["item"][name] = SampleOf(*list, sample.n, sample.seed, id + "\n" + name);
    }
    return {};
  }

  // They are made from the other fields, not from each other.
  Result<void> AddFields(const std::string& id) {
    Json made = Json::object();
    for (const auto& [name, text] : config_.items.fields) {
      if (auto fresh = CheckNew("fields", name, id); !fresh) return fresh;
      auto value = Render(text, fmt::format("items.fields.{} of item {}", name, id), context_);
      if (!value) return Error{value.error()};
      made[name] = *std::move(value);
    }
    for (auto member = made.begin(); member != made.end(); ++member) {
      context_["item"][member.key()] = std::move(member.value());
    }
    return {};
  }

  Result<void> CheckNew(const char* setting, const std::string& name, const std::string& id) const {
    if (!context_["item"].contains(name)) return {};
    return Fail("items.{}.{}: item {} has a field of this name already", setting, name, id);
  }

  const Config& config_;
  const std::function<Result<void>(SourceItem)>& take_;
  Json context_;  // the params, and the item that is made
  std::optional<JoinTable> join_;
  std::optional<int64_t> trials_;  // nullopt: no `repeat`
  std::optional<Shard> shard_;     // the only share that is wanted
};

// The unit that came as the ordinal-th, from 1.
Result<SourceRow> FindUnit(const Config& config, int64_t ordinal) {
  std::optional<SourceRow> found;
  auto read = ForEachUnit(config, [&](SourceRow unit) -> Result<void> {
    if (--ordinal > 0) return {};
    found = std::move(unit);
    return Fail("found");
  });
  if (found) return *std::move(found);
  return read ? Fail("the items changed while they were read") : Error{read.error()};
}

// Refuses ids that came before. Refers to the config.
class IdCheck {
 public:
  explicit IdCheck(const Config& config) : config_(config) {}

  Result<void> Add(const SourceRow& unit) {
    auto first = seen_.Add(unit.id, [this](int64_t ordinal) -> Result<std::string> {
      auto earlier = FindUnit(config_, ordinal);
      return earlier ? Result<std::string>(earlier->id) : Error{earlier.error()};
    });
    if (!first) return Error{first.error()};
    if (*first == 0) return {};
    auto earlier = FindUnit(config_, *first);
    if (!earlier) return Error{earlier.error()};
    std::string setting = config_.items.id.empty() ? SourceSetting(config_.items) : "items.id";
    return Fail("{}: {}: the id \"{}\" is also that of {}", setting, unit.place, unit.id,
                earlier->place);
  }

 private:
  const Config& config_;
  SeenIds seen_;
};

}  // namespace

Result<void> ForEachItem(const Config& config, const std::function<Result<void>(SourceItem)>& take,
                         RepeatedIds repeated) {
  ItemMaker maker(config, take);
  if (auto prepared = maker.Prepare(); !prepared) return prepared;
  IdCheck ids(config);
  bool check_ids = repeated == RepeatedIds::kRefused && MayRepeatIds(config.items);
  return ForEachUnit(config, [&](SourceRow unit) -> Result<void> {
    if (check_ids) {
      if (auto fine = ids.Add(unit); !fine) return fine;
    }
    return maker.MakeAll(std::move(unit));
  });
}

}  // namespace muster
