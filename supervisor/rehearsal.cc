#include "supervisor/rehearsal.h"

#include <algorithm>
#include <filesystem>

#include "common/expression.h"
#include "common/files.h"
#include "common/safe_name.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "supervisor/rehearse/example_context.h"
#include "supervisor/rehearse/rehearse_chat.h"
#include "supervisor/rehearse/rehearse_end.h"
#include "supervisor/rehearse/rehearse_work.h"

namespace muster {
namespace {

// More rounds of a step are not rendered; the last one stands for the rest.
constexpr int64_t kMostRounds = 50;

// How the calls of a step are made, while it is gone through.
struct How {
  bool maybe = false;  // an earlier step decides whether they are made
  bool open = false;   // or what they go through
  bool spare = false;
  int64_t times = 1;
  std::optional<int64_t> wanted;  // values of a round
};

// What a step's rounds aim at; nullopt: not given, or for an earlier step to say.
struct Aim {
  std::optional<int64_t> total, batch;
  int64_t expected = 1;  // rounds
};

// One item's way through the steps.
class Rehearser {
 public:
  Rehearser(const Config& config, const Json& item)
      : config_(config), working_(WorkingSteps(config)), context_(config, item) {}

  Result<Rehearsal> Run() {
    Json begun = context_.names();
    for (const Step& step : config_.steps) {
      auto left = RehearseStep(step, {});
      if (!left) return Error{left.error()};
      Know(step, std::move(*left));
    }
    auto end = RehearseEnd(config_, context_, std::move(begun), rehearsal_);
    if (!end) return Error{end.error()};
    return std::move(rehearsal_);
  }

 private:
  // A value, and whether an answer decides it.
  struct StepLeft {
    Left left;
    bool open = false;
    std::vector<StepLeft> branches = {};
  };

  void Know(const Step& step, StepLeft left) {
    for (size_t i = 0; i < step.branches.size(); ++i) {
      bool skipped = left.branches.empty();
      context_.Leave(step.branches[i].id, skipped ? Left() : std::move(left.branches[i].left));
      context_.SetOpen(step.branches[i].id, skipped ? left.open : left.branches[i].open);
    }
    context_.Leave(step.id, std::move(left.left));
    context_.SetOpen(step.id, left.open);
  }

  // ---- around what a step does ----

  Result<StepLeft> RehearseStep(const Step& step, How how) {
    auto wanted = Wants(step);
    if (!wanted) return Fail("{}: when: {}", step.id, wanted.error());
    if (*wanted == false) return StepLeft();
    how.maybe = how.maybe || !*wanted;
    if (!step.branches.empty()) return RehearseBranches(step, how);
    size_t calls = rehearsal_.calls.size();
    auto left = !step.for_each.empty() ? RehearseElements(step, how)
                : step.repeat          ? RehearseRounds(step, how)
                                       : RehearseAct(step, step.id, how);
    if (!left) return Error{left.error()};
    return StepLeft{std::move(*left), how.maybe || rehearsal_.calls.size() > calls};
  }

  // Whether the step is done; nullopt: an earlier step will say.
  Result<std::optional<bool>> Wants(const Step& step) const {
    if (auto known = context_.Resolve(step.when); !known) return Error{known.error()};
    if (context_.Uses(step.when)) return std::optional<bool>();
    auto wanted = IsTrue(step.when, context_.names(), true);
    return wanted ? Result<std::optional<bool>>(*wanted) : Error{wanted.error()};
  }

  Result<StepLeft> RehearseBranches(const Step& step, const How& how) {
    if (auto known = context_.Resolve(step.parallel); !known) {
      return Fail("{}: parallel: {}", step.id, known.error());
    }
    StepLeft all{{Json::object(), Json::object()}};
    for (const Step& branch : step.branches) {
      auto left = RehearseStep(branch, how);
      if (!left) return left;
      const Left& one = left->left;
      all.left.value[branch.id] = one.value;
      all.left.marked[branch.id] = one.marked.is_null() ? one.value : one.marked;
      all.open = all.open || left->open;
      all.branches.push_back(std::move(*left));
    }
    return all;
  }

