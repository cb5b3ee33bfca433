#include "worker/http_message.h"

#include <strings.h>

#include <memory>

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kModelMark = "{model}";

void AddKey(const Provider& provider, const std::string& key, HttpRequest& request) {
  if (key.empty()) return;
  const std::string& header = provider.key_header;
  bool bearer = header.empty() || strcasecmp(header.c_str(), "authorization") == 0;
  request.headers.emplace_back(bearer ? "Authorization" : header, bearer ? "Bearer " + key : key);
}

void SetLimits(const Go& limits, HttpRequest& http) {
  http.connect_limit = milliseconds(limits.connect_ms);
  http.first_byte_limit = milliseconds(limits.first_byte_ms);
  http.between_bytes_limit = milliseconds(limits.between_bytes_ms);
  http.total_limit = milliseconds(limits.total_ms);
}

}  // namespace

std::string UrlEncoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != kPlain.npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string RequestUrl(const Provider& provider, const std::string& model, std::string_view path) {
  std::string url = provider.base_url;
  if (size_t mark = url.find(kModelMark); mark != url.npos) {
    url.replace(mark, kModelMark.size(), UrlEncoded(model));
  }
  url += path;
  for (const auto& [name, value] : provider.query) {
    url += url.find('?') == url.npos ? '?' : '&';
    url += UrlEncoded(name) + "=" + UrlEncoded(value);
  }
  return url;
}

HttpRequest MakePlainRequest(const Provider& provider, const std::string& key,
                             const std::string& path, const std::optional<Json>& body,
                             const Go& limits) {
  HttpRequest http;
  http.method = body ? "POST" : "GET";
  http.url = RequestUrl(provider, "", path);
  for (const auto& [name, value] : provider.headers) http.headers.emplace_back(name, value);
  AddKey(provider, key, http);
  if (body) http.body = DumpJson(*body);
  SetLimits(limits, http);
  http.insecure_http = provider.insecure_http;
  return http;
}

HttpRequest MakeHttpRequest(const ChatApi& api, const ApiRequest& request, const Provider& provider,
                            const std::string& model, const std::string& key, const Go& limits) {
  HttpRequest http;
  http.url = RequestUrl(provider, model,
                        request.delivery_path.empty() ? request.path : request.delivery_path);
  http.headers = request.headers;
  http.headers.emplace_back("Content-Type", "application/json");
  for (const auto& [name, value] : provider.headers) http.headers.emplace_back(name, value);
  AddKey(provider, key, http);
  if (request.delivery.empty()) {
    http.body = DumpJson(request.body);
  } else {
    Json body = request.body;
    body.update(request.delivery);
    http.body = DumpJson(body);
  }
  SetLimits(limits, http);
  http.insecure_http = provider.insecure_http;
  bool streamed = !request.delivery.empty() || !request.delivery_path.empty();
  if (streamed) {
    if (std::shared_ptr<StreamWatch> watch = api.Watch()) {
      http.complete = [watch](std::string_view bytes) { return watch->Take(bytes); };
    }
  }
  return http;
}

}  // namespace muster
