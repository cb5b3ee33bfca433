#include <filesystem>

#include "common/config/glob.h"
#include "common/config/items/row.h"
#include "common/config/text_file.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

Result<void> ForEachFolder(const Config& config, const TakeRow& take) {
  auto folders = Glob(config.base_dir, config.items.directories, GlobFor::kFolders);
  if (!folders) return Fail("items.directories: {}", folders.error());
  for (const std::string& folder : *folders) {
    std::string id = fs::path(folder).filename().string();
    if (IsSetAside(id)) continue;
    SourceRow row{id, Json{{"id", id}}, VisibleText(folder), true};
    if (!config.items.files.empty()) {
      auto files = ReadFiles(config, folder);
      if (!files) return Error{files.error()};
      row.fields["files"] = *std::move(files);
    }
    if (auto taken = take(std::move(row)); !taken) return taken;
  }
  return {};
}

}  // namespace muster
