#include "supervisor/outputs/error_records.h"

#include <algorithm>

#include "common/output_record.h"
#include "common/score.h"
#include "common/step_values.h"
#include "common/text.h"

namespace muster {
namespace {

ItemUsage UsageOf(const Totals& totals) {
  ItemUsage usage;
  usage.calls = totals.calls;
  usage.usage = totals.usage;
  usage.usage_known = totals.unknown_tries == 0 && totals.unknown_usage == 0;
  usage.cost = totals.cost;
  usage.cost_known = usage.usage_known && totals.unpriced == 0;
  return usage;
}

Json ContextOf(const Config& config, const LedgerView& view, const ItemRow& row,
               const std::string& reason) {
  auto fields = ParseJson(row.fields);
  Json context = ItemContext(config, fields ? *fields : Json::object());
  AddMissingSteps(config, context);
  ItemEnd end;
  end.error = reason.empty() ? "failed" : reason;
  end.usage = UsageOf(view.ItemTotals(row.id));
  AddItemEnd(context, end);
  if (auto scores = ScoreItem(config, context)) end.scores = *std::move(scores);
  for (const auto& [name, rule] : config.score) end.scores.emplace(name, nullptr);
  AddItemEnd(context, end);
  return context;
}

}  // namespace

ErrorRecords MakeErrorRecords(const Config& config, const LedgerView& view, const ItemRow& row,
                              const std::string& reason) {
  ErrorRecords records;
  auto wanted = [](const Output& output) { return output.grows() && output.errors; };
  if (std::none_of(config.outputs.begin(), config.outputs.end(), wanted)) return records;
  Json context = ContextOf(config, view, row, reason);
  std::vector<OutputRow> before = view.OutputsOf(row.id);
  for (size_t i = 0; i < config.outputs.size(); ++i) {
    if (!wanted(config.outputs[i])) continue;
    auto record = MakeRecord(config, i, context);
    if (record) {
      records.outputs.push_back(*std::move(record));
      continue;
    }
    records.problems.push_back(fmt::format("item {} failed, and its record cannot be made: {}",
                                           VisibleText(row.id), record.error()));
    auto index = static_cast<int64_t>(i);
    for (const OutputRow& old : before) {
      if (old.output == index) records.outputs.push_back({index, old.path, ""});
    }
  }
  return records;
}

}  // namespace muster
