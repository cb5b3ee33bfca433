#include "supervisor/status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "common/duration.h"
#include "common/text.h"
#include "supervisor/control/control_client.h"
#include "supervisor/live_status.h"
#include "supervisor/progress/lines.h"
#include "supervisor/progress/summary.h"

namespace muster {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr size_t kWorkersShown = 32;
constexpr size_t kMostShown = 10;  // of a list, unless every item was asked for

std::string Since(int64_t then_ms, int64_t now_ms) {
  return RoughDuration(std::chrono::milliseconds(std::max<int64_t>(now_ms - then_ms, 0)));
}

void Add(std::string& text, std::string_view label, std::string_view value) {
  text += fmt::format("  {:<16}  {}\n", label, value);
}

// A heading and up to `most` lines, `line(i)` each.
template <class Line>
void AddList(std::string& text, std::string_view heading, size_t count, size_t most, Line line) {
  if (count == 0) return;
  text += fmt::format("\n  {} ({})\n", heading, FormatCount(static_cast<int64_t>(count)));
  for (size_t i = 0; i < std::min(count, most); ++i) text += "    " + line(i) + "\n";
  if (count > most) text += fmt::format("    and {} more\n", count - most);
}

// Who works on it, or how that ended.
std::string SessionText(const RunStatus& status) {
  if (!status.session) return status.live ? "starting" : "not started yet";
  const auto& session = *status.session;
  std::string process = fmt::format("process {} on {}", session.pid, ShownText(session.host));
  if (status.live) {
    return fmt::format("running for {} ({})", Since(session.started_ms, status.now_ms), process);
  }
  if (session.ended_ms) {
    return fmt::format("not running; last session ended {} ago with exit code {}",
                       Since(*session.ended_ms, status.now_ms), session.exit_code.value_or(0));
  }
  if (status.other_host) {
    return fmt::format(
        "not running as far as can be seen from here; last session: {}, began {} ago", process,
        Since(session.started_ms, status.now_ms));
  }
  return fmt::format("not running; last session was killed ({}, began {} ago)", process,
                     Since(session.started_ms, status.now_ms));
}

// The command line of the last session without what must not be said twice.
std::string ResumeCommand(std::string command) {
  for (std::string_view once : {" --fresh", " --redo"}) {
    size_t at = command.find(once);
    bool whole = at != std::string::npos &&
                 (at + once.size() == command.size() || command[at + once.size()] == ' ');
    if (whole) command.erase(at, once.size());
  }
  return VisibleText(command);
}

std::string ItemText(const RunStatus::Item& item) {
  const ItemRow& row = item.row;
  std::string line =
      fmt::format("{} [{}] {}", MarkOf(row.status), ShownText(row.id), Name(row.status));
  if (!row.reason.empty()) line += ": " + ShownText(row.reason);
  const Totals& totals = item.totals;
  if (totals.calls > 0) {
    line += fmt::format(" · {} · {} · {}{}", CountOf(totals.calls, "call", "calls"),
                        TokensText(totals.usage), CostText(totals),
                        totals.simulated ? " simulated" : "");
  }
  if (row.attempts > 1) line += fmt::format(" · {} attempts", row.attempts);
  if (row.work_ms > 0) {
    line += " · " + FormatDuration(std::chrono::milliseconds(row.work_ms));
  }
  return line;
}

void AddFigures(std::string& text, const RunStatus& status) {
  bool several = status.totals.tries != status.session_totals.tries;
  const Totals* whole = several ? &status.totals : nullptr;
  for (const std::string& line : FiguresTable(status.session_totals, whole)) text += line + "\n";
  if (status.totals.simulated) Add(text, "", "simulated: calls to the mock provider cost nothing");
  if (std::string own = OwnFigureText(status.totals); !own.empty()) Add(text, "", own);
  if (status.totals.unknown_tries + status.totals.unknown_usage > 0)
    Add(text, "unknown outcome", UnknownText(status.totals));
}

void AddLists(std::string& text, const RunStatus& status, bool items) {
  std::string_view heading =
      status.live ? "calls in the air" : "calls cut off; unknown outcomes at the next start";
  if (status.said.is_object())
    text += LiveStatusText(status.said, items ? SIZE_MAX : kWorkersShown);
  size_t in_the_air = status.said.is_object() ? 0 : status.in_the_air.size();
  AddList(text, heading, in_the_air, items ? SIZE_MAX : 64, [&](size_t i) {
    const auto& call = status.in_the_air[i];
    std::string time = Since(call.started_ms, status.now_ms);
    time = status.live ? "for " + time : fmt::format("sent {} ago", time);
    return fmt::format("[{}] {} · {} · {} · worker {}", ShownText(call.item), ShownText(call.step),
                       ShownText(call.model), time, ShownText(call.worker));
  });
  size_t most = items ? SIZE_MAX : kMostShown;
  AddList(text, "calls of unknown outcome", status.unknown.size(), most,
          [&](size_t i) { return UnknownLine(status.unknown[i]); });
  if (items) {
    AddList(text, "items", status.items.size(), most,
            [&](size_t i) { return ItemText(status.items[i]); });
  } else {
    AddList(text, "failed items", status.failed.size(), most,
            [&](size_t i) { return FailureLine(status.failed[i].id, status.failed[i].reason); });
  }
}

void AddCommands(std::string& text, const RunStatus& status) {
  if (!status.session || (status.live && status.other_host)) return;
  if (status.live) {
    text += "\n";
    Add(text, "to stop", fmt::format("muster ctl {} stop", ShownPath(status.run_dir)));
    return;
  }
  int64_t all = 0;
  for (int64_t count : status.counts) all += count;
  std::string command = ResumeCommand(status.session->command);
  if (command.empty() || (FinalOf(status.counts) == all && status.failed.empty())) return;
  text += "\n";
  if (FinalOf(status.counts) < all) Add(text, "to go on", command);
  bool asked = command.find("--retry-failed") != std::string::npos;
  if (!status.failed.empty()) Add(text, "to try again", command + (asked ? "" : " --retry-failed"));
}

// ---- JSON ----

Json MoneyJson(Picodollars amount) {
  return static_cast<double>(amount) / static_cast<double>(kPicodollarsPerDollar);
}

// What providers say the calls cost; null: none does.
Json OwnCostJson(const Totals& totals) {
  return totals.own_costs > 0 ? Json(totals.own_cost) : Json();
}

Json TotalsJson(const Totals& totals) {
  const Usage& usage = totals.usage;
  return {{"calls", totals.calls},
          {"tries", totals.tries},
          {"failed_tries", totals.failed_tries},
          {"input_tokens", usage.input},
          {"cached_tokens", usage.cached},
          {"cache_write_tokens", usage.cache_write},
          {"cache_write_1h_tokens", usage.cache_write_1h},
          {"output_tokens", usage.output},
          {"reasoning_tokens", usage.reasoning},
          {"total_tokens", usage.total()},
          {"cost_picodollars", totals.cost},
          {"cost_usd", MoneyJson(totals.cost)},
          {"own_cost_picodollars", OwnCostJson(totals)},
          {"unpriced_calls", totals.unpriced},
          {"unknown_usage", totals.unknown_usage},
          {"cache_saving_usd", MoneyJson(totals.cache_saving)},
          {"unknown_tries", totals.unknown_tries},
          {"unknown_cost_picodollars", totals.unknown_cost},
          {"unknown_cost_at_most_usd", MoneyJson(totals.unknown_cost)},
          {"unknown_without_bound", totals.unknown_unbounded},
          {"simulated", totals.simulated}};
}

Json SessionJson(const LedgerView::Session& session) {
  Json json = {{"session", session.session},
               {"pid", session.pid},
               {"host", session.host},
               {"command", session.command},
               {"started_ms", session.started_ms},
               {"ended_ms", nullptr},
               {"exit_code", nullptr}};
  if (session.ended_ms) json["ended_ms"] = *session.ended_ms;
  if (session.exit_code) json["exit_code"] = *session.exit_code;
  return json;
}

Json ItemJson(const RunStatus::Item& item) {
  return {{"id", item.row.id},
          {"status", Name(item.row.status)},
          {"reason", item.row.reason},
          {"attempts", item.row.attempts},
          {"worker_deaths", item.row.worker_deaths},
          {"work_ms", item.row.work_ms},
          {"totals", TotalsJson(item.totals)}};
}

Json UnknownJson(const UnknownTry& unknown) {
  Json json = {{"item", unknown.item},
               {"step", unknown.step},
               {"provider", unknown.provider},
               {"model", unknown.model},
               {"started_ms", unknown.started_ms},
               {"cost_at_most_usd", nullptr}};
  if (unknown.worst) json["cost_at_most_usd"] = MoneyJson(*unknown.worst);
  return json;
}

Json InAirJson(const LedgerView::InAir& call, int64_t now_ms) {
  return {{"item", call.item},
          {"step", call.step},
          {"worker", call.worker},
          {"model", call.model},
          {"started_ms", call.started_ms},
          {"for_ms", now_ms - call.started_ms}};
}

}  // namespace

