// OpenRouter's answers, and what they cost.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai_chat_stream.h"
#include "tests/fake_provider/openrouter_parts.h"

namespace fake_provider::openrouter {
namespace {

constexpr char kThoughts[] = "The question is short. A plain answer will do.";

double DollarsOf(int64_t picodollars) { return static_cast<double>(picodollars) / 1e12; }

// As the list of models writes prices: decimal, never with an exponent.
std::string PriceText(int64_t picodollars) {
  std::string text =
      fmt::format("{}.{:012}", picodollars / 1'000'000'000'000, picodollars % 1'000'000'000'000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

bool Reasons(const Call& call) {
  size_t slash = call.model.find('/');
  std::string_view name = std::string_view(call.model).substr(slash + 1);
  const Json& reasoning = MemberOf(call.body, "reasoning");
  bool asked = MemberOf(reasoning, "enabled") == true || MemberOf(reasoning, "max_tokens") > 0;
  return openai::IsReasoningModel(name) || asked || !EffortOf(call.body).empty();
}

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  const Json& format = MemberOf(call.body, "response_format");
  const Json& schema = MemberOf(MemberOf(format, "json_schema"), "schema");
  Prompt prompt;
  openai::AddMessages(MemberOf(call.body, "messages"), prompt);
  Question question =
      QuestionFor(call, wishes, std::move(prompt), openai::SchemaOf(format, schema));
  question.reasons = Reasons(call);
  question.effort = EffortOf(call.body);
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const Json& most = MemberOf(call.body, name);
    if (!most.is_null()) question.max_output_tokens = most.get<int64_t>();
  }
  bool writes = call.settings->by_prompt || call.model.starts_with("anthropic/");
  question.untold.cache_write = !writes;
  return question;
}

Json UsageJson(const Usage& usage, const Prices& prices) {
  Usage prompt = usage, completion;
  prompt.output = prompt.reasoning = 0;
  completion.output = usage.output;
  return {{"prompt_tokens", usage.input},
          {"completion_tokens", usage.output},
          {"total_tokens", usage.input + usage.output},
          {"cost", DollarsOf(PicodollarsOf(usage, prices))},
          {"is_byok", false},
          {"prompt_tokens_details",
           {{"cached_tokens", usage.cached},
            {"cache_write_tokens", usage.cache_write},
            {"audio_tokens", 0},
            {"video_tokens", 0}}},
          {"cost_details",
           {{"upstream_inference_cost", nullptr},
            {"upstream_inference_prompt_cost", DollarsOf(PicodollarsOf(prompt, prices))},
            {"upstream_inference_completions_cost", DollarsOf(PicodollarsOf(completion, prices))}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning}}}};
}

std::string_view FinishReason(Finish finish) {
  if (finish == Finish::kLength) return "length";
  return finish == Finish::kContentFilter ? "content_filter" : "stop";
}

// In the words of whoever serves the model.
std::string NativeReason(const Call& call, Finish finish) {
  std::string common(FinishReason(finish));
  if (call.model.starts_with("anthropic/")) {
    if (finish == Finish::kLength) return "max_tokens";
    return common == "stop" ? "end_turn" : "refusal";
  }
  if (!call.model.starts_with("google/")) return common;
  if (finish == Finish::kLength) return "MAX_TOKENS";
  return common == "stop" ? "STOP" : "SAFETY";
}

Json Message(const Answer& answer) {
  bool refused = answer.finish == Finish::kRefusal;
  Json text = answer.text;
  return {{"role", "assistant"},
          {"content", refused ? Json() : text},
          {"refusal", refused ? text : Json()},
          {"reasoning", answer.usage.reasoning > 0 ? Json(kThoughts) : Json()}};
}

Json Completion(const Call& call) {
  std::string id = Sha256Hex(fmt::format("{} {}", call.body_sha256, call.number)).substr(0, 20);
  return {{"id", fmt::format("gen-{}-{}", UnixTime(), id)},
          {"provider", ProviderOf(call)},
          {"model", call.model},
          {"object", "chat.completion"},
          {"created", UnixTime()},
          {"choices", Json::array()},
          {"system_fingerprint", nullptr},
          {"service_tier", openai::TierOf(call)}};
}

// The model had begun: the status says success, and all the rest that it failed.
ApiReply FailedReply(const Call& call, const AnswerWishes& wishes) {
  Json error = {{"code", 502},
                {"message", "Provider returned error"},
                {"metadata",
                 {{"error_type", wishes.error_code.empty() ? "server" : wishes.error_code},
                  {"provider_name", ProviderOf(call)}}}};
  if (openai::IsStreamed(call, wishes)) {
    return StreamReply(openai::kEventStream,
                       {": OPENROUTER PROCESSING\n\n", StreamError(call, error)});
  }
  Json completion = Completion(call);
  completion["choices"].push_back({{"index", 0},
                                   {"message", {{"role", "assistant"}, {"content", ""}}},
                                   {"finish_reason", "error"},
                                   {"native_finish_reason", "error"}});
  completion["error"] = error;
  return JsonReply(200, completion);
}

}  // namespace

