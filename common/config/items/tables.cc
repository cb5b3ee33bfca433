#include "common/config/items/row.h"
#include "common/config/text_file.h"
#include "common/tables/csv.h"
#include "common/tables/jsonl.h"
#include "common/text.h"

// Rows of CSV, JSON Lines and JSON files.

namespace muster {
namespace {

constexpr size_t kMaxJsonFile = 64 * 1024 * 1024;  // bytes; larger ones belong into JSON Lines

std::string LinePlace(const std::string& path, int64_t line) {
  return fmt::format("{}:{}", VisibleText(path), line);
}

// Makes a row and hands it on.
Result<void> Take(Json fields, std::string otherwise, std::string place, const char* setting,
                  const TakeRow& take) {
  auto row = MakeRow(std::move(fields), std::move(otherwise), std::move(place));
  if (!row) return Fail("{}: {}", setting, row.error());
  return take(*std::move(row));
}

Result<void> TakeList(const Json& list, const std::string& file, const TakeRow& take) {
  for (size_t i = 0; i < list.size(); ++i) {
    std::string place = fmt::format("{}: element {}", file, i + 1);
    if (!list[i].is_object()) return Fail("items.json: {} is no map of fields", place);
    auto taken = Take(list[i], std::to_string(i + 1), place, "items.json", take);
    if (!taken) return taken;
  }
  return {};
}

Result<void> TakeMap(const Json& map, const std::string& file, const TakeRow& take) {
  for (const auto& member : map.items()) {
    std::string place = fmt::format("{}: \"{}\"", file, VisibleText(member.key()));
    const Json& fields = member.value();
    if (!fields.is_object()) return Fail("items.json: {} is no map of fields", place);
    const Json* own = Member(fields, "id");
    if (own && IdText(*own) != member.key()) {
      return Fail("items.json: {} has another \"id\" in it; rename that field", place);
    }
    auto taken = take({member.key(), WithId(member.key(), fields), place, true});
    if (!taken) return taken;
  }
  return {};
}

}  // namespace

char DelimiterOf(const ItemSource& source) {
  return source.delimiter.empty() ? ',' : source.delimiter.front();
}

Result<void> ForEachCsvRow(const Config& config, const TakeRow& take) {
  const std::string& path = config.items.csv;
  auto reader = CsvReader::Open(config.base_dir, path, DelimiterOf(config.items));
  if (!reader) return Fail("items.csv: {}", reader.error());
  for (;;) {
    auto record = reader->Next();
    if (!record) return Fail("items.csv: {}", record.error());
    if (!*record) return {};
    Json fields = Json::object();
    for (size_t i = 0; i < reader->header().size(); ++i) {
      fields[reader->header()[i]] = std::move((*record)->values[i]);
    }
    auto taken = Take(std::move(fields), std::to_string((*record)->number),
                      LinePlace(path, (*record)->line), "items.csv", take);
    if (!taken) return taken;
  }
}

Result<void> ForEachJsonLine(const Config& config, const TakeRow& take) {
  const std::string& path = config.items.jsonl;
  auto reader = JsonlReader::Open(config.base_dir, path);
  if (!reader) return Fail("items.jsonl: {}", reader.error());
  for (int64_t number = 1;; ++number) {
    auto line = reader->Next();
    if (!line) return Fail("items.jsonl: {}", line.error());
    if (!*line) return {};
    auto taken = Take(std::move((*line)->object), std::to_string(number),
                      LinePlace(path, (*line)->line), "items.jsonl", take);
    if (!taken) return taken;
  }
}

Result<void> ForEachJsonElement(const Config& config, const TakeRow& take) {
  std::string file = VisibleText(config.items.json);
  auto text = ReadTextFile(config.base_dir, config.items.json, kMaxJsonFile);
  if (!text) return Fail("items.json: {}", text.error());
  auto json = ParseJson(*text);
  if (!json) return Fail("items.json: {}: {}", file, json.error());
  text->clear();
  text->shrink_to_fit();
  if (json->is_array()) return TakeList(*json, file, take);
  if (json->is_object()) return TakeMap(*json, file, take);
  return Fail("items.json: {}: expected a list of objects, or an object of objects by id", file);
}

}  // namespace muster
