#include "worker/steps/for_each.h"

#include <algorithm>

#include "common/step_values.h"
#include "common/template.h"
#include "worker/steps/step_act.h"

namespace muster {
namespace {

// The elements of one for_each while they are worked on. Lives in RunForEach's frame; what it
// refers to does too.
struct Fan {
  const StepParts& parts;
  const Step& step;
  const Json& context;
  Json list;
  Siblings siblings;
  std::vector<std::string> keys = {};
  size_t next = 0;
  std::vector<Json> values = {};
};

// Takes one element after the other until there are no more.
Task<bool> RunElements(Fan* fan) {
  while (!fan->siblings.over() && fan->next < fan->list.size()) {
    size_t index = fan->next++;
    std::string key = fan->keys[index];
    Json context = fan->context;
    context["each"] = fan->list[index];
    std::string path = fmt::format("{}[{}]", fan->step.id, key);
    Task<StepEnd> act = RunAct(fan->parts, fan->step, std::move(path), std::move(context));
    StepEnd end = co_await act;
    if (auto* ended = std::get_if<Ended>(&end)) {
      fan->siblings.End(*ended);
    } else {
      fan->values[index] = ElementValue(static_cast<int64_t>(index) + 1, key, fan->list[index],
                                        std::get<Json>(std::move(end)));
    }
  }
  co_return !fan->siblings.over();
}

// The list, empty where the name stands for null.
Result<Json> ListOf(const Step& step, const Json& context) {
  auto list = LookUp(context, step.for_each);
  if (!list) return Fail("{}: for_each: {}", step.origin, list.error());
  if (list->is_null()) return Json::array();
  if (!list->is_array()) return Fail("{}: for_each: {} is not a list", step.origin, step.for_each);
  return list;
}

}  // namespace

Task<StepEnd> RunForEach(StepParts parts, const Step& step, Json context, const Siblings* outer) {
  auto list = ListOf(step, context);
  if (!list) co_return Ended{Outcome::kFailed, list.error()};
  Fan fan{parts, step, context, *std::move(list), Siblings(outer)};
  fan.keys = ElementKeys(fan.list);
  fan.values.resize(fan.list.size());
  std::vector<Task<bool>> workers;
  auto width = std::min<size_t>(static_cast<size_t>(step.concurrency), fan.list.size());
  for (size_t i = 0; i < width; ++i) workers.push_back(RunElements(&fan));
  All all(std::move(workers));
  co_await all;
  if (fan.siblings.over()) co_return fan.siblings.Why();
  Json values = Json::array();
  for (Json& value : fan.values) values.push_back(std::move(value));
  co_return values;
}

}  // namespace muster
