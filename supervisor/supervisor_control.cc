// What people say to a running supervisor (muster ctl), and what it tells about itself. What
// changes something is noted in the ledger with the old value, and answered after that is
// committed.

#include <charconv>

#include "common/text.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMostWorkers = 10'000;

int64_t MsFrom(Clock::Time from, Clock::Time to) {
  return std::chrono::duration_cast<milliseconds>(to - from).count();
}

std::string_view Name(WorkerState state) {
  switch (state) {
    case WorkerState::kStarting:
      return "starting";
    case WorkerState::kIdle:
      return "idle";
    case WorkerState::kBusy:
      return "busy";
    case WorkerState::kStopping:
      return "stopping";
  }
  return "";
}

}  // namespace

void Supervisor::On(const ControlCame&) {
  for (const ControlServer::Request& request : control_->Take()) {
    replies_.emplace_back(request.id, Obey(request.body));
  }
}

Json Supervisor::Obey(const Json& request) {
  std::string act = StringMember(request, "do");
  if (act == "status") return StatusJson();
  auto done = Carry(act, request);
  if (!done) return {{"error", done.error()}};
  books_.Note("by hand: " + *done);
  if (act != "stop") progress_.Notice(NoticeKind::kInfo, *done);  // Drain() tells that
  return {{"ok", *done}};
}

Result<std::string> Supervisor::Carry(const std::string& act, const Json& request) {
  if (mode_ != Mode::kWorking) return Fail("the run is ending: {}", end_.stopped_by);
  if (act == "pause" || act == "resume") {
    bool pause = act == "pause";
    if (governor_.paused() == pause)
      return Fail("the run is {}paused", pause ? "already " : "not ");
    governor_.Pause(pause);
    return std::string(pause ? "paused: calls in the air are finished, no new ones are sent"
                             : "resumed");
  }
  if (act == "stop") {
    Drain(kStopped, "stopped by hand", std::nullopt);
    return fmt::format("stopping: finishing {} calls in the air", desk_.in_the_air());
  }
  if (act == "set") return Set(request);
  if (act == "cancel") return Cancel(StringMember(request, "item"));
  if (act == "retry") return Retry(StringMember(request, "item"));
  return Fail("\"{}\" is nothing that can be done", VisibleText(act));
}

Result<std::string> Supervisor::Set(const Json& request) {
  std::string lane = StringMember(request, "lane"), name = StringMember(request, "name");
  std::string value = StringMember(request, "value");
  if (name == "workers") return SetWorkers(lane, value);
  if (lane.empty() && name == "max_cost") return SetMaxCost(value);
  auto before = governor_.SetLimit(lane, name, value);
  if (!before) return Error{before.error()};
  return fmt::format("{}{} is {}, was {}", lane.empty() ? "" : VisibleText(lane) + ".", name,
                     value.empty() ? "none" : value, *before);
}

Result<std::string> Supervisor::SetWorkers(const std::string& pool, const std::string& value) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  bool whole = error == std::errc() && end == value.data() + value.size();
  if (!whole || number < 1 || number > kMostWorkers) {
    return Fail("\"{}\" workers; expected a whole number from 1 to {}", VisibleText(value),
                kMostWorkers);
  }
  auto before = crew_.Resize(pool, static_cast<size_t>(number));
  if (!before) return Error{before.error()};
  return fmt::format("{}workers is {}, was {}", pool.empty() ? "" : VisibleText(pool) + ".", number,
                     *before);
}

Result<std::string> Supervisor::SetMaxCost(const std::string& value) {
  std::optional<Picodollars> cap;
  if (!value.empty()) {
    auto dollars = ParseDollars(value);
    if (!dollars) return Error{dollars.error()};
    cap = *dollars;
  }
  auto before = governor_.budget().cap();
  governor_.budget().SetCap(cap);
  return fmt::format("max_cost is {}, was {}", cap ? FormatMoney(*cap) : "none",
                     before ? FormatMoney(*before) : "none");
}

