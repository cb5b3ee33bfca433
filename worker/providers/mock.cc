// Replies have a shape of their own: {"id", "model", "text", "finish": "stop", "length" or
// "refusal", "usage": {"input", "cached", "cache_write", "output", "reasoning"}}; errors have
// OpenAI's.

#include "worker/providers/mock.h"

#include <algorithm>

#include "common/base64.h"
#include "common/hash.h"
#include "common/parse/schema_instance.h"
#include "worker/providers/json_api.h"
#include "worker/providers/mock_text.h"

namespace muster {
namespace {

constexpr char kPath[] = "/mock";
constexpr int64_t kCharsPerToken = 4;
constexpr int64_t kShortestText = 100;  // tokens
constexpr int64_t kCachedFrom = 1024;   // tokens; shorter prompts are not cached, as with OpenAI
constexpr int64_t kCacheBlock = 64;     // tokens

int64_t TokensOf(std::string_view text) {
  int64_t chars = std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
  return (chars + kCharsPerToken - 1) / kCharsPerToken;
}

// Tokens that a model may spend on thinking at this effort, before chance moves it.
int64_t ReasoningAt(std::string_view effort) {
  struct Level {
    std::string_view effort;
    int64_t tokens;
  };
  constexpr Level kLevels[] = {{"minimal", 16}, {"low", 128},    {"medium", 512},
                               {"high", 1536},  {"xhigh", 3072}, {"max", 6144}};
  for (const Level& level : kLevels) {
    if (level.effort == effort) return level.tokens;
  }
  return 0;
}

// The beginning of `text` that `tokens` pay for, up to a word's end.
std::string CutToTokens(const std::string& text, int64_t tokens) {
  auto bytes = static_cast<size_t>(std::max<int64_t>(0, tokens * kCharsPerToken));
  if (bytes >= text.size()) return text;
  size_t end = text.find_last_of(" \n", bytes);
  return text.substr(0, end == text.npos ? 0 : end);
}

struct MockAnswer {
  std::string text, finish = "stop";
  Usage usage;
};

// The text that an answer is to have, and how it is to end.
struct Wish {
  std::string text, finish = "stop";
};

// One of the request's "instead", each with its share of chance; nullptr: none of them. It depends
// on nothing but these, their place and the ask, so that another ask can have another answer.
const Json* ChooseInstead(const Json& body, int64_t seed, int64_t ask) {
  const Json* instead = Member(body, "instead");
  if (!instead) return nullptr;
  MockRandom random(StableHash(fmt::format("{}\n{}\n{}\n{}", seed, StringMember(body, "place"), ask,
                                           CanonicalJson(*instead))));
  double chance = random.Share();
  for (const Json& each : *instead) {
    chance -= NumberMember(each, "share").value_or(0);
    if (chance < 0) return &each;
  }
  return nullptr;
}

// nullopt: any answer will do.
std::optional<Wish> WishOf(const Json& body, int64_t seed, int64_t ask) {
  if (const Json* instead = ChooseInstead(body, seed, ask)) {
    return Wish{StringMember(*instead, "text"), StringMember(*instead, "finish")};
  }
  if (!Member(body, "mock")) return std::nullopt;
  return Wish{StringMember(body, "mock")};
}

// `instance`: of the schema that the answer has to meet; nullptr: none.
MockAnswer MakeAnswer(const Json& body, const Wish* wish, const Json* instance,
                      MockRandom& random) {
  MockAnswer answer;
  Usage& usage = answer.usage;
  std::string user = StringMember(body, "user");
  int64_t most = std::max<int64_t>(1, IntMember(body, "max_tokens").value_or(kMostTokensOfOneCall));
  usage.input = TokensOf(StringMember(body, "system") + user);
  if (usage.input >= kCachedFrom) usage.cached = usage.input / 3 / kCacheBlock * kCacheBlock;
  int64_t thinking = ReasoningAt(StringMember(body, "reasoning_effort"));
  usage.reasoning = std::min(
      thinking / 2 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(thinking) + 1)),
      most / 2);
  if (wish) {
    answer.text = wish->text;
    answer.finish = wish->finish;
  } else if (instance) {
    answer.text = DumpJson(*instance);
  } else {
    answer.text = MakeMockText(user, random);
  }
  if (int64_t left = most - usage.reasoning; !wish && TokensOf(answer.text) > left) {
    answer.text = CutToTokens(answer.text, left);
    // A model that is told to be short is; one that cannot say a sentence is cut.
    if (instance || left < kShortestText) answer.finish = "length";
  }
  // A wished text is never cut, but no answer costs more than max_tokens.
  usage.output = std::min(usage.reasoning + TokensOf(answer.text), most);
  return answer;
}

HttpReply ErrorReply(int64_t status, const char* code, const std::string& message) {
  Json body = {{"error", {{"message", message}, {"type", "mock"}, {"code", code}}}};
  return HttpReply{status, {}, DumpJson(body)};
}

// As a provider refuses a schema that it cannot keep to: an answer without it would be made up.
HttpReply RefuseSchema(const std::string& why) {
  return ErrorReply(400, "invalid_request_error",
                    "the mock provider cannot answer by the response schema: " + why +
                        "; give the step a mock: text");
}

