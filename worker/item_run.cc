#include "worker/item_run.h"

#include <algorithm>

#include "common/money.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

// Whether a chat step can use an answer. What it cannot use stays in the ledger, paid and raw.
Result<void> UsableText(const ChatAnswer& answer, bool keep_truncated) {
  switch (answer.finish) {
    case Finish::kRefusal:
      return Fail("the model refused: {}", answer.finish_text);
    case Finish::kContentFilter:
      return Fail("the provider's content filter stopped the answer");
    case Finish::kLength:
      if (keep_truncated && !answer.text.empty()) return {};
      return Fail("the answer was cut at its token limit ({} characters came); raise max_tokens{}",
                  answer.text.size(), keep_truncated ? "" : " or set keep_truncated: true");
    case Finish::kStop:
    case Finish::kOther:
      break;
  }
  if (answer.text.empty())
    return Fail("the answer is empty (it ended with \"{}\")", answer.finish_text);
  return {};
}

constexpr size_t kLongestReason = 1'000;  // bytes of it that the model is told

// The same request, whose user text now ends with why the last answer was no use.
ChatRequest SayingWhy(ChatRequest request, std::string_view why) {
  size_t end = std::min(why.size(), kLongestReason);
  while (end < why.size() && end > 0 && (why[end] & 0xc0) == 0x80) --end;
  request.user += fmt::format(
      "\n\nYour previous answer to this could not be used: {}{}\nPlease answer again, in full, and "
      "avoid this.",
      why.substr(0, end), end < why.size() ? "…" : "");
  return request;
}

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
  auto spec = MakeSpec(step, path, context);
  if (!spec) co_return Ended{Outcome::kFailed, fmt::format("{}: {}", path, spec.error())};
  Tell("step", path,
       fmt::format("{}/{} · request of {} characters", spec->provider->name, spec->model,
                   FormatCount(DumpJson(spec->request.body).size())));
  std::string model = spec->provider->name + "/" + spec->model;
  CallSpec moved = std::move(*spec);
  CallEnd end = co_await caller_.Make(std::move(moved));
  if (auto* ended = std::get_if<Ended>(&end)) {
    co_return Ended{ended->outcome, fmt::format("{}: {}", path, ended->reason)};
  }
  auto& value = std::get<CallValue>(end);
  Account(value);
  Tell("step", path, DescribeValue(value));
  Tell("reply", path, value.answer.text);
  co_return ChatValue({std::move(value.answer.text), std::move(model), value.usage});
}

Result<ChatRequest> ItemRun::RenderChat(const Step& step, const Json& context) const {
  const ChatStep& chat = *step.chat;
  ChatRequest request;
  if (chat.system) {
    auto system = Render(chat.system->text, chat.system->origin, context);
    if (!system) return Error{system.error()};
    request.system = std::move(*system);
  }
  auto user = Render(chat.user.text, chat.user.origin, context);
  if (!user) return Error{user.error()};
  request.user = std::move(*user);
  if (step.mock) {
    auto mock = Render(step.mock->text, step.mock->origin, context);
    if (!mock) return Error{mock.error()};
    request.mock = std::move(*mock);
  }
  request.temperature = chat.temperature;
  request.max_tokens = chat.max_tokens;
  request.reasoning_effort = chat.reasoning_effort;
  request.verbosity = chat.verbosity;
  request.extra = chat.extra;
  return request;
}

Result<CallSpec> ItemRun::MakeSpec(const Step& step, const std::string& path,
                                   const Json& context) const {
  auto model_text = Render(step.chat->model.text, step.chat->model.origin, context);
  if (!model_text) return Error{model_text.error()};
  auto model = ResolveModel(config_, *model_text);
  if (!model) return Error{model.error()};
  auto request = RenderChat(step, context);
  if (!request) return Error{request.error()};
  request->model = model->model;
  CallSpec spec;
  spec.step = path;
  spec.provider = model->provider;
  spec.model = model->model;
  spec.api = FindChatApi(model->provider->api);
  if (!spec.api) return Fail("no API is called \"{}\"", model->provider->api);
  auto made = spec.api->MakeRequest(*request, *model->provider);
  if (!made) return Error{made.error()};
  spec.request = std::move(*made);
  spec.max_tokens = step.chat->max_tokens;
  spec.ask_again = step.ask_again;
  if (step.say_why) {
    spec.remake = [api = spec.api, provider = spec.provider,
                   request = std::move(*request)](const std::string& why) {
      return api->MakeRequest(SayingWhy(request, why), *provider);
    };
  }
  spec.usable = [keep = step.chat->keep_truncated](const ChatAnswer& answer) {
    return UsableText(answer, keep);
  };
  return spec;
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