std::string ProviderOf(const Call& call) {
  std::string vendor = call.model.substr(0, call.model.find('/'));
  if (vendor == "openai") return "OpenAI";
  if (!vendor.empty()) vendor[0] = static_cast<char>(std::toupper(vendor[0]));
  return vendor;
}

Limiter::Demand DemandOf(const Call& call) {
  Question question = QuestionOf(call, AnswerWishes());
  return {.model = call.model,
          .input = InputTokens(question),
          .most_output = question.max_output_tokens.value_or(0)};
}

ApiReply Respond(const Call& call, const AnswerWishes& wishes) {
  if (wishes.response_status == "failed") return FailedReply(call, wishes);
  Answer answer = Compose(QuestionOf(call, wishes));
  Json completion = Completion(call);
  completion["choices"].push_back({{"logprobs", nullptr},
                                   {"finish_reason", FinishReason(answer.finish)},
                                   {"native_finish_reason", NativeReason(call, answer.finish)},
                                   {"index", 0},
                                   {"message", Message(answer)}});
  completion["usage"] =
      wishes.usage ? *wishes.usage : UsageJson(answer.usage, call.settings->prices);
  if (wishes.no_usage) completion.erase("usage");
  ApiReply reply = JsonReply(200, completion);
  if (openai::IsStreamed(call, wishes)) {
    completion.erase("system_fingerprint");  // in a chunk it is no null
    auto events = openai::ChatEvents(completion, {.usage = true, .empty_choices = false});
    events.insert(events.begin(), ": OPENROUTER PROCESSING\n\n");
    reply = StreamReply(openai::kEventStream, std::move(events));
  }
  reply.usage = answer.usage;
  return reply;
}

std::string StreamError(const Call& call, const Json& error) {
  Json chunk = Completion(call);
  chunk.erase("system_fingerprint");
  chunk["object"] = "chat.completion.chunk";
  chunk["error"] = error;
  chunk["choices"].push_back({{"index", 0},
                              {"delta", {{"role", "assistant"}, {"content", ""}}},
                              {"finish_reason", "error"},
                              {"native_finish_reason", "error"},
                              {"logprobs", nullptr}});
  return SseEvent("", chunk);
}

ApiReply ListModels(const Call& call) {
  const Prices& prices = call.settings->prices;
  Json data = Json::array();
  for (const std::string& model :
       ModelsToList(call, {"openai/gpt-5", "anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash",
                           "openrouter/auto"})) {
    bool router = model == "openrouter/auto";  // what it costs is known afterwards
    auto price = [&](int64_t picodollars) { return router ? "-1" : PriceText(picodollars); };
    data.push_back({{"id", model},
                    {"canonical_slug", model},
                    {"name", model},
                    {"created", 1'700'000'000},
                    {"context_length", 128'000},
                    {"pricing",
                     {{"prompt", price(prices.input)},
                      {"completion", price(prices.output)},
                      {"input_cache_read", price(prices.cached)},
                      {"input_cache_write", price(prices.cache_write)}}},
                    {"per_request_limits", nullptr}});
  }
  return JsonReply(200, {{"data", data}});
}

}  // namespace fake_provider::openrouter
