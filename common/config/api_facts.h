#pragma once

// What holds of a provider by its API when a config does not say it: where it is, which variables
// people set for it, how it takes its key. One table, a row an API.

#include <array>
#include <string>
#include <string_view>

#include "common/config/config.h"

namespace muster {

// How the URL in an API's variable differs from a base_url.
enum class UrlForm {
  kSame,
  kWithoutVersion,  // what follows it begins with the version, as in Anthropic's and Google's SDKs
  kOllamaHost,      // a host, a port, both or a URL
  kOfProgram,       // ANTHROPIC_BASE_URL as the claude program wants it: without a version
};

struct ApiFacts {
  std::string_view api;
  const char* default_url;   // "": none is needed, or (http) a config must give one
  const char* url_variable;  // "": none
  UrlForm url_form;
  const char* version;  // the last part of the path, where url_form leaves it out
  std::array<std::string_view, 2> key_variables;  // the first that is set counts; "": no more
  const char* key_header;                         // "": Authorization: Bearer KEY
  const char* price_vendor;                       // "": none
};

// The facts of `api`; nullptr: there is no such API. Owned by the program.
const ApiFacts* FindApiFacts(std::string_view api);

// A base URL out of what a person wrote into the API's variable, or into base_url. Of the latter
// only a host without any path gets the version behind it.
std::string UrlFromVariable(const ApiFacts& facts, std::string_view written);
std::string UrlFromConfig(const ApiFacts& facts, std::string_view written);

// Whether `provider` takes its key from `variable`, or would if that were the one that is set.
bool MayTakeKeyFrom(const Provider& provider, std::string_view variable);

}  // namespace muster
