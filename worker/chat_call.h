#pragma once

#include <memory>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/parse/answer_parser.h"
#include "common/result.h"
#include "worker/caller.h"

namespace muster {

// A chat step's call, and what makes a value of its answer. Both outlive neither the config nor the
// step.
struct ChatCall {
  CallSpec spec;
  std::shared_ptr<const AnswerParser> parser;  // nullptr: the step has no parse
};

// The call of a chat step at `path`, with its templates rendered over `context` and its pictures
// read. What the model or its API does not take is an error here, before anything is sent.
Result<ChatCall> MakeChatCall(const Config& config, const Step& step, const std::string& path,
                              const Json& context);

// What a call leaves for templates: ChatValue, with a warning where the prompt was over the model's
// context window. The answer is one that the call's `usable` took.
Json ValueOfAnswer(const ChatCall& call, const std::string& model, CallValue value);

}  // namespace muster
