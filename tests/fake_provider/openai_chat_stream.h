#pragma once

#include <string>
#include <vector>

#include "tests/fake_provider/json.h"

namespace fake_provider::openai {

// What of a chat completion's stream is up to the request and the server.
struct ChatStreamStyle {
  bool usage = false;         // one more chunk with the usage, null in all others
  bool obfuscation = false;   // letters that hide how long a delta is
  bool empty_choices = true;  // in the chunk with the usage; else it repeats the last choice
};

// The events of a stream that adds up to `completion`.
std::vector<std::string> ChatEvents(const Json& completion, const ChatStreamStyle& style);

}  // namespace fake_provider::openai
