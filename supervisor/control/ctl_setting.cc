#include "supervisor/control/ctl_setting.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/duration.h"
#include "common/money.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr std::string_view kNone = "none";

// What a setting may be set for, besides the whole run.
enum class Lanes { kPools, kProviders, kAll };

// A setting that can change while a run lives.
struct LiveSetting {
  std::string_view name;
  std::string_view shorter;  // empty: none
  Lanes lanes;
  bool may_be_none;
};

constexpr std::array kLiveSettings{
    LiveSetting{"workers", "", Lanes::kPools, false},
    LiveSetting{"concurrency", "", Lanes::kAll, true},
    LiveSetting{"requests_per_minute", "rpm", Lanes::kAll, true},
    LiveSetting{"tokens_per_minute", "tpm", Lanes::kAll, true},
    LiveSetting{"input_tokens_per_minute", "itpm", Lanes::kAll, true},
    LiveSetting{"output_tokens_per_minute", "otpm", Lanes::kAll, true},
    LiveSetting{"min_delay", "", Lanes::kAll, true},
    LiveSetting{"max_cost", "", Lanes::kProviders, true},
};

const LiveSetting* FindSetting(std::string_view name) {
  auto fits = [name](const LiveSetting& each) {
    return each.name == name || (!each.shorter.empty() && each.shorter == name);
  };
  auto found = std::find_if(kLiveSettings.begin(), kLiveSettings.end(), fits);
  return found == kLiveSettings.end() ? nullptr : found;
}

// A visitor of the table of settings: judges a text as the value of one that stands directly in
// the struct visited.
class ValueCheck {
 public:
  ValueCheck(std::string_view name, std::string_view text) : name_(name), text_(text) {}

  bool fits() const { return fits_; }
  const std::string& expected() const { return expected_; }  // empty: no such setting here

  // ---- what the table calls ----
  template <class T, class Kind>
  void Setting(std::string_view name, T&&, const Kind& kind, std::string_view) {
    if (name != name_) return;
    fits_ = Fits(kind);
    expected_ = Expected(kind);
  }
  template <class... Any>
  void Required(Any&&...) {}
  template <class... Any>
  void Group(Any&&...) {}
  template <class... Any>
  void Optional(Any&&...) {}
  template <class... Any>
  void List(Any&&...) {}
  template <class... Any>
  void Map(Any&&...) {}
  template <class... Any>
  void Hidden(Any&&...) {}

 private:
  bool Fits(const Whole& kind) const {
    int64_t number = 0;
    const char* end = text_.data() + text_.size();
    auto [stop, error] = std::from_chars(text_.data(), end, number);
    return error == std::errc() && stop == end && number >= kind.min && number <= kind.max;
  }
  bool Fits(const Duration& kind) const {
    auto duration = ParseDuration(text_);
    return duration && *duration >= kind.min && *duration <= kind.max;
  }
  bool Fits(const Money&) const { return ParseDollars(text_).ok(); }
  template <class Other>
  bool Fits(const Other&) const {
    assert(!"a live setting of this kind");
    return false;
  }

  std::string_view name_, text_;
  bool fits_ = false;
  std::string expected_;
};

template <class S>
void Visit(ValueCheck& check, S settings) {
  Describe(check, settings);
}

std::string Quoted(std::string_view text) { return "\"" + VisibleText(text) + "\""; }

std::string Names() {
  std::string names;
  for (const LiveSetting& each : kLiveSettings) {
    names +=
        (names.empty() ? "" : ", ") + std::string(each.shorter.empty() ? each.name : each.shorter);
  }
  return names;
}

Error UnknownName(std::string_view name) {
  std::vector<std::string> names;
  for (const LiveSetting& each : kLiveSettings) {
    names.emplace_back(each.name);
    if (!each.shorter.empty()) names.emplace_back(each.shorter);
  }
  std::string nearest = NearestName(name, names);
  return Fail("{} cannot be set; expected one of {}{}", Quoted(name), Names(),
              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

Result<void> CheckValue(const LiveSetting& setting, std::string_view shown,
                        std::string_view value) {
  ValueCheck check(setting.name, value);
  Visit(check, Config());
  Visit(check, Limits());
  Visit(check, BudgetLimits());
  assert(!check.expected().empty());
  if (check.fits() || (setting.may_be_none && value == kNone)) return {};
  return Fail("{} is {}; expected {}{}", shown, Quoted(value), check.expected(),
              setting.may_be_none ? ", or none" : "");
}

Result<void> CheckLane(const LiveSetting& setting, std::string_view lane) {
  if (lane.empty()) return {};
  size_t slash = lane.find('/');
  bool of_model = slash != std::string_view::npos;
  if (!IsProviderName(lane.substr(0, slash)) || (of_model && slash + 1 == lane.size())) {
    return Fail("{} is no lane; expected PROVIDER or PROVIDER/MODEL", Quoted(lane));
  }
  if (setting.lanes == Lanes::kPools && of_model) {
    return Fail("{} is set for a pool; expected POOL.{}=… or {}=…", setting.name, setting.name,
                setting.name);
  }
  if (of_model && setting.lanes == Lanes::kProviders) {
    return Fail("{} is set for the whole run or a provider, not for a model", setting.name);
  }
  return {};
}

}  // namespace

// The last '=' and the last '.' before it divide the word: names of models hold dots.
Result<Json> ParseCtlSetting(const std::string& word) {
  size_t equals = word.rfind('=');
  if (equals == std::string::npos) {
    return Fail("{} sets nothing; expected NAME=VALUE, as in rpm=300", Quoted(word));
  }
  std::string before = word.substr(0, equals), value = word.substr(equals + 1);
  size_t dot = before.rfind('.');
  bool has_lane = dot != std::string::npos;
  std::string lane = has_lane ? before.substr(0, dot) : "";
  std::string name = has_lane ? before.substr(dot + 1) : before;
  const LiveSetting* setting = FindSetting(name);
  if (!setting) return UnknownName(name);
  if (has_lane && lane.empty()) return Fail("{}: a lane is missing before the dot", Quoted(word));
  if (auto fits = CheckLane(*setting, lane); !fits) return Error{fits.error()};
  if (auto fits = CheckValue(*setting, name, value); !fits) return Error{fits.error()};
  return Json{{"do", "set"},
              {"lane", lane},
              {"name", setting->name},
              {"value", value == kNone ? "" : value}};
}

}  // namespace muster
