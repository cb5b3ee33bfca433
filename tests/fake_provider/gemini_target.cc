#include "tests/fake_provider/gemini_target.h"

#include <algorithm>

namespace fake_provider::gemini {
namespace {

constexpr std::string_view kPublisher = "/publishers/google/models/";

// "v1beta" of "/v1beta/models"; what is left of the path begins with a slash.
std::string TakeVersion(std::string_view& path) {
  for (std::string_view version : {"v1beta1", "v1beta", "v1"}) {
    if (!path.substr(1).starts_with(version) || path[version.size() + 1] != '/') continue;
    path.remove_prefix(version.size() + 1);
    return std::string(version);
  }
  return "";
}

}  // namespace

Target ParseTarget(std::string_view path) {
  Target target;
  if (path.size() < 5) return target;
  target.version = TakeVersion(path);
  if (target.version.empty()) return target;
  std::string_view rest;
  size_t publisher = path.find(kPublisher);
  if (publisher != path.npos && (publisher == 0 || path.starts_with("/projects/"))) {
    target.vertex = true;
    rest = path.substr(publisher + kPublisher.size());
  } else if (path.starts_with("/models/")) {
    rest = path.substr(8);
  } else if (path != "/models") {
    target.known = target.version != "v1";
    target.method = "?";
    return target;
  }
  size_t colon = rest.find(':');
  target.model = std::string(rest.substr(0, colon));
  if (colon != rest.npos) target.method = std::string(rest.substr(colon + 1));
  // Below /v1 plain lists of models are OpenAI's.
  target.known = target.version != "v1" || target.method.find("Content") != std::string::npos;
  return target;
}

bool WantsSse(const Request& request) {
  std::string query = "&" + request.query + "&";
  return query.find("&alt=sse&") != std::string::npos;
}

bool WrapsErrors(const Request& request) {
  Target target = ParseTarget(request.path);
  return target.Streams() && (target.vertex || !WantsSse(request));
}

}  // namespace fake_provider::gemini
