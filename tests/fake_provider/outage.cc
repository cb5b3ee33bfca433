#include "tests/fake_provider/outage.h"

#include <algorithm>

#include "tests/fake_provider/http.h"

namespace fake_provider {
namespace {

using std::chrono::seconds;

Result<Action> ActionFor(const std::string& kind) {
  Action action;
  if (kind == "hang") {
    action.hang = true;
  } else if (kind == "refuse") {
    action.raw = "";
    action.reset_at_byte = 0;
  } else {
    uint64_t status = ParseNumber(kind).value_or(0);
    if (status < 400 || status > 999) return Error{"kind: expected a status, refuse or hang"};
    action.status = static_cast<int>(status);
  }
  return action;
}

}  // namespace

Result<Outage> Outage::Parse(const Json& json, Clock::time_point now) {
  const Json& kind = MemberOf(json, "kind");
  const Json& for_ms = MemberOf(json, "for_ms");
  Result<Action> action = ActionFor(kind.is_string() ? kind.get<std::string>() : ToText(kind));
  if (!action.ok()) return Error{action.error()};
  if (!for_ms.is_number_unsigned()) return Error{"for_ms: expected a whole number"};
  Outage outage;
  outage.action_ = std::move(action.value());
  outage.begin_ = now;
  outage.end_ = now + std::chrono::milliseconds(for_ms.get<int64_t>());
  return outage;
}

const Action* Outage::OnRequest(Clock::time_point now) {
  if (now >= end_) return nullptr;
  auto second = static_cast<size_t>(std::chrono::floor<seconds>(now - begin_).count());
  if (asked_.size() <= second) asked_.resize(second + 1);
  ++asked_[second];
  return &action_;
}

void Outage::End(Clock::time_point now) { end_ = std::min(end_, now); }

Json Outage::AskedBySecond(Clock::time_point now) const {
  std::vector<int64_t> asked = asked_;
  auto length = std::chrono::ceil<seconds>(std::min(now, end_) - begin_);
  asked.resize(std::max(asked.size(), static_cast<size_t>(length.count())));
  return asked;
}

}  // namespace fake_provider
