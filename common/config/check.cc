#include "common/config/check.h"

#include <algorithm>
#include <map>

#include "common/config/check_limits.h"
#include "common/config/kinds.h"
#include "common/config/template_names.h"
#include "common/files.h"
#include "common/template.h"

namespace muster {
namespace {

// Names that templates have beside steps.
constexpr std::string_view kReservedIds[] = {"item", "params", "run", "each", "usage"};
// Fields of an item that its source gives.
constexpr std::string_view kSourceFields[] = {"id", "files", "number"};

void CheckItems(const ItemSource& items, Problems& problems) {
  const Places& places = problems.places();
  if (!places.HasKey("items")) {
    return problems.AtValue("", "\"items\" is missing; expected directories or range in it");
  }
  if (problems.Under("items")) return;
  bool directories = !items.directories.empty();
  if (directories && items.range) {
    problems.AtKey("items.range", "\"items\" has directories and range; expected one of them");
  } else if (!directories && !items.range) {
    problems.AtKey("items", "\"items\" says no source; expected directories or range in it");
  }
  if (!items.files.empty() && !directories) {
    problems.AtKey("items.files", "\"items.files\" needs \"items.directories\" to look in");
  }
  for (const auto& [name, text] : items.fields) {
    if (std::find(std::begin(kSourceFields), std::end(kSourceFields), name) ==
        std::end(kSourceFields)) {
      continue;
    }
    problems.AtKey(
        MemberPath("items.fields", name),
        fmt::format("\"{}\" is a field that the source gives; choose another name", name));
  }
}

void CheckProvider(const Provider& provider, Problems& problems) {
  std::string path = MemberPath("providers", provider.name);
  const Places& places = problems.places();
  if (problems.Under(path)) return;
  if (provider.api.empty()) {
    problems.AtKey(path, fmt::format("\"{}.api\" is missing; expected one of: openai-responses, "
                                     "openai-chat, mock",
                                     path));
  } else if (provider.api != "mock" && places.HasKey(MemberPath(path, "mock"))) {
    problems.AtKey(
        MemberPath(path, "mock"),
        fmt::format("\"{}.mock\" is for api: mock; this provider has api: {}", path, provider.api));
  }
  if (!provider.key_header.empty() && provider.key_env.empty()) {
    problems.AtKey(MemberPath(path, "key_header"),
                   fmt::format("\"{}.key_header\" needs key_env, which names the environment "
                               "variable that holds the key",
                               path));
  }
}

// `base` only where a person set it: one who lowers `most` alone means the whole.
void CheckOrder(const std::string& base, const std::string& most, Milliseconds base_value,
                Milliseconds most_value, Problems& problems) {
  if (base_value <= most_value || !problems.places().HasKey(base)) return;
  problems.AtValue(base, fmt::format("\"{}\" is {}, longer than \"{}\" ({})", base,
                                     DurationText(base_value), most, DurationText(most_value)));
}

class StepCheck {
 public:
  StepCheck(const Config& config, Problems& problems)
      : config_(config), problems_(problems), names_{"item", "params", "run"} {
    for (const Step& step : config.steps) ids_.push_back(step.id);
  }

  void CheckAll() {
    const Places& places = problems_.places();
    if (!places.HasKey("steps")) {
      return problems_.AtValue("", "\"steps\" is missing; expected a list with a step at least");
    }
    if (config_.steps.empty() && !problems_.Under("steps")) {
      problems_.AtKey("steps", "\"steps\" is empty; expected a list with a step at least");
    }
    for (size_t i = 0; i < config_.steps.size(); ++i) {
      path_ = ElementPath("steps", i);
      CheckId(i);
      CheckStep(config_.steps[i]);
      names_.push_back(config_.steps[i].id);
    }
    names_.push_back("usage");
    for (size_t i = 0; i < config_.outputs.size(); ++i) CheckOutput(i);
  }

 private:
  void CheckId(size_t index) {
    const std::string& id = ids_[index];
    std::string path = MemberPath(path_, "id");
    if (problems_.Under(path) || id.empty()) return;
    if (std::find(std::begin(kReservedIds), std::end(kReservedIds), id) != std::end(kReservedIds)) {
      problems_.AtValue(path, fmt::format("no step can be called \"{}\": templates have another "
                                          "meaning for it",
                                          id));
    }
    auto first = std::find(ids_.begin(), ids_.end(), id) - ids_.begin();
    if (static_cast<size_t>(first) == index) return;
    std::string at = ElementPath("steps", static_cast<size_t>(first));
    problems_.AtValue(path, fmt::format("two steps are called \"{}\"; the first is in line {}", id,
                                        problems_.places().Value(at).line));
  }

