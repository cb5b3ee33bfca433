#include "supervisor/report/report_numbers.h"

#include <algorithm>

#include "supervisor/report/pairs.h"

namespace muster {
namespace {

// Distinct values of report.against up to this number are shown one by one, else in this number of
// buckets with about as many items each.
constexpr size_t kMostValues = 12, kBuckets = 8;

using ItemList = std::vector<const ReportItem*>;

bool IsError(const ReportItem& item) {
  return item.status == ItemStatus::kFailed || item.status == ItemStatus::kQuarantined;
}

// Values of one quantity, of the trials that say it.
struct Taken {
  std::vector<double> values, input, output, total, cost, time;
};

void Take(const ReportItem& item, const std::string& score, double value, Taken& taken) {
  taken.values.push_back(value);
  TriedWork work = item.WorkOf(score);
  if (auto usage = work.known_usage()) {
    taken.input.push_back(static_cast<double>(usage->input));
    taken.output.push_back(static_cast<double>(usage->output));
    taken.total.push_back(static_cast<double>(usage->total()));
  }
  if (auto cost = work.known_cost()) taken.cost.push_back(static_cast<double>(*cost));
  if (auto time = work.known_ms()) taken.time.push_back(static_cast<double>(*time));
}

ScoreNumbers CountScore(const ItemList& items, const std::string& score) {
  ScoreNumbers numbers;
  numbers.score = score;
  Taken taken;
  for (const ReportItem* item : items) {
    auto found = item->scores.find(score);
    if (IsError(*item)) {
      ++numbers.errors;
    } else if (item->status == ItemStatus::kSkipped) {
      ++numbers.skipped;
    } else if (found == item->scores.end()) {
      ++numbers.open;
    } else if (!found->second.value) {
      ++numbers.skipped;
    } else {
      Take(*item, score, *found->second.value, taken);
    }
  }
  numbers.estimate = MeanEstimateOf(taken.values);
  numbers.input = AmountOf(taken.input);
  numbers.output = AmountOf(taken.output);
  numbers.total = AmountOf(taken.total);
  numbers.cost = AmountOf(taken.cost);
  numbers.time = AmountOf(taken.time);
  return numbers;
}

PairNumbers CompareScores(const ItemList& items, const std::string& first,
                          const std::string& second) {
  PairCounter counter(first, second);
  for (const ReportItem* item : items) {
    auto value = ValueOf(*item, first), other = ValueOf(*item, second);
    if (!value || !other) continue;
    counter.Add(*value, *other, item->WorkOf(first), item->WorkOf(second));
  }
  return counter.Numbers();
}

GroupNumbers CountGroup(const ItemList& items, const std::vector<std::string>& scores,
                        const std::vector<std::string>& compare) {
  GroupNumbers group;
  group.items = static_cast<int64_t>(items.size());
  for (const std::string& score : scores) group.scores.push_back(CountScore(items, score));
  for (size_t i = 1; i < compare.size(); ++i) {
    group.pairs.push_back(CompareScores(items, compare[0], compare[i]));
  }
  return group;
}

// ---- groups ----

struct Group {
  std::string name;
  ItemList items;
};

std::vector<Group> GroupsOf(const ReportRun& run) {
  std::vector<Group> groups;
  for (const ReportItem& item : run.items) {
    if (!item.group) continue;
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& group) { return group.name == *item.group; });
    if (found == groups.end()) found = groups.insert(found, {*item.group, {}});
    found->items.push_back(&item);
  }
  return groups;
}

// ---- against ----

// The upper ends of the buckets; each begins behind the one before.
std::vector<double> BucketEnds(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::vector<double> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (distinct.size() <= kMostValues) return distinct;
  std::vector<double> ends;
  for (size_t i = 1; i <= kBuckets; ++i) ends.push_back(values[values.size() * i / kBuckets - 1]);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

AgainstNumbers CountBucket(const ReportRun& run, const std::string& score,
                           std::optional<double> behind, double end) {
  AgainstNumbers numbers;
  std::vector<double> values, places;
  for (const ReportItem& item : run.items) {
    auto value = ValueOf(item, score);
    bool inside = item.against && *item.against <= end && (!behind || *item.against > *behind);
    if (!value || !inside) continue;
    values.push_back(*value);
    places.push_back(*item.against);
  }
  numbers.score = score;
  numbers.estimate = MeanEstimateOf(values);
  if (places.empty()) return numbers;
  numbers.from = *std::min_element(places.begin(), places.end());
  numbers.to = *std::max_element(places.begin(), places.end());
  numbers.middle = *MeanOf(places);
  return numbers;
}

std::vector<AgainstNumbers> CountAgainst(const ReportRun& run,
                                         const std::vector<std::string>& scores) {
  std::vector<double> values;
  for (const ReportItem& item : run.items) {
    if (item.against) values.push_back(*item.against);
  }
  std::vector<AgainstNumbers> all;
  if (values.empty()) return all;
  for (const std::string& score : scores) {
    std::optional<double> behind;
    for (double end : BucketEnds(values)) {
      AgainstNumbers numbers = CountBucket(run, score, behind, end);
      if (numbers.estimate.n > 0) all.push_back(std::move(numbers));
      behind = end;
    }
  }
  return all;
}

}  // namespace

MeanEstimate MeanEstimateOf(const std::vector<double>& values) {
  MeanEstimate estimate;
  estimate.n = static_cast<int64_t>(values.size());
  estimate.mean = MeanOf(values).value_or(0);
  estimate.binary = !values.empty() && std::all_of(values.begin(), values.end(), IsRightOrWrong);
  if (estimate.binary) {
    auto right = static_cast<int64_t>(std::count(values.begin(), values.end(), 1.0));
    estimate.interval = WilsonInterval(right, estimate.n);
  } else {
    estimate.interval = BootstrapMean(values);
  }
  return estimate;
}

Amount AmountOf(const std::vector<double>& values) {
  Amount amount;
  amount.n = static_cast<int64_t>(values.size());
  amount.mean = MeanOf(values).value_or(0);
  amount.sum = amount.mean * static_cast<double>(amount.n);
  amount.median = PercentileOf(values, 0.5).value_or(0);
  amount.p95 = PercentileOf(values, 0.95).value_or(0);
  return amount;
}

RunNumbers CountRun(const ReportRun& run) {
  RunNumbers numbers;
  std::vector<std::string> scores = run.ScoreNames(), compare;
  for (const std::string& name : run.rules.compare) {
    if (std::find(scores.begin(), scores.end(), name) != scores.end()) compare.push_back(name);
  }
  ItemList all;
  for (const ReportItem& item : run.items) all.push_back(&item);
  numbers.all = CountGroup(all, scores, compare);
  for (const Group& group : GroupsOf(run)) {
    numbers.groups.push_back(CountGroup(group.items, scores, compare));
    numbers.groups.back().group = group.name;
  }
  numbers.against = CountAgainst(run, compare.empty() ? scores : compare);
  return numbers;
}

}  // namespace muster
