#pragma once

// Prometheus' text exposition format, version 0.0.4: how numbers are written, not which.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/money.h"

namespace muster {

// Values as the format has them.
inline std::string MetricValue(int64_t value) { return std::to_string(value); }
std::string SecondsValue(int64_t milliseconds);

// A page of metrics, written family by family. Names are those of the caller and taken as they are;
// label values may be anything.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Begins a family: `type` is counter, gauge or histogram.
  void Family(std::string_view name, std::string_view type, std::string_view help);

  // A line of the family begun last; `suffix` is appended to its name. No two lines may have the
  // same name and labels.
  void Sample(Labels labels, std::string_view value) { Sample("", labels, value); }
  void Sample(std::string_view suffix, Labels labels, std::string_view value);

  const std::string& text() const { return text_; }

 private:
  std::string name_, text_;
};

}  // namespace muster
