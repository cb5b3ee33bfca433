#pragma once

#include <string>
#include <vector>

#include "tests/fake_provider/api.h"

namespace fake_provider::anthropic {

// What a request asks. Nothing is cached for those that do not ask for it with cache_control, but
// by prompt (see Question) all APIs count alike.
Question QuestionOf(const Call& call, const AnswerWishes& wishes);

// The answer to a request that is fine: a message, or the events it is streamed in. A wished
// failure is an error inside the 200, its error_code the type, unless that is a stop_reason: then
// it is the answer's (stop_sequence, tool_use, pause_turn, model_context_window_exceeded, …).
ApiReply Respond(const Call& call, const AnswerWishes& wishes);

// The server-sent events that such a message is streamed in, from message_start to message_stop.
std::vector<std::string> StreamOf(const Json& message);

}  // namespace fake_provider::anthropic
