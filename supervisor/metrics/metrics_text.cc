#include "supervisor/metrics/metrics_text.h"

#include <array>
#include <map>
#include <string_view>

#include "supervisor/metrics/exposition.h"
#include "supervisor/states.h"

namespace muster {
namespace {

constexpr std::array<std::string_view, 4> kWorkerStates{"starting", "idle", "busy", "stopping"};

// ---- the ledger ----

void AddItems(Exposition& page, const StatusCounts& items) {
  page.Family("muster_items", "gauge", "Items of the run by where they stand.");
  for (size_t i = 0; i < items.size(); ++i) {
    page.Sample({{"status", kItemStatusNames[i]}}, MetricValue(items[i]));
  }
}

// `line(provider, model, figures)` for each model of each provider.
template <class Line>
void ForEachModel(const LedgerFigures& ledger, Line line) {
  for (const auto& [of, figures] : ledger.models) line(of.first, of.second, figures);
}

void AddCalls(Exposition& page, const LedgerFigures& ledger) {
  page.Family("muster_calls_total", "counter",
              "Calls sent, every try of them, by how they ended; those in the air not yet.");
  ForEachModel(ledger, [&](auto& provider, auto& model, const ModelFigures& figures) {
    for (auto [outcome, count] :
         {std::pair("answered", figures.answered), std::pair("failed", figures.failed),
          std::pair("unknown", figures.unknown)}) {
      page.Sample({{"provider", provider}, {"model", model}, {"outcome", outcome}},
                  MetricValue(count));
    }
  });
  int64_t in_the_air = 0;
  ForEachModel(ledger, [&](auto&, auto&, auto& figures) { in_the_air += figures.in_the_air; });
  page.Family("muster_calls_in_the_air", "gauge", "Calls sent that have no reply yet.");
  page.Sample({}, MetricValue(in_the_air));
}

void AddTokens(Exposition& page, const LedgerFigures& ledger) {
  page.Family("muster_tokens_total", "counter",
              "Tokens by kind; input holds cached and cache_write, which holds cache_write_1h; "
              "output holds reasoning.");
  ForEachModel(ledger, [&](auto& provider, auto& model, const ModelFigures& figures) {
    const Usage& usage = figures.usage;
    for (auto [kind, count] :
         {std::pair("input", usage.input), std::pair("cached", usage.cached),
          std::pair("cache_write", usage.cache_write),
          std::pair("cache_write_1h", usage.cache_write_1h), std::pair("output", usage.output),
          std::pair("reasoning", usage.reasoning)}) {
      page.Sample({{"provider", provider}, {"model", model}, {"kind", kind}}, MetricValue(count));
    }
  });
}

void AddCosts(Exposition& page, const LedgerFigures& ledger) {
  page.Family("muster_cost_dollars_total", "counter", "What calls have cost, in US dollars.");
  Picodollars unknown = 0;
  ForEachModel(ledger, [&](auto& provider, auto& model, const ModelFigures& figures) {
    page.Sample({{"provider", provider}, {"model", model}}, ExactDollars(figures.cost));
    unknown = AddMoney(unknown, figures.unknown_cost);
  });
  page.Family("muster_unpriced_calls_total", "counter",
              "Answered calls whose cost is not known; it is missing in the cost.");
  ForEachModel(ledger, [&](auto& provider, auto& model, const ModelFigures& figures) {
    page.Sample({{"provider", provider}, {"model", model}}, MetricValue(figures.unpriced));
  });
  page.Family("muster_unknown_cost_dollars", "gauge",
              "The most that calls of unknown outcome may have cost, in US dollars.");
  page.Sample({}, ExactDollars(unknown));
}

void AddDurations(Exposition& page, const LedgerFigures& ledger) {
  page.Family("muster_call_duration_seconds", "histogram",
              "From the sending of an answered call to the last byte of its reply.");
  ForEachModel(ledger, [&](auto& provider, auto& model, const ModelFigures& figures) {
    for (size_t i = 0; i < kDurationBoundsMs.size(); ++i) {
      std::string bound = SecondsValue(kDurationBoundsMs[i]);
      page.Sample("_bucket", {{"provider", provider}, {"model", model}, {"le", bound}},
                  MetricValue(figures.within[i]));
    }
    page.Sample("_bucket", {{"provider", provider}, {"model", model}, {"le", "+Inf"}},
                MetricValue(figures.timed));
    page.Sample("_sum", {{"provider", provider}, {"model", model}}, SecondsValue(figures.total_ms));
    page.Sample("_count", {{"provider", provider}, {"model", model}}, MetricValue(figures.timed));
  });
}

void AddLedger(Exposition& page, const LedgerFigures& ledger) {
  AddItems(page, ledger.items);
  AddCalls(page, ledger);
  AddTokens(page, ledger);
  AddCosts(page, ledger);
  AddDurations(page, ledger);
}

// ---- the supervisor ----

// The status's lanes by name; of equals the first, since no line may come twice.
std::map<std::string, Json> LanesOf(const Json& status) {
  std::map<std::string, Json> found;
  const Json* all = Member(status, "lanes");
  if (!all || !all->is_array()) return found;
  for (const Json& lane : *all) {
    const Json* name = Member(lane, "name");
    if (name && name->is_string()) found.emplace(name->get<std::string>(), lane);
  }
  return found;
}

// Neither stopped (true, or why) nor closed for a while.
bool IsOpen(const Json& lane) {
  const Json* stopped = Member(lane, "stopped");
  bool flagged = stopped && stopped->is_boolean() && stopped->get<bool>();
  if (flagged || !StringMember(lane, "stopped").empty()) return false;
  return IntMember(lane, "open_in_ms").value_or(0) <= 0;
}

void AddLanes(Exposition& page, const Json& status) {
  auto lanes = LanesOf(status);
  page.Family("muster_lane_waiting_calls", "gauge", "Calls that wait for their lane.");
  for (const auto& [name, lane] : lanes) {
    page.Sample({{"lane", name}}, MetricValue(IntMember(lane, "waiting").value_or(0)));
  }
  page.Family("muster_lane_open", "gauge", "1 while calls may go, 0 while the lane is closed.");
  for (const auto& [name, lane] : lanes) {
    page.Sample({{"lane", name}}, IsOpen(lane) ? "1" : "0");
  }
  page.Family("muster_lane_slots", "gauge",
              "Calls that may be in the air at once; lanes without such a limit are not here.");
  for (const auto& [name, lane] : lanes) {
    auto slots = IntMember(lane, "slots");
    if (slots) page.Sample({{"lane", name}}, MetricValue(*slots));
  }
}

void AddWorkers(Exposition& page, const Json& status) {
  const Json* workers = Member(status, "workers");
  if (!workers || !workers->is_array()) return;
  page.Family("muster_workers", "gauge", "Worker processes by what they do.");
  std::map<std::string, int64_t> counts;
  for (std::string_view state : kWorkerStates) counts.emplace(state, 0);
  for (const Json& worker : *workers) {
    std::string state = StringMember(worker, "state");
    if (!state.empty()) ++counts[state];
  }
  for (const auto& [state, count] : counts) page.Sample({{"state", state}}, MetricValue(count));
}

void AddSupervisor(Exposition& page, const Json& status) {
  AddLanes(page, status);
  AddWorkers(page, status);
  if (auto restarts = IntMember(status, "restarts")) {
    page.Family("muster_worker_restarts_total", "counter",
                "Workers started in place of others, in this session of the supervisor.");
    page.Sample({}, MetricValue(*restarts));
  }
  if (auto deaths = IntMember(status, "deaths")) {
    page.Family("muster_worker_deaths_total", "counter",
                "Workers that ended unasked, in this session of the supervisor.");
    page.Sample({}, MetricValue(*deaths));
  }
}

}  // namespace

std::string MetricsText(const RunFigures& figures) {
  Exposition page;
  page.Family("muster_up", "gauge", "1 while a supervisor works on the run.");
  page.Sample({}, figures.live ? "1" : "0");
  page.Family("muster_ledger_readable", "gauge",
              "1 if the ledger could be read; else its numbers are missing here.");
  page.Sample({}, figures.ledger ? "1" : "0");
  if (figures.ledger) AddLedger(page, *figures.ledger);
  if (figures.status) AddSupervisor(page, *figures.status);
  return page.text();
}

}  // namespace muster
