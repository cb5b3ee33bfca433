#include "supervisor/report/pairs.h"

#include <algorithm>
#include <map>
#include <utility>

namespace muster {
namespace {

std::optional<double> Saved(double first, double second) {
  if (first <= 0) return std::nullopt;
  return 1 - second / first;
}

using ItemsById = std::map<std::string, const ReportItem*>;

ItemsById TrialsOf(const ReportRun& run, const std::string& score) {
  ItemsById trials;
  for (const ReportItem& item : run.items) {
    if (ValueOf(item, score)) trials[item.id] = &item;
  }
  return trials;
}

Flip FlipOf(const ReportItem& first, const ReportItem& second, const std::string& score) {
  const ItemScore& before = first.scores.at(score);
  const ItemScore& after = second.scores.at(score);
  return {first.id, *before.value, *after.value, before.got, after.got, after.expect};
}

RunPair ComparePair(const ReportRun& first, const ReportRun& second, const std::string& score) {
  RunPair pair;
  pair.score = score;
  PairCounter counter(first.label, second.label);
  ItemsById before = TrialsOf(first, score), after = TrialsOf(second, score);
  for (const ReportItem& item : first.items) {
    if (!before.contains(item.id)) continue;
    auto found = after.find(item.id);
    if (found == after.end()) {
      ++pair.only_in_first;
      continue;
    }
    const ReportItem& other = *found->second;
    double was = *ValueOf(item, score), is = *ValueOf(other, score);
    counter.Add(was, is, item.AllWork(), other.AllWork());
    if (was != is) pair.flips.push_back(FlipOf(item, other, score));
    after.erase(found);
  }
  pair.only_in_second = static_cast<int64_t>(after.size());
  pair.pairs = counter.Numbers();
  return pair;
}

}  // namespace

bool IsRightOrWrong(double value) { return value == 0.0 || value == 1.0; }

std::optional<double> ValueOf(const ReportItem& item, const std::string& score) {
  auto found = item.scores.find(score);
  return found == item.scores.end() ? std::nullopt : found->second.value;
}

std::optional<double> PairNumbers::compression() const {
  return Saved(first_tokens, second_tokens);
}
std::optional<double> PairNumbers::input_compression() const {
  return Saved(first_input, second_input);
}

PairCounter::PairCounter(std::string first, std::string second) {
  numbers_.first = std::move(first);
  numbers_.second = std::move(second);
}

void PairCounter::AddRightOrWrong(bool first, bool second) {
  ++numbers_.right_n;
  int64_t& cell = first ? (second ? numbers_.both : numbers_.only_first)
                        : (second ? numbers_.only_second : numbers_.neither);
  ++cell;
}

void PairCounter::Add(double first, double second, const TriedWork& first_work,
                      const TriedWork& second_work) {
  ++numbers_.n;
  differences_.push_back(second - first);
  if (IsRightOrWrong(first) && IsRightOrWrong(second)) AddRightOrWrong(first == 1, second == 1);
  auto usage = first_work.known_usage(), other = second_work.known_usage();
  if (!usage || !other) return;
  ++numbers_.tokens_n;
  numbers_.first_tokens += static_cast<double>(usage->total());
  numbers_.second_tokens += static_cast<double>(other->total());
  numbers_.first_input += static_cast<double>(usage->input);
  numbers_.second_input += static_cast<double>(other->input);
}

PairNumbers PairCounter::Numbers() const {
  PairNumbers numbers = numbers_;
  numbers.test = McNemarTest(numbers.only_first, numbers.only_second);
  numbers.difference.n = numbers.n;
  numbers.difference.mean = MeanOf(differences_).value_or(0);
  numbers.difference.interval = BootstrapMean(differences_);
  return numbers;
}

std::vector<RunPair> CompareRuns(const ReportRun& first, const ReportRun& second) {
  std::vector<RunPair> all;
  std::vector<std::string> names = second.ScoreNames();
  for (const std::string& score : first.ScoreNames()) {
    bool in_both = std::find(names.begin(), names.end(), score) != names.end();
    if (in_both) all.push_back(ComparePair(first, second, score));
  }
  return all;
}

}  // namespace muster
