#pragma once

// What the tests of the HTTP client share.

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/tcp_server.h"
#include "worker/http.h"

namespace muster {

using std::chrono::milliseconds;

inline constexpr char kKey[] = "sk-canary-0123456789";

inline HttpRequest RequestTo(const std::string& url, const std::string& body = R"({"a":1})") {
  HttpRequest request;
  request.url = url;
  request.body = body;
  request.headers = {{"x-api-key", kKey}};
  request.connect_limit = milliseconds(5'000);
  request.first_byte_limit = request.between_bytes_limit = milliseconds(20'000);
  request.total_limit = milliseconds(30'000);
  return request;
}

inline std::string Reply(const std::string& body, const std::string& more_head = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more_head +
         "\r\n" + body;
}

// Posts and waits for the end.
inline HttpOutcome Do(HttpClient& client, const HttpRequest& request) {
  std::optional<HttpOutcome> outcome;
  client.Send(request, [&](HttpOutcome ended) { outcome = std::move(ended); });
  while (!outcome) client.WaitAndPerform({}, milliseconds(1'000), nullptr);
  CHECK(client.in_the_air() == 0);
  return *outcome;
}

inline HttpOutcome Do(const HttpRequest& request) {
  HttpClient client;
  return Do(client, request);
}

// A failed outcome that must not tell the key.
inline void CheckFailed(const HttpOutcome& outcome, FailureKind kind, Billing billing) {
  CAPTURE(outcome.failure.message);
  CHECK_FALSE(outcome.reply);
  CHECK(Name(outcome.failure.kind) == Name(kind));
  CHECK(Name(outcome.failure.billing) == Name(billing));
  CHECK_FALSE(outcome.failure.message.empty());
  CHECK(outcome.failure.message.find(kKey) == std::string::npos);
}

}  // namespace muster
