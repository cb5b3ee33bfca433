#include "common/config/join.h"

#include <vector>

#include "common/config/text_file.h"
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
  JoinTable table;
  table.file_ = config.items.join->json;
  table.on_ = config.items.join->on;
  auto text = ReadTextFile(config.base_dir, table.file_, kMaxTable);
  if (!text) return Fail("items.join: {}", text.error());
  auto json = ParseJson(*text);
  if (!json) return Fail("items.join: {}: {}", VisibleText(table.file_), json.error());
  Result<void> taken;
  if (json->is_array()) {
    taken = table.TakeList(*json);
  } else if (json->is_object()) {
    taken = table.TakeMap(*json);
  } else {
    taken = Fail("expected a list of objects, or an object of objects by id");
  }
  if (!taken) return Fail("items.join: {}: {}", VisibleText(table.file_), taken.error());
  return table;
}

Result<void> JoinTable::TakeList(const Json& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    std::string id = IdOf(Member(list[i], on_));
    if (id.empty()) {
      return Fail("row {} has no field \"{}\" that is a text or a whole number", i + 1, on_);
    }
    if (!rows_.emplace(id, list[i]).second) {
      return Fail("row {} has \"{}\" in \"{}\", which another row has too", i + 1, VisibleText(id),
                  on_);
    }
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
