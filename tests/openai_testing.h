#pragma once

// What the tests of OpenAI's two text APIs share: the APIs, their replies, and what these mean.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "worker/providers/chat_api.h"

namespace muster {

inline const ChatApi& Responses() { return *FindChatApi("openai-responses"); }
inline const ChatApi& Chat() { return *FindChatApi("openai-chat"); }

inline HttpReply Http(int64_t status, const std::string& body,
                      std::vector<std::pair<std::string, std::string>> headers = {}) {
  return HttpReply{status, std::move(headers), body};
}

// The failure of a reply; what is no answer must not read as one either.
inline Failure Failed(const ChatApi& api, const HttpReply& reply) {
  CAPTURE(reply.body);
  Reading reading = api.ReadReply(reply);
  CHECK_FALSE(reading.answered);
  CHECK(reading.failure.status == reply.status);
  CHECK_FALSE(reading.failure.message.empty());
  if (reply.status == 200) CHECK_FALSE(api.ReadAnswer(reply.body).ok());
  return reading.failure;
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string ErrorBody(const std::string& code, const std::string& type,
                             const std::string& message = "words") {
  return R"({"error":{"message":")" + message + R"(","type":)" + type + R"(,"param":null,"code":)" +
         code + "}}";
}

}  // namespace muster
