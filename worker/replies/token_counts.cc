#include "worker/replies/token_counts.h"

#include "common/usage.h"

namespace muster {

std::optional<int64_t> TokenCount(const Json* object, std::string_view name) {
  if (!object || object->is_null()) return 0;
  if (!object->is_object()) return std::nullopt;
  const Json* member = Member(*object, name);
  if (!member || member->is_null()) return 0;
  int64_t count = IntMember(*object, name).value_or(-1);
  if (count < 0 || count > kMostTokensOfOneCall) return std::nullopt;
  return count;
}

}  // namespace muster
