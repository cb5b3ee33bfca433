#include "supervisor/item_lane.h"

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

const ChatStep* FirstChat(const Config& config) {
  if (config.steps.empty() || !config.steps.front().chat) return nullptr;
  return &*config.steps.front().chat;
}

// The lane of every item, if no item decides it: templates are strict, so one that renders without
// the names `item` and `each` does not ask for them.
std::optional<std::string> FixedLane(const Config& config) {
  const ChatStep* chat = FirstChat(config);
  if (!chat) return "";
  Json context = ItemContext(config, Json());
  context.erase("item");
  auto lane = RenderLane(config, chat->model, context);
  return lane ? std::optional(*std::move(lane)) : std::nullopt;
}

}  // namespace

Result<std::string> LaneOfItem(const Config& config, const Json& item_fields) {
  const ChatStep* chat = FirstChat(config);
  if (!chat) return std::string();
  const Step& step = config.steps.front();
  Json context = ItemContext(config, item_fields);
  if (step.for_each.empty()) return RenderLane(config, chat->model, context);
  auto list = LookUp(context, step.for_each);
  if (!list) return Fail("{}: for_each: {}", step.origin, list.error());
  if (!list->is_array()) return Fail("{}: for_each: {} is not a list", step.origin, step.for_each);
  if (!list->empty()) context["each"] = list->front();
  auto lane = RenderLane(config, chat->model, context);
  if (!lane && list->empty()) return std::string();
  return lane;
}

ItemLanes::ItemLanes(const Config& config) : config_(config), fixed_(FixedLane(config)) {}

std::string ItemLanes::Of(const Json& item_fields) const {
  if (fixed_) return *fixed_;
  auto lane = LaneOfItem(config_, item_fields);
  return lane ? *std::move(lane) : "";
}

}  // namespace muster
