#include "tests/fuzz/targets.h"
#include "worker/replies/limit_headers.h"
#include "worker/replies/retry_after.h"

namespace muster::fuzz {
namespace {

void Check(std::optional<int64_t> ms) {
  Must(!ms || (*ms >= 0 && *ms <= kLongestRetryAfterMs), "a wait out of bounds");
}

void CheckLimits(const std::vector<LimitSeen>& limits) {
  for (const LimitSeen& each : limits) {
    Must(each.limit > 0 && each.remaining <= each.limit, "a limit that is none");
    Check(each.full_in_ms);
  }
}

}  // namespace

void FuzzWaits(std::string_view bytes) {
  constexpr int64_t kNow = 1'780'000'000'000;
  std::string text(bytes);
  Check(SpanMs(text));
  Check(RetryAfterInText(text));
  HttpReply reply;
  reply.received_ms = kNow;
  for (const char* name : {"retry-after-ms", "retry-after", "date"}) {
    reply.headers.emplace_back(name, text);
    Check(RetryAfterMs(reply, kNow));
    Check(RetryAfterMs(reply, TimeOfReplyMs(reply)));
  }
  for (const char* unit : {"requests", "tokens", "project-tokens", "input-tokens"}) {
    for (const char* part : {"limit", "remaining", "reset"}) {
      reply.headers.emplace_back(std::string("x-ratelimit-") + part + "-" + unit, text);
      reply.headers.emplace_back(std::string("anthropic-ratelimit-") + unit + "-" + part, text);
    }
  }
  CheckLimits(OpenAiLimits(reply));
  CheckLimits(AnthropicLimits(reply));
}

}  // namespace muster::fuzz
