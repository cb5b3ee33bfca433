#include "worker/chat_call.h"

#include <algorithm>

#include "common/base64.h"
#include "common/chat_options.h"
#include "common/config/text_file.h"
#include "common/files.h"
#include "common/images.h"
#include "common/prices.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "common/text_source.h"

namespace muster {
namespace {

constexpr size_t kLongestReason = 1'000;  // bytes of it that the model is told

// Why a step cannot use an answer, whatever is in its text.
Result<void> CheckFinish(const ChatAnswer& answer, bool keep_truncated) {
  switch (answer.finish) {
    case Finish::kRefusal:
      return Fail("the model refused: {}", answer.finish_text);
    case Finish::kContentFilter:
      return Fail("the provider's content filter stopped the answer ({})", answer.finish_text);
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

// What it cannot use stays in the ledger, paid and raw.
Result<void> CheckUsable(const ChatAnswer& answer, bool keep_truncated,
                         const AnswerParser* parser) {
  auto finished = CheckFinish(answer, keep_truncated);
  if (!finished || !parser) return finished;
  auto value = parser->Parse(answer.text);
  return value ? Result<void>() : Error{value.error()};
}

// What is wrong with a prompt of about so many tokens; "" where it fits.
std::string WarningOf(int64_t estimate, std::optional<int64_t> window) {
  if (!window || estimate <= *window) return "";
  int64_t unit = 1;
  while (estimate / unit >= 100) unit *= 10;
  int64_t rounded = (estimate + unit / 2) / unit * unit;
  return fmt::format("the prompt of about {} tokens is over the context window of {}",
                     FormatCount(rounded > *window ? rounded : estimate), FormatCount(*window));
}

const char* FinishWord(Finish finish) {
  return finish == Finish::kStop ? "stop" : finish == Finish::kLength ? "length" : "other";
}

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

// The text of the step's context files, each followed by a blank line. A path that renders to
// nothing is no file.
Result<std::string> ReadContext(const Config& config, const ChatStep& chat, const Json& context) {
  std::string all;
  for (const TextSource& source : chat.context) {
    auto path = Render(source.text, source.origin, context);
    if (!path) return Error{path.error()};
    if (path->empty()) continue;
    if (!PathInside(config.base_dir, *path)) {
      return Fail("context: \"{}\" is no file inside the config's folder", VisibleText(*path));
    }
    auto text = ReadTextFile(config.base_dir, *path);
    if (!text) return Fail("context: {}", text.error());
    all += *text + (text->ends_with('\n') ? "\n" : "\n\n");
  }
  return all;
}

// A prompt's pictures, and what they come to together.
struct Pictures {
  std::vector<ChatImage> images;
  ImageTokens tokens;
};

// Reads the pictures that the provider takes; none of them is read before all were looked at.
Result<Pictures> ReadImages(const Config& config, const Provider& provider,
                            const std::string& model, const ChatStep& chat, const Json& context) {
  auto files = FindImages(chat.images, context, config.base_dir);
  if (!files) return Error{files.error()};
  if (auto taken = CheckImages(*files, provider); !taken) return Fail("images: {}", taken.error());
  Pictures pictures;
  for (const ImageFile& file : *files) {
    auto bytes = ReadImage(file);
    if (!bytes) return Fail("images: {}", bytes.error());
    ImageTokens tokens = TokensOfImage(file, provider, model, chat.options.image_detail);
    pictures.images.push_back({file.media_type, EncodeBase64(*bytes), tokens.most});
    pictures.tokens.likely += tokens.likely;
    pictures.tokens.most += tokens.most;
  }
  return pictures;
}

// nullptr: the step has no parse.
Result<std::shared_ptr<const AnswerParser>> MakeParser(const Step& step) {
  auto rule = ParseRuleOf(step);
  if (!rule) return std::shared_ptr<const AnswerParser>();
  auto parser = AnswerParser::Make(*rule);
  if (!parser) return Fail("{}: {}", step.parse ? "parse" : "response_schema", parser.error());
  return std::make_shared<const AnswerParser>(*std::move(parser));
}

// What the mock provider is to answer; `path` is the step's.
Result<void> RenderMock(const Config& config, const Step& step, const std::string& path,
                        const Json& context, ChatRequest& request) {
  if (step.mock) {
    auto mock = RenderSource(*step.mock, config.base_dir, context);
    if (!mock) return Error{mock.error()};
    request.mock = *std::move(mock);
  }
  for (const MockVariant& variant : step.mock_instead) {
    auto text = RenderSource(variant.text, config.base_dir, context);
    if (!text) return Error{text.error()};
    request.mock_instead.push_back({variant.share, *std::move(text), variant.finish});
  }
  const Json* item = Member(context, "item");
  request.mock_place = (item ? StringMember(*item, "id") : "") + "/" + path;
  return {};
}

// Everything but options and pictures.
Result<ChatRequest> RenderChat(const Config& config, const Step& step, const std::string& model,
                               const Json& context) {
  const ChatStep& chat = *step.chat;
  ChatRequest request;
  request.model = model;
  if (chat.system) {
    auto system = RenderSource(*chat.system, config.base_dir, context);
    if (!system) return Error{system.error()};
    request.system = *std::move(system);
  }
  auto files = ReadContext(config, chat, context);
  if (!files) return Error{files.error()};
  auto user = RenderSource(chat.user, config.base_dir, context);
  if (!user) return Error{user.error()};
  request.user = *files + *user;
  request.schema_name = step.id;
  request.extra = chat.extra;
  return request;
}

// The API's request, with what its pictures weigh. The mock's body has their hashes instead.
Result<ApiRequest> MakeApiRequest(const ChatApi& api, const Provider& provider,
                                  const ChatRequest& request, ImageTokens tokens) {
  auto made = api.MakeRequest(request, provider);
  if (!made) return made;
  made->image_bytes = 0;
  for (const ChatImage& image : request.images) {
    if (provider.api != "mock") made->image_bytes += static_cast<int64_t>(image.base64.size());
  }
  made->image_tokens_likely = tokens.likely;
  made->image_tokens = tokens.most;
  return made;
}

}  // namespace

Result<ChatCall> MakeChatCall(const Config& config, const Step& step, const std::string& path,
                              const Json& context) {
  const ChatStep& chat = *step.chat;
  auto parser = MakeParser(step);
  if (!parser) return Error{parser.error()};
  auto model_text = Render(chat.model.text, chat.model.origin, context);
  if (!model_text) return Error{model_text.error()};
  auto model = ResolveModel(config, *model_text);
  if (!model) return Error{model.error()};
  const Provider* provider = model->provider;
  CallSpec spec;
  spec.step = path;
  spec.provider = provider;
  spec.model = model->model;
  spec.api = FindChatApi(provider->api);
  if (!spec.api) return Fail("no API is called \"{}\"", provider->api);
  auto taken = TakeOptions(*provider, model->model, chat);
  if (!taken) return Error{taken.error()};
  auto request = RenderChat(config, step, model->model, context);
  if (!request) return Error{request.error()};
  if (provider->api == "mock") {
    auto mock = RenderMock(config, step, path, context, *request);
    if (!mock) return Error{mock.error()};
  }
  request->options = taken->options;
  if (provider->api == "mock" && !step.mock && request->options.response_schema.is_null()) {
    // It answers what the step can use, whoever was to see to that.
    auto rule = ParseRuleOf(step);
    if (rule && !rule->json.empty()) request->options.response_schema = rule->json;
  }
  auto pictures = ReadImages(config, *provider, model->model, chat, context);
  if (!pictures) return Error{pictures.error()};
  request->images = std::move(pictures->images);
  auto made = MakeApiRequest(*spec.api, *provider, *request, pictures->tokens);
  if (!made) return Error{made.error()};
  spec.request = std::move(*made);
  spec.max_tokens = taken->options.max_tokens;
  spec.tier = TierOf(taken->options.service_tier);
  spec.ask_again = step.ask_again;
  if (step.say_why) {
    spec.remake = [api = spec.api, provider, request = std::move(*request),
                   tokens = pictures->tokens](const std::string& why) {
      return MakeApiRequest(*api, *provider, SayingWhy(request, why), tokens);
    };
  }
  spec.usable = [keep = chat.keep_truncated, parser = *parser](const ChatAnswer& answer) {
    return CheckUsable(answer, keep, parser.get());
  };
  return ChatCall{std::move(spec), *std::move(parser)};
}

Json ValueOfAnswer(const ChatCall& call, const std::string& model, CallValue value) {
  ChatOutcome outcome;
  if (call.parser) {
    auto parsed = call.parser->Parse(value.answer.text);
    assert(parsed);
    outcome.value = std::move(*parsed);
  }
  outcome.text = std::move(value.answer.text);
  outcome.finish = FinishWord(value.answer.finish);
  outcome.model = model;
  outcome.usage = value.usage;
  outcome.context_window = value.context_window;
  outcome.warning = WarningOf(value.input_estimate, value.context_window);
  return ChatValue(outcome);
}

}  // namespace muster
