#include "supervisor/outputs/export_item.h"

#include "common/money.h"
#include "common/output_lines.h"

namespace muster {
namespace {

constexpr const char* kTokenNames[] = {"input", "cached", "output", "reasoning"};
constexpr const char* kPlainNames[] = {"cost", "unknown_cost", "seconds"};

Json TokensOf(const Usage& usage) {
  return {{"input", usage.input},
          {"cached", usage.cached},
          {"output", usage.output},
          {"reasoning", usage.reasoning}};
}

Json ScoresOf(const LedgerView& ledger, const std::string& item) {
  auto text = ledger.ResultOf(item);
  auto result = text ? ParseJson(*text) : Result<Json>(Json());
  const Json* scores = result ? Member(*result, "scores") : nullptr;
  Json values = Json::object();
  if (!scores || !scores->is_object()) return values;
  for (const auto& [name, score] : scores->items()) {
    const Json* value = Member(score, "value");
    values[name] = value ? *value : Json();
  }
  return values;
}

std::string CellOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : DumpJson(value);
}

}  // namespace

Json RecordValue(const FileFormat& format, const std::string& text) {
  if (!format.is_table()) return text;
  auto record = ParseRows(text);
  if (!record) return text;
  Json rows = Json::array();
  const Json& columns = (*record)["columns"];
  for (const Json& row : (*record)["rows"]) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[columns[i].get<std::string>()] = row[i];
    rows.push_back(std::move(object));
  }
  return rows;
}

Json ExportedItem(const LedgerView& ledger, const FileFormats& formats, const ItemRow& row) {
  Totals totals = ledger.ItemTotals(row.id);
  bool done = row.status == ItemStatus::kDone;
  Json outputs = Json::object();
  for (const OutputRow& output : ledger.OutputsOf(row.id)) {
    bool known = output.output >= 0 && output.output < static_cast<int64_t>(formats.size());
    bool ended = IsFinal(row.status) && !output.text.empty();
    if (!known || !ended) continue;
    const FileFormat& format = formats[static_cast<size_t>(output.output)];
    if (!done && row.status != ItemStatus::kAbsent && !format.errors) continue;
    outputs[output.path] = RecordValue(format, output.text);
  }
  return {{"id", row.id},
          {"status", Name(row.status)},
          {"reason", row.reason},
          {"attempts", row.attempts},
          {"calls", totals.calls},
          {"tokens", TokensOf(totals.usage)},
          {"cost", totals.unpriced > 0 ? Json() : Json(ExactDollars(totals.cost))},
          {"unknown_cost",
           totals.unknown_unbounded > 0 ? Json() : Json(ExactDollars(totals.unknown_cost))},
          {"seconds", static_cast<double>(row.work_ms) / 1000},
          {"scores", done ? ScoresOf(ledger, row.id) : Json::object()},
          {"outputs", std::move(outputs)}};
}

std::vector<std::string> ExportColumns(const std::vector<std::string>& scores) {
  std::vector<std::string> columns{"id", "status", "reason", "attempts", "calls"};
  for (const char* name : kTokenNames) columns.push_back(std::string(name) + "_tokens");
  columns.insert(columns.end(), std::begin(kPlainNames), std::end(kPlainNames));
  for (const std::string& name : scores) columns.push_back("score." + name);
  columns.push_back("outputs");
  return columns;
}

std::vector<std::string> ExportCells(const Json& item, const std::vector<std::string>& scores) {
  std::vector<std::string> cells;
  for (const char* name : {"id", "status", "reason", "attempts", "calls"}) {
    cells.push_back(CellOf(item[name]));
  }
  for (const char* name : kTokenNames) cells.push_back(CellOf(item["tokens"][name]));
  for (const char* name : kPlainNames) cells.push_back(CellOf(item[name]));
  for (const std::string& name : scores) {
    const Json* score = Member(item["scores"], name);
    cells.push_back(score ? CellOf(*score) : "");
  }
  cells.push_back(item["outputs"].empty() ? "" : DumpJson(item["outputs"]));
  return cells;
}

}  // namespace muster
