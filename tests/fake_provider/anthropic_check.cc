#include <fmt/format.h>

#include "tests/fake_provider/anthropic_checks.h"
#include "tests/fake_provider/anthropic_models.h"

namespace fake_provider::anthropic {
namespace {

const std::vector<Field> kFields = {
    {"model", Field::kString, true},
    {"messages", Field::kArray, true},
    {"max_tokens", Field::kInteger, true, 0},
    {"cache_control", Field::kObject},
    {"container"},
    {"context_management", Field::kObject},
    {"inference_geo", Field::kString},
    {"metadata", Field::kObject},
    {"output_config", Field::kObject},
    {"service_tier", Field::kString},
    {"stop_sequences", Field::kArray},
    {"stream", Field::kBoolean},
    {"system", Field::kTextOrArray},
    {"temperature", Field::kNumber, false, 0, 1},
    {"thinking", Field::kObject},
    {"tool_choice", Field::kObject},
    {"tools", Field::kArray},
    {"top_k", Field::kInteger, false, 0},
    {"top_p", Field::kNumber, false, 0, 1},
};

Complaint CheckMaxTokens(const Call& call) {
  const Json& asked = MemberOf(call.body, "max_tokens");
  int64_t most = FactsOf(call.model).max_output;
  if (asked > most) {
    return fmt::format(
        "max_tokens: {} > {}, which is the maximum allowed number of output tokens for {}",
        ToText(asked), most, call.model);
  }
  if (asked == 0 && MemberOf(call.body, "stream") == true) {
    return "max_tokens: Input should be greater than or equal to 1";
  }
  return std::nullopt;
}

Complaint CheckBudget(const Call& call, const Json& thinking) {
  Complaint wrong = CheckObject(thinking, "thinking.enabled",
                                {{"type", Field::kString, true},
                                 {"budget_tokens", Field::kInteger, true, 1024},
                                 {"display", Field::kString}});
  if (wrong) return wrong;
  if (MemberOf(thinking, "budget_tokens") < MemberOf(call.body, "max_tokens")) return std::nullopt;
  return "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our "
         "documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
         "#max-tokens-and-context-window-size";
}

Complaint CheckThinking(const Call& call) {
  const Json& thinking = MemberOf(call.body, "thinking");
  if (thinking.is_null()) return std::nullopt;
  const ModelFacts& model = FactsOf(call.model);
  std::string type = StringMember(thinking, "type");
  if (type.empty()) return "thinking.type: Field required";
  Complaint wrong = CheckChoice(type, "thinking.type", {"adaptive", "disabled", "enabled"});
  if (!wrong) {
    wrong =
        CheckChoice(MemberOf(thinking, "display"), "thinking.display", {"summarized", "omitted"});
  }
  if (wrong) return wrong;
  if (type == "disabled") {
    return CheckObject(thinking, "thinking.disabled", {{"type", Field::kString, true}});
  }
  if (!model.thinks) return "thinking is not supported on this model";
  if (type == "adaptive") {
    if (!model.adaptive) return "adaptive thinking is not supported on this model";
    return CheckObject(thinking, "thinking.adaptive",
                       {{"type", Field::kString, true}, {"display", Field::kString}});
  }
  if (model.chooses_itself) {
    return "\"thinking.type.enabled\" is not supported for this model. Use "
           "\"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.";
  }
  return CheckBudget(call, thinking);
}

bool Thinks(const Call& call) {
  std::string type = StringMember(MemberOf(call.body, "thinking"), "type");
  return type == "enabled" || type == "adaptive";
}

Complaint CheckSampling(const Call& call) {
  if (FactsOf(call.model).chooses_itself) {
    for (const char* name : {"temperature", "top_p", "top_k"}) {
      if (!MemberOf(call.body, name).is_null()) {
        return fmt::format("`{}` is deprecated for this model.", name);
      }
    }
  }
  if (!Thinks(call)) return std::nullopt;
  const Json& temperature = MemberOf(call.body, "temperature");
  if (!temperature.is_null() && temperature != 1) {
    return "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.";
  }
  if (!MemberOf(call.body, "top_k").is_null()) {
    return "`top_k` must be unset when thinking is enabled or in adaptive mode.";
  }
  const Json& top_p = MemberOf(call.body, "top_p");
  if (top_p.is_null() || top_p >= 0.95) return std::nullopt;
  return "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in "
         "adaptive mode.";
}

Complaint CheckEffort(const Call& call, const Json& effort) {
  Complaint wrong =
      CheckChoice(effort, "output_config.effort", {"low", "medium", "high", "xhigh", "max"});
  if (wrong || effort.is_null()) return wrong;
  Effort most = FactsOf(call.model).effort;
  if (most == Effort::kNone) return "This model does not support the effort parameter.";
  bool beyond =
      (effort == "max" && most < Effort::kMax) || (effort == "xhigh" && most < Effort::kXhigh);
  if (!beyond) return std::nullopt;
  return fmt::format("This model does not support effort level '{}'.", effort.get<std::string>());
}

Complaint CheckOutputConfig(const Call& call) {
  const Json& config = MemberOf(call.body, "output_config");
  if (config.is_null()) return std::nullopt;
  Complaint wrong =
      CheckObject(config, "output_config",
                  {{"effort", Field::kString}, {"format", Field::kObject}, {"task_budget"}});
  if (!wrong) wrong = CheckEffort(call, MemberOf(config, "effort"));
  const Json& format = MemberOf(config, "format");
  if (wrong || format.is_null()) return wrong;
  std::string at = "output_config.format";
  wrong =
      CheckObject(format, at, {{"type", Field::kString, true}, {"schema", Field::kObject, true}});
  if (!wrong) wrong = CheckChoice(MemberOf(format, "type"), at + ".type", {"json_schema"});
  return wrong ? wrong : CheckSchema(MemberOf(format, "schema"));
}

Complaint CheckStops(const Json& stops) {
  for (size_t i = 0; i < stops.size(); ++i) {
    std::string at = fmt::format("stop_sequences.{}", i);
    if (!stops[i].is_string()) return at + ": Input should be a valid string";
    std::string text = stops[i].get<std::string>();
    if (text.find_first_not_of(" \t\r\n") == text.npos) {
      return "stop_sequences: each stop sequence must contain non-whitespace";
    }
  }
  return std::nullopt;
}

}  // namespace

Complaint CheckBody(const Call& call) {
  const Json& body = call.body;
  Complaint wrong = CheckObject(body, "", kFields);
  if (!wrong) wrong = CheckMaxTokens(call);
  if (!wrong) wrong = CheckCacheControl(MemberOf(body, "cache_control"), "cache_control");
  if (!wrong) wrong = CheckThinking(call);
  if (!wrong) wrong = CheckSampling(call);
  if (!wrong) wrong = CheckOutputConfig(call);
  if (!wrong) wrong = CheckStops(MemberOf(body, "stop_sequences"));
  if (!wrong) {
    const Json& tier = MemberOf(body, "service_tier");
    wrong = CheckChoice(tier, "service_tier", {"auto", "standard_only"});
  }
  const Json& metadata = MemberOf(body, "metadata");
  if (!wrong && !metadata.is_null()) {
    wrong = CheckObject(metadata, "metadata", {{"user_id", Field::kString}});
  }
  return wrong ? wrong : CheckPrompt(call);
}

}  // namespace fake_provider::anthropic
