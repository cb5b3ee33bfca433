#include "common/config/api_facts.h"

#include <algorithm>
#include <cctype>

namespace muster {
namespace {

constexpr const char* kOllamaPort = ":11434";

constexpr ApiFacts kFacts[] = {
    {"openai-responses",
     "https://api.openai.com/v1",
     "OPENAI_BASE_URL",
     UrlForm::kSame,
     "",
     {"OPENAI_API_KEY", ""},
     "",
     "openai"},
    {"openai-chat",
     "https://api.openai.com/v1",
     "OPENAI_BASE_URL",
     UrlForm::kSame,
     "",
     {"OPENAI_API_KEY", ""},
     "",
     "openai"},
    {"anthropic",
     "https://api.anthropic.com/v1",
     "ANTHROPIC_BASE_URL",
     UrlForm::kWithoutVersion,
     "/v1",
     {"ANTHROPIC_API_KEY", ""},
     "x-api-key",
     "anthropic"},
    {"gemini",
     "https://generativelanguage.googleapis.com/v1beta",
     "GOOGLE_GEMINI_BASE_URL",
     UrlForm::kWithoutVersion,
     "/v1beta",
     {"GEMINI_API_KEY", "GOOGLE_API_KEY"},
     "x-goog-api-key",
     "gemini"},
    {"ollama",
     "http://127.0.0.1:11434",
     "OLLAMA_HOST",
     UrlForm::kOllamaHost,
     "",
     {"", ""},
     "",
     "ollama"},
    {"openrouter",
     "https://openrouter.ai/api/v1",
     "OPENROUTER_BASE_URL",
     UrlForm::kSame,
     "",
     {"OPENROUTER_API_KEY", ""},
     "",
     "openrouter"},
    {"claude-code",
     "",
     "ANTHROPIC_BASE_URL",
     UrlForm::kOfProgram,
     "/v1",
     {"", ""},
     "",
     "anthropic"},
    {"mock", "", "", UrlForm::kSame, "", {"", ""}, "", ""},
    {"http", "", "", UrlForm::kSame, "", {"", ""}, "", ""},
    {"command", "", "", UrlForm::kSame, "", {"", ""}, "", ""},
};

std::string_view WithoutSlashes(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

std::string_view Trimmed(std::string_view text, std::string_view what) {
  size_t begin = text.find_first_not_of(what);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(what) + 1 - begin);
}

// "v1", "v1beta", "v1alpha2".
bool EndsInVersion(std::string_view url) {
  std::string_view last = url.substr(url.rfind('/') + 1);
  return last.size() >= 2 && last[0] == 'v' && std::isdigit(static_cast<unsigned char>(last[1])) &&
         std::all_of(last.begin(), last.end(), [](unsigned char c) { return std::isalnum(c); });
}

bool HasPath(std::string_view url) {
  size_t scheme = url.find("://");
  size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  return url.find('/', host) != std::string_view::npos;
}

std::string WithVersion(const ApiFacts& facts, std::string_view url) {
  url = WithoutSlashes(url);
  return std::string(url) + (EndsInVersion(url) ? "" : facts.version);
}

std::string WithoutVersion(const ApiFacts& facts, std::string_view url) {
  url = WithoutSlashes(url);
  if (HasPath(url) && url.ends_with(facts.version)) {
    url.remove_suffix(std::string_view(facts.version).size());
  }
  return std::string(url);
}

// As Ollama's own programs read OLLAMA_HOST: every part may be missing. What a server listens on
// at every address ("0.0.0.0") is reached on this machine.
std::string UrlOfOllamaHost(std::string_view written) {
  std::string_view host = Trimmed(Trimmed(written, " \t\r\n"), "\"'");
  if (host.find("://") != std::string_view::npos) return std::string(WithoutSlashes(host));
  std::string_view path;
  if (size_t slash = host.find('/'); slash != std::string_view::npos) {
    path = WithoutSlashes(host.substr(slash));
    host = host.substr(0, slash);
  }
  // More than one colon without brackets is an IPv6 address without a port.
  bool bracketed = host.starts_with('[');
  bool bare_v6 = !bracketed && std::count(host.begin(), host.end(), ':') > 1;
  size_t bracket = bracketed ? std::min(host.find(']'), host.size()) : 0;
  size_t colon = bare_v6 ? std::string_view::npos : host.find(':', bracket);
  std::string name(host.substr(0, colon)), port(kOllamaPort);
  if (colon != std::string_view::npos) port = host.substr(colon);
  if (bare_v6) name = "[" + name + "]";
  if (name.empty() || name == "0.0.0.0") name = "127.0.0.1";
  if (name == "[::]") name = "[::1]";
  return "http://" + name + port + std::string(path);
}

}  // namespace

const ApiFacts* FindApiFacts(std::string_view api) {
  auto found = std::find_if(std::begin(kFacts), std::end(kFacts),
                            [&](const ApiFacts& facts) { return facts.api == api; });
  return found == std::end(kFacts) ? nullptr : &*found;
}

std::string UrlFromVariable(const ApiFacts& facts, std::string_view written) {
  switch (facts.url_form) {
    case UrlForm::kSame:
      return std::string(written);
    case UrlForm::kWithoutVersion:
      return WithVersion(facts, written);
    case UrlForm::kOllamaHost:
      return UrlOfOllamaHost(written);
    case UrlForm::kOfProgram:
      return WithoutVersion(facts, written);
  }
  return std::string(written);
}

std::string UrlFromConfig(const ApiFacts& facts, std::string_view written) {
  if (facts.url_form == UrlForm::kOfProgram) return WithoutVersion(facts, written);
  bool bare = facts.url_form == UrlForm::kWithoutVersion && !HasPath(WithoutSlashes(written)) &&
              written.find_first_of("?#") == std::string_view::npos;
  return bare ? WithVersion(facts, written) : std::string(written);
}

bool MayTakeKeyFrom(const Provider& provider, std::string_view variable) {
  if (provider.key_env == variable) return true;
  const ApiFacts* facts = FindApiFacts(provider.api);
  if (!facts || provider.key_env.empty()) return false;
  const auto& variables = facts->key_variables;
  auto is_one = [&](std::string_view name) {
    return std::find(variables.begin(), variables.end(), name) != variables.end();
  };
  return is_one(provider.key_env) && is_one(variable);
}

}  // namespace muster