  void CheckStep(const Step& step) {
    bool broken = problems_.Under(path_);
    if (!step.chat && !broken) {
      problems_.AtValue(path_,
                        fmt::format("step \"{}\" does nothing; expected chat in it", step.id));
    }
    std::vector<std::string> names = names_;
    if (!step.for_each.empty()) {
      CheckName(step.for_each, MemberPath(path_, "for_each"), names);
      names.push_back("each");
    } else if (problems_.places().HasKey(MemberPath(path_, "concurrency"))) {
      problems_.AtKey(MemberPath(path_, "concurrency"),
                      fmt::format("\"{}.concurrency\" needs for_each: without it a step makes one "
                                  "call",
                                  path_));
    }
    if (step.say_why && step.ask_again == 0 && !broken) {
      problems_.AtKey(MemberPath(path_, "say_why"),
                      fmt::format("\"{}.say_why\" needs ask_again: without it there is no next ask "
                                  "to say it in",
                                  path_));
    }
    if (step.mock) CheckText(*step.mock, MemberPath(path_, "mock"), names);
    if (!step.chat) return;
    std::string chat = MemberPath(path_, "chat");
    CheckText(step.chat->model, MemberPath(chat, "model"), names);
    if (step.chat->system) CheckText(*step.chat->system, MemberPath(chat, "system"), names);
    CheckText(step.chat->user, MemberPath(chat, "user"), names);
    CheckModel(step.chat->model, MemberPath(chat, "model"));
  }

  // Models that do not depend on the item are known now.
  void CheckModel(const TextSource& model, const std::string& path) {
    auto names = TemplateNames(model.text, model.origin);
    if (problems_.Under(path) || problems_.Under("params") || !names) return;
    bool known = std::all_of(names->begin(), names->end(), [](const std::string& name) {
      return name.starts_with("params.") || name.starts_with("run.");
    });
    if (!known) return;
    Json context{{"params", config_.params}, {"run", {{"name", config_.name}}}};
    auto text = Render(model.text, model.origin, context);
    if (!text) return problems_.InTemplate(path, model.origin, text.error());
    auto resolved = ResolveModel(config_, *text);
    if (!resolved) problems_.AtValue(path, resolved.error());
  }

  void CheckOutput(size_t index) {
    const FileOutput& output = config_.outputs[index];
    path_ = ElementPath("outputs", index);
    std::string file = MemberPath(path_, "file");
    CheckText(output.path, file, names_);
    CheckText(output.text, MemberPath(path_, "text"), names_);
    if (problems_.Under(file)) return;
    if (auto inside = PathInside("/", output.path.text); !inside) {
      return problems_.AtValue(file, inside.error());
    }
    auto [first, added] = files_.emplace(output.path.text, index);
    if (added) return;
    problems_.AtValue(
        file, fmt::format("two outputs write \"{}\"; the first is in line {}", output.path.text,
                          problems_.places().Value(ElementPath("outputs", first->second)).line));
  }

  void CheckText(const TextSource& text, const std::string& path,
                 const std::vector<std::string>& names) {
    CheckNames(text, path, names, ids_, config_.params, problems_);
  }

  void CheckName(const std::string& name, const std::string& path,
                 const std::vector<std::string>& names) {
    CheckNames({"{{" + name + "}}", ""}, path, names, ids_, config_.params, problems_);
  }

  const Config& config_;
  Problems& problems_;
  std::vector<std::string> ids_;    // of all steps
  std::vector<std::string> names_;  // that templates may begin with, so far
  std::map<std::string, size_t> files_;
  std::string path_;  // of the step or output that is checked
};

}  // namespace

void CheckConfig(const Config& config, Problems& problems) {
  CheckItems(config.items, problems);
  for (const auto& [name, text] : config.items.fields) {
    CheckNames({text, ""}, MemberPath("items.fields", name), {"item", "params"}, {}, config.params,
               problems);
  }
  for (const auto& [name, provider] : config.providers) CheckProvider(provider, problems);
  CheckLimits(config, problems);
  CheckBudgetLimits(config.budget, problems);
  CheckOrder("limits.time.base", "limits.time.most", config.time.base, config.time.most, problems);
  CheckOrder("retry.base", "retry.most", config.retry.base, config.retry.most, problems);
  StepCheck(config, problems).CheckAll();
}

}  // namespace muster
