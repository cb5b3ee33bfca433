#pragma once

// The numbers of a report, each with its n: counted from what report_data.h read, shown by the
// pages. Only done items with a score count as trials; failed, skipped and open ones are counted
// apart and never as wrong.

#include <optional>
#include <string>
#include <vector>

#include "supervisor/report/report_data.h"
#include "supervisor/report/statistics.h"

namespace muster {

// A mean over n trials. `interval` is Wilson's where every value is 0 or 1, else a bootstrap.
struct MeanEstimate {
  int64_t n = 0;
  double mean = 0;
  std::optional<Interval> interval;
  bool binary = false;  // all values are 0 or 1: the mean is a share
};
MeanEstimate MeanEstimateOf(const std::vector<double>& values);

// A quantity of the trials that say it; n may be less than theirs.
struct Amount {
  int64_t n = 0;
  double sum = 0, mean = 0, median = 0, p95 = 0;
};
Amount AmountOf(const std::vector<double>& values);

// One score over one group of items.
struct ScoreNumbers {
  std::string score;
  MeanEstimate estimate;
  int64_t skipped = 0;          // done, but the score was skipped
  int64_t errors = 0;           // items that failed or were set aside
  int64_t open = 0;             // items that are not finished, or not scored yet
  Amount input, output, total;  // tokens of a trial, in the steps that made the score
  Amount cost;                  // picodollars of a trial
  Amount time;                  // milliseconds of a trial's answered tries
};

// Two conditions, or two runs, over the trials that have both.
struct PairNumbers {
  std::string first, second;
  int64_t n = 0;        // pairs
  int64_t right_n = 0;  // pairs whose both values are 0 or 1; the five below are of these
  int64_t both = 0, only_first = 0, only_second = 0, neither = 0;
  McNemar test;
  MeanEstimate difference;                     // second less first; the interval is a bootstrap
  int64_t tokens_n = 0;                        // pairs whose tokens are both known
  double first_tokens = 0, second_tokens = 0;  // sums over those
  double first_input = 0, second_input = 0;
  // 1 - second / first: what the second saves; nullopt: nothing to compare with.
  std::optional<double> compression() const;
  std::optional<double> input_compression() const;
};

// All items, or those of one group.
struct GroupNumbers {
  std::optional<std::string> group;  // nullopt: all
  int64_t items = 0;
  std::vector<ScoreNumbers> scores;
  std::vector<PairNumbers> pairs;  // of report.compare: its first with each other one
};

// One score where report.against lies between two values, both included.
struct AgainstNumbers {
  std::string score;
  double from = 0, to = 0, middle = 0;  // middle: the mean of the items'
  MeanEstimate estimate;
};

struct RunNumbers {
  GroupNumbers all;
  std::vector<GroupNumbers> groups;  // in the order of their first items; none without group_by
  std::vector<AgainstNumbers> against;
};
RunNumbers CountRun(const ReportRun& run);

// A trial that came out otherwise in the second run.
struct Flip {
  std::string item;
  double first = 0, second = 0;
  std::string first_got, second_got, expect;
};

// One score of two runs, item by item.
struct RunPair {
  std::string score;
  PairNumbers pairs;  // tokens are those of the whole items
  std::vector<Flip> flips;
  int64_t only_in_first = 0, only_in_second = 0;  // trials that the other run does not have
};

// Every score that both runs have.
std::vector<RunPair> CompareRuns(const ReportRun& first, const ReportRun& second);

}  // namespace muster
