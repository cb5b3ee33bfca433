#include "supervisor/progress/lines.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "common/duration.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr int kMostColumns = 500;  // of one piece of foreign text
constexpr std::string_view kBetween = " · ";

// Adds " · part" where there is such a part.
void AddPart(std::string& line, const std::string& part) {
  if (part.empty()) return;
  line += kBetween;
  line += part;
}

int64_t CountIn(const StatusCounts& counts, ItemStatus status) {
  return counts[static_cast<size_t>(status)];
}

// What became of the item, with the reason where one is given.
std::string Outcome(const ItemReport& report) {
  std::string reason = ShownText(report.reason);
  if (report.will_retry || report.status == ItemStatus::kPending ||
      report.status == ItemStatus::kRunning) {
    std::string_view what = report.will_retry ? "comes again" : "left for the next run";
    return reason.empty() ? std::string(what) : fmt::format("{} ({})", what, reason);
  }
  std::string name(Name(report.status));
  return reason.empty() ? name : fmt::format("{}: {}", name, reason);
}

// "8 calls", "7 calls (5 replayed, 2 new)"; empty where the attempt came to none.
std::string CallsText(const ItemReport& report, bool brief) {
  int64_t calls = report.calls_made + report.calls_replayed;
  if (calls == 0) return report.status == ItemStatus::kDone ? "no calls" : "";
  std::string text = CountOf(calls, "call", "calls");
  if (report.calls_replayed == 0) return text;
  if (brief) return fmt::format("{} ({} replayed)", text, FormatCount(report.calls_replayed));
  return fmt::format("{} ({} replayed, {} new)", text, FormatCount(report.calls_replayed),
                     FormatCount(report.calls_made));
}

std::string CostOf(const Totals& totals, bool mark_simulated) {
  std::string cost = CostText(totals);
  if (cost == "unknown") cost = "cost unknown";
  return mark_simulated && totals.simulated ? cost + " simulated" : cost;
}

// Parts of the first line: what is there and what of it is settled.
std::string FoundText(const RunPlan& plan) {
  std::string text = CountOf(plan.found, "item", "items") + " found";
  if (plan.selected != plan.found) text += fmt::format(", {} selected", FormatCount(plan.selected));
  auto add = [&](int64_t count, std::string_view what) {
    if (count > 0) text += fmt::format(", {} {}", FormatCount(count), what);
  };
  add(CountIn(plan.counts, ItemStatus::kDone), "already done");
  add(CountIn(plan.counts, ItemStatus::kSkipped), "already skipped");
  add(FailedOf(plan.counts), "failed before");
  add(CountIn(plan.counts, ItemStatus::kAbsent), "no longer there");
  return text;
}

std::string BeforeText(const RunPlan& plan) {
  std::string text =
      fmt::format("earlier sessions: {}, {}{}", CountOf(plan.before.calls, "call", "calls"),
                  CostText(plan.before), plan.simulated ? " simulated" : "");
  std::string unknown = UnknownText(plan.before);
  return unknown.empty() ? text : text + "; " + unknown;
}

}  // namespace

std::string CountOf(int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", FormatCount(count), count == 1 ? one : many);
}

std::string RoughDuration(std::chrono::milliseconds duration) {
  auto seconds = std::chrono::round<std::chrono::seconds>(duration);
  if (seconds.count() < 60) return fmt::format("{} s", seconds.count());
  auto hours = std::chrono::floor<std::chrono::hours>(seconds).count();
  return hours < 48 ? FormatDuration(seconds) : fmt::format("{} days", hours / 24);
}

std::string ShownPath(const std::string& path) {
  std::error_code error;
  std::string here = std::filesystem::current_path(error).string() + "/";
  bool inside = !error && path.starts_with(here) && path.size() > here.size();
  return VisibleText(inside ? path.substr(here.size()) : path);
}

std::string_view MarkOf(ItemStatus status) {
  if (status == ItemStatus::kDone) return "✓";
  bool failed = status == ItemStatus::kFailed || status == ItemStatus::kQuarantined;
  return failed ? "✗" : "○";
}

std::string ShownText(std::string_view text) { return FitColumns(VisibleText(text), kMostColumns); }

std::string CountsText(const StatusCounts& counts) {
  std::string text;
  for (ItemStatus status :
       {ItemStatus::kDone, ItemStatus::kSkipped, ItemStatus::kFailed, ItemStatus::kQuarantined,
        ItemStatus::kRunning, ItemStatus::kWaiting, ItemStatus::kPending, ItemStatus::kAbsent}) {
    int64_t count = CountIn(counts, status);
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", FormatCount(count), Name(status));
  }
  return text.empty() ? "none" : text;
}

std::string StateText(const Snapshot& snapshot) {
  std::string text = fmt::format(
      "{}; {} of {} busy, {} in the air; {}", CountsText(snapshot.counts),
      FormatCount(snapshot.workers_busy), CountOf(snapshot.workers, "worker", "workers"),
      CountOf(snapshot.in_the_air, "call", "calls"), CostOf(snapshot.totals, true));
  if (!snapshot.stopping.empty()) text += "; " + ShownText(snapshot.stopping);
  for (const std::string& wait : snapshot.waits) text += "; " + ShownText(wait);
  return text;
}

int64_t FinalOf(const StatusCounts& counts) {
  int64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (IsFinal(static_cast<ItemStatus>(i))) sum += counts[i];
  }
  return sum;
}

