#include "supervisor/source_stamp.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "common/hash.h"
#include "common/json.h"
#include "common/protocol.h"

namespace muster {
namespace {

constexpr int64_t kSettledMs = 2'000;

int64_t MillisecondsOf(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

std::string NanosecondsOf(const timespec& time) {
  return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec);
}

// What decides items and their lanes, as far as it stands in the config; the build, because another
// one may read the same differently.
std::string HashOfSettings(const Config& config) {
  Json all = ConfigToJson(config);
  Json settings{{"build", BuildId()}};
  for (const char* name : {"items", "params", "steps", "providers", "shard"}) {
    if (const Json* part = Member(all, name)) settings[name] = *part;
  }
  return Sha256Hex(CanonicalJson(settings));
}

std::vector<std::string> FilesOf(const ItemSource& source) {
  std::vector<std::string> files;
  for (const std::string* path : {&source.csv, &source.jsonl, &source.json}) {
    if (!path->empty()) files.push_back(*path);
  }
  if (!source.join) return files;
  for (const std::string* path : {&source.join->json, &source.join->csv}) {
    if (!path->empty()) files.push_back(*path);
  }
  return files;
}

bool AddFile(const Config& config, const std::string& path, Json* files, int64_t* changed_ms) {
  struct stat info;
  std::string full = (std::filesystem::path(config.base_dir) / path).string();
  if (stat(full.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  *changed_ms = std::max(*changed_ms, MillisecondsOf(info.st_mtim));
  files->push_back({{"path", path},
                    {"size", int64_t{info.st_size}},
                    {"inode", uint64_t{info.st_ino}},
                    {"modified", NanosecondsOf(info.st_mtim)},
                    {"changed", NanosecondsOf(info.st_ctim)}});
  return true;
}

}  // namespace

std::optional<SourceStamp> StampOf(const Config& config) {
  bool skips = std::any_of(config.outputs.begin(), config.outputs.end(),
                           [](const Output& output) { return output.skip_existing; });
  if (skips || !config.items.directories.empty()) return std::nullopt;
  SourceStamp stamp;
  Json files = Json::array();
  for (const std::string& path : FilesOf(config.items)) {
    if (!AddFile(config, path, &files, &stamp.changed_ms)) return std::nullopt;
  }
  stamp.text = DumpJson({{"settings", HashOfSettings(config)}, {"files", std::move(files)}});
  return stamp;
}

bool IsSettled(const SourceStamp& stamp, int64_t now_ms) {
  return stamp.changed_ms + kSettledMs <= now_ms;
}

}  // namespace muster