  Result<Left> RehearseElements(const Step& step, How how) {
    std::string first = step.for_each.substr(0, step.for_each.find('.'));
    how.open = how.open || context_.AnyIsOpen(std::vector{first});
    auto list = LookUp(context_.names(), step.for_each);
    std::string hint = context_.examples().ForEachHint(step.for_each);
    if (!list) return Fail("{}: for_each: {}{}", step.origin, list.error(), hint);
    if (list->is_null()) return Left{Json::array(), Json()};
    if (!list->is_array()) {
      return Fail("{}: for_each: {} is not a list{}", step.origin, step.for_each, hint);
    }
    auto marked_list = context_.marked() ? LookUp(*context_.marked(), step.for_each) : list;
    Left all{Json::array(), Json()};
    std::vector<std::string> keys = ElementKeys(*list);
    for (size_t i = 0; i < keys.size(); ++i) {
      const Json &each = (*list)[i], &marked_each = (*marked_list)[i];
      context_.Leave("each", {each, marked_each == each ? Json() : marked_each});
      context_.SetOpen("each", how.open);
      auto left = RehearseAct(step, fmt::format("{}[{}]", step.id, keys[i]), how);
      if (!left) return left;
      auto number = static_cast<int64_t>(i) + 1;
      if (context_.marked() || !left->marked.is_null()) {
        const Json& marked = left->marked.is_null() ? left->value : left->marked;
        all.marked.push_back(ElementValue(number, keys[i], marked_each, marked));
      }
      all.value.push_back(ElementValue(number, keys[i], each, std::move(left->value)));
    }
    context_.Forget("each");
    return all;
  }

  // ---- rounds ----

  Result<std::optional<int64_t>> CountIfKnown(const char* name,
                                              const Expression& expression) const {
    if (auto known = context_.Resolve(expression); !known) {
      return Fail("repeat.{}: {}", name, known.error());
    }
    if (expression.empty() || context_.Uses(expression)) return std::optional<int64_t>();
    auto count = CountOf(expression, context_.names());
    if (!count) return Fail("repeat.{}: {}", name, count.error());
    return std::optional(*count);
  }

  Result<Aim> AimOf(const RepeatRule& rule) const {
    auto total = CountIfKnown("total", rule.total);
    if (!total) return Error{total.error()};
    auto batch = CountIfKnown("batch", rule.batch);
    if (!batch) return Error{batch.error()};
    if (*batch == 0) return Fail("repeat.batch is 0; a round needs at least 1");
    return Aim{*total, *batch ? *batch : *total, ExpectedRounds(rule, *total, *batch)};
  }

  // As a worker tells a round, if each of those before it gave what was wanted of it.
  static RoundInfo InfoOf(int64_t number, const RepeatRule& rule, const Aim& aim, int64_t count) {
    RoundInfo round;
    round.number = number;
    round.most = number <= aim.expected ? aim.expected : rule.most;
    if (aim.total) round.left = std::max<int64_t>(number == 1 ? 0 : 1, *aim.total - count);
    round.wanted = aim.batch;
    if (round.left && round.wanted) round.wanted = std::min(*round.wanted, *round.left);
    return round;
  }

  // Makes the rounds so far known, as values and with marks.
  Left LeftBy(const std::vector<Json>& rounds, const std::vector<Json>& marked, const Aim& aim) {
    return {RepeatValue(rounds, aim.total), RepeatValue(marked, aim.total)};
  }