int64_t FailedOf(const StatusCounts& counts) {
  return CountIn(counts, ItemStatus::kFailed) + CountIn(counts, ItemStatus::kQuarantined);
}

std::string TokensText(const Usage& usage) {
  auto part = [](int64_t count, std::string_view way, int64_t within, std::string_view what) {
    std::string text = fmt::format("{} {}", FormatCount(count), way);
    return within == 0 ? text : fmt::format("{} ({} {})", text, FormatCount(within), what);
  };
  return fmt::format("{}{}{}", part(usage.input, "in", usage.cached, "cached"), kBetween,
                     part(usage.output, "out", usage.reasoning, "reasoning"));
}

std::string CostText(const Totals& totals) {
  if (totals.unpriced == 0) return FormatMoney(totals.cost);
  if (totals.cost == 0) return "unknown";
  return fmt::format("{} and {} of unknown price", FormatMoney(totals.cost),
                     CountOf(totals.unpriced, "call", "calls"));
}

std::string UnknownText(const Totals& totals) {
  if (totals.unknown_tries + totals.unknown_usage == 0) return "";
  if (totals.unknown_usage + totals.unknown_unbounded + totals.unknown_cost == 0) {
    return CountOf(totals.unknown_tries, "call", "calls") + ", of what costs nothing";
  }
  std::string text;
  if (totals.unknown_tries > 0) {
    text = fmt::format("{} may have been paid without an answer",
                       CountOf(totals.unknown_tries, "call", "calls"));
  }
  if (totals.unknown_usage > 0) {
    text += fmt::format("{}{} did not say what was used", text.empty() ? "" : " and ",
                        CountOf(totals.unknown_usage, "reply", "replies"));
  }
  if (totals.unknown_usage == 0 && totals.unknown_tries == totals.unknown_unbounded) {
    return text + ", of unknown price";
  }
  text += ": at most " + FormatMoney(totals.unknown_cost);
  if (totals.unknown_unbounded == 0) return text;
  return fmt::format("{} and {} of unknown price", text, FormatCount(totals.unknown_unbounded));
}

std::string OwnFigureText(const Totals& totals) {
  // Providers give dollars with six digits or more.
  constexpr Picodollars kRounding = kPicodollarsPerDollar / 1'000'000;
  Picodollars apart = totals.own_cost - totals.cost_beside_own;
  if (std::abs(apart) <= PriceOf(totals.own_costs, kRounding)) return "";
  std::string text = "the provider's own figure: " + FormatMoney(totals.own_cost);
  int64_t tries = totals.calls + totals.failed_tries;
  if (totals.own_costs >= tries) return text;
  return fmt::format("{} (of {} of {})", text, FormatCount(totals.own_costs),
                     CountOf(tries, "try", "tries"));
}

std::string UnknownLine(const UnknownTry& unknown) {
  std::string worst = unknown.worst ? "at most " + FormatMoney(*unknown.worst) : "price not known";
  return fmt::format("[{}] {} · {}/{} · {}", ShownText(unknown.item), ShownText(unknown.step),
                     ShownText(unknown.provider), ShownText(unknown.model), worst);
}

std::string ItemLine(const ItemReport& report, const ItemLook& look) {
  std::string line = fmt::format("{} [{}] {}", report.will_retry ? "○" : MarkOf(report.status),
                                 ShownText(report.id), Outcome(report));
  AddPart(line, CallsText(report, look.brief));
  const Totals& totals = report.totals;
  if (totals.failed_tries > 0) {
    AddPart(line, CountOf(totals.failed_tries, "failed try", "failed tries"));
  }
  Usage shown = totals.usage;
  if (look.brief) shown.cached = shown.reasoning = 0;
  if (shown.total() > 0) AddPart(line, TokensText(shown));
  if (totals.calls > 0) AddPart(line, CostOf(totals, look.mark_simulated));
  AddPart(line, UnknownText(totals));
  if (report.attempt > 1) AddPart(line, fmt::format("attempt {}", report.attempt));
  if (report.took.count() > 0) AddPart(line, FormatDuration(report.took));
  return line;
}

std::string FailureLine(std::string_view id, std::string_view reason) {
  std::string why = reason.empty() ? "no reason was recorded" : ShownText(reason);
  return fmt::format("✗ [{}] {}", ShownText(id), why);
}

std::vector<std::string> PlanLines(const RunPlan& plan) {
  if (plan.to_do == 0) return {};
  std::vector<std::string> lines;
  std::string models = plan.models.empty() ? ""
                                           : fmt::format(" ({}{})", ShownText(plan.models),
                                                         plan.simulated ? ", simulated" : "");
  lines.push_back(fmt::format("{}: {}, {} to do with {}{}", ShownText(plan.name), FoundText(plan),
                              FormatCount(plan.to_do), CountOf(plan.workers, "worker", "workers"),
                              models));
  if (plan.calls_per_item > 0) {
    lines.push_back(fmt::format("calls: {} for each item, {} in all", plan.calls_per_item,
                                FormatCount(plan.calls_per_item * plan.to_do)));
  }
  for (const std::string& line : plan.work) lines.push_back(ShownText(line));
  if (plan.before.tries > 0) lines.push_back(BeforeText(plan));
  lines.push_back("run directory: " + ShownPath(plan.run_dir));
  return lines;
}

std::string NoticeLine(NoticeKind kind, std::string_view text) {
  constexpr std::string_view kNames[] = {"note", "warning", "error"};
  return fmt::format("{}: {}", kNames[static_cast<size_t>(kind)], VisibleText(text));
}

}  // namespace muster
