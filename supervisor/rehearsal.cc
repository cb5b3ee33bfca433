#include "supervisor/rehearsal.h"

#include <charconv>
#include <map>

#include "common/step_values.h"
#include "common/template.h"

namespace muster {
namespace {

constexpr std::string_view kBefore = "(answer ", kBehind = " of this item)";

// What a request has beside prompts and extra fields, in bytes of JSON: names, model, options.
constexpr int64_t kEnvelope = 1'000;

int64_t JsonBytes(const std::string& text) {
  return static_cast<int64_t>(DumpJson(Json(text)).size());
}

// The index of the example that `text` begins with.
std::optional<size_t> ExampleAt(std::string_view text) {
  text.remove_prefix(kBefore.size());
  size_t index = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return text.starts_with(kBehind) ? std::optional(index) : std::nullopt;
}

// Counts the examples of the first `calls` calls in `text`; returns the bytes that they take.
int64_t CountExamples(std::string_view text, size_t calls, std::map<size_t, int64_t>& uses) {
  int64_t bytes = 0;
  for (size_t at = 0; (at = text.find(kBefore, at)) != std::string_view::npos; ++at) {
    auto index = ExampleAt(text.substr(at));
    if (!index || *index >= calls) continue;
    ++uses[*index];
    bytes += static_cast<int64_t>(ExampleAnswer(*index).size());
  }
  return bytes;
}

// One item's way through the steps.
class Rehearser {
 public:
  Rehearser(const Config& config, const Json& item)
      : config_(config), context_(ItemContext(config, item)) {}

  Result<Rehearsal> Run() {
    for (step_index_ = 0; step_index_ < config_.steps.size(); ++step_index_) {
      const Step& step = config_.steps[step_index_];
      auto value = step.for_each.empty() ? MakeCall(step, step.id) : MakeCalls(step);
      if (!value) return Error{value.error()};
      context_[step.id] = std::move(*value);
    }
    if (auto rendered = RenderOutputs(); !rendered) return Error{rendered.error()};
    return std::move(rehearsal_);
  }

 private:
  Result<std::string> RenderText(const TextSource& text) const {
    return Render(text.text, text.origin, context_);
  }

  // Rehearses one call; returns an example of what it leaves.
  Result<Json> MakeCall(const Step& step, const std::string& path) {
    const ChatStep& chat = *step.chat;
    RehearsedCall call;
    call.step = path;
    call.step_index = step_index_;
    call.max_tokens = chat.max_tokens;
    call.exact = step_index_ == 0;
    auto model = RenderText(chat.model);
    if (!model) return Error{model.error()};
    auto resolved = ResolveModel(config_, *model);
    if (!resolved) return Fail("{}: {}", chat.model.origin, resolved.error());
    call.provider = resolved->provider->name;
    call.model = resolved->model;
    auto system = chat.system ? RenderText(*chat.system) : Result<std::string>(std::string());
    if (!system) return Error{system.error()};
    auto user = RenderText(chat.user);
    if (!user) return Error{user.error()};
    auto mock = step.mock ? RenderText(*step.mock) : Result<std::string>(std::string());
    if (!mock) return Error{mock.error()};
    call.system = std::move(*system);
    call.user = std::move(*user);
    Measure(call, DumpJson(chat.extra), resolved->provider->api == "mock" ? *mock : "");
    rehearsal_.calls.push_back(std::move(call));
    return ChatValue({ExampleAnswer(rehearsal_.calls.size() - 1), *model, Usage{}});
  }

  void Measure(RehearsedCall& call, const std::string& extra, const std::string& mock) const {
    std::map<size_t, int64_t> uses;
    size_t calls = rehearsal_.calls.size();
    int64_t examples =
        CountExamples(call.system, calls, uses) + CountExamples(call.user, calls, uses);
    call.text_bytes = static_cast<int64_t>(call.system.size() + call.user.size()) - examples;
    call.most_bytes = JsonBytes(call.system) + JsonBytes(call.user) + JsonBytes(mock) - examples +
                      static_cast<int64_t>(extra.size()) + kEnvelope;
    for (auto [index, times] : uses) call.answers.push_back({index, times});
  }

  Result<Json> MakeCalls(const Step& step) {
    auto list = LookUp(context_, step.for_each);
    if (!list) return Fail("{}: for_each: {}", step.origin, list.error());
    if (!list->is_array()) {
      return Fail("{}: for_each: {} is not a list", step.origin, step.for_each);
    }
    Json values = Json::array();
    std::vector<std::string> keys = ElementKeys(*list);
    for (size_t i = 0; i < keys.size(); ++i) {
      context_["each"] = (*list)[i];
      auto value = MakeCall(step, fmt::format("{}[{}]", step.id, keys[i]));
      if (!value) return value;
      values.push_back(ElementValue(static_cast<int64_t>(i) + 1, keys[i], (*list)[i], *value));
    }
    context_.erase("each");
    return values;
  }

  Result<void> RenderOutputs() {
    context_["usage"] = UsageValue({});
    for (const FileOutput& output : config_.outputs) {
      auto path = RenderText(output.path);
      if (!path) return Error{path.error()};
      auto text = RenderText(output.text);
      if (!text) return Error{text.error()};
      rehearsal_.output_paths.push_back(std::move(*path));
    }
    return {};
  }

  const Config& config_;
  Json context_;
  size_t step_index_ = 0;
  Rehearsal rehearsal_;
};

}  // namespace

std::string ExampleAnswer(size_t index) { return fmt::format("{}{}{}", kBefore, index, kBehind); }

Result<Rehearsal> Rehearse(const Config& config, const Json& item) {
  return Rehearser(config, item).Run();
}

}  // namespace muster
