#include <algorithm>
#include <string>

#include "common/text.h"
#include "tests/fuzz/targets.h"
#include "worker/providers/chat_api.h"

namespace muster::fuzz {
namespace {

constexpr const char* kApis[] = {"openai-responses", "openai-chat", "anthropic",   "gemini",
                                 "ollama",           "openrouter",  "claude-code", "mock"};
constexpr int64_t kStatuses[] = {200, 200, 200, 400, 401, 402, 403, 404,
                                 408, 413, 429, 500, 502, 503, 529, 302};
constexpr const char* kTypes[] = {"application/json", "text/event-stream", "application/x-ndjson",
                                  ""};

void CheckUsage(const Usage& usage) {
  int64_t least = std::min({usage.input, usage.cached, usage.cache_write, usage.cache_write_1h,
                            usage.output, usage.reasoning});
  Must(least >= 0, "a negative count");
  Must(usage.cached + usage.cache_write <= usage.input, "more cached than came in");
  Must(usage.cache_write_1h <= usage.cache_write, "more kept for an hour than kept");
  Must(usage.reasoning <= usage.output, "more thought than said");
  Must(std::max(usage.input, usage.output) <= 3 * kMostTokensOfOneCall, "an absurd count");
}

}  // namespace

void FuzzReplies(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const ChatApi& api = *FindChatApi(kApis[static_cast<unsigned char>(bytes[0]) % 8]);
  auto choice = static_cast<unsigned char>(bytes[1]);
  HttpReply reply;
  reply.status = kStatuses[choice % 16];
  reply.headers = {{"content-type", kTypes[choice / 16 % 4]}};
  reply.body = bytes.substr(2);
  Reading reading = api.ReadReply(reply);
  if (reading.usage) CheckUsage(*reading.usage);
  if (reading.own_cost) Must(*reading.own_cost >= 0, "a negative cost");
  if (reading.answered) {
    Must(reply.status == 200, "an error became an answer");
    Must(api.ReadAnswer(reading.body).ok(), "an answer that does not read again");
    Must(api.ReadReply(HttpReply{200, {}, reading.body}).answered, "an answer that is none later");
  } else {
    Must(!reading.failure.message.empty(), "a failure without words");
    Must(VisibleText(reading.failure.message) == reading.failure.message, "a raw message");
    Must(reading.failure.retry_after_ms.value_or(0) >= 0, "a negative wait");
  }
  api.ReadPartial(reply);
  if (auto watch = api.Watch()) watch->Take(reply.body);
}

}  // namespace muster::fuzz
