#include "worker/item_run.h"

#include <algorithm>

#include "common/money.h"
#include "common/template.h"
#include "common/text.h"
#include "worker/chat_call.h"

namespace muster {
namespace {

std::string DescribeValue(const CallValue& value) {
  std::string text = fmt::format("answer of {} characters", FormatCount(value.answer.text.size()));
  if (value.usage) {
    text += fmt::format(" · {} tokens in, {} out", FormatCount(value.usage->input),
                        FormatCount(value.usage->output));
  }
  text += " · " + (value.cost ? FormatMoney(*value.cost) : std::string("cost unknown"));
  return value.replayed ? text + " · from the ledger" : text;
}

}  // namespace

ItemRun::ItemRun(const Config& config, Caller& caller, Link& link, Item item, bool verbose)
    : config_(config),
      caller_(caller),
      link_(link),
      item_(std::move(item)),
      verbose_(verbose),
      context_(ItemContext(config, item_.fields)) {
  caller_.BeginAttempt(item_.item, item_.attempt);
}

Task<Done> ItemRun::Run() {
  for (const Step& step : config_.steps) {
    StepEnd end = co_await RunStep(step);
    if (auto* ended = std::get_if<Ended>(&end)) co_return Finish(ended->outcome, ended->reason);
    context_[step.id] = std::move(std::get<Json>(end));
  }
  context_["usage"] = UsageValue(usage_);
  auto outputs = RenderOutputs();
  if (!outputs) co_return Finish(Outcome::kFailed, outputs.error());
  Done done = Finish(Outcome::kDone, "");
  done.outputs = std::move(*outputs);
  co_return done;
}

Task<ItemRun::StepEnd> ItemRun::RunStep(const Step& step) {
  if (step.for_each.empty()) {
    StepEnd end = co_await RunChat(step, step.id, context_);
    co_return end;
  }
  StepEnd end = co_await RunForEach(step);
  co_return end;
}

Task<ItemRun::StepEnd> ItemRun::RunForEach(const Step& step) {
  auto list = LookUp(context_, step.for_each);
  if (!list) co_return Ended{Outcome::kFailed, step.origin + ": for_each: " + list.error()};
  if (!list->is_array()) {
    co_return Ended{Outcome::kFailed,
                    fmt::format("{}: for_each: {} is not a list", step.origin, step.for_each)};
  }
  Fan fan;
  fan.step = &step;
  fan.list = std::move(*list);
  fan.keys = ElementKeys(fan.list);
  fan.values.resize(fan.list.size());
  std::vector<Task<bool>> branches;
  auto width = std::min<size_t>(static_cast<size_t>(step.concurrency), fan.list.size());
  for (size_t i = 0; i < width; ++i) branches.push_back(RunBranch(&fan));
  All all(std::move(branches));
  co_await all;
  if (fan.ended) co_return *fan.ended;
  Json values = Json::array();
  for (Json& value : fan.values) values.push_back(std::move(value));
  co_return values;
}

Task<bool> ItemRun::RunBranch(Fan* fan) {
  while (!fan->ended && fan->next < fan->list.size()) {
    size_t index = fan->next++;
    std::string key = fan->keys[index];
    Json context = context_;
    context["each"] = fan->list[index];
    StepEnd end = co_await RunChat(*fan->step, fan->step->id + "[" + key + "]", std::move(context));
    if (auto* ended = std::get_if<Ended>(&end)) {
      bool first = !fan->ended;
      if (first || ended->outcome == Outcome::kFailed) fan->ended = *ended;
    } else {
      fan->values[index] = ElementValue(static_cast<int64_t>(index) + 1, key, fan->list[index],
                                        std::move(std::get<Json>(end)));
    }
  }
  co_return !fan->ended;
}

Task<ItemRun::StepEnd> ItemRun::RunChat(const Step& step, std::string path, Json context) {
  auto made = MakeChatCall(config_, step, path, context);
  if (!made) co_return Ended{Outcome::kFailed, fmt::format("{}: {}", path, made.error())};
  auto parser = made->parser;
  CallSpec spec = std::move(made->spec);
  std::string model = spec.provider->name + "/" + spec.model;
  if (verbose_) {
    Tell("step", path,
         fmt::format("{} · request of {} characters", model,
                     FormatCount(static_cast<int64_t>(DumpJson(spec.request.body).size()))));
  }
  CallEnd end = co_await caller_.Make(std::move(spec));
  if (auto* ended = std::get_if<Ended>(&end)) {
    co_return Ended{ended->outcome, fmt::format("{}: {}", path, ended->reason)};
  }
  auto& value = std::get<CallValue>(end);
  Account(value);
  Tell("step", path, DescribeValue(value));
  Tell("reply", path, value.answer.text);
  co_return ValueOfAnswer(parser.get(), model, std::move(value));
}

Result<std::vector<OutputText>> ItemRun::RenderOutputs() const {
  std::vector<OutputText> outputs;
  for (size_t i = 0; i < config_.outputs.size(); ++i) {
    const FileOutput& output = config_.outputs[i];
    auto path = Render(output.path.text, output.path.origin, context_);
    if (!path) return Error{path.error()};
    auto text = Render(output.text.text, output.text.origin, context_);
    if (!text) return Error{text.error()};
    outputs.push_back({static_cast<int64_t>(i), std::move(*path), std::move(*text)});
  }
  return outputs;
}

void ItemRun::Account(const CallValue& value) {
  ++usage_.calls;
  if (value.usage) usage_.usage += *value.usage;
  usage_.usage_known = usage_.usage_known && value.usage.has_value();
  usage_.cost += value.cost.value_or(0);
  usage_.cost_known = usage_.cost_known && value.cost.has_value();
}

Done ItemRun::Finish(Outcome outcome, std::string reason) const {
  Done done;
  done.item = item_.item;
  done.attempt = item_.attempt;
  done.outcome = outcome;
  done.reason = caller_.redactor().Apply(std::move(reason));
  return done;
}

void ItemRun::Tell(const std::string& kind, const std::string& step, std::string text) {
  if (verbose_) link_.Say(Event{item_.item, item_.attempt, kind, step, std::move(text)});
}

}  // namespace muster
