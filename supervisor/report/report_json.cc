#include "common/json.h"
#include "supervisor/report/report_formats.h"

namespace muster {
namespace {

Json OptionalJson(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json Dollars(double picodollars) {
  return picodollars / static_cast<double>(kPicodollarsPerDollar);
}

Json EstimateJson(const MeanEstimate& estimate) {
  Json json{{"n", estimate.n},
            {"mean", estimate.n > 0 ? Json(estimate.mean) : Json()},
            {"low", nullptr},
            {"high", nullptr}};
  if (!estimate.interval) return json;
  json["low"] = estimate.interval->low;
  json["high"] = estimate.interval->high;
  return json;
}

// `interval`: which kind it is, of one that is given.
Json ScoreEstimateJson(const MeanEstimate& estimate) {
  Json json = EstimateJson(estimate);
  json["interval"] = !estimate.interval ? Json() : estimate.binary ? "wilson" : "bootstrap";
  return json;
}

Json AmountJson(const Amount& amount, double unit) {
  if (amount.n == 0) return Json{{"n", 0}};
  return {{"n", amount.n},
          {"sum", amount.sum / unit},
          {"mean", amount.mean / unit},
          {"median", amount.median / unit},
          {"p95", amount.p95 / unit}};
}

Json ScoreJson(const ScoreNumbers& score) {
  constexpr double kDollar = static_cast<double>(kPicodollarsPerDollar);
  return {{"score", score.score},
          {"accuracy", ScoreEstimateJson(score.estimate)},
          {"errors", score.errors},
          {"skipped", score.skipped},
          {"open", score.open},
          {"input_tokens", AmountJson(score.input, 1)},
          {"output_tokens", AmountJson(score.output, 1)},
          {"total_tokens", AmountJson(score.total, 1)},
          {"cost_usd", AmountJson(score.cost, kDollar)},
          {"time_ms", AmountJson(score.time, 1)}};
}

Json PairJson(const PairNumbers& pair) {
  return {{"first", pair.first},
          {"second", pair.second},
          {"pairs", pair.n},
          {"difference", EstimateJson(pair.difference)},
          {"right_or_wrong_pairs", pair.right_n},
          {"both_right", pair.both},
          {"only_first_right", pair.only_first},
          {"only_second_right", pair.only_second},
          {"both_wrong", pair.neither},
          {"mcnemar_exact_p", pair.right_n > 0 ? Json(pair.test.exact) : Json()},
          {"mcnemar_mid_p", pair.right_n > 0 ? Json(pair.test.mid) : Json()},
          {"token_pairs", pair.tokens_n},
          {"first_tokens", pair.first_tokens},
          {"second_tokens", pair.second_tokens},
          {"token_compression", OptionalJson(pair.compression())},
          {"input_token_compression", OptionalJson(pair.input_compression())}};
}

Json GroupJson(const GroupNumbers& group) {
  Json json{{"group", group.group ? Json(*group.group) : Json()}, {"items", group.items}};
  Json& scores = json["scores"] = Json::array();
  for (const ScoreNumbers& score : group.scores) scores.push_back(ScoreJson(score));
  Json& pairs = json["pairs"] = Json::array();
  for (const PairNumbers& pair : group.pairs) pairs.push_back(PairJson(pair));
  return json;
}

Json AgainstJson(const AgainstNumbers& against) {
  return {{"score", against.score},
          {"from", against.from},
          {"to", against.to},
          {"mean", against.middle},
          {"accuracy", ScoreEstimateJson(against.estimate)}};
}

Json ItemJson(const ReportItem& item) {
  Json json{{"id", item.id}, {"status", Name(item.status)}, {"reason", item.reason}};
  json["group"] = item.group ? Json(*item.group) : Json();
  json["against"] = OptionalJson(item.against);
  json["warnings"] = item.warnings;
  Json& scores = json["scores"] = Json::object();
  for (const auto& [name, score] : item.scores) {
    scores[name] = {
        {"value", OptionalJson(score.value)}, {"got", score.got}, {"expect", score.expect}};
  }
  TriedWork work = item.AllWork();
  auto usage = work.known_usage();
  auto cost = work.known_cost();
  json["input_tokens"] = usage ? Json(usage->input) : Json();
  json["output_tokens"] = usage ? Json(usage->output) : Json();
  json["cost_usd"] = cost ? Dollars(static_cast<double>(*cost)) : Json();
  return json;
}

Json TotalsJson(const ReportRun& run) {
  const Totals& totals = run.totals;
  return {{"calls", totals.calls},
          {"tries", totals.tries},
          {"retries", run.retries},
          {"failed_tries", totals.failed_tries},
          {"failed_tries_by_kind", run.failed_tries},
          {"unusable_answers", run.rejected},
          {"input_tokens", totals.usage.input},
          {"cached_tokens", totals.usage.cached},
          {"cache_write_tokens", totals.usage.cache_write},
          {"cache_write_1h_tokens", totals.usage.cache_write_1h},
          {"output_tokens", totals.usage.output},
          {"reasoning_tokens", totals.usage.reasoning},
          {"total_tokens", totals.usage.total()},
          {"cost_usd", Dollars(static_cast<double>(totals.cost))},
          {"simulated", totals.simulated},
          {"all_simulated", run.all_simulated},
          {"calls_of_unknown_price", totals.unpriced},
          {"calls_of_unknown_outcome", totals.unknown_tries},
          {"unknown_cost_at_most_usd", Dollars(static_cast<double>(totals.unknown_cost))},
          {"cache_saving_usd", Dollars(static_cast<double>(totals.cache_saving))},
          {"wall_ms", run.wall_ms},
          {"work_ms", run.work_ms}};
}

Json RunJson(const ReportRun& run, const RunNumbers& numbers) {
  Json json{{"run", run.label},         {"name", run.name},
            {"run_dir", run.run_dir},   {"live", run.live},
            {"sessions", run.sessions}, {"items_by_status", Json::object()},
            {"totals", TotalsJson(run)}};
  for (size_t i = 0; i < run.counts.size(); ++i) {
    json["items_by_status"][std::string(kItemStatusNames[i])] = run.counts[i];
  }
  json["all"] = GroupJson(numbers.all);
  Json& groups = json["groups"] = Json::array();
  for (const GroupNumbers& group : numbers.groups) groups.push_back(GroupJson(group));
  Json& against = json["against"] = Json::array();
  for (const AgainstNumbers& each : numbers.against) against.push_back(AgainstJson(each));
  Json& nodes = json["nodes"] = Json::array();
  for (const auto& [name, node] : run.nodes) {
    nodes.push_back({{"node", name},
                     {"workers", node.workers},
                     {"attempts", node.attempts},
                     {"items_done", node.done},
                     {"workers_lost", node.lost}});
  }
  Json& items = json["items"] = Json::array();
  for (const ReportItem& item : run.items) items.push_back(ItemJson(item));
  return json;
}

Json FlipJson(const Flip& flip) {
  return {{"item", flip.item},           {"first", flip.first},           {"second", flip.second},
          {"first_got", flip.first_got}, {"second_got", flip.second_got}, {"expect", flip.expect}};
}

Json RunPairJson(const RunPair& pair) {
  Json json = PairJson(pair.pairs);
  json["score"] = pair.score;
  json["only_in_first"] = pair.only_in_first;
  json["only_in_second"] = pair.only_in_second;
  Json& flips = json["flips"] = Json::array();
  for (const Flip& flip : pair.flips) flips.push_back(FlipJson(flip));
  return json;
}

}  // namespace

std::string ReportAsJson(const Report& report) {
  Json json{{"runs", Json::array()}, {"comparisons", Json::array()}};
  for (size_t i = 0; i < report.runs.size(); ++i) {
    json["runs"].push_back(RunJson(report.runs[i], report.numbers[i]));
  }
  for (const RunComparison& comparison : report.comparisons) {
    Json scores = Json::array();
    for (const RunPair& pair : comparison.scores) scores.push_back(RunPairJson(pair));
    json["comparisons"].push_back({{"first", report.runs[0].label},
                                   {"second", report.runs[comparison.other].label},
                                   {"scores", std::move(scores)}});
  }
  return PrettyJson(json) + "\n";
}

}  // namespace muster
