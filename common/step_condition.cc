#include "common/step_condition.h"

#include "common/expression.h"

namespace muster {

bool MayRun(const Step& step, const Json& fixed_names) {
  auto wanted = IsTrue(step.when, fixed_names, true);
  auto only = step.reuse ? IsTrue(step.reuse->only, fixed_names, false) : Result<bool>(false);
  return (!wanted || *wanted) && (!only || !*only);
}

}  // namespace muster
