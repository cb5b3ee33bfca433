#include "common/config/url.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace muster {
namespace {

struct Authority {
  std::string_view host, port;
  bool has_port = false;
};

Authority SplitAuthority(std::string_view text) {
  size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  size_t colon = bracket == std::string_view::npos ? bracket : text.find(':', bracket);
  if (colon == std::string_view::npos) return {text, "", false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

// A whole decimal number of at most `most` without further characters.
bool IsNumberUpTo(std::string_view text, int most) {
  int number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number <= most;
}

// 127.0.0.0/8 in its usual form only: 127.1 and 127.0.0.1.example.org are something else.
bool IsLoopbackV4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int parts = 1;
  for (size_t dot; (dot = host.find('.')) != std::string_view::npos; ++parts) {
    if (!IsNumberUpTo(host.substr(0, dot), 255)) return false;
    host.remove_prefix(dot + 1);
  }
  return parts == 4 && IsNumberUpTo(host, 255);
}

bool IsLoopback(std::string host) {
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return tolower(c); });
  return host == "localhost" || host == "[::1]" || IsLoopbackV4(host);
}

bool IsHost(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && host.size() > 2 &&
           host.find_first_not_of("0123456789abcdefABCDEF:.[]") == std::string_view::npos;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

// Whether every brace of a path belongs to a {model}.
bool NamesOnlyModels(std::string_view path) {
  constexpr std::string_view kModel = "{model}";
  for (size_t at; (at = path.find_first_of("{}")) != std::string_view::npos;) {
    path.remove_prefix(at);
    if (!path.starts_with(kModel)) return false;
    path.remove_prefix(kModel.size());
  }
  return true;
}

}  // namespace

Result<std::string> CheckBaseUrl(std::string_view url, bool insecure_http) {
  std::string_view rest = url;
  bool plain = rest.starts_with("http://");
  if (!plain && !rest.starts_with("https://")) {
    return Fail("a URL begins with https:// (or http:// for this machine)");
  }
  rest.remove_prefix(plain ? 7 : 8);
  bool printable = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) return Fail("a URL has no spaces, control or non-ASCII characters");
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return Fail(
        "a name or password in the URL; write the key into an environment variable and name "
        "it with key_env");
  }
  if (url.find_first_of("?#") != std::string_view::npos) {
    return Fail("a base URL has no query (?) or fragment (#); what follows a ? goes into query");
  }
  auto [host, port, has_port] = SplitAuthority(authority);
  if (!IsHost(host)) return Fail("the host is missing or misspelt; expected https://host/path");
  if (has_port && (!IsNumberUpTo(port, 65535) || port == "0")) {
    return Fail("the port is not a number from 1 to 65535");
  }
  if (!NamesOnlyModels(rest.substr(authority.size()))) {
    return Fail("braces in a URL's path stand for nothing but {{model}}, the model's name");
  }
  if (plain && !insecure_http && !IsLoopback(std::string(host))) {
    return Fail(
        "http:// to another machine lets others read prompts and keys; use https://, or set "
        "insecure_http: true");
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

bool IsReadableOnTheWay(std::string_view url) {
  constexpr std::string_view kPlain = "http://";
  if (!url.starts_with(kPlain)) return false;
  std::string_view rest = url.substr(kPlain.size());
  return !IsLoopback(std::string(SplitAuthority(rest.substr(0, rest.find('/'))).host));
}

}  // namespace muster
