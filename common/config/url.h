#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// A base URL as it is used: http(s)://host[:port][/path] without a slash at the end; {model} may
// stand in the path. Refuses other schemes and braces, names and passwords, queries and fragments,
// and http:// to other machines unless `insecure_http`. Errors do not repeat the URL, which may
// hold a password.
Result<std::string> CheckBaseUrl(std::string_view url, bool insecure_http);

// Whether prompts and keys can be read on their way to a URL: http:// to another machine.
bool IsReadableOnTheWay(std::string_view url);

}  // namespace muster
