#include "tests/fake_provider/action.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>

namespace fake_provider {
namespace {

// Thrown by a setter below for what the JSON library does not notice; caught in ParseAction().
struct BadValue : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Setter = std::function<void(Action&, const Json&)>;

bool Flag(const Json& value) { return value.get<bool>(); }

uint64_t Count(const Json& value) {
  if (!value.is_number_unsigned()) throw BadValue("expected a whole number, 0 or more");
  return value.get<uint64_t>();
}

int64_t Integer(const Json& value) {
  if (!value.is_number_integer()) throw BadValue("expected a whole number");
  return value.get<int64_t>();
}

int StatusCode(const Json& value) {
  uint64_t status = Count(value);
  if (status < 200 || status > 999) throw BadValue("expected 200 to 999");
  return static_cast<int>(status);
}

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : ToText(value);
}

void AddHeader(Action& action, const std::string& name, const Json& value) {
  action.dropped.push_back(name);
  if (!value.is_null()) action.headers.emplace_back(name, Text(value));
}

void AddHeaders(Action& action, const Json& value) {
  if (value.is_object()) {
    for (const auto& [name, text] : value.items()) AddHeader(action, name, text);
    return;
  }
  if (!value.is_array()) throw BadValue("expected an object or a list of pairs");
  for (const Json& pair : value) AddHeader(action, pair.at(0).get<std::string>(), pair.at(1));
}

std::string ErrorName(const Json& value) {
  std::string name = value.get<std::string>();
  if (std::find(std::begin(kErrorNames), std::end(kErrorNames), name) == std::end(kErrorNames)) {
    throw BadValue(fmt::format("unknown error '{}'", name));
  }
  return name;
}

void SetBody(Action& action, const Json& value) {
  action.body = Text(value);
  if (value.is_string()) action.body_type = "text/plain; charset=utf-8";
  if (value.is_string() && ParseJson(*action.body)) action.body_type = "application/json";
  if (action.body->starts_with("<")) action.body_type = "text/html; charset=UTF-8";
}

void SetFinish(Action& action, const Json& value) {
  static const std::map<std::string, Finish> kFinishes = {
      {"length", Finish::kLength},
      {"content_filter", Finish::kContentFilter},
      {"refusal", Finish::kRefusal},
      {"empty", Finish::kEmpty}};
  auto found = kFinishes.find(value.get<std::string>());
  if (found == kFinishes.end()) throw BadValue("unknown finish");
  action.wishes.finish = found->second;
}

void SetJob(Action& action, const Json& value) {
  if (!value.is_object()) throw BadValue("expected an object");
  JobWishes& job = action.wishes.job;
  for (const auto& [name, member] : value.items()) {
    if (name == "end" && (member == "SUCCEEDED" || member == "FAILED" || member == "CANCELED")) {
      job.end = member.get<std::string>();
    } else if (name == "error" && member.is_string()) {
      job.error = member.get<std::string>();
    } else if (name == "ms") {
      job.ms = static_cast<int64_t>(Count(member));
    } else {
      throw BadValue(fmt::format("{}: unknown, or not of the right kind", name));
    }
  }
}

void SetResponseStatus(Action& action, const Json& value) {
  if (value != "failed") throw BadValue("only 'failed' is known");
  action.wishes.response_status = "failed";
}

void SetLineEnd(Action& action, const Json& value) {
  static const std::map<std::string, std::string> kEnds = {
      {"lf", "\n"}, {"crlf", "\r\n"}, {"cr", "\r"}};
  auto found = kEnds.find(value.get<std::string>());
  if (found == kEnds.end()) throw BadValue("expected lf, crlf or cr");
  action.stream.line_end = found->second;
}

void SetDrip(Action& action, const Json& value) {
  action.drip_bytes = Count(value.at("bytes"));
  action.drip_every_ms = static_cast<int64_t>(Count(value.at("every_ms")));
  if (action.drip_bytes == 0) throw BadValue("bytes: expected at least 1");
}

void SetChunked(Action& action, const Json& value) {
  action.chunk_bytes = value.is_boolean() ? (Flag(value) ? 256 : 0) : Count(value);
}

void SetHugeHeader(Action& action, const Json& value) {
  action.headers.emplace_back("x-filler", std::string(Count(value), 'x'));
}

const std::map<std::string, Setter, std::less<>>& Setters() {
  static const std::map<std::string, Setter, std::less<>> kSetters = {
      {"delay_ms", [](Action& a, const Json& v) { a.delay_ms = Count(v); }},
      {"raw", [](Action& a, const Json& v) { a.raw = v.get<std::string>(); }},
      {"redirect", [](Action& a, const Json& v) { a.redirect = v.get<std::string>(); }},
      {"echo_key", [](Action& a, const Json& v) { a.echo_key = Flag(v); }},
      {"error", [](Action& a, const Json& v) { a.error = ErrorName(v); }},
      {"retry_after", [](Action& a, const Json& v) { a.retry_after = Text(v); }},
      {"body", SetBody},
      {"status", [](Action& a, const Json& v) { a.status = StatusCode(v); }},
      {"hang", [](Action& a, const Json& v) { a.hang = Flag(v); }},
      {"text", [](Action& a, const Json& v) { a.wishes.text = v.get<std::string>(); }},
      {"finish", SetFinish},
      {"response_status", SetResponseStatus},
      {"error_code", [](Action& a, const Json& v) { a.wishes.error_code = v.get<std::string>(); }},
      {"no_usage", [](Action& a, const Json& v) { a.wishes.no_usage = Flag(v); }},
      {"usage", [](Action& a, const Json& v) { a.wishes.usage = v; }},
      {"no_stream", [](Action& a, const Json& v) { a.wishes.no_stream = Flag(v); }},
      {"stream_cut_after", [](Action& a, const Json& v) { a.stream.cut_after = Count(v); }},
      {"stream_hang_after", [](Action& a, const Json& v) { a.stream.hang_after = Count(v); }},
      {"stream_error_after", [](Action& a, const Json& v) { a.stream.error_after = Count(v); }},
      {"stream_error", [](Action& a, const Json& v) { a.stream.error = ErrorName(v); }},
      {"stream_end", [](Action& a, const Json& v) { a.stream.end = Flag(v); }},
      {"stream_stay_open", [](Action& a, const Json& v) { a.stream.stay_open = Flag(v); }},
      {"stream_junk", [](Action& a, const Json& v) { a.stream.junk = Flag(v); }},
      {"stream_line_end", SetLineEnd},
      {"stream_split", [](Action& a, const Json& v) { a.stream.split = Count(v); }},
      {"stream_every_ms", [](Action& a, const Json& v) { a.stream.every_ms = Count(v); }},
      {"job", SetJob},
      {"headers", AddHeaders},
      {"ratelimit_headers", AddHeaders},
      {"huge_header", SetHugeHeader},
      {"huge_body", [](Action& a, const Json& v) { a.huge_body = Count(v); }},
      {"gzip_bomb", [](Action& a, const Json& v) { a.gzip_bomb = Count(v); }},
      {"chunked", SetChunked},
      {"close_delimited", [](Action& a, const Json& v) { a.close_delimited = Flag(v); }},
      {"drip", SetDrip},
      {"cut_at_byte", [](Action& a, const Json& v) { a.cut_at_byte = Integer(v); }},
      {"reset_at_byte", [](Action& a, const Json& v) { a.reset_at_byte = Integer(v); }},
      {"close_on_reuse", [](Action& a, const Json& v) { a.close_on_reuse = Flag(v); }},
      {"bill", [](Action& a, const Json& v) { a.bill = Flag(v); }},
      {"cancel_on_disconnect", [](Action& a, const Json& v) { a.cancel_on_disconnect = Flag(v); }},
  };
  return kSetters;
}

std::string WhatClashes(const Action& action) {
  if (action.close_delimited && action.chunk_bytes) return "close_delimited with chunked";
  if (action.cut_at_byte && action.reset_at_byte) return "cut_at_byte with reset_at_byte";
  if (action.huge_body && action.gzip_bomb) return "huge_body with gzip_bomb";
  if (action.hang && action.reset_at_byte) return "hang with reset_at_byte";
  const StreamWishes& stream = action.stream;
  if (stream.cut_after.has_value() + stream.hang_after.has_value() +
          stream.error_after.has_value() + stream.stay_open >
      1) {
    return "two ends of one stream";
  }
  return "";
}

}  // namespace

bool Action::Unusable() const {
  constexpr std::string_view kFraming[] = {"Content-Length", "Transfer-Encoding",
                                           "Content-Encoding", "x-filler"};
  return huge_body || gzip_bomb ||
         std::any_of(std::begin(kFraming), std::end(kFraming),
                     [&](auto n) { return FindHeader(headers, n) != nullptr; });
}

Result<Action> ParseAction(const Json& json) {
  if (!json.is_object()) return Error{"action: expected an object"};
  Action action;
  for (const auto& [name, value] : json.items()) {
    auto setter = Setters().find(name);
    if (setter == Setters().end()) return Error{fmt::format("action: unknown '{}'", name)};
    try {
      setter->second(action, value);
    } catch (const std::exception& problem) {  // the JSON library's, or BadValue
      return Error{fmt::format("action: {}: {}", name, problem.what())};
    }
  }
  if (std::string clash = WhatClashes(action); !clash.empty()) return Error{"action: " + clash};
  return action;
}

}  // namespace fake_provider
