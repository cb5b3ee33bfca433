#include "supervisor/rehearsal.h"

#include <algorithm>
#include <set>

#include "common/chat_options.h"
#include "common/extra_fields.h"
#include "common/step_values.h"
#include "common/template.h"
#include "supervisor/example_values.h"

namespace muster {
namespace {

// What a request has beside prompts and extra fields, in bytes of JSON: names, model, options as
// they usually are, and of a picture what stands around it.
constexpr int64_t kEnvelope = 1'000, kUsualOptions = 500, kAroundImage = 200;

int64_t JsonBytes(const Json& value) { return static_cast<int64_t>(DumpJson(value).size()); }

std::string FirstPart(const std::string& name) { return name.substr(0, name.find('.')); }

// One item's way through the steps.
class Rehearser {
 public:
  Rehearser(const Config& config, const Json& item)
      : config_(config), context_(ItemContext(config, item)) {}

  Result<Rehearsal> Run() {
    for (step_index_ = 0; step_index_ < config_.steps.size(); ++step_index_) {
      const Step& step = config_.steps[step_index_];
      list_is_open_ = !step.for_each.empty() && done_.contains(FirstPart(step.for_each));
      exact_ = !list_is_open_ && !UsesSteps(step);
      auto made = step.for_each.empty() ? MakeCall(step, step.id) : MakeCalls(step);
      if (!made) return Error{made.error()};
      Leave(step.id, std::move(*made));
      done_.insert(step.id);
    }
    if (auto rendered = RenderOutputs(); !rendered) return Error{rendered.error()};
    return std::move(rehearsal_);
  }

 private:
  // What a step leaves, as templates see it, and with marks for counting; null: the same.
  struct Left {
    Json value, marked;
  };

  // ---- names ----

  void Leave(const std::string& name, Left left) {
    if (!left.marked.is_null() && !marked_) marked_ = context_;
    if (marked_) (*marked_)[name] = left.marked.is_null() ? left.value : std::move(left.marked);
    context_[name] = std::move(left.value);
  }

  bool IsOpen(const std::string& name) const {
    std::string first = FirstPart(name);
    return done_.contains(first) || (first == "each" && list_is_open_);
  }

  bool AnyIsOpen(const Result<std::vector<std::string>>& names) const {
    return names && std::any_of(names->begin(), names->end(),
                                [this](const std::string& name) { return IsOpen(name); });
  }

  bool UsesSteps(const Step& step) const {
    const ChatStep& chat = *step.chat;
    auto uses = [this](const TextSource& text) {
      return AnyIsOpen(TemplateNames(text.text, text.origin));
    };
    return uses(chat.model) || uses(chat.user) || (chat.system && uses(*chat.system)) ||
           (step.mock && uses(*step.mock)) ||
           std::any_of(chat.images.begin(), chat.images.end(), [this](const TextSource& image) {
             return AnyIsOpen(NamesInImage(image, context_));
           });
  }

  // ---- prompts ----

  Result<std::string> RenderText(const TextSource& text) const {
    auto rendered = Render(text.text, text.origin, context_);
    if (rendered) return rendered;
    return Fail("{}{}", rendered.error(), values_.Hint(text.text, rendered.error()));
  }

  // The text in which answers are counted.
  std::string RenderMarked(const TextSource& text, const std::string& plain) const {
    if (!marked_) return plain;
    auto marked = Render(text.text, text.origin, *marked_);
    return marked ? *std::move(marked) : plain;
  }

  Result<void> RenderPrompts(const Step& step, bool mocked, RehearsedCall& call) const {
    const ChatStep& chat = *step.chat;
    auto system = chat.system ? RenderText(*chat.system) : Result<std::string>(std::string());
    if (!system) return Error{system.error()};
    auto user = RenderText(chat.user);
    if (!user) return Error{user.error()};
    auto mock = step.mock ? RenderText(*step.mock) : Result<std::string>(std::string());
    if (!mock) return Error{mock.error()};
    call.system = std::move(*system);
    call.user = std::move(*user);
    std::string counted_system = chat.system ? RenderMarked(*chat.system, call.system) : "";
    std::string counted_user = RenderMarked(chat.user, call.user);
    AnswerCount count = CountAnswers({counted_system, counted_user}, rehearsal_.calls.size());
    call.text_bytes =
        static_cast<int64_t>(counted_system.size() + counted_user.size()) - count.bytes;
    call.most_bytes = JsonBytes(counted_system) + JsonBytes(counted_user) +
                      JsonBytes(mocked ? *mock : "") - count.bytes + JsonBytes(chat.extra) +
                      kEnvelope;
    // A schema makes them longer.
    call.most_bytes += std::max<int64_t>(0, JsonBytes(OptionsToJson(chat.options)) - kUsualOptions);
    call.answers = std::move(count.uses);
    return {};
  }

