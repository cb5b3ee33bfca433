#pragma once

#include <string_view>
#include <vector>

#include "tests/fake_provider/api.h"

namespace fake_provider::gemini {

// What a request asks. Nothing is written to a cache as far as Google tells.
Question QuestionOf(const Call& call, const AnswerWishes& wishes);

// The answer to a request that is fine. A wished failure is, by its error_code: a finishReason
// (RECITATION, MALFORMED_FUNCTION_CALL, …), of an answer without content; a blocked prompt
// ("blocked:SAFETY"), with no candidates; else an error inside the 200, the code its status.
ApiReply Respond(const Call& call, const AnswerWishes& wishes);

// {"promptFeedback": {"blockReason"}}, with neither candidates nor usage.
Json BlockedPrompt(const Call& call, std::string_view reason);

// The chunks of an answer as the request wants them: server-sent events or a JSON array when it
// streams, else the only one as it is.
ApiReply Framed(const Call& call, const std::vector<Json>& chunks, bool streams);

}  // namespace fake_provider::gemini
