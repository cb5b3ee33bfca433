#pragma once

// The parts that chat_options.cc is made of: what each API says of the values of options it has,
// and of those that only some of its models take. Which API has which option at all is the table
// in chat_options.cc.

#include <string>
#include <string_view>
#include <vector>

#include "common/chat_options.h"

namespace muster {

// A chat step's options on their way to one model, and what was found wrong with them. Refers to
// all it is given; lives for one look at them.
class OptionReview {
 public:
  OptionReview(const Provider& provider, std::string_view model, const ChatStep& chat)
      : provider(provider), model(model), chat(chat), options(chat.options) {}

  // Notes the first thing that is wrong with an option; later ones of the same option are left out.
  void Refuse(std::string_view option, std::string why);
  // "model gpt-5.1 does not take it; leave it out", or what to do instead.
  void RefuseByModel(std::string_view option, std::string_view instead = "leave it out");
  // Unless the value is one of `taken` ("low, medium, high"): "the … API takes low, medium or
  // high".
  void HoldToChoice(std::string_view option, const std::string& value,
                    const std::vector<std::string_view>& taken);
  // One field of a request says both how long to think and whether: only one of them can be sent.
  void HoldToOneThinking();
  // At most so many texts to stop at.
  void HoldStops(size_t most);

  std::vector<RefusedOption> Take() { return std::move(refused_); }

  const Provider& provider;
  const std::string_view model;
  const ChatStep& chat;
  const ChatOptions& options;

 private:
  std::vector<RefusedOption> refused_;
};

// The values and models of one API; each is called for that API alone.
void ReviewOpenAiResponses(OptionReview& review);
void ReviewOpenAiChat(OptionReview& review);
void ReviewAnthropic(OptionReview& review);
void ReviewGemini(OptionReview& review);
void ReviewOllama(OptionReview& review);
void ReviewOpenRouter(OptionReview& review);
void ReviewClaudeCode(OptionReview& review);

// Temperature and top_p of models that take none, whatever API they are reached by.
void ReviewOpenAiSampling(OptionReview& review);
void ReviewClaudeSampling(OptionReview& review);

}  // namespace muster