std::string StatusAsText(const RunStatus& status, bool items) {
  int64_t all = 0;
  for (int64_t count : status.counts) all += count;
  std::string text = fmt::format("{}: {}\n", ShownText(status.name), SessionText(status));
  Add(text, "run directory", ShownPath(status.run_dir));
  Add(text, "items", fmt::format("{}: {}", FormatCount(all), CountsText(status.counts)));
  bool cut_off = !status.live && status.counts[static_cast<size_t>(ItemStatus::kRunning)] > 0;
  if (cut_off) Add(text, "", "running ones were cut off: the next start takes them up again");
  AddFigures(text, status);
  AddLists(text, status, items);
  AddCommands(text, status);
  return text;
}

Json StatusAsJson(const RunStatus& status, bool items) {
  Json json = {{"name", status.name},
               {"run_dir", status.run_dir},
               {"live", status.live},
               {"now_ms", status.now_ms}};
  if (status.said.is_object()) json["supervisor"] = status.said;
  json["session"] = status.session ? SessionJson(*status.session) : Json();
  Json& counts = json["counts"] = Json::object();
  for (size_t i = 0; i < status.counts.size(); ++i) {
    counts[std::string(kItemStatusNames[i])] = status.counts[i];
  }
  json["totals"] = TotalsJson(status.totals);
  json["session_totals"] = TotalsJson(status.session_totals);
  Json& air = json["in_the_air"] = Json::array();
  for (const auto& call : status.in_the_air) air.push_back(InAirJson(call, status.now_ms));
  Json& unknown = json["unknown"] = Json::array();
  for (const auto& one : status.unknown) unknown.push_back(UnknownJson(one));
  Json& failed = json["failed"] = Json::array();
  for (const auto& row : status.failed) {
    failed.push_back({{"id", row.id}, {"status", Name(row.status)}, {"reason", row.reason}});
  }
  if (!items) return json;
  Json& list = json["items"] = Json::array();
  for (const auto& item : status.items) list.push_back(ItemJson(item));
  return json;
}

int PrintStatus(const std::string& run_dir, bool items, bool as_json) {
  auto status = ReadRunStatus(run_dir, items);
  if (!status) {
    fmt::print(stderr, "muster: {}\n", VisibleText(status.error()));
    return 2;
  }
  // Without an answer the ledger has to do.
  if (status->live && !status->other_host) {
    if (auto said = AskRun(run_dir, {{"do", "status"}}, kPatience)) status->said = *std::move(said);
  }
  std::string text =
      as_json ? PrettyJson(StatusAsJson(*status, items)) + "\n" : StatusAsText(*status, items);
  // JSON may hold characters that a terminal obeys; programs get it as it is.
  if (isatty(STDOUT_FILENO) == 1) text = VisibleText(text, true);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return 0;
}

}  // namespace muster
