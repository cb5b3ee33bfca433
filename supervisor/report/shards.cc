#include "supervisor/report/shards.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "common/config/glob.h"
#include "common/config/shard.h"
#include "common/text.h"
#include "supervisor/ledger/try_sums.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// "…/shard-2-of-8" or "…/shard-2-of-8/"; nullopt for any other folder.
std::optional<Shard> ShardOfFolder(const std::string& folder) {
  fs::path path(folder);
  std::string name = (path.has_filename() ? path : path.parent_path()).filename().string();
  constexpr std::string_view kBegin = "shard-", kMiddle = "-of-";
  size_t middle = name.find(kMiddle);
  if (!name.starts_with(kBegin) || middle == std::string::npos) return std::nullopt;
  return ParseShard(name.substr(kBegin.size(), middle - kBegin.size()) + "/" +
                    name.substr(middle + kMiddle.size()));
}

std::string ParentOf(const std::string& folder) {
  fs::path path(folder);
  return (path.has_filename() ? path : path.parent_path()).parent_path().string();
}

std::vector<std::string> ShardsIn(const std::string& folder) {
  std::vector<std::string> shards;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (ShardOfFolder(entry.path().string())) shards.push_back(entry.path().string());
  }
  std::sort(shards.begin(), shards.end(), NaturalLess);
  return shards;
}

void AddRun(ReportRun& sum, ReportRun&& more) {
  sum.live = sum.live || more.live;
  sum.all_simulated = sum.all_simulated && more.all_simulated;
  sum.sessions += more.sessions;
  for (size_t i = 0; i < sum.counts.size(); ++i) sum.counts[i] += more.counts[i];
  AddTotals(sum.totals, more.totals);
  sum.retries += more.retries;
  sum.rejected += more.rejected;
  sum.wall_ms = std::max(sum.wall_ms, more.wall_ms);  // they run side by side
  sum.work_ms += more.work_ms;
  for (const auto& [kind, count] : more.failed_tries) sum.failed_tries[kind] += count;
  std::move(more.items.begin(), more.items.end(), std::back_inserter(sum.items));
  for (const auto& [name, node] : more.nodes) {
    NodeWork& all = sum.nodes[name];
    all.workers += node.workers;
    all.attempts += node.attempts;
    all.done += node.done;
    all.lost += node.lost;
  }
}

// "shard-2-of-8, shard-5-of-8": those of a division that are not among these folders.
std::string NamesOfMissing(const std::vector<std::string>& folders, int64_t count) {
  std::set<int64_t> there;
  for (const std::string& folder : folders) there.insert(ShardOfFolder(folder)->index);
  std::vector<std::string> names;
  for (int64_t i = 1; i <= count; ++i) {
    if (!there.contains(i)) names.push_back(fmt::format("shard-{}-of-{}", i, count));
  }
  constexpr size_t kMostNamed = 10;
  size_t named = std::min(names.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + named, ", "));
  if (named == names.size()) return text;
  return text + fmt::format(" and {} more", names.size() - named);
}

Result<ReportRun> ReadShards(const std::vector<std::string>& folders, const std::string& run_dir,
                             std::vector<std::string>* missing) {
  std::map<int64_t, std::vector<std::string>> by_count;
  for (const std::string& folder : folders) {
    by_count[ShardOfFolder(folder)->count].push_back(folder);
  }
  if (by_count.size() > 1) {
    return Fail("{} holds shards of {} and of {}; expected those of one division",
                VisibleText(run_dir), by_count.begin()->first, by_count.rbegin()->first);
  }
  std::vector<ReportRun> shards;
  for (const std::string& folder : folders) {
    auto run = ReadReportRun(folder);
    if (!run) return run;
    shards.push_back(*std::move(run));
  }
  auto all = static_cast<size_t>(by_count.begin()->first);
  if (shards.size() < all) {
    missing->push_back(fmt::format("{}: {} of {} shards are there; missing: {}",
                                   VisibleText(run_dir), shards.size(), all,
                                   NamesOfMissing(folders, by_count.begin()->first)));
  }
  return SumOfShards(std::move(shards), run_dir);
}

// A run that was asked for: one folder, or those of its shards.
struct Given {
  std::string name;  // of the folder, or of the one that the shards are in
  bool shards = false;
  std::vector<std::string> folders;
};

std::string PlaceOf(const std::string& folder) {
  std::error_code error;
  std::string place = fs::weakly_canonical(folder.empty() ? "." : folder, error).string();
  if (place.size() > 1 && place.ends_with('/')) place.pop_back();
  return error ? folder : place;
}

// What is given twice, by whatever path, counts once, and `missing` says so. Shards given one by
// one belong together where they are in one folder.
std::vector<Given> GivenBy(const std::vector<std::string>& folders,
                           std::vector<std::string>* missing) {
  std::vector<Given> all;
  std::map<std::string, size_t> groups;  // by the place of the folder that the shards are in
  std::set<std::string> seen;
  auto group = [&](const std::string& name) -> Given& {
    auto [at, first] = groups.emplace(PlaceOf(name), all.size());
    if (first) all.push_back({name, true, {}});
    return all[at->second];
  };
  for (const std::string& folder : folders) {
    bool run = fs::exists(folder + "/ledger.sqlite");
    auto inside = run ? std::vector<std::string>() : ShardsIn(folder);
    bool shard = folders.size() > 1 && ShardOfFolder(folder);
    bool fresh = seen.insert(PlaceOf(folder)).second;
    for (const std::string& each : inside) {
      if (seen.insert(PlaceOf(each)).second) group(folder).folders.push_back(each);
    }
    if (!fresh) missing->push_back(VisibleText(folder) + " is given twice; it counts once");
    if (!fresh || !inside.empty()) continue;
    if (shard) {
      group(ParentOf(folder)).folders.push_back(folder);
    } else {
      all.push_back({folder, false, {}});
    }
  }
  return all;
}

}  // namespace

ReportRun SumOfShards(std::vector<ReportRun> shards, const std::string& run_dir) {
  ReportRun sum = std::move(shards.front());
  for (size_t i = 1; i < shards.size(); ++i) AddRun(sum, std::move(shards[i]));
  std::sort(sum.items.begin(), sum.items.end(),
            [](const ReportItem& a, const ReportItem& b) { return NaturalLess(a.id, b.id); });
  sum.run_dir = run_dir;
  return sum;
}

Result<std::vector<ReportRun>> ReadReportRuns(const std::vector<std::string>& folders,
                                              std::vector<std::string>* missing) {
  std::vector<ReportRun> runs;
  for (const Given& given : GivenBy(folders, missing)) {
    auto run =
        given.shards ? ReadShards(given.folders, given.name, missing) : ReadReportRun(given.name);
    if (!run) return Error{run.error()};
    runs.push_back(*std::move(run));
  }
  return runs;
}

}  // namespace muster
