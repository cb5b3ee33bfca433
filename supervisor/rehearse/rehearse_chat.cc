#include "supervisor/rehearse/rehearse_chat.h"

#include <algorithm>

#include "common/chat_options.h"
#include "common/config/check_chat.h"
#include "common/config/text_file.h"
#include "common/extra_fields.h"
#include "common/files.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

// What a request has beside prompts and extra fields, in bytes of JSON: names, model, options as
// they usually are, and of a picture what stands around it.
constexpr int64_t kEnvelope = 1'000, kUsualOptions = 500, kAroundImage = 200;
// Of a value that is a list, so many elements are made for a round that wants more.
constexpr int64_t kMostElements = 1'000;
// What is told of a context window: some number, since only an answer says which.
constexpr int64_t kExampleWindow = 100'000;

int64_t JsonBytes(const Json& value) { return static_cast<int64_t>(DumpJson(value).size()); }

// One call on its way to be known.
class ChatRehearser {
 public:
  ChatRehearser(const Config& config, ExampleContext& context, const Step& step,
                RehearsedCall& call, size_t before)
      : config_(config),
        context_(context),
        step_(step),
        chat_(*step.chat),
        call_(call),
        before_(before) {}

  Result<void> Complete() {
    auto text = context_.RenderText(chat_.model);
    if (!text) return Error{text.error()};
    auto resolved = ResolveModel(config_, *text);
    if (!resolved) return Fail("{}: {}", chat_.model.origin, resolved.error());
    const Provider& provider = *resolved->provider;
    if (auto why = WhyNoChat(provider); !why.empty())
      return Fail("{}: {}", chat_.model.origin, why);
    call_.provider = provider.name;
    call_.model = resolved->model;
    call_.exact = call_.exact && !UsesSteps();
    if (auto taken = TakeOptionsOf(provider); !taken) return taken;
    if (auto rendered = RenderPrompts(provider.api == "mock"); !rendered) return rendered;
    return FindPictures(provider);
  }

 private:
  bool UsesSteps() const {
    auto uses = [this](const TextSource& text) { return context_.Uses(text); };
    auto shows = [this](const TextSource& image) {
      return context_.AnyIsOpen(NamesInImage(image, context_.names()));
    };
    return uses(chat_.model) || uses(chat_.user) || (chat_.system && uses(*chat_.system)) ||
           (step_.mock && uses(*step_.mock)) ||
           std::any_of(chat_.context.begin(), chat_.context.end(), uses) ||
           std::any_of(chat_.images.begin(), chat_.images.end(), shows);
  }

  Result<void> TakeOptionsOf(const Provider& provider) {
    auto taken = TakeOptions(provider, call_.model, chat_);
    if (!taken) return Fail("step {}: {}", call_.step, taken.error());
    call_.options = std::move(taken->options);
    call_.left_out = std::move(taken->left_out);
    auto refused = FindRefusedField(chat_.extra, provider.api);
    if (!refused) return {};
    return Fail("step {}: extra: {} {}", call_.step, refused->field, refused->why);
  }

  // ---- prompts ----

  // The files that stand before the user prompt, as a worker reads them.
  Result<std::string> ReadFiles() {
    std::string all;
    for (const TextSource& source : chat_.context) {
      auto path = context_.RenderText(source);
      if (!path) return path;
      if (context_.Uses(source)) {
        call_.more_text = true;
        continue;
      }
      if (path->empty()) continue;
      if (!PathInside(config_.base_dir, *path)) {
        return Fail("{}: context: \"{}\" is no file inside the config's folder", source.origin,
                    VisibleText(*path));
      }
      auto text = ReadTextFile(config_.base_dir, *path);
      if (!text) return Fail("{}: context: {}", source.origin, text.error());
      all += *text + (text->ends_with('\n') ? "\n" : "\n\n");
    }
    return all;
  }

  // The bytes of what the mock provider is told to answer.
  Result<int64_t> MockBytes() const {
    auto mock = step_.mock ? context_.RenderText(*step_.mock) : Result<std::string>(std::string());
    if (!mock) return Error{mock.error()};
    int64_t bytes = JsonBytes(*mock);
    for (const MockVariant& variant : step_.mock_instead) {
      auto text = context_.RenderText(variant.text);
      if (!text) return Error{text.error()};
      bytes += JsonBytes(*text);
    }
    return bytes;
  }

