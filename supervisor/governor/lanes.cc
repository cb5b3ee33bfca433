#include "supervisor/governor/lanes.h"

namespace muster {
namespace {

const Limits kNoLimits;

const Limits& LimitsIn(const std::map<std::string, LaneSettings>& settings,
                       const std::string& name) {
  auto own = settings.find(name);
  return own == settings.end() ? kNoLimits : own->second.limits;
}

// Every model is warmed up by itself, and nothing wider is.
Limits WithWarmup(Limits limits, bool warmup) {
  limits.warmup = warmup;
  return limits;
}

}  // namespace

Lanes::Lanes(const Config& config) : config_(config) {}

Lane& Lanes::Get(Lane::Level level, const std::string& name, const Limits& limits, bool follow,
                 std::optional<int64_t> first_slots) {
  auto [lane, first] = lanes_.try_emplace(name);
  if (first) {
    bool warmup = limits.warmup && level == Lane::Level::kModel;
    lane->second = std::make_unique<Lane>(level, name.empty() ? "the run" : name,
                                          WithWarmup(limits, warmup), follow, first_slots);
  }
  return *lane->second;
}

Lane& Lanes::Run() { return Get(Lane::Level::kRun, "", config_.limits, false); }

const Lanes::Path& Lanes::PathOf(const std::string& provider, const std::string& model) {
  std::string name = provider + "/" + model;
  auto [path, first] = paths_.try_emplace(name);
  if (!first) return path->second;
  auto found = config_.providers.find(provider);
  static const Provider kUnknown;
  const Provider& settings = found == config_.providers.end() ? kUnknown : found->second;
  const Limits& own = LimitsIn(settings.models, model);
  // The embedded mock and this machine have no limits that could be learned.
  bool own_machine = settings.api == "command";
  bool follow = settings.limits.learn && own.learn && settings.api != "mock" && !own_machine;
  Path& lanes = path->second;
  lanes.run = &Run();
  lanes.key = nullptr;
  bool warmup = config_.limits.warmup || settings.limits.warmup || own.warmup;
  if (const std::string& key = settings.key_env; !key.empty()) {
    const Limits& of_key = LimitsIn(config_.keys, key);
    lanes.key = &Get(Lane::Level::kKey, "key " + key, of_key, false);
    warmup = warmup || of_key.warmup;
  }
  lanes.provider = &Get(Lane::Level::kProvider, provider, settings.limits, false);
  lanes.model =
      &Get(Lane::Level::kModel, name, WithWarmup(own, warmup), follow, settings.limits.concurrency);
  for (Lane* lane : {lanes.run, lanes.key, lanes.provider, lanes.model}) {
    // What the run may ask of providers is no matter of commands.
    bool obeyed = lane && !(own_machine && lane == lanes.run);
    if (obeyed) lanes.all.push_back(lane);
  }
  return lanes;
}

Lane* Lanes::Find(const std::string& name) {
  if (name.empty()) return &Run();
  size_t slash = name.find('/');
  auto provider = config_.providers.find(name.substr(0, slash));
  if (provider == config_.providers.end()) return nullptr;
  if (slash != std::string::npos) return PathOf(provider->first, name.substr(slash + 1)).model;
  return &Get(Lane::Level::kProvider, name, provider->second.limits, false);
}

void Lanes::ForEach(const std::function<void(const Lane&)>& visit) const {
  for (const auto& [name, lane] : lanes_) visit(*lane);
}

}  // namespace muster
