#include <vector>

#include "common/config/items/row.h"

namespace muster {

// Counts through the combinations like an odometer: the last list turns fastest.
Result<void> ForEachCombination(const Json& matrix, const TakeRow& take) {
  std::vector<std::pair<std::string, const Json*>> lists;
  for (auto member = matrix.begin(); member != matrix.end(); ++member) {
    if (member.value().empty()) return {};
    lists.emplace_back(member.key(), &member.value());
  }
  std::vector<size_t> at(lists.size(), 0);
  for (int64_t number = 1;; ++number) {
    SourceRow row{"", Json::object(), fmt::format("combination {}", number), true};
    row.fields["id"] = "";
    for (size_t i = 0; i < lists.size(); ++i) {
      const Json& value = (*lists[i].second)[at[i]];
      row.id += (i > 0 ? "-" : "") + IdText(value).value_or("");
      row.fields[lists[i].first] = value;
    }
    row.fields["id"] = row.id;
    if (auto taken = take(std::move(row)); !taken) return taken;
    size_t turned = lists.size();
    while (turned > 0 && ++at[turned - 1] == lists[turned - 1].second->size()) at[--turned] = 0;
    if (turned == 0) return {};
  }
}

}  // namespace muster
