#include "common/config/check_steps.h"

#include <algorithm>

#include "common/config/check_chat.h"
#include "common/config/check_work.h"
#include "common/config/template_names.h"

namespace muster {
namespace {

// Names that templates have beside steps.
constexpr std::string_view kReservedIds[] = {"item",   "params", "run",      "each",
                                             "usage",  "round",  "work",     "job",
                                             "status", "error",  "warnings", "scores"};

// A setting of a step that not every kind of step has a use for.
struct UsedBy {
  const char* setting;
  bool chat, command, request;
  const char* why;
};
constexpr UsedBy kUses[] = {
    {"parse", true, true, false, "chat or command, whose text is parsed"},
    {"ask_again", true, false, false, "chat, which can be asked"},
    {"say_why", true, false, false, "chat, which can be asked"},
    {"mock", true, false, false, "chat, which the mock provider answers"},
    {"mock_instead", true, false, false, "chat, which the mock provider answers"},
    {"reuse", false, true, true, "command or request, which a file can make needless"},
};
// What a step with branches has beside them.
constexpr std::string_view kOfBranches[] = {"for_each",     "concurrency", "ask_again",
                                            "say_why",      "parse",       "mock",
                                            "mock_instead", "repeat",      "reuse"};

// One config's way through the check, step by step: what later templates may name grows.
class StepCheck {
 public:
  StepCheck(const Config& config, Problems& problems)
      : config_(config),
        problems_(problems),
        known_(config, problems, StepIds(config), {"item", "params", "run", "work"}) {}

  void CheckAll() {
    const Places& places = problems_.places();
    if (!places.HasKey("steps")) {
      return problems_.AtValue("", "\"steps\" is missing; expected a list with a step at least");
    }
    if (config_.steps.empty() && !problems_.Under("steps")) {
      problems_.AtKey("steps", "\"steps\" is empty; expected a list with a step at least");
    }
    for (size_t i = 0; i < config_.steps.size(); ++i) {
      const Step& step = config_.steps[i];
      std::string path = ElementPath("steps", i);
      CheckId(step.id, path);
      CheckKind(step, path, false);
      if (step.branches.empty()) {
        CheckStep(step, path, known_);
      } else {
        CheckBranches(step, path);
      }
      known_.Add(step.id);
    }
  }

 private:
  bool Has(const std::string& path, std::string_view setting) const {
    return problems_.places().HasKey(MemberPath(path, setting));
  }

  void CheckId(const std::string& id, const std::string& step_path) {
    std::string path = MemberPath(step_path, "id");
    if (problems_.Under(path) || id.empty()) return;
    if (std::find(std::begin(kReservedIds), std::end(kReservedIds), id) != std::end(kReservedIds)) {
      problems_.AtValue(path, fmt::format("no step can be called \"{}\": templates have another "
                                          "meaning for it",
                                          id));
    }
    auto [first, added] = ids_.emplace(id, step_path);
    if (added) return;
    problems_.AtValue(path, fmt::format("two steps are called \"{}\"; the first is in line {}", id,
                                        problems_.places().Value(first->second).line));
  }

  // ---- what a step is ----

  void CheckKind(const Step& step, const std::string& path, bool is_branch) {
    if (is_branch && Has(path, "branches")) {
      problems_.AtKey(MemberPath(path, "branches"), "a branch cannot have branches");
    }
    std::vector<std::string> kinds;
    if (step.chat) kinds.push_back("chat");
    if (step.command) kinds.push_back("command");
    if (step.request) kinds.push_back("request");
    if (!step.branches.empty() && !is_branch) kinds.push_back("branches");
    const char* all = is_branch ? "chat, command or request" : "chat, command, request or branches";
    if (kinds.empty() && !problems_.Under(path)) {
      problems_.AtValue(path,
                        fmt::format("step \"{}\" does nothing; expected {} in it", step.id, all));
    }
    if (kinds.size() > 1) {
      problems_.AtKey(MemberPath(path, kinds[1]),
                      fmt::format("step \"{}\" has {}; expected one of them", step.id,
                                  fmt::join(kinds, " and ")));
    }
    if (kinds.size() == 1) CheckUses(step, path);
    if (Has(path, "parallel") && step.branches.empty()) {
      problems_.AtKey(MemberPath(path, "parallel"),
                      fmt::format("\"{}.parallel\" needs branches, which it is about", path));
    }
  }

  void CheckUses(const Step& step, const std::string& path) {
    if (!step.branches.empty()) {
      for (std::string_view setting : kOfBranches) {
        if (!Has(path, setting)) continue;
        problems_.AtKey(MemberPath(path, setting),
                        fmt::format("\"{}.{}\" is not for a step with branches; write it into the "
                                    "branches",
                                    path, setting));
      }
      return;
    }
    for (const UsedBy& each : kUses) {
      bool used = (each.chat && step.chat) || (each.command && step.command) ||
                  (each.request && step.request);
      if (used || !Has(path, each.setting)) continue;
      problems_.AtKey(MemberPath(path, each.setting),
                      fmt::format("\"{}.{}\" needs {}", path, each.setting, each.why));
    }
  }