  Result<Left> RehearseRounds(const Step& step, How how) {
    auto aim = AimOf(*step.repeat);
    if (!aim) return Fail("{}: {}", step.id, aim.error());
    const int64_t most = aim->total == 0 ? 0 : step.repeat->most;
    std::vector<Json> rounds, marked;
    Left expected = LeftBy(rounds, marked, *aim);
    for (int64_t number = 1; number <= std::min(most, kMostRounds); ++number) {
      Left before = LeftBy(rounds, marked, *aim);
      int64_t count = IntMember(before.value, "count").value_or(0);
      context_.Leave(step.id, std::move(before));
      RoundInfo info = InfoOf(number, *step.repeat, *aim, count);
      context_.Leave("round", {RoundValue(info), Json()});
      for (const std::string& name : {step.id, std::string("round")}) {
        context_.SetOpen(name, number > 1);
      }
      how.wanted = info.wanted;
      auto left = RehearseRound(step, number, most, *aim, how);
      if (!left) return left;
      rounds.push_back(WithNumber(number, left->value));
      marked.push_back(WithNumber(number, left->marked.is_null() ? left->value : left->marked));
      if (number <= aim->expected) expected = LeftBy(rounds, marked, *aim);
    }
    context_.Forget("round");
    context_.Forget(step.id);
    return expected;
  }

  // Where not all rounds are gone through, the last that is, of those expected or of those that are
  // to spare, stands for the others.
  Result<Left> RehearseRound(const Step& step, int64_t number, int64_t most, const Aim& aim,
                             How how) {
    how.spare = how.spare || number > aim.expected;
    if (number == kMostRounds) how.times = (how.spare ? most : aim.expected) - number + 1;
    std::string path = fmt::format("{}[{}]", step.id, number);
    auto left = RehearseAct(step, path, how);
    bool further = left && number == kMostRounds && !how.spare && most > aim.expected;
    if (!further) return left;
    how.spare = true;
    how.times = most - aim.expected;
    if (auto spare = RehearseAct(step, path, how); !spare) return spare;
    return left;
  }

  static Json WithNumber(int64_t number, const Json& left) {
    Json round{{"number", number}};
    round.update(left);
    return round;
  }

  // ---- what it does ----

  size_t IndexOf(const Step& step) const {
    auto found = std::find(working_.begin(), working_.end(), &step);
    return static_cast<size_t>(found - working_.begin());
  }

  Result<Left> RehearseAct(const Step& step, const std::string& path, const How& how) {
    if (step.reuse) {
      auto reused = FindReused(*step.reuse);
      if (!reused) return Fail("{}: reuse: {}", path, reused.error());
      if (!reused->is_null()) return Left{std::move(*reused), Json()};
    }
    RehearsedCall call;
    call.step = path;
    call.step_index = IndexOf(step);
    call.exact = !how.open;
    call.maybe = how.maybe;
    call.spare = how.spare;
    call.times = how.times;
    if (step.command) return RehearseCommand(config_, context_, step, std::move(call), rehearsal_);
    if (step.request) return RehearseRequest(config_, context_, step, std::move(call), rehearsal_);
    return RehearseChat(config_, context_, step, std::move(call), how.wanted, rehearsal_);
  }

  // The value of a step whose file is there already; null: it is not, or an answer names it.
  Result<Json> FindReused(const ReuseRule& rule) const {
    auto name = RenderPath(rule.file.text, rule.file.origin, context_.names());
    if (!name) return Error{name.error()};
    if (auto known = context_.Resolve(rule.only); !known) return Error{known.error()};
    if (context_.Uses(rule.file)) return Json();
    auto path = PathInside(config_.base_dir, *name);
    if (!path) return Fail("\"{}\" is no file inside the config's folder", VisibleText(*name));
    std::error_code error;
    if (std::filesystem::is_regular_file(*path, error)) {
      return Json{{"file", *path}, {"files", Json::array({*path})}, {"reused", true}};
    }
    if (context_.Uses(rule.only)) return Json();
    auto only = IsTrue(rule.only, context_.names(), false);
    if (!only) return Error{only.error()};
    if (!*only) return Json();
    return Fail("{} is not there, and the step may not make it (reuse.only)", VisibleText(*name));
  }

  const Config& config_;
  const std::vector<const Step*> working_;
  ExampleContext context_;
  Rehearsal rehearsal_;
};

}  // namespace

Result<Rehearsal> Rehearse(const Config& config, const Json& item) {
  return Rehearser(config, item).Run();
}

}  // namespace muster
