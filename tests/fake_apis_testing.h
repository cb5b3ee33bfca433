#pragma once

// The fake provider's APIs, each with a question of its own form: for tests of what all of them do
// alike.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/fake_provider/json.h"
#include "tests/fake_server.h"

namespace fake_provider {

// One API: where it is asked, how a plain question looks, how its streams are framed.
struct AskedApi {
  std::string name;
  std::string path;
  std::string key_header;  // what stands before the key; "": none is needed
  std::string body;        // %S: the system text, %U: the user's, %B: true for a stream
  bool lines = false;      // it streams lines of JSON, not events
};

inline std::vector<AskedApi> AskedApis() {
  std::string chat =
      R"("messages": [{"role": "system", "content": "%S"}, {"role": "user", "content": "%U"}],
         "stream": %B})";
  std::string counted = R"({"stream_options": {"include_usage": true}, "model": )";
  return {
      {"openai-responses", "/v1/responses", "Authorization: Bearer ",
       R"({"model": "gpt-5.1", "instructions": "%S", "input": "%U", "stream": %B})"},
      {"openai-chat", "/v1/chat/completions", "Authorization: Bearer ",
       R"({"model": "gpt-5.1", )" + chat},
      {"azure", "/openai/v1/chat/completions", "api-key: ", R"({"model": "deployed", )" + chat},
      {"azure, by deployment",
       "/openai/deployments/deployed/chat/completions?api-version=2024-10-21",
       "api-key: ", "{" + chat},
      {"openrouter", "/api/v1/chat/completions", "Authorization: Bearer ",
       R"({"model": "anthropic/claude-sonnet-4.5", )" + chat},
      {"compat", "/compat/v1/chat/completions", "", counted + R"("local", )" + chat},
      {"ollama", "/api/chat", "", R"({"model": "llama3.2", )" + chat, true},
  };
}

inline std::string Replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

struct Reply {
  int status = 0;  // 0: there was none
  std::string head;
  std::string body;    // without the framing of chunks
  bool whole = false;  // it ended as its framing says
};

// The body of a chunked reply, and whether its last chunk came.
inline void Unchunk(std::string_view bytes, Reply& reply) {
  while (!bytes.empty()) {
    size_t line = bytes.find("\r\n");
    if (line == std::string_view::npos) return;
    size_t size = std::stoul(std::string(bytes.substr(0, line)), nullptr, 16);
    bytes.remove_prefix(line + 2);
    reply.body += bytes.substr(0, size);
    if (size == 0) reply.whole = bytes == "\r\n";
    if (bytes.size() < size + 2) return;
    bytes.remove_prefix(size + 2);
  }
}

inline Reply ParseReply(const std::string& bytes) {
  Reply reply;
  size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return reply;
  reply.status = std::stoi(bytes.substr(bytes.find(' ')));
  reply.head = bytes.substr(0, end + 2);
  std::string rest = bytes.substr(end + 4);
  if (reply.head.find("Transfer-Encoding: chunked") != std::string::npos) {
    Unchunk(rest, reply);
    return reply;
  }
  size_t length = reply.head.find("Content-Length: ");
  reply.body = rest;
  reply.whole =
      length != std::string::npos && std::stoul(reply.head.substr(length + 16)) == rest.size();
  return reply;
}

// Asks the API's question about these texts.
inline Reply Ask(const muster::FakeServer& server, const AskedApi& api, bool stream,
                 const std::string& user = "Hello", const std::string& system = "Be brief.") {
  std::string body = Replaced(Replaced(api.body, "%U", user), "%S", system);
  if (!stream) body = Replaced(body, R"("stream_options": {"include_usage": true}, )", "");
  std::string key;
  if (!api.key_header.empty()) key = api.key_header + muster::FakeServer::kKey + "\r\n";
  return ParseReply(
      server.Ask("POST", api.path, key, Replaced(body, "%B", stream ? "true" : "false")));
}

// The data of every event or line that is JSON, in order. Line ends may be any.
inline std::vector<Json> EventsOf(const AskedApi& api, const Reply& reply) {
  std::vector<Json> events;
  std::string text = Replaced(Replaced(reply.body, "\r\n", "\n"), "\r", "\n");
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = std::string_view(text).substr(start, end - start);
    start = end + 1;
    if (!api.lines && !line.starts_with("data: ")) continue;
    if (!api.lines) line.remove_prefix(6);
    if (auto event = ParseJson(line)) events.push_back(*event);
  }
  return events;
}

// What a stream's deltas add up to, whichever of the forms above it has.
inline std::string StreamedText(const AskedApi& api, const Reply& reply) {
  std::string text;
  for (const Json& event : EventsOf(api, reply)) {
    if (StringMember(event, "type") == "response.output_text.delta") {
      text += StringMember(event, "delta");
    }
    text += StringMember(MemberOf(event, "message"), "content");
    for (const Json& choice : MemberOf(event, "choices")) {
      text += StringMember(MemberOf(choice, "delta"), "content");
    }
  }
  return text;
}

// The text of a plain answer.
inline std::string PlainText(const Reply& reply) {
  Json body = ParseJson(reply.body).value_or(Json());
  std::string text = StringMember(MemberOf(body, "message"), "content");
  for (const Json& choice : MemberOf(body, "choices")) {
    text += StringMember(MemberOf(choice, "message"), "content");
  }
  for (const Json& item : MemberOf(body, "output")) {
    for (const Json& part : MemberOf(item, "content")) text += StringMember(part, "text");
  }
  return text;
}

}  // namespace fake_provider
