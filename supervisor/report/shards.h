#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "supervisor/report/report_data.h"

namespace muster {

// The runs that `folders` stand for, in their order. A folder without a ledger of its own that
// holds shards (RUN/shard-1-of-8, …) is one run, their sum; so are several folders that are shards
// of one run. What is given twice counts once. Shards of different divisions are an error; what is
// missing of one, and what came twice, is told in `missing`, for people.
Result<std::vector<ReportRun>> ReadReportRuns(const std::vector<std::string>& folders,
                                              std::vector<std::string>* missing);

// The sum of the shards of one run. `shards` is not empty.
ReportRun SumOfShards(std::vector<ReportRun> shards, const std::string& run_dir);

}  // namespace muster
