#include "common/config/check_steps.h"

#include <algorithm>
#include <map>

#include "common/config/check_chat.h"
#include "common/config/kinds.h"
#include "common/config/template_names.h"
#include "common/files.h"

namespace muster {
namespace {

// Names that templates have beside steps.
constexpr std::string_view kReservedIds[] = {"item", "params", "run", "each", "usage"};

// One config's way through the check, step by step: what later templates may name grows.
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
    if (step.parse) CheckParse(*step.parse, MemberPath(path_, "parse"), problems_);
    if (!step.chat) return;
    std::string chat = MemberPath(path_, "chat");
    CheckChatTexts(*step.chat, chat, names);
    CheckChat(config_, *step.chat, chat, problems_);
  }

  void CheckChatTexts(const ChatStep& chat, const std::string& path,
                      const std::vector<std::string>& names) {
    CheckText(chat.model, MemberPath(path, "model"), names);
    if (chat.system) CheckText(*chat.system, MemberPath(path, "system"), names);
    CheckText(chat.user, MemberPath(path, "user"), names);
    std::string images = MemberPath(path, "images");
    for (size_t i = 0; i < chat.images.size(); ++i) {
      CheckImage(chat.images[i], ElementPath(images, i), names);
    }
  }

  // A template, or a bare name: what begins with a name that is known here is no path.
  void CheckImage(const TextSource& image, const std::string& path,
                  const std::vector<std::string>& names) {
    std::string first = image.text.substr(0, image.text.find('.'));
    bool known = first == "each" || std::find(names.begin(), names.end(), first) != names.end();
    if (known && IsPath(image.text)) return CheckName(image.text, path, names);
    CheckText(image, path, names);
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

void CheckSteps(const Config& config, Problems& problems) {
  StepCheck(config, problems).CheckAll();
}

}  // namespace muster
