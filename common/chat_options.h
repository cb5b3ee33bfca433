#pragma once

// Which options an API and its models take. The one place that knows: a config is checked by it
// when it is loaded, an item when its model is known, a worker before it makes a request.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"

namespace muster {

// An option that a model does not take, by the name it has in the config.
struct RefusedOption {
  std::string option;
  std::string why;  // "model gpt-5.1 does not take it; leave it out"
};

// Those of a chat step's options that `model` of `provider` does not take, each once. Says nothing
// of `extra`. Where neither an API's documents nor a model's name tell, the server is left to say.
std::vector<RefusedOption> FindRefusedOptions(const Provider& provider, std::string_view model,
                                              const ChatStep& chat);

// The first of them; nullopt: it takes all.
std::optional<RefusedOption> FindRefusedOption(const Provider& provider, std::string_view model,
                                               const ChatStep& chat);

// What goes out to a model: a step's options without those of its `optional` that the model does
// not take.
struct TakenOptions {
  ChatOptions options;
  std::vector<std::string> left_out;  // their names
};

// The error names another option that it does not take: "temperature: model gpt-5.1 …".
Result<TakenOptions> TakeOptions(const Provider& provider, std::string_view model,
                                 const ChatStep& chat);

// Whether `model`, also behind a vendor ("openai/gpt-5"), is of OpenAI's families that think before
// they answer: o1, o3, o4 and gpt-5, without gpt-5-chat.
bool IsReasoningModel(std::string_view model);

// Whether a base URL is OpenAI's own service, there or on Azure, and not a server that imitates it.
bool IsOpenAiService(std::string_view base_url);

}  // namespace muster