  Result<void> RenderPrompts(bool mocked) {
    auto system =
        chat_.system ? context_.RenderText(*chat_.system) : Result<std::string>(std::string());
    if (!system) return Error{system.error()};
    auto files = ReadFiles();
    if (!files) return Error{files.error()};
    auto user = context_.RenderText(chat_.user);
    if (!user) return Error{user.error()};
    auto mock_bytes = MockBytes();
    if (!mock_bytes) return Error{mock_bytes.error()};
    call_.system = std::move(*system);
    call_.user = *files + *user;
    std::string counted_system =
        chat_.system ? context_.RenderMarked(*chat_.system, call_.system) : "";
    Count(counted_system, *files + context_.RenderMarked(chat_.user, *user),
          mocked ? *mock_bytes : JsonBytes(""));
    for (const TextSource* each : {chat_.system ? &*chat_.system : nullptr, &chat_.user}) {
      bool later = each && !each->file.empty() &&
                   context_.AnyIsOpen(TemplateNames(each->file, each->origin));
      call_.more_text = call_.more_text || later;
    }
    return {};
  }

  void Count(const std::string& system, const std::string& user, int64_t mock_bytes) {
    AnswerCount count = CountAnswers({system, user}, before_);
    call_.text_bytes = static_cast<int64_t>(system.size() + user.size()) - count.bytes;
    call_.most_bytes = JsonBytes(system) + JsonBytes(user) + mock_bytes - count.bytes +
                       JsonBytes(chat_.extra) + kEnvelope;
    // A schema makes them longer.
    call_.most_bytes +=
        std::max<int64_t>(0, JsonBytes(OptionsToJson(chat_.options)) - kUsualOptions);
    call_.answers = std::move(count.uses);
  }

  // ---- pictures ----

  Result<void> FindPictures(const Provider& provider) {
    std::vector<ImageFile> files;
    for (const TextSource& image : chat_.images) {
      auto names = NamesInImage(image, context_.names());
      if (!names) return Error{names.error()};
      if (context_.AnyIsOpen(names)) {
        for (const std::string& name : *names) {
          auto known = LookUp(context_.names(), name);
          if (!known) return Fail("{}: images: {}", image.origin, known.error());
        }
        call_.more_images = true;
        continue;
      }
      auto found = FindImages({image}, context_.names(), config_.base_dir);
      if (!found) return Error{found.error()};
      files.insert(files.end(), found->begin(), found->end());
    }
    if (auto taken = CheckImages(files, provider); !taken) {
      return Fail("{}: images: {}", call_.step, taken.error());
    }
    for (ImageFile& file : files) {
      ImageTokens tokens = TokensOfImage(file, provider, call_.model, chat_.options.image_detail);
      call_.images.push_back({std::move(file), tokens});
      call_.most_bytes += kAroundImage;
    }
    return {};
  }

  const Config& config_;
  ExampleContext& context_;
  const Step& step_;
  const ChatStep& chat_;
  RehearsedCall& call_;
  const size_t before_;  // calls of the item so far
};

// A list as long as it is asked to be, of the elements it has.
Json AsLongAs(Json value, std::optional<int64_t> wanted) {
  if (!value.is_array() || value.empty() || !wanted) return value;
  Json list = Json::array();
  auto length = static_cast<size_t>(std::clamp<int64_t>(*wanted, 1, kMostElements));
  for (size_t i = 0; i < length; ++i) list.push_back(value[i % value.size()]);
  return list;
}

// What the call of that index leaves.
Left ExampleOf(ExampleContext& context, const Step& step, const std::string& model, size_t index,
               std::optional<int64_t> wanted) {
  Json value = AsLongAs(context.examples().ValueOf(step, index), wanted);
  ChatOutcome outcome{ExampleAnswer(index), std::move(value), "stop", model, Usage{}};
  outcome.context_window = kExampleWindow;
  Left left{ChatValue(outcome), Json()};
  if (outcome.value.is_null() || outcome.value == outcome.text) return left;
  outcome.value = MarkedValue(outcome.value, index);
  left.marked = ChatValue(outcome);
  return left;
}

}  // namespace

Result<Left> RehearseChat(const Config& config, ExampleContext& context, const Step& step,
                          RehearsedCall call, std::optional<int64_t> wanted, Rehearsal& rehearsal) {
  size_t index = rehearsal.calls.size();
  auto complete = ChatRehearser(config, context, step, call, index).Complete();
  if (!complete) return Error{complete.error()};
  std::string model = call.provider + "/" + call.model;
  rehearsal.calls.push_back(std::move(call));
  return ExampleOf(context, step, model, index, wanted);
}

}  // namespace muster
