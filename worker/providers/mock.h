#pragma once

// The embedded mock provider: answers without network, deterministically from the request and the
// provider's seed, with plausible text, tokens (cached and reasoning too) and latency; fails on
// request. Its replies go through the same reading, ledger and accounting as a real provider's.

#include <chrono>

#include "common/config/config.h"
#include "worker/providers/chat_api.h"

namespace muster {

struct MockReply {
  HttpReply reply;
  std::chrono::milliseconds latency{0};
};

// `try_number` lets a request that failed once succeed when it is tried again; `ask` lets an answer
// that was no use become another where the step has `mock_instead`.
MockReply AnswerMock(const ApiRequest& request, const MockBehaviour& behaviour, int64_t try_number,
                     int64_t ask = 1);

}  // namespace muster
