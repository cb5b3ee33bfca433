#include "supervisor/item_lane.h"

#include "common/expression.h"
#include "common/step_values.h"
#include "common/template.h"

namespace muster {
namespace {

Result<std::string> RenderLane(const Config& config, const TextSource& model, const Json& context) {
  auto text = Render(model.text, model.origin, context);
  if (!text) return Error{text.error()};
  auto resolved = ResolveModel(config, *text);
  if (!resolved) return Fail("{}: {}", model.origin, resolved.error());
  return resolved->provider->name + "/" + resolved->model;
}

// The first step that does something where these names are known; nullptr: none, or that cannot be
// told.
Result<const Step*> FirstStep(const std::vector<Step>& steps, const Json& context) {
  for (const Step& step : steps) {
    auto wanted = IsTrue(step.when, context, true);
    if (!wanted) return Fail("{}: when: {}", step.id, wanted.error());
    if (!*wanted) continue;
    if (step.branches.empty()) return &step;
    auto branch = FirstStep(step.branches, context);
    if (!branch || *branch) return branch;
  }
  return nullptr;
}

// The first element of the list it goes through stands in `context` then, if there is one.
Result<std::string> LaneOfStep(const Config& config, const Step& step, Json context) {
  bool empty = false;
  if (!step.for_each.empty()) {
    auto list = LookUp(context, step.for_each);
    if (!list) return Fail("{}: for_each: {}", step.origin, list.error());
    empty = list->is_null() || (list->is_array() && list->empty());
    if (!empty && !list->is_array()) {
      return Fail("{}: for_each: {} is not a list", step.origin, step.for_each);
    }
    if (!empty) context["each"] = list->front();
  }
  if (step.reuse) return std::string();
  if (step.command) return "command/" + step.id;
  if (step.request) return step.request->provider + "/" + step.id;
  if (!step.chat) return std::string();
  auto lane = RenderLane(config, step.chat->model, context);
  if (!lane && empty) return std::string();
  return lane;
}

// The lane of every item, if no item decides it: templates and conditions are strict, so those that
// can be told without the names `item` and `each` do not ask for them.
std::optional<std::string> FixedLane(const Config& config) {
  Json context = ItemContext(config, Json());
  context.erase("item");
  auto first = FirstStep(config.steps, context);
  if (!first) return std::nullopt;
  if (!*first) return "";
  Step once = **first;
  once.for_each.clear();
  auto lane = LaneOfStep(config, once, context);
  return lane ? std::optional(*std::move(lane)) : std::nullopt;
}

}  // namespace

Result<std::string> LaneOfItem(const Config& config, const Json& item_fields) {
  Json context = ItemContext(config, item_fields);
  auto first = FirstStep(config.steps, context);
  if (!first) return Error{first.error()};
  return *first ? LaneOfStep(config, **first, std::move(context)) : std::string();
}

ItemLanes::ItemLanes(const Config& config) : config_(config), fixed_(FixedLane(config)) {}

std::string ItemLanes::Of(const Json& item_fields) const {
  if (fixed_) return *fixed_;
  auto lane = LaneOfItem(config_, item_fields);
  return lane ? *std::move(lane) : "";
}

}  // namespace muster
