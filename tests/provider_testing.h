#pragma once

// What the tests of providers' APIs share: replies, whole and streamed, and what they are read as.

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/openai_testing.h"
#include "worker/providers/chat_api.h"

namespace muster {

inline HttpReply Streamed(const std::string& body, const std::string& type = "text/event-stream") {
  return Http(200, body, {{"content-type", type}});
}

// A reply's answer, which must be one, also when it is read again from the ledger.
inline ChatAnswer AnswerOf(const ChatApi& api, const HttpReply& reply) {
  CAPTURE(reply.body);
  Reading reading = api.ReadReply(reply);
  CAPTURE(reading.failure.message);
  REQUIRE(reading.answered);
  Result<ChatAnswer> answer = api.ReadAnswer(reading.body);
  REQUIRE(answer);
  CHECK(reading.served_model == answer->served_model);
  return *answer;
}

// Where in a stream its watch says that nothing comes any more, in bytes; nullopt: never. The same
// whether it is shown all at once or byte by byte.
inline std::optional<size_t> EndOfStream(const ChatApi& api, const std::string& body) {
  std::unique_ptr<StreamWatch> watch = api.Watch();
  REQUIRE(watch);
  bool ended = watch->Take(body);
  watch = api.Watch();
  for (size_t i = 0; i < body.size(); ++i) {
    if (!watch->Take(std::string_view(body).substr(i, 1))) continue;
    CHECK(ended);
    return i + 1;
  }
  CHECK_FALSE(ended);
  return std::nullopt;
}

// The text with every `from` as `to`.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A usage object's text in `body`, at the mark "USAGE", and what is to be read of it.
struct UsageRow {
  const char* usage;
  std::optional<Usage> expected;
};

inline void CheckUsage(const ChatApi& api, const std::string& body,
                       const std::vector<UsageRow>& rows) {
  for (const UsageRow& row : rows) {
    CAPTURE(row.usage);
    Reading reading = api.ReadReply(Http(200, Replaced(body, "USAGE", row.usage)));
    CHECK(reading.answered);
    CHECK(reading.usage == row.expected);
  }
}

}  // namespace muster
