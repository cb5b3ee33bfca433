#include "common/config/items/row.h"

#include "common/text.h"

namespace muster {
namespace {

// A JSON value as a message calls it.
const char* KindOf(const Json& value) {
  if (value.is_null()) return "null";
  return value.is_array() ? "a list" : "a map";
}

}  // namespace

Result<void> ForEachRow(const Config& config, const TakeRow& take) {
  const ItemSource& source = config.items;
  if (!source.csv.empty()) return ForEachCsvRow(config, take);
  if (!source.jsonl.empty()) return ForEachJsonLine(config, take);
  if (!source.json.empty()) return ForEachJsonElement(config, take);
  if (!source.matrix.empty()) return ForEachCombination(source.matrix, take);
  return source.range ? ForEachNumber(*source.range, take) : ForEachFolder(config, take);
}

std::string SourceSetting(const ItemSource& source) {
  if (!source.csv.empty()) return "items.csv";
  if (!source.jsonl.empty()) return "items.jsonl";
  if (!source.json.empty()) return "items.json";
  if (!source.matrix.empty()) return "items.matrix";
  return source.range ? "items.range" : "items.directories";
}

std::optional<std::string> IdText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  bool plain = value.is_number() || value.is_boolean();
  return plain ? std::optional(DumpJson(value)) : std::nullopt;
}

Result<SourceRow> MakeRow(Json fields, std::string otherwise, std::string place) {
  SourceRow row{std::move(otherwise), Json(), std::move(place), false};
  if (const Json* own = Member(fields, "id")) {
    auto id = IdText(*own);
    if (!id) {
      return Fail("{}: \"id\" is {}; expected text or a number", row.place, KindOf(*own));
    }
    row.id = *std::move(id);
    row.own_id = true;
  }
  row.fields = WithId(row.id, std::move(fields));
  return row;
}

Json WithId(const std::string& id, Json fields) {
  if (fields.contains("id")) {
    fields["id"] = id;
    return fields;
  }
  Json with_id{{"id", id}};
  for (auto member = fields.begin(); member != fields.end(); ++member) {
    with_id[member.key()] = std::move(member.value());
  }
  return with_id;
}

Result<void> ForEachNumber(const ItemSource::Range& range, const TakeRow& take) {
  for (int64_t number = range.from; number <= range.to; ++number) {
    std::string id = std::to_string(number);
    Json fields{{"id", id}, {"number", number}};
    auto taken = take({id, std::move(fields), id, true});
    if (!taken) return taken;
  }
  return {};
}

}  // namespace muster
