#include "worker/steps/chat_step.h"

#include "common/money.h"
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

std::string DescribeRequest(const std::string& model, const ApiRequest& request) {
  auto size = static_cast<int64_t>(DumpJson(request.body).size());
  return fmt::format("{} · request of {} characters", model, FormatCount(size));
}

}  // namespace

Task<StepEnd> RunChatStep(StepParts parts, const Step& step, std::string path, Json context) {
  auto made = MakeChatCall(parts.config, step, path, context);
  if (!made) co_return Ended{Outcome::kFailed, fmt::format("{}: {}", path, made.error())};
  ChatCall chat = *std::move(made);
  std::string model = chat.spec.provider->name + "/" + chat.spec.model;
  parts.tell("step", path, DescribeRequest(model, chat.spec.request));
  Task<CallEnd> call = parts.caller.Make(std::move(chat.spec));
  CallEnd end = co_await call;
  if (auto* ended = std::get_if<Ended>(&end)) {
    co_return Ended{ended->outcome, fmt::format("{}: {}", path, ended->reason)};
  }
  auto& value = std::get<CallValue>(end);
  parts.account(value);
  parts.tell("step", path, DescribeValue(value));
  parts.tell("reply", path, value.answer.text);
  Json left = ValueOfAnswer(chat, model, std::move(value));
  if (auto warning = StringMember(left, "warning"); !warning.empty()) {
    parts.tell("step", path, warning);
  }
  co_return left;
}

}  // namespace muster
