#pragma once

// What the tests of the fake provider's APIs share: requests to it over the wire, replies and
// streams taken apart.

#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "tests/fake_server.h"
#include "tests/http_testing.h"

namespace muster {

using WireHeaders = std::vector<std::pair<std::string, std::string>>;

// A reply as it came. `json` is null when the body is none.
struct WireReply {
  HttpReply http;
  Json json;

  std::string Header(std::string_view name) const { return std::string(http.Header(name)); }
};

// What follows the port in a URL; `body` "" is a GET.
inline WireReply AskWire(const FakeServer& server, const std::string& target,
                         const WireHeaders& headers, const std::string& body) {
  std::string origin = server.Url();
  origin.erase(origin.rfind("/v1"));
  HttpRequest request = RequestTo(origin + target, body);
  request.headers = headers;
  if (body.empty()) request.method = "GET";
  HttpOutcome outcome = Do(request);
  REQUIRE_MESSAGE(outcome.reply, outcome.failure.message);
  WireReply reply{*outcome.reply, Json()};
  if (auto json = ParseJson(reply.http.body)) reply.json = *json;
  return reply;
}

// One server-sent event; `name` "" for one without.
struct WireEvent {
  std::string name;
  Json data;
};

// All events of a stream whose lines end in LF and whose data stands on one line.
inline std::vector<WireEvent> EventsOf(const std::string& body) {
  std::vector<WireEvent> events;
  for (size_t at = 0; at < body.size();) {
    size_t end = body.find("\n\n", at);
    REQUIRE_MESSAGE(end != std::string::npos, "the last event has no end");
    std::string event = body.substr(at, end - at);
    at = end + 2;
    WireEvent parsed;
    if (event.starts_with("event: ")) {
      parsed.name = event.substr(7, event.find('\n') - 7);
      event.erase(0, event.find('\n') + 1);
    }
    REQUIRE_MESSAGE(event.starts_with("data: "), event);
    auto data = ParseJson(event.substr(6));
    REQUIRE(data);
    parsed.data = *data;
    events.push_back(parsed);
  }
  return events;
}

// `base` with the members of `changes` in place of its own, or taken out where they are null.
inline Json Changed(Json base, const Json& changes) {
  base.merge_patch(changes);
  return base;
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A picture's first bytes, which are all that is looked at.
inline constexpr char kPngBase64[] = "iVBORw0KGgoAAAANSUhEUg==";

}  // namespace muster
