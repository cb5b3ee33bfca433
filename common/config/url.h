#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// A base URL as it is used: http(s)://host[:port][/path] without a slash at the end. Refuses other
// schemes, names and passwords, queries and fragments, and http:// to other machines unless
// `insecure_http`. Errors do not repeat the URL, which may hold a password.
Result<std::string> CheckBaseUrl(std::string_view url, bool insecure_http);

}  // namespace muster
