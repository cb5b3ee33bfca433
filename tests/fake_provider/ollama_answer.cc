// Ollama's answers, whole and in lines.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/images.h"
#include "tests/fake_provider/ollama_parts.h"

namespace fake_provider::ollama {
namespace {

constexpr int64_t kUsualContext = 4096;  // tokens
constexpr char kThoughts[] = "The question is short. A plain answer will do.";

Prompt PromptOf(const Json& messages) {
  Prompt prompt;
  for (const Json& message : messages) {
    bool system = StringMember(message, "role") == "system";
    (system ? prompt.system : prompt.user) += StringMember(message, "content");
    for (const Json& image : MemberOf(message, "images")) {
      prompt.images.push_back(DecodeBase64(image.get_ref<const std::string&>()).value_or(""));
    }
  }
  return prompt;
}

// What the answer has to be: a schema, any object, or anything (null).
Json SchemaOf(const Json& format) {
  if (format.is_object()) return format;
  if (format != "json") return nullptr;
  return {{"type", "object"}, {"properties", {{"answer", {{"type", "string"}}}}}};
}

std::string EffortOf(const Json& think) {
  if (think.is_string()) return think.get<std::string>();
  return think == false ? "none" : "";
}

Question QuestionOf(const Call& call, const AnswerWishes& wishes) {
  Question question = QuestionFor(call, wishes, PromptOf(MemberOf(call.body, "messages")),
                                  SchemaOf(MemberOf(call.body, "format")));
  question.effort = EffortOf(MemberOf(call.body, "think"));
  const Json& most = MemberOf(MemberOf(call.body, "options"), "num_predict");
  if (most.is_number_integer() && most > 0) question.max_output_tokens = most.get<int64_t>();
  question.untold = {.reasoning = true, .cached = true, .cache_write = true};
  return question;
}

// What the model was shown of the prompt, and so what it counts.
void Truncate(const Call& call, Usage& usage) {
  const Json& context = MemberOf(MemberOf(call.body, "options"), "num_ctx");
  if (context.is_null() && call.settings->by_prompt) return;
  usage.input = std::min(usage.input, context.is_null() ? kUsualContext : context.get<int64_t>());
}

std::string Now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.123456789Z", fmt::gmtime(UnixTime()));
}

// A message of an answer's line; empty thoughts are left out.
Json LineWith(const Call& call, const std::string& thoughts, const std::string& text) {
  Json message = {{"role", "assistant"}, {"content", text}};
  if (!thoughts.empty()) message["thinking"] = thoughts;
  return {{"model", call.model}, {"created_at", Now()}, {"message", message}, {"done", false}};
}

// The counts that come last; those that are 0 are left out, as are the durations then.
Json Counts(const Usage& usage) {
  Json counts = {{"total_duration", 4'883'583'458}, {"load_duration", 1'334'875}};
  if (usage.input > 0) {
    counts["prompt_eval_count"] = usage.input;
    counts["prompt_eval_duration"] = usage.input * 131'072;
  }
  if (usage.output > 0) {
    counts["eval_count"] = usage.output;
    counts["eval_duration"] = usage.output * 16'777'216;
  }
  return counts;
}

void EndLine(Json& line, const Answer& answer, const AnswerWishes& wishes) {
  line["done"] = true;
  line["done_reason"] = answer.finish == Finish::kLength ? "length" : "stop";
  if (wishes.no_usage) return;
  line.update(wishes.usage ? *wishes.usage : Counts(answer.usage));
}

std::vector<std::string> Lines(const Call& call, const std::string& thoughts, const Answer& answer,
                               const AnswerWishes& wishes) {
  std::vector<std::string> lines;
  for (const std::string& part : Fragments(thoughts)) {
    lines.push_back(Line(LineWith(call, part, "")));
  }
  for (const std::string& part : Fragments(answer.text)) {
    lines.push_back(Line(LineWith(call, "", part)));
  }
  Json last = LineWith(call, "", "");
  EndLine(last, answer, wishes);
  lines.push_back(Line(last));
  return lines;
}

}  // namespace

std::string Line(const Json& value) { return ToText(value) + "\n"; }

Limiter::Demand DemandOf(const Call& call) {
  Question question = QuestionOf(call, AnswerWishes());
  return {.model = call.model,
          .input = InputTokens(question),
          .most_output = question.max_output_tokens.value_or(0)};
}

ApiReply Respond(const Call& call, const AnswerWishes& wishes) {
  bool streamed = MemberOf(call.body, "stream") != false && !wishes.no_stream;
  if (wishes.response_status == "failed") {
    Json error = {{"error",
                   "model runner has unexpectedly stopped, this may be due to resource "
                   "limitations or an internal error, check ollama server logs for "
                   "details"}};
    return streamed ? StreamReply("application/x-ndjson", {Line(error)}) : JsonReply(200, error);
  }
  Answer answer = Compose(QuestionOf(call, wishes));
  Truncate(call, answer.usage);
  const Json& think = MemberOf(call.body, "think");
  std::string thoughts = think != false && CanThink(call.model) ? kThoughts : "";
  ApiReply reply;
  if (streamed) {
    reply = StreamReply("application/x-ndjson", Lines(call, thoughts, answer, wishes));
  } else {
    Json line = LineWith(call, thoughts, answer.text);
    EndLine(line, answer, wishes);
    reply = JsonReply(200, line);
  }
  reply.usage = answer.usage;
  return reply;
}

ApiReply ListModels(const Call& call) {
  Json models = Json::array();
  for (const std::string& model : ModelsToList(call, {"llama3.2:latest", "qwen3:8b"})) {
    models.push_back({{"name", model},
                      {"model", model},
                      {"modified_at", "2026-05-04T14:56:49.277302595-07:00"},
                      {"size", 2'019'393'189},
                      {"digest", Sha256Hex(model)},
                      {"details",
                       {{"parent_model", ""},
                        {"format", "gguf"},
                        {"family", "llama"},
                        {"families", Json::array({"llama"})},
                        {"parameter_size", "3.2B"},
                        {"quantization_level", "Q4_K_M"}}}});
  }
  return JsonReply(200, {{"models", models}});
}

}  // namespace fake_provider::ollama
