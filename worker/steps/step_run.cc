#include "worker/steps/step_run.h"

#include "common/expression.h"
#include "worker/steps/for_each.h"
#include "worker/steps/rounds.h"
#include "worker/steps/step_act.h"

namespace muster {
namespace {

// The branches of one step while they are worked on. Lives in RunBranches' frame; what it refers to
// does too.
struct Branches {
  const StepParts& parts;
  const Json& context;
  Siblings siblings;
  Json values = Json::object();  // by id, in the config's order
};

// They do not see each other's values, so that it does not matter whether they are done at once.
Task<bool> RunBranch(Branches* branches, const Step* step) {
  if (branches->siblings.over()) co_return false;
  Json context = branches->context;
  Task<StepEnd> run = RunStep(branches->parts, *step, std::move(context), &branches->siblings);
  StepEnd end = co_await run;
  if (auto* ended = std::get_if<Ended>(&end)) {
    branches->siblings.End(*ended);
    co_return false;
  }
  branches->values[step->id] = std::get<Json>(std::move(end));
  co_return true;
}

Task<StepEnd> RunBranches(StepParts parts, const Step& step, Json context, const Siblings* outer) {
  auto parallel = IsTrue(step.parallel, context, true);
  if (!parallel) {
    co_return Ended{Outcome::kFailed, fmt::format("{}: parallel: {}", step.id, parallel.error())};
  }
  Branches branches{parts, context, Siblings(outer)};
  std::vector<Task<bool>> tasks;
  for (const Step& branch : step.branches) {
    branches.values[branch.id] = nullptr;
    tasks.push_back(RunBranch(&branches, &branch));
  }
  if (*parallel) {
    All all(std::move(tasks));
    co_await all;
  } else {
    for (Task<bool>& task : tasks) co_await task;
  }
  if (branches.siblings.over()) co_return branches.siblings.Why();
  co_return std::move(branches.values);
}

Task<StepEnd> RunAround(StepParts parts, const Step& step, Json context, const Siblings* outer) {
  if (!step.branches.empty()) return RunBranches(parts, step, std::move(context), outer);
  if (!step.for_each.empty()) return RunForEach(parts, step, std::move(context), outer);
  if (step.repeat) return RunRounds(parts, step, std::move(context), outer);
  return RunAct(parts, step, step.id, std::move(context));
}

// What the value `left` of one call at `path` warns of.
void AddWarning(const std::string& path, const Json& left, std::vector<std::string>& warnings) {
  std::string warning = StringMember(left, "warning");
  if (!warning.empty()) warnings.push_back(fmt::format("{}: {}", path, warning));
}

}  // namespace

Task<StepEnd> RunStep(StepParts parts, const Step& step, Json context, const Siblings* outer) {
  auto wanted = IsTrue(step.when, context, true);
  if (!wanted) {
    co_return Ended{Outcome::kFailed, fmt::format("{}: when: {}", step.id, wanted.error())};
  }
  if (!*wanted) {
    parts.tell("step", step.id, "skipped: when");
    co_return Json();
  }
  Task<StepEnd> around = RunAround(parts, step, std::move(context), outer);
  StepEnd end = co_await around;
  co_return end;
}

void AddStepValue(const Step& step, Json value, Json& context) {
  for (const Step& branch : step.branches) {
    const Json* left = Member(value, branch.id);
    context[branch.id] = left ? *left : Json();
  }
  context[step.id] = std::move(value);
}

std::vector<std::string> WarningsOf(const Step& step, const Json& value) {
  std::vector<std::string> warnings;
  if (!step.branches.empty()) {
    for (const Step& branch : step.branches) {
      const Json* left = Member(value, branch.id);
      if (!left) continue;
      for (std::string& each : WarningsOf(branch, *left)) warnings.push_back(std::move(each));
    }
  } else if (!step.for_each.empty() && value.is_array()) {
    for (const Json& each : value) {
      AddWarning(fmt::format("{}[{}]", step.id, StringMember(each, "key")), each, warnings);
    }
  } else if (const Json* rounds = step.repeat ? Member(value, "rounds") : nullptr) {
    for (const Json& round : *rounds) {
      int64_t number = IntMember(round, "number").value_or(0);
      AddWarning(fmt::format("{}[{}]", step.id, number), round, warnings);
    }
  } else {
    AddWarning(step.id, value, warnings);
  }
  return warnings;
}

}  // namespace muster
