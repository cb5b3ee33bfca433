// Replies have a shape of their own: {"id", "model", "text", "finish": "stop" or "length",
// "usage": {"input", "cached", "cache_write", "output", "reasoning"}}; errors have OpenAI's.

#include "worker/providers/mock.h"

#include <algorithm>

#include "common/hash.h"
#include "worker/providers/json_api.h"
#include "worker/providers/mock_text.h"
#include "worker/providers/openai_fields.h"

namespace muster {
namespace {

constexpr char kPath[] = "/mock";
constexpr int64_t kCharsPerToken = 4;
constexpr int64_t kCachedFrom = 1024;  // tokens; shorter prompts are not cached, as with OpenAI
constexpr int64_t kCacheBlock = 64;    // tokens

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

MockAnswer MakeAnswer(const Json& body, MockRandom& random) {
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
  const Json* wished = Member(body, "mock");
  answer.text = wished ? StringMember(body, "mock") : MakeMockText(user, random);
  if (int64_t left = most - usage.reasoning; !wished && TokensOf(answer.text) > left) {
    answer.text = CutToTokens(answer.text, left);
    answer.finish = "length";
  }
  // A wished text is never cut, but no answer costs more than max_tokens.
  usage.output = std::min(usage.reasoning + TokensOf(answer.text), most);
  return answer;
}

HttpReply MakeSuccess(const Json& body, uint64_t hash, MockRandom& random) {
  MockAnswer answer = MakeAnswer(body, random);
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
  auto reply = [](int64_t status, const char* code, const char* message) {
    Json body = {{"error", {{"message", message}, {"type", "mock"}, {"code", code}}}};
    return HttpReply{status, {}, DumpJson(body)};
  };
  switch (random.Below(3)) {
    case 0: {
      HttpReply limited = reply(429, "rate_limit_exceeded", "the mock provider fails on request");
      limited.headers.emplace_back("retry-after-ms", std::to_string(20 + random.Below(80)));
      return limited;
    }
    case 1:
      return reply(500, "server_error", "the mock provider fails on request");
    default:
      return reply(502, "server_error", "the mock provider fails on request");
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
  answer.finish = answer.finish_text == "length" ? Finish::kLength : Finish::kStop;
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

Result<Json> RequestBody(const ChatRequest& request, const Provider&) {
  Json body = {{"model", request.model}};
  if (!request.system.empty()) body["system"] = request.system;
  body["user"] = request.user;
  if (request.temperature) body["temperature"] = *request.temperature;
  if (request.max_tokens) body["max_tokens"] = *request.max_tokens;
  if (!request.reasoning_effort.empty()) body["reasoning_effort"] = request.reasoning_effort;
  if (!request.verbosity.empty()) body["verbosity"] = request.verbosity;
  if (request.mock) body["mock"] = *request.mock;
  return body;
}

constexpr JsonForm kForm{kPath, RequestBody, ErrorIn, AnswerIn, UsageIn, nullptr};

}  // namespace

MockReply AnswerMock(const ApiRequest& request, const MockBehaviour& behaviour,
                     int64_t try_number) {
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
  mock.reply = fails ? MakeFailure(of_try) : MakeSuccess(request.body, hash, random);
  return mock;
}

const ChatApi& MockChat() {
  static const JsonApi kApi(kForm);
  return kApi;
}

}  // namespace muster
