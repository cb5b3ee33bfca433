#include "tests/fake_provider/http.h"

#include <fmt/format.h>
#include <strings.h>

#include <charconv>

namespace fake_provider {
namespace {

constexpr uint64_t kMaxBodyBytes = 512u << 20;

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 529:
      return "Site is overloaded";
    default:
      return "Unknown";
  }
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the first line off `text`, without its line end.
std::string_view NextLine(std::string_view& text) {
  size_t end = text.find("\r\n");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

// "POST /path?query HTTP/1.1"; false when it is not of that form.
bool ReadRequestLine(std::string_view line, Request& request) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) request.query = request.target.substr(question + 1);
  request.keep_alive = version == "HTTP/1.1";
  return !request.path.empty() && request.path.front() == '/';
}

// Sets what the headers say about the body and the connection; returns what is wrong with them.
std::string ReadFraming(Request& request) {
  if (FindHeader(request.headers, "Transfer-Encoding")) return "send a Content-Length";
  if (const std::string* length = FindHeader(request.headers, "Content-Length")) {
    std::optional<uint64_t> bytes = ParseNumber(*length);
    if (!bytes) return "Content-Length is not a number";
    if (*bytes > kMaxBodyBytes) return "the body is too large";
    request.content_length = *bytes;
  }
  if (const std::string* connection = FindHeader(request.headers, "Connection")) {
    if (SameName(*connection, "close")) request.keep_alive = false;
    if (SameName(*connection, "keep-alive")) request.keep_alive = true;
  }
  const std::string* expect = FindHeader(request.headers, "Expect");
  request.expects_continue = expect && SameName(*expect, "100-continue");
  return "";
}

}  // namespace

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

const std::string* FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return &value;
  }
  return nullptr;
}

void RemoveHeader(Headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const auto& header) { return SameName(header.first, name); });
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Request> ParseHead(std::string_view head) {
  Request request;
  if (!ReadRequestLine(NextLine(head), request)) return Error{"request line: not HTTP/1"};
  while (!head.empty()) {
    std::string_view line = NextLine(head);
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return Error{"header: no name"};
    request.headers.emplace_back(line.substr(0, colon), Trimmed(line.substr(colon + 1)));
  }
  if (std::string wrong = ReadFraming(request); !wrong.empty()) return Error{"request: " + wrong};
  return request;
}

std::string FormatHead(int status, const Headers& headers) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

std::optional<int64_t> QueryNumber(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name || equals == std::string_view::npos) continue;
    std::optional<uint64_t> number = ParseNumber(pair.substr(equals + 1));
    if (number) return static_cast<int64_t>(*number);
  }
  return std::nullopt;
}

}  // namespace fake_provider