  // ---- pictures ----

  Result<void> FindPictures(const ChatStep& chat, const Provider& provider, RehearsedCall& call) {
    std::vector<ImageFile> files;
    for (const TextSource& image : chat.images) {
      auto names = NamesInImage(image, context_);
      if (!names) return Error{names.error()};
      if (AnyIsOpen(names)) {
        for (const std::string& name : *names) {
          auto known = LookUp(context_, name);
          if (!known) return Fail("{}: images: {}", image.origin, known.error());
        }
        call.more_images = true;
        continue;
      }
      auto found = FindImages({image}, context_, config_.base_dir);
      if (!found) return Error{found.error()};
      files.insert(files.end(), found->begin(), found->end());
    }
    if (auto taken = CheckImages(files, provider); !taken) {
      return Fail("{}: images: {}", call.step, taken.error());
    }
    for (ImageFile& file : files) {
      ImageTokens tokens = TokensOfImage(file, provider, call.model, chat.options.image_detail);
      call.images.push_back({std::move(file), tokens});
      call.most_bytes += kAroundImage;
    }
    return {};
  }

  // ---- calls ----

  // Rehearses one call; returns an example of what it leaves.
  Result<Left> MakeCall(const Step& step, const std::string& path) {
    const ChatStep& chat = *step.chat;
    RehearsedCall call;
    call.step = path;
    call.step_index = step_index_;
    call.exact = exact_;
    auto model = RenderText(chat.model);
    if (!model) return Error{model.error()};
    auto resolved = ResolveModel(config_, *model);
    if (!resolved) return Fail("{}: {}", chat.model.origin, resolved.error());
    const Provider& provider = *resolved->provider;
    call.provider = provider.name;
    call.model = resolved->model;
    auto taken = TakeOptions(provider, call.model, chat);
    if (!taken) return Fail("step {}: {}", path, taken.error());
    call.options = std::move(taken->options);
    call.left_out = std::move(taken->left_out);
    if (auto refused = FindRefusedField(chat.extra, provider.api)) {
      return Fail("step {}: extra: {} {}", path, refused->field, refused->why);
    }
    auto rendered = RenderPrompts(step, provider.api == "mock", call);
    if (!rendered) return Error{rendered.error()};
    if (auto found = FindPictures(chat, provider, call); !found) return Error{found.error()};
    rehearsal_.calls.push_back(std::move(call));
    return Example(step, *model);
  }

  // What the last call leaves.
  Left Example(const Step& step, const std::string& model) {
    size_t index = rehearsal_.calls.size() - 1;
    ChatOutcome outcome{ExampleAnswer(index), values_.ValueOf(step, index), "stop", model, Usage{}};
    Left left{ChatValue(outcome), Json()};
    if (outcome.value.is_null() || outcome.value == outcome.text) return left;
    outcome.value = MarkedValue(outcome.value, index);
    left.marked = ChatValue(outcome);
    return left;
  }

  Result<Left> MakeCalls(const Step& step) {
    auto list = LookUp(context_, step.for_each);
    std::string hint = values_.ForEachHint(step.for_each);
    if (!list) return Fail("{}: for_each: {}{}", step.origin, list.error(), hint);
    if (!list->is_array()) {
      return Fail("{}: for_each: {} is not a list{}", step.origin, step.for_each, hint);
    }
    auto marked_list = marked_ ? LookUp(*marked_, step.for_each) : list;
    Left all{Json::array(), Json()};
    std::vector<std::string> keys = ElementKeys(*list);
    for (size_t i = 0; i < keys.size(); ++i) {
      const Json &each = (*list)[i], &marked_each = (*marked_list)[i];
      Leave("each", {each, marked_each == each ? Json() : marked_each});
      auto left = MakeCall(step, fmt::format("{}[{}]", step.id, keys[i]));
      if (!left) return left;
      auto number = static_cast<int64_t>(i) + 1;
      if (marked_ || !left->marked.is_null()) {
        const Json& marked = left->marked.is_null() ? left->value : left->marked;
        all.marked.push_back(ElementValue(number, keys[i], marked_each, marked));
      }
      all.value.push_back(ElementValue(number, keys[i], each, std::move(left->value)));
    }
    context_.erase("each");
    if (marked_) marked_->erase("each");
    return all;
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
  std::optional<Json> marked_;  // the context with marks; nullopt: there is nothing to mark
  ExampleValues values_;
  std::set<std::string> done_;  // the steps so far
  size_t step_index_ = 0;
  bool list_is_open_ = false;  // an earlier step will say what the step's for_each goes through
  bool exact_ = true;          // of the step's calls
  Rehearsal rehearsal_;
};

}  // namespace

Result<Rehearsal> Rehearse(const Config& config, const Json& item) {
  return Rehearser(config, item).Run();
}

}  // namespace muster
