#include "common/config/items/units.h"

#include <map>
#include <vector>

#include "common/expression.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMaxId = 200;  // bytes

// Rows by the value of one field, the groups in the order in which they first appear.
class Groups {
 public:
  explicit Groups(std::string field) : field_(std::move(field)) {}

  Result<void> Add(SourceRow row) {
    const Json* value = Member(row.fields, field_);
    auto key = value ? IdText(*value) : std::nullopt;
    if (!key) {
      return Fail("items.group_by: {}: \"{}\" {}; expected text or a number", row.place, field_,
                  value ? "is no single value" : "is missing" + Nearest(row.fields));
    }
    auto [at, added] = index_.emplace(*key, groups_.size());
    if (added) {
      Json fields{{"id", *key}, {"rows", Json::array()}};
      if (field_ != "id") fields[field_] = *value;
      groups_.push_back({*key, std::move(fields), row.place, true});
    }
    // A number that was counted here is no field of the row.
    if (!row.own_id) row.fields.erase("id");
    groups_[at->second].fields["rows"].push_back(std::move(row.fields));
    return {};
  }

  Result<void> ForEach(const TakeRow& take) {
    for (SourceRow& group : groups_) {
      if (auto taken = take(std::move(group)); !taken) return taken;
    }
    return {};
  }

 private:
  std::string Nearest(const Json& fields) const {
    std::vector<std::string> names;
    for (const auto& member : fields.items()) names.push_back(member.key());
    std::string nearest = NearestName(field_, names);
    return nearest.empty() ? "" : fmt::format(" (the nearest is \"{}\")", VisibleText(nearest));
  }

  const std::string field_;
  std::vector<SourceRow> groups_;
  std::map<std::string, size_t> index_;
};

// Judges rows and names units. Refers to the config and `take`.
class UnitMaker {
 public:
  UnitMaker(const Config& config, const TakeRow& take)
      : source_(config.items), take_(take), context_{{"item", Json()}, {"params", config.params}} {}

  // Whether `where` takes the row.
  Result<bool> Takes(SourceRow& row) {
    if (source_.where.empty()) return true;
    context_["item"] = std::move(row.fields);
    auto takes = IsTrue(source_.where, context_, true);
    row.fields = std::move(context_["item"]);
    if (!takes) return Fail("items.where: {}: {}", row.place, takes.error());
    return takes;
  }

  Result<void> Make(SourceRow unit) {
    std::string setting = SourceSetting(source_);
    if (!source_.id.empty()) {
      setting = "items.id";
      context_["item"] = std::move(unit.fields);
      auto id = Render(source_.id, fmt::format("items.id of {}", unit.place), context_);
      if (!id) return Error{id.error()};
      unit.id = *std::move(id);
      unit.fields = WithId(unit.id, std::move(context_["item"]));
    }
    auto fine = CheckId(unit.id, fmt::format("{}: {}", setting, unit.place));
    return fine ? take_(std::move(unit)) : fine;
  }

 private:
  const ItemSource& source_;
  const TakeRow& take_;
  Json context_;  // the params, and the item that is looked at
};

}  // namespace

Result<void> CheckId(const std::string& id, const std::string& place) {
  if (id.empty()) return Fail("{}: the item's id is empty", place);
  if (id.size() > kMaxId) {
    return Fail("{}: the item's id has {} bytes; at most {} are allowed", place, id.size(), kMaxId);
  }
  if (!IsUtf8(id) || VisibleText(id) != id) {
    return Fail("{}: the item's id has bytes or characters that cannot be printed: \"{}\"", place,
                VisibleText(id));
  }
  return {};
}

bool MayRepeatIds(const ItemSource& source) {
  bool grouped = !source.group_by.empty();
  return !source.id.empty() || (!grouped && !source.range);
}

Result<void> ForEachUnit(const Config& config, const TakeRow& take) {
  UnitMaker maker(config, take);
  Groups groups(config.items.group_by);
  bool grouped = !config.items.group_by.empty();
  auto read = ForEachRow(config, [&](SourceRow row) -> Result<void> {
    auto takes = maker.Takes(row);
    if (!takes) return Error{takes.error()};
    if (!*takes) return {};
    return grouped ? groups.Add(std::move(row)) : maker.Make(std::move(row));
  });
  if (!read || !grouped) return read;
  return groups.ForEach([&](SourceRow group) { return maker.Make(std::move(group)); });
}

}  // namespace muster
