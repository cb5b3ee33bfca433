#pragma once

// From an API's request to what is sent: where to, with which headers and key, within which limits.

#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/protocol.h"
#include "worker/http.h"
#include "worker/providers/chat_api.h"

namespace muster {

// `key` may be empty. A request that asks for a stream is complete when the API says so.
HttpRequest MakeHttpRequest(const ChatApi& api, const ApiRequest& request, const Provider& provider,
                            const std::string& model, const std::string& key, const Go& limits);

// A request for what a provider with api: http has at `path`, with its headers and its key. Without
// a body it is a GET.
HttpRequest MakePlainRequest(const Provider& provider, const std::string& key,
                             const std::string& path, const std::optional<Json>& body,
                             const Go& limits);

// base_url, with the model in {model}'s stead, then `path` and the provider's query.
std::string RequestUrl(const Provider& provider, const std::string& model, std::string_view path);

// Text as a part of a URL's path or query: all but letters, digits and -._~ as %XX.
std::string UrlEncoded(std::string_view text);

}  // namespace muster
