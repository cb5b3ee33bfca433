#include "supervisor/governor/limit_change.h"

#include <charconv>

#include "common/config/kinds.h"
#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

struct Number {
  const char* name;
  std::optional<int64_t> Limits::*member;
};
constexpr Number kNumbers[] = {{"concurrency", &Limits::concurrency},
                               {"requests_per_minute", &Limits::requests_per_minute},
                               {"tokens_per_minute", &Limits::tokens_per_minute},
                               {"input_tokens_per_minute", &Limits::input_tokens_per_minute},
                               {"output_tokens_per_minute", &Limits::output_tokens_per_minute}};

Result<std::string> ChangeNumber(std::optional<int64_t>& limit, const std::string& value) {
  std::string before = limit ? std::to_string(*limit) : "none";
  if (value.empty()) return limit.reset(), before;
  int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool whole = error == std::errc() && end == value.data() + value.size();
  if (!whole || number < 1) {
    return Fail("\"{}\" is no limit; expected a whole number from 1 on, or none",
                VisibleText(value));
  }
  limit = number;
  return before;
}

}  // namespace

Result<std::string> ChangeLimit(Limits& limits, const std::string& name, const std::string& value) {
  for (const Number& each : kNumbers) {
    if (name == each.name) return ChangeNumber(limits.*each.member, value);
  }
  if (name != "min_delay") return Fail("there is no limit called \"{}\"", VisibleText(name));
  std::string before = DurationText(limits.min_delay);
  auto delay = value.empty() ? Result<Milliseconds>(Milliseconds(0)) : ParseDuration(value);
  if (!delay) return Error{delay.error()};
  limits.min_delay = *delay;
  return before;
}

}  // namespace muster
