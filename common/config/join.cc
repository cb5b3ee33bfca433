#include "common/config/join.h"

#include <algorithm>
#include <vector>

#include "common/config/items/row.h"
#include "common/config/text_file.h"
#include "common/tables/csv.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMaxTable = 64 * 1024 * 1024;  // bytes

// What a row's field must be to equal an id; "" for what can equal none.
std::string IdOf(const Json* value) {
  if (!value) return "";
  if (value->is_string()) return value->get<std::string>();
  return value->is_number_integer() ? DumpJson(*value) : "";
}

}  // namespace

Result<JoinTable> JoinTable::Load(const Config& config) {
  const ItemSource::Join& join = *config.items.join;
  JoinTable table;
  bool csv = !join.csv.empty();
  table.file_ = csv ? join.csv : join.json;
  table.on_ = join.on;
  auto loaded = csv ? table.LoadCsv(config.base_dir, DelimiterOf(config.items))
                    : table.LoadJson(config.base_dir);
  if (!loaded) return Fail("items.join: {}", loaded.error());
  return table;
}

Result<void> JoinTable::LoadJson(const std::string& base_dir) {
  auto text = ReadTextFile(base_dir, file_, kMaxTable);
  if (!text) return Error{text.error()};
  auto json = ParseJson(*text);
  if (!json) return Fail("{}: {}", VisibleText(file_), json.error());
  Result<void> taken;
  if (json->is_object()) {
    taken = TakeMap(*json);
  } else if (!json->is_array()) {
    taken = Fail("expected a list of objects, or an object of objects by id");
  } else {
    for (size_t i = 0; i < json->size() && taken; ++i) {
      taken = TakeRow(std::move((*json)[i]), fmt::format("row {}", i + 1));
    }
  }
  return taken ? taken : Fail("{}: {}", VisibleText(file_), taken.error());
}

Result<void> JoinTable::LoadCsv(const std::string& base_dir, char delimiter) {
  auto reader = CsvReader::Open(base_dir, file_, delimiter);
  if (!reader) return Error{reader.error()};
  const std::vector<std::string>& names = reader->header();
  if (std::find(names.begin(), names.end(), on_) == names.end()) {
    std::string nearest = NearestName(on_, names);
    return Fail("{}: no column is called \"{}\"{}", VisibleText(file_), on_,
                nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
  }
  for (;;) {
    auto record = reader->Next();
    if (!record) return Error{record.error()};
    if (!*record) return {};
    Json row = Json::object();
    for (size_t i = 0; i < names.size(); ++i) row[names[i]] = std::move((*record)->values[i]);
    std::string which = fmt::format("row {} (line {})", (*record)->number, (*record)->line);
    auto taken = TakeRow(std::move(row), which);
    if (!taken) return Fail("{}: {}", VisibleText(file_), taken.error());
  }
}

Result<void> JoinTable::TakeRow(Json row, const std::string& which) {
  std::string id = IdOf(Member(row, on_));
  if (id.empty()) {
    return Fail("{} has no field \"{}\" that is a text or a whole number", which, on_);
  }
  if (!rows_.emplace(id, std::move(row)).second) {
    return Fail("{} has \"{}\" in \"{}\", which another row has too", which, VisibleText(id), on_);
  }
  return {};
}

Result<void> JoinTable::TakeMap(const Json& map) {
  for (const auto& member : map.items()) {
    if (!member.value().is_object()) {
      return Fail("\"{}\" is no object; expected an object of objects by id",
                  VisibleText(member.key()));
    }
    rows_.emplace(member.key(), member.value());
  }
  return {};
}

Result<void> JoinTable::AddTo(const std::string& id, Json& fields) const {
  auto row = rows_.find(id);
  if (row == rows_.end()) {
    std::vector<std::string> ids;
    for (const auto& [known, unused] : rows_) ids.push_back(known);
    std::string nearest = NearestName(id, ids);
    return Fail(
        "items.join: {} has no row for item \"{}\"{}", VisibleText(file_), id,
        nearest.empty() ? "" : fmt::format("; the nearest is \"{}\"", VisibleText(nearest)));
  }
  for (const auto& member : row->second.items()) {
    const std::string& name = member.key();
    // The id as a number is the same id.
    bool same_id = name == "id" && IdOf(&member.value()) == id;
    if (same_id) continue;
    if (fields.contains(name) && fields[name] != member.value()) {
      return Fail(
          "items.join: {} gives item \"{}\" a field \"{}\" that it has already with another "
          "value; rename it in the table",
          VisibleText(file_), id, VisibleText(name));
    }
    fields[name] = member.value();
  }
  return {};
}

}  // namespace muster