Result<std::string> Supervisor::Cancel(const std::string& item) {
  auto row = books_.view().FindItem(item);
  if (!row) return Fail("no item is called \"{}\"", VisibleText(item));
  for (auto& [id, worker] : crew_.workers()) {
    if (!worker.attempt || worker.attempt->row.id != item) continue;
    if (!worker.attempt->cancelled) {
      crew_.CancelItem(worker);
      cancelled_.insert(item);
    }
    return fmt::format("item {} is being cancelled", VisibleText(item));
  }
  auto waiting = queue_.Drop(item);
  if (!waiting) {
    return Fail("item {} is {}: there is nothing to cancel", VisibleText(item),
                muster::Name(row->status));
  }
  books_.SetStatus(*waiting, ItemStatus::kFailed, "cancelled");
  NoteFailure(item, "cancelled");
  KeepErrorRecords(*waiting, "cancelled");
  return fmt::format("item {} is cancelled", VisibleText(item));
}

Result<std::string> Supervisor::Retry(const std::string& item) {
  auto row = books_.view().FindItem(item);
  if (!row) return Fail("no item is called \"{}\"", VisibleText(item));
  bool failed = row->status == ItemStatus::kFailed || row->status == ItemStatus::kQuarantined;
  if (!failed) {
    return Fail("item {} is {}; only failed items are tried again", VisibleText(item),
                muster::Name(row->status));
  }
  if (books_.uncommitted() > 0) return Fail("the ledger is being written; try again");
  if (!queue_.Selects(*row)) {
    return Fail("item {} is not among those that this session was told to do", VisibleText(item));
  }
  auto failures =
      std::erase_if(end_.failures, [&](const auto& each) { return each.first == item; });
  end_.failed -= static_cast<int64_t>(failures);
  books_.Reopen(*row);
  outputs_.TakeBack(item);
  queue_.Add(std::move(*row));
  return fmt::format("item {} is tried again", VisibleText(item));
}

// ---- what it tells ----

Json Supervisor::WorkersJson() const {
  Json workers = Json::array();
  for (const auto& [id, worker] : crew_.workers()) {
    Json row{{"name", worker.name}, {"host", worker.host}, {"state", Name(worker.state)}};
    if (worker.attempt) {
      row["item"] = worker.attempt->row.id;
      row["for_ms"] = MsFrom(worker.attempt->began, now_);
      Json calls = Json::array();
      for (const CallDesk::Doing& doing : desk_.DoingOf(id, now_)) {
        calls.push_back(
            {{"step", doing.step}, {"why", doing.why}, {"for_ms", MsFrom(doing.since, now_)}});
      }
      row["calls"] = std::move(calls);
    }
    workers.push_back(std::move(row));
  }
  return workers;
}

Json Supervisor::LanesJson() const {
  Json lanes = Json::array();
  for (const Governor::LaneStatus& lane : governor_.LaneStatuses(now_)) {
    Json row{{"name", lane.name}, {"in_the_air", lane.in_the_air}, {"waiting", lane.waiting}};
    if (lane.slots) row["slots"] = *lane.slots;
    if (!lane.why.empty()) row["why"] = lane.why;
    if (!lane.stopped.empty()) row["stopped"] = lane.stopped;
    if (lane.opens) row["open_in_ms"] = std::max<int64_t>(MsFrom(now_, *lane.opens), 0);
    lanes.push_back(std::move(row));
  }
  return lanes;
}

Json Supervisor::StatusJson() const {
  static constexpr const char* kModes[] = {"working", "draining", "stopping", "killing"};
  bool paused = mode_ == Mode::kWorking && governor_.paused();
  return {{"mode", paused ? "paused" : kModes[static_cast<size_t>(mode_)]},
          {"elapsed_ms", MsFrom(began_, now_)},
          {"uncommitted", static_cast<int64_t>(books_.uncommitted())},
          {"deaths", crew_.lost()},
          {"restarts", crew_.restarts()},
          {"workers", WorkersJson()},
          {"lanes", LanesJson()}};
}

}  // namespace muster
