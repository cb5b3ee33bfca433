#include "common/config/check_chat.h"

#include <algorithm>

#include "common/chat_options.h"
#include "common/extra_fields.h"
#include "common/parse/answer_parser.h"
#include "common/template.h"

namespace muster {
namespace {

// Models that do not depend on the item are known now; nullopt of others, and after a mistake.
std::optional<ModelRef> KnownModel(const Config& config, const TextSource& model,
                                   const std::string& path, Problems& problems) {
  auto names = TemplateNames(model.text, model.origin);
  if (problems.Under(path) || problems.Under("params") || !names) return std::nullopt;
  bool known = std::all_of(names->begin(), names->end(), [](const std::string& name) {
    return name.starts_with("params.") || name.starts_with("run.");
  });
  if (!known) return std::nullopt;
  Json context{{"params", config.params}, {"run", {{"name", config.name}}}};
  auto text = Render(model.text, model.origin, context);
  if (!text) {
    problems.InTemplate(path, model.origin, text.error());
    return std::nullopt;
  }
  auto resolved = ResolveModel(config, *text);
  if (resolved) return *resolved;
  problems.AtValue(path, resolved.error());
  return std::nullopt;
}

void CheckOptions(const ModelRef& model, const ChatStep& chat, const std::string& path,
                  Problems& problems) {
  for (const RefusedOption& refused : FindRefusedOptions(*model.provider, model.model, chat)) {
    std::string at = MemberPath(path, refused.option);
    bool optional = std::ranges::count(chat.optional, refused.option) > 0;
    if (optional || problems.Under(at)) continue;
    problems.AtKey(at,
                   fmt::format("\"{}\": provider {}: {}", at, model.provider->name, refused.why));
  }
}

void CheckExtra(const Json& extra, std::string_view api, const std::string& path,
                Problems& problems) {
  auto refused = FindRefusedField(extra, api);
  if (!refused) return;
  // Names of fields may have dots themselves only where nothing is refused.
  std::string at = path;
  for (std::string_view rest = refused->field; !rest.empty();) {
    size_t end = std::min(rest.find('.'), rest.size());
    at = MemberPath(at, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  problems.AtKey(at, fmt::format("\"{}\" {}", at, refused->why));
}

// Every API that holds answers to a schema wants an object as the whole.
void CheckSchema(const ChatStep& chat, const std::string& path, Problems& problems) {
  std::string schema = MemberPath(path, "response_schema");
  const ChatOptions& options = chat.options;
  if (!options.response_strict && options.response_schema.is_null()) {
    std::string strict = MemberPath(path, "response_strict");
    problems.AtKey(strict,
                   fmt::format("\"{}\" needs response_schema, which answers are to meet", strict));
  }
  if (options.response_schema.is_null() || problems.Under(schema)) return;
  if (StringMember(options.response_schema, "type") != "object") {
    problems.AtKey(schema, fmt::format("\"{}\" must describe an object; expected \"type\": "
                                       "\"object\" in it",
                                       schema));
    return;
  }
  ParseRule rule;
  rule.json = options.response_schema;
  if (auto checked = CheckParseRule(rule); !checked) {
    problems.AtValue(schema, fmt::format("\"{}\": {}", schema, checked.error()));
  }
}

}  // namespace

std::string WhyNoChat(const Provider& provider) {
  if (provider.api != "http" && provider.api != "command") return "";
  return fmt::format("provider \"{}\" has api: {}, which has no models to chat with", provider.name,
                     provider.api);
}

void CheckChat(const Config& config, const ChatStep& chat, const std::string& path,
               Problems& problems) {
  auto model = KnownModel(config, chat.model, MemberPath(path, "model"), problems);
  if (model) {
    std::string why = WhyNoChat(*model->provider);
    if (!why.empty()) return problems.AtValue(MemberPath(path, "model"), why);
  }
  CheckExtra(chat.extra, model ? model->provider->api : "", MemberPath(path, "extra"), problems);
  CheckSchema(chat, path, problems);
  if (model) CheckOptions(*model, chat, path, problems);
}

void CheckParse(const ParseRule& rule, const std::string& path, Problems& problems) {
  if (problems.Under(path)) return;
  bool json = !rule.json.is_null();
  int given = json + !rule.regex.empty() + !rule.line.empty();
  if (given != 1) {
    const char* what = given == 0 ? "says nothing" : "says several things";
    return problems.AtKey(path,
                          fmt::format("\"{}\" {}; expected one of: json, regex, line", path, what));
  }
  std::string repair = MemberPath(path, "repair");
  if (!json && problems.places().HasKey(repair)) {
    problems.AtKey(repair, fmt::format("\"{}\" needs json: it is JSON that is mended", repair));
  }
  auto checked = CheckParseRule(rule);
  if (checked) return;
  std::string at = MemberPath(path, json ? "json" : rule.regex.empty() ? "line" : "regex");
  problems.AtValue(at, fmt::format("\"{}\": {}", at, checked.error()));
}

}  // namespace muster
