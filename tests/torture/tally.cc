#include "tests/torture/tally.h"

#include <fmt/format.h>

#include "common/money.h"

namespace muster::torture {
namespace {

std::string Row(std::string_view name, const std::string& value) {
  return fmt::format("  {:<34}{:>14}", name, value);
}

std::string Row(std::string_view name, int64_t value) {
  return Row(name, fmt::format("{}", value));
}

std::string Row(std::string_view name, std::chrono::microseconds value) {
  return Row(name, fmt::format("{:.1f} ms", static_cast<double>(value.count()) / 1000));
}

}  // namespace

// Only what held: a campaign stops at the first thing that did not.
std::vector<std::string> Tally::Table() const {
  std::vector<std::string> rows;
  rows.push_back(Row("kills", kills()));
  for (size_t i = 0; i < deeds.size(); ++i) rows.push_back(Row(kDeedNames[i], deeds[i]));
  rows.push_back(Row("rounds", rounds));
  rows.push_back(Row("starts of muster", starts));
  rows.push_back(Row("times the books were compared", checks));
  rows.push_back(Row("items done", items_done));
  rows.push_back(Row("requests asked", asked));
  rows.push_back(Row("requests billed", billed));
  rows.push_back(Row("answers kept", answered));
  rows.push_back(Row("tries unknown", unknown));
  rows.push_back(Row("  of them lost to kills", lost_to_kills));
  rows.push_back(Row("most calls lost to one kill", worst_lost));
  rows.push_back(Row("provider's bill", FormatMoney(bill)));
  rows.push_back(Row("booked as spent", FormatMoney(spent)));
  rows.push_back(Row("booked as unknown, at most", FormatMoney(unknown_cost)));
  rows.push_back(Row("slowest until nobody was left", slowest_gone));
  rows.push_back(Row("slowest end after Ctrl+C", slowest_interrupt));
  rows.push_back(Row("slowest end after the second", slowest_second_interrupt));
  rows.push_back(Row("slowest end after SIGTERM", slowest_term));
  return rows;
}

}  // namespace muster::torture
