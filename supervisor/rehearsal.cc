#include "supervisor/rehearsal.h"

#include "common/pricing.h"
#include "common/step_values.h"
#include "common/template.h"

namespace muster {
namespace {

constexpr int64_t kCharsPerToken = 4;
// JSON around the texts of a request, in characters.
constexpr int64_t kEnvelope = 1'000;

ChatOutcome ExampleAnswer(const std::string& model) {
  return {"(the answer of this call)", model, Usage{}};
}

Result<RehearsedCall> RehearseCall(const Config& config, const Step& step, const std::string& path,
                                   const Json& context, bool exact) {
  const ChatStep& chat = *step.chat;
  RehearsedCall call;
  call.step = path;
  call.max_tokens = chat.max_tokens;
  call.exact = exact;
  auto model = Render(chat.model.text, chat.model.origin, context);
  if (!model) return Error{model.error()};
  auto resolved = ResolveModel(config, *model);
  if (!resolved) return Fail("{}: {}", chat.model.origin, resolved.error());
  call.provider = resolved->provider->name;
  call.model = resolved->model;
  if (chat.system) {
    auto system = Render(chat.system->text, chat.system->origin, context);
    if (!system) return Error{system.error()};
    call.system = std::move(*system);
  }
  auto user = Render(chat.user.text, chat.user.origin, context);
  if (!user) return Error{user.error()};
  call.user = std::move(*user);
  if (step.mock) {
    auto mock = Render(step.mock->text, step.mock->origin, context);
    if (!mock) return Error{mock.error()};
  }
  return call;
}

// One step's calls; leaves an example of its value in the context.
Result<void> RehearseStep(const Config& config, const Step& step, bool exact, Json* context,
                          Rehearsal* rehearsal) {
  if (step.for_each.empty()) {
    auto call = RehearseCall(config, step, step.id, *context, exact);
    if (!call) return Error{call.error()};
    (*context)[step.id] = ChatValue(ExampleAnswer(call->provider + "/" + call->model));
    rehearsal->calls.push_back(std::move(*call));
    return {};
  }
  auto list = LookUp(*context, step.for_each);
  if (!list) return Fail("{}: for_each: {}", step.origin, list.error());
  if (!list->is_array()) return Fail("{}: for_each: {} is not a list", step.origin, step.for_each);
  Json values = Json::array();
  for (const Json& each : *list) {
    std::string key = ElementKey(each);
    Json inner = *context;
    inner["each"] = each;
    auto call = RehearseCall(config, step, fmt::format("{}[{}]", step.id, key), inner, exact);
    if (!call) return Error{call.error()};
    Json value = ChatValue(ExampleAnswer(call->provider + "/" + call->model));
    values.push_back(ElementValue(static_cast<int64_t>(values.size()) + 1, key, each, value));
    rehearsal->calls.push_back(std::move(*call));
  }
  (*context)[step.id] = std::move(values);
  return {};
}

}  // namespace

Result<Rehearsal> Rehearse(const Config& config, const Json& item) {
  Rehearsal rehearsal;
  Json context = ItemContext(config, item);
  for (const Step& step : config.steps) {
    auto done = RehearseStep(config, step, &step == &config.steps.front(), &context, &rehearsal);
    if (!done) return Error{done.error()};
  }
  context["usage"] = UsageValue({});
  for (const FileOutput& output : config.outputs) {
    auto path = Render(output.path.text, output.path.origin, context);
    if (!path) return Error{path.error()};
    auto text = Render(output.text.text, output.text.origin, context);
    if (!text) return Error{text.error()};
    rehearsal.output_paths.push_back(std::move(*path));
  }
  return rehearsal;
}

std::optional<Picodollars> WorstCostOf(const Rehearsal& rehearsal, const Config& config,
                                       const PriceTable& prices) {
  Picodollars sum = 0;
  for (const RehearsedCall& call : rehearsal.calls) {
    auto price = FindPrice(prices, config.providers.at(call.provider), call.model);
    auto chars = static_cast<int64_t>(call.system.size() + call.user.size()) + kEnvelope;
    auto worst = price ? WorstCost(*price, chars, call.max_tokens) : std::nullopt;
    if (!worst) return std::nullopt;
    sum = AddMoney(sum, *worst);
  }
  return sum;
}

int64_t InputTokensOf(const Rehearsal& rehearsal) {
  int64_t chars = 0;
  for (const RehearsedCall& call : rehearsal.calls) {
    chars += static_cast<int64_t>(call.system.size() + call.user.size());
  }
  return chars / kCharsPerToken;
}

}  // namespace muster
