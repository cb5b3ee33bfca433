#include "common/config/items.h"

#include <filesystem>
#include <map>
#include <optional>

#include "common/config/glob.h"
#include "common/config/join.h"
#include "common/config/text_file.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxId = 200;  // bytes

// `place` says where the id comes from.
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

// Completes the items of any source and hands them on. Refers to the config and `take`.
class ItemMaker {
 public:
  ItemMaker(const Config& config, const std::function<Result<void>(SourceItem)>& take)
      : config_(config), take_(take) {}

  Result<void> LoadJoin() {
    if (!config_.items.join) return {};
    auto table = JoinTable::Load(config_);
    if (!table) return Error{table.error()};
    join_ = *std::move(table);
    return {};
  }

  // `fields` has the id already.
  Result<void> Make(const std::string& id, Json fields) {
    if (join_) {
      if (auto added = join_->AddTo(id, fields); !added) return added;
    }
    // The fields of the config are made from those of the source, not from each other.
    Json context{{"item", fields}, {"params", config_.params}};
    for (const auto& [name, text] : config_.items.fields) {
      std::string origin = fmt::format("items.fields.{} of item {}", name, id);
      auto value = Render(text, origin, context);
      if (!value) return Error{value.error()};
      if (fields.contains(name)) {
        return Fail("items.fields.{}: item {} has a field of this name from the join", name, id);
      }
      fields[name] = *value;
    }
    return take_({id, std::move(fields)});
  }

 private:
  const Config& config_;
  const std::function<Result<void>(SourceItem)>& take_;
  std::optional<JoinTable> join_;
};

// item.files: every matching text of one folder.
Result<Json> ReadFiles(const Config& config, const std::string& folder) {
  auto paths =
      Glob((fs::path(config.base_dir) / folder).string(), config.items.files, GlobFor::kFiles);
  if (!paths) return Fail("items.files: in {}: {}", VisibleText(folder), paths.error());
  if (paths->empty()) {
    return Fail("items.files: no file in {} matches {}", VisibleText(folder), config.items.files);
  }
  Json files = Json::array();
  for (const std::string& inside : *paths) {
    std::string path = (fs::path(folder) / inside).string();
    if (!IsUtf8(path)) return Fail("items.files: {}: its name is not UTF-8", VisibleText(path));
    auto text = ReadTextFile(config.base_dir, path);
    if (!text) return Fail("items.files: {}", text.error());
    fs::path name = fs::path(inside).filename();
    files.push_back(
        {{"name", name.string()}, {"stem", name.stem().string()}, {"path", path}, {"text", *text}});
  }
  return files;
}

// Hidden folders, and those set aside by a leading underscore, are no items.
bool IsSetAside(const std::string& name) { return name.starts_with('.') || name.starts_with('_'); }

Result<void> FromDirectories(const Config& config, ItemMaker& maker) {
  auto folders = Glob(config.base_dir, config.items.directories, GlobFor::kFolders);
  if (!folders) return Fail("items.directories: {}", folders.error());
  std::map<std::string, std::string> seen;
  for (const std::string& folder : *folders) {
    std::string id = fs::path(folder).filename().string();
    if (IsSetAside(id)) continue;
    std::string place = "items.directories: " + VisibleText(folder);
    if (auto fine = CheckId(id, place); !fine) return fine;
    auto [first, added] = seen.emplace(id, folder);
    if (!added) {
      return Fail("{}: the id \"{}\" is also that of {}", place, id, VisibleText(first->second));
    }
    Json fields{{"id", id}};
    if (!config.items.files.empty()) {
      auto files = ReadFiles(config, folder);
      if (!files) return Error{files.error()};
      fields["files"] = *std::move(files);
    }
    if (auto made = maker.Make(id, std::move(fields)); !made) return made;
  }
  return {};
}

Result<void> FromRange(const ItemSource::Range& range, ItemMaker& maker) {
  for (int64_t number = range.from; number <= range.to; ++number) {
    std::string id = std::to_string(number);
    auto made = maker.Make(id, {{"id", id}, {"number", number}});
    if (!made) return made;
  }
  return {};
}

}  // namespace

Result<void> ForEachItem(const Config& config,
                         const std::function<Result<void>(SourceItem)>& take) {
  ItemMaker maker(config, take);
  if (auto loaded = maker.LoadJoin(); !loaded) return loaded;
  return config.items.range ? FromRange(*config.items.range, maker)
                            : FromDirectories(config, maker);
}

}  // namespace muster
