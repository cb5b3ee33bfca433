#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fake_provider/result.h"

namespace fake_provider {

// In the order and spelling of the wire; names may repeat and compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// One HTTP/1 request as read: the head with its derived facts, then the body.
struct Request {
  std::string method;
  std::string target;  // as sent: path and query
  std::string path;
  std::string query;  // without the '?'
  Headers headers;
  uint64_t content_length = 0;
  bool expects_continue = false;
  bool keep_alive = true;
  std::string body;
};

// Reads a head, from the request line up to and without the empty line. The body is left empty.
Result<Request> ParseHead(std::string_view head);

// The status line, the headers and the empty line.
std::string FormatHead(int status, const Headers& headers);

bool SameName(std::string_view a, std::string_view b);

// The first header of that name, or null.
const std::string* FindHeader(const Headers& headers, std::string_view name);

void RemoveHeader(Headers& headers, std::string_view name);

// The value of `name` in "a=1&b=2" as a number; nothing when it is absent or not a number.
std::optional<int64_t> QueryNumber(std::string_view query, std::string_view name);

std::optional<uint64_t> ParseNumber(std::string_view text);

}  // namespace fake_provider