  // ---- its parts ----

  void CheckBranches(const Step& step, const std::string& path) {
    known_.CheckValue(step.when, MemberPath(path, "when"));
    known_.CheckValue(step.parallel, MemberPath(path, "parallel"));
    KnownNames known = known_;
    for (const Step& branch : step.branches) {
      known.AddBeside(branch.id);
    }
    for (size_t i = 0; i < step.branches.size(); ++i) {
      const Step& branch = step.branches[i];
      std::string at = ElementPath(MemberPath(path, "branches"), i);
      CheckId(branch.id, at);
      CheckKind(branch, at, true);
      CheckStep(branch, at, known);
    }
    for (const Step& branch : step.branches) known_.Add(branch.id);
  }

  void CheckStep(const Step& step, const std::string& path, const KnownNames& before) {
    before.CheckValue(step.when, MemberPath(path, "when"));
    KnownNames known = before;
    CheckForEach(step, path, known);
    CheckRepeat(step, path, known);
    CheckAsks(step, path);
    if (step.reuse) {
      std::string reuse = MemberPath(path, "reuse");
      known.CheckText(step.reuse->file, MemberPath(reuse, "file"));
      known.CheckValue(step.reuse->only, MemberPath(reuse, "only"));
    }
    CheckMocks(step, path, known);
    if (step.parse) CheckParse(*step.parse, MemberPath(path, "parse"), problems_);
    if (step.chat) {
      std::string chat = MemberPath(path, "chat");
      CheckChatTexts(*step.chat, chat, known);
      CheckChat(config_, *step.chat, chat, problems_);
    }
    if (step.command) {
      CheckCommand(config_, *step.command, MemberPath(path, "command"), known, problems_);
    }
    if (step.request) {
      CheckRequest(config_, *step.request, MemberPath(path, "request"), known, problems_);
    }
  }

  void CheckForEach(const Step& step, const std::string& path, KnownNames& known) {
    if (!step.for_each.empty()) {
      known.CheckPath(step.for_each, MemberPath(path, "for_each"));
      known.Add("each");
    } else if (Has(path, "concurrency") && step.branches.empty()) {
      problems_.AtKey(MemberPath(path, "concurrency"),
                      fmt::format("\"{}.concurrency\" needs for_each: without it a step makes one "
                                  "call",
                                  path));
    }
  }

  void CheckRepeat(const Step& step, const std::string& path, KnownNames& known) {
    if (!step.repeat) return;
    std::string repeat = MemberPath(path, "repeat");
    for (const char* other : {"for_each", "reuse"}) {
      if (!Has(path, other)) continue;
      problems_.AtKey(repeat, fmt::format("step \"{}\" has repeat and {}; expected one of them",
                                          step.id, other));
    }
    known.CheckValue(step.repeat->total, MemberPath(repeat, "total"));
    known.CheckValue(step.repeat->batch, MemberPath(repeat, "batch"));
    known.Add("round");
    known.Add(step.id);
    known.CheckValue(step.repeat->until, MemberPath(repeat, "until"));
  }

  void CheckAsks(const Step& step, const std::string& path) {
    if (!step.say_why || step.ask_again > 0 || problems_.Under(path)) return;
    problems_.AtKey(MemberPath(path, "say_why"),
                    fmt::format("\"{}.say_why\" needs ask_again: without it there is no next ask "
                                "to say it in",
                                path));
  }

  void CheckMocks(const Step& step, const std::string& path, const KnownNames& known) {
    if (step.mock) known.CheckText(*step.mock, MemberPath(path, "mock"));
    std::string instead = MemberPath(path, "mock_instead");
    double sum = 0;
    for (size_t i = 0; i < step.mock_instead.size(); ++i) {
      sum += step.mock_instead[i].share;
      known.CheckText(step.mock_instead[i].text, MemberPath(ElementPath(instead, i), "text"));
    }
    // Shares such as 0.1 are not exact.
    if (sum <= 1 + 1e-9 || problems_.Under(instead)) return;
    problems_.AtKey(instead, fmt::format("the shares of \"{}\" come to {:.4g}; expected at most 1",
                                         instead, sum));
  }

  const Config& config_;
  Problems& problems_;
  KnownNames known_;                        // that templates may begin with, so far
  std::map<std::string, std::string> ids_;  // to the path of the step
};

}  // namespace

std::vector<std::string> StepIds(const Config& config) {
  std::vector<std::string> ids;
  for (const Step& step : config.steps) {
    if (!step.id.empty()) ids.push_back(step.id);
    for (const Step& branch : step.branches) {
      if (!branch.id.empty()) ids.push_back(branch.id);
    }
  }
  return ids;
}

void CheckSteps(const Config& config, Problems& problems) {
  StepCheck(config, problems).CheckAll();
}

}  // namespace muster
