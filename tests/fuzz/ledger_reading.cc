#include "tests/fuzz/ledger_reading.h"

#include <fmt/format.h>

#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

constexpr size_t kMostRows = 1000;  // of any kind: many times what there are

// A reading that never ends is cut off, with a word.
struct Counter {
  size_t rows = 0;
  void operator()() { Must(++rows < kMostRows, "reading goes on without end"); }
};

std::string Describe(const Totals& t) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {}\n", t.calls, t.tries, t.failed_tries,
                     t.unknown_tries, t.unpriced, t.unknown_usage, t.usage.input, t.usage.output,
                     t.cost, t.unknown_cost, t.unknown_unbounded);
}

std::string DescribeItems(const LedgerView& view) {
  std::string text =
      fmt::format("{} of {}\n", fmt::join(view.CountItems(), " "), view.MaxPosition());
  Counter items, standings;
  view.ForEachItem([&](const ItemRow& item) {
    items();
    text += fmt::format("{} {} {} {} {} {} {}\n", item.position, item.id, item.fields,
                        static_cast<int>(item.status), item.reason, item.attempts, item.lane);
  });
  view.ForEachStanding([&](const ItemStanding&) { return standings(), true; });
  for (size_t status = 0; status < kItemStatusNames.size(); ++status) {
    for (const std::string& lane : view.Lanes(static_cast<ItemStatus>(status))) {
      auto of_lane = view.ItemsAfter(0, static_cast<ItemStatus>(status), lane, kMostRows);
      text += fmt::format("{} {}: {}\n", status, lane, of_lane.size());
    }
  }
  return text + fmt::format("{} {} {}\n", standings.rows, view.FirstUnended(0), view.DoneWorkMs());
}

std::string DescribeCalls(const LedgerView& view, const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    view.FindKnown(id);
    auto call = view.FindCall(id, "chat", 1, "hash");
    if (call) {
      text += fmt::format("{} {} {} {} {}\n", call->call, call->answer.value_or("none"),
                          call->rejected, call->tries, call->unknown_tries);
    }
    text += Describe(view.ItemTotals(id)) + view.ResultOf(id).value_or("none") + "\n";
    for (const OutputRow& row : view.OutputsOf(id)) text += row.path + " " + row.text + "\n";
  }
  return text;
}

std::string DescribeTries(const LedgerView& view) {
  std::string text = Describe(view.RunTotals());
  for (const auto& worker : view.TotalsByWorker()) {
    text += worker.worker + " " + Describe(worker.totals);
  }
  for (const auto& [name, booked] : view.BookedByProvider()) {
    text += fmt::format("{} {}\n", name, booked);
  }
  for (const UnknownTry& each : view.UnknownTries()) text += each.item + "\n";
  Counter tries;
  view.ForEachTrySince(0, [&](const LedgerView::SentTry& sent) {
    tries();
    text += fmt::format("{} {} {}\n", sent.started_ms, sent.provider, sent.ended);
  });
  return text + fmt::format("{}\n", view.InTheAir().size());
}

std::string DescribeOutputs(const LedgerView& view) {
  std::string text = fmt::format("{} {}\n", view.CountOutputFiles(), view.RecordsTakenBack());
  Counter outputs;
  for (bool unwritten_only : {false, true}) {
    view.ForEachOutput(unwritten_only, [&](const OutputRow& row) {
      outputs();
      text += fmt::format("{} {} {}\n", row.item, row.path, row.written);
    });
  }
  auto paths = view.PathsOf(0);
  Must(paths.size() < kMostRows, "paths without end");
  for (const std::string& path : paths) {
    for (bool by_item : {false, true}) {
      RecordQuery query;
      query.path = path;
      query.by_item = by_item;
      query.errors = true;
      view.ForEachRecord(query, [&](const RecordRow& row) {
        outputs();
        text += row.item + row.text + "\n";
        return true;
      });
    }
  }
  return text;
}

}  // namespace

std::string Describe(const LedgerView& view, const std::vector<std::string>& ids) {
  auto session = view.LastSession();
  return fmt::format("session {}\n", session ? session->session : 0) +
         view.Meta("name").value_or("none") + "\n" + DescribeItems(view) +
         DescribeCalls(view, ids) + DescribeTries(view) + DescribeOutputs(view);
}

}  // namespace muster::fuzz