HttpReply MakeSuccess(const Json& body, const std::optional<Wish>& wish, uint64_t hash,
                      MockRandom& random) {
  std::optional<Json> instance;
  if (const Json* schema = Member(body, "schema"); schema && !wish) {
    Result<Json> made = InstanceOf(*schema, hash);
    if (!made) return RefuseSchema(made.error());
    instance = std::move(*made);
  }
  MockAnswer answer =
      MakeAnswer(body, wish ? &*wish : nullptr, instance ? &*instance : nullptr, random);
  const Usage& usage = answer.usage;
  std::string id = fmt::format("mock-{:016x}", hash);
  Json reply = {{"id", id},
                {"model", StringMember(body, "model")},
                {"text", answer.text},
                {"finish", answer.finish},
                {"usage",
                 {{"input", usage.input},
                  {"cached", usage.cached},
                  {"cache_write", usage.cache_write},
                  {"output", usage.output},
                  {"reasoning", usage.reasoning}}}};
  return HttpReply{200, {{"x-request-id", id}}, DumpJson(reply)};
}

HttpReply MakeFailure(MockRandom& random) {
  constexpr char kWhy[] = "the mock provider fails on request";
  switch (random.Below(3)) {
    case 0: {
      HttpReply limited = ErrorReply(429, "rate_limit_exceeded", kWhy);
      limited.headers.emplace_back("retry-after-ms", std::to_string(20 + random.Below(80)));
      return limited;
    }
    case 1:
      return ErrorReply(500, "server_error", kWhy);
    default:
      return ErrorReply(502, "server_error", kWhy);
  }
}

// ---- reading ----

std::optional<ApiError> ErrorIn(const Json& body) { return FindApiError(body); }

Result<ChatAnswer> AnswerIn(const Json& body) {
  const Json* text = Member(body, "text");
  if (!text || !text->is_string()) return Fail("it has no text");
  ChatAnswer answer;
  answer.text = text->get<std::string>();
  answer.finish_text = StringMember(body, "finish");
  answer.finish = answer.finish_text == "length"    ? Finish::kLength
                  : answer.finish_text == "refusal" ? Finish::kRefusal
                                                    : Finish::kStop;
  if (answer.finish == Finish::kRefusal) answer.finish_text = answer.text;
  answer.served_model = StringMember(body, "model");
  return answer;
}

std::optional<Usage> UsageIn(const Json& body) {
  const Json* usage = Member(body, "usage");
  if (!usage) return std::nullopt;
  auto count = [&](const char* name) { return IntMember(*usage, name).value_or(0); };
  return Usage{count("input"), count("cached"), count("cache_write"), count("output"),
               count("reasoning")};
}

// Pictures are told by the hash of their bytes.
Json ImagesOf(const ChatRequest& request) {
  Json images = Json::array();
  for (const ChatImage& image : request.images) {
    auto bytes = DecodeBase64(image.base64);
    images.push_back(
        {{"media_type", image.media_type}, {"sha256", Sha256Hex(bytes ? *bytes : "")}});
  }
  return images;
}

Json InsteadOf(const ChatRequest& request) {
  Json instead = Json::array();
  for (const MockAnswerInstead& each : request.mock_instead) {
    instead.push_back({{"share", each.share}, {"text", each.text}, {"finish", each.finish}});
  }
  return instead;
}

Result<ApiRequest> Request(const ChatRequest& request, const Provider&) {
  const ChatOptions& options = request.options;
  Json body = {{"model", request.model}};
  if (!request.system.empty()) body["system"] = request.system;
  body["user"] = request.user;
  if (options.temperature) body["temperature"] = *options.temperature;
  if (options.max_tokens) body["max_tokens"] = *options.max_tokens;
  if (!options.reasoning_effort.empty()) body["reasoning_effort"] = options.reasoning_effort;
  if (!options.verbosity.empty()) body["verbosity"] = options.verbosity;
  if (!options.response_schema.is_null()) body["schema"] = options.response_schema;
  if (!request.images.empty()) body["images"] = ImagesOf(request);
  if (request.mock) body["mock"] = *request.mock;
  if (!request.mock_instead.empty()) {
    body["instead"] = InsteadOf(request);
    body["place"] = request.mock_place;
  }
  return ApiRequest{kPath, std::move(body)};
}

constexpr JsonForm kForm{
    .path = kPath, .request = Request, .error = ErrorIn, .answer = AnswerIn, .usage = UsageIn};

}  // namespace

MockReply AnswerMock(const ApiRequest& request, const MockBehaviour& behaviour, int64_t try_number,
                     int64_t ask) {
  std::string identity = fmt::format("{}\n{}", behaviour.seed, CanonicalJson(request.body));
  uint64_t hash = StableHash(identity);
  MockRandom random(hash);
  // Latency and failure differ from try to try, the answer does not.
  MockRandom of_try(hash ^ MockRandom(static_cast<uint64_t>(try_number)).Next());
  MockReply mock;
  auto spread = std::max<int64_t>(0, (behaviour.latency_max - behaviour.latency_min).count());
  mock.latency =
      behaviour.latency_min + Milliseconds(of_try.Below(static_cast<uint64_t>(spread) + 1));
  bool fails = of_try.Share() < behaviour.fail;
  auto wish = WishOf(request.body, behaviour.seed, ask);
  mock.reply = fails ? MakeFailure(of_try) : MakeSuccess(request.body, wish, hash, random);
  return mock;
}

const ChatApi& MockChat() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
