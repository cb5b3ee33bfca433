#include "common/config/check_providers.h"

#include <algorithm>

#include "common/config/kinds.h"
#include "common/config/settings.h"

namespace muster {
namespace {

constexpr size_t kLongestQueryValue = 1'000;  // bytes

// Every API, as the table of settings has them.
const std::vector<std::string>& ApiNames() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Json& row : SettingsReference()) {
      if (StringMember(row, "path") == "providers.*.api") row["choices"].get_to(names);
    }
    return names;
  }();
  return kNames;
}

// A setting that not every API has a use for. What has none could only be a misunderstanding.
struct UsedBy {
  const char* setting;
  bool (*used_by)(std::string_view api);
  const char* what;  // ends the sentence
};

bool IsProgram(std::string_view api) { return api == "command"; }
bool SpeaksHttp(std::string_view api) {
  return api != "mock" && api != "claude-code" && !IsProgram(api);
}
bool SpeaksChat(std::string_view api) { return api != "http" && !IsProgram(api); }
bool IsReached(std::string_view api) { return !IsProgram(api); }

constexpr UsedBy kUses[] = {
    {"mock", [](std::string_view api) { return api == "mock"; }, "is for api: mock"},
    {"program", [](std::string_view api) { return api == "claude-code"; },
     "is for api: claude-code"},
    {"stream", [](std::string_view api) { return SpeaksHttp(api) && SpeaksChat(api); },
     "is for chat APIs that are reached by HTTP"},
    {"price_vendor", SpeaksChat, "is for chat APIs; what a request costs says its cost_per_call"},
    {"prices", SpeaksChat, "is for chat APIs; what a call costs says its step's cost_per_call"},
    {"base_url", IsReached, "is for APIs; a command has no address"},
    {"headers", IsReached, "is for APIs; a command gets none"},
    {"key_env", IsReached, "is for APIs; a command never gets a key"},
    {"key_file", IsReached, "is for APIs; a command never gets a key"},
    {"insecure_http", IsReached, "is for APIs; a command has no address"},
    {"query", SpeaksHttp, "is for APIs that are reached by HTTP"},
    {"key_header", SpeaksHttp, "is for APIs that are reached by HTTP"},
};

// Names of parameters under which keys travel in URLs, which are logged everywhere.
bool CarriesKey(std::string name) {
  std::erase_if(name, [](char c) { return c == '_' || c == '-'; });
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return tolower(c); });
  constexpr std::string_view kNames[] = {"key",    "apikey", "token", "accesstoken",
                                         "secret", "sig",    "code",  "subscriptionkey"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool IsQueryName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '$';
  });
}

class ProviderCheck {
 public:
  ProviderCheck(const Provider& provider, Problems& problems)
      : provider_(provider), path_(MemberPath("providers", provider.name)), problems_(problems) {}

  void CheckAll() {
    if (problems_.Under(path_)) return;
    if (provider_.api.empty()) {
      return problems_.AtKey(path_, fmt::format("\"{}.api\" is missing; expected one of: {}", path_,
                                                fmt::join(ApiNames(), ", ")));
    }
    for (const UsedBy& use : kUses) {
      if (use.used_by(provider_.api) || !Has(use.setting)) continue;
      Refuse(use.setting, fmt::format("{}; this provider has api: {}", use.what, provider_.api));
    }
    CheckName();
    CheckUrl();
    CheckKey();
    for (const auto& [name, value] : provider_.query) CheckQuery(name, value);
  }

 private:
  std::string At(std::string_view setting) const { return MemberPath(path_, setting); }
  bool Has(std::string_view setting) const { return problems_.places().HasKey(At(setting)); }
  void Refuse(std::string_view setting, const std::string& why) {
    problems_.AtKey(At(setting), fmt::format("\"{}\" {}", At(setting), why));
  }

  // Commands are calls of one provider; nothing else may take its name.
  void CheckName() {
    bool is_program = IsProgram(provider_.api), has_name = provider_.name == "command";
    if (is_program == has_name) return;
    Refuse("api", has_name ? "must be command: all commands are calls of the provider \"command\""
                           : "is command, which is for the provider \"command\" alone");
  }

  // Where it is must be said, unless the API has a service of its own that is meant: for an
  // imitation of OpenAI's API without an address or a key that cannot be.
  void CheckUrl() {
    std::string_view api = provider_.api;
    bool nowhere = api == "http" && provider_.base_url.empty();
    bool own_key = Has("key_env") || Has("key_file");
    bool elsewhere = api == "openai-chat" && provider_.name != "openai" && !own_key &&
                     provider_.base_url_from == "default" && !Has("base_url");
    if (!nowhere && !elsewhere) return;
    problems_.AtKey(path_,
                    fmt::format("\"{}\" is missing; expected the address of the server, such "
                                "as {}",
                                At("base_url"),
                                nowhere ? "https://api.example.com" : "http://127.0.0.1:8000/v1"));
  }

  void CheckKey() {
    bool keyless = provider_.key_env.empty() && provider_.key_file.empty();
    if (!provider_.key_env.empty() && !provider_.key_file.empty()) {
      Refuse("key_file", "says where the key is, and key_env does too; expected one of them");
    }
    if (keyless && !provider_.key_header.empty() && Has("key_header")) {
      Refuse("key_header",
             "needs key_env, which names the environment variable that holds the key, or key_file");
    }
  }

  void CheckQuery(const std::string& name, const std::string& value) {
    std::string at = MemberPath(At("query"), name);
    if (!IsQueryName(name)) {
      problems_.AtKey(at, fmt::format("the name \"{}\" is not allowed here; expected letters, "
                                      "digits, _ - . and $",
                                      name));
    } else if (CarriesKey(name)) {
      problems_.AtKey(at, fmt::format("\"{}\" carries a key; write the key into an environment "
                                      "variable and name it with key_env, and the header that "
                                      "carries it with key_header",
                                      at));
    } else if (value.empty() || value.size() > kLongestQueryValue || !IsHeaderValue(value)) {
      problems_.AtValue(at, fmt::format("\"{}\" is not 1 to {} bytes of text without control "
                                        "characters",
                                        at, kLongestQueryValue));
    }
  }

  const Provider& provider_;
  const std::string path_;
  Problems& problems_;
};

}  // namespace

void CheckProviders(const Config& config, Problems& problems) {
  for (const auto& [name, provider] : config.providers) {
    ProviderCheck(provider, problems).CheckAll();
  }
}

}  // namespace muster
