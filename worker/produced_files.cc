#include "worker/produced_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "common/config/glob.h"
#include "common/fd.h"
#include "common/files.h"
#include "common/hash.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// Opened for reading, a regular file and nothing else.
Result<Fd> OpenRegular(const std::string& path) {
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return Fail("cannot read {}: {}", VisibleText(path), ErrnoText(errno));
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail("{} is no regular file", VisibleText(path));
  }
  return file;
}

// A glob relative to `folder`, also where it was written with the folder's own path before it.
Result<std::string> InFolder(const std::string& folder, const std::string& glob) {
  std::string inside = glob;
  if (glob.starts_with(folder + "/")) inside = glob.substr(folder.size() + 1);
  if (auto checked = PathInside(folder, inside); !checked) {
    return Fail("\"{}\" is not a path or glob inside the work folder", VisibleText(glob));
  }
  return inside;
}

bool LiesInside(const fs::path& folder, const fs::path& path) {
  std::error_code error;
  fs::path real_folder = fs::canonical(folder, error);
  if (error) return false;
  fs::path real = fs::canonical(path, error);
  if (error) return false;
  fs::path relative = real.lexically_relative(real_folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

Result<std::string> HashOfFile(const std::string& path) {
  auto file = OpenRegular(path);
  if (!file) return Error{file.error()};
  static char chunk[256 * 1024];  // one thread, not kept between calls
  Sha256Sum sum;
  for (;;) {
    ssize_t n = read(file->get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail("cannot read {}: {}", VisibleText(path), ErrnoText(errno));
    if (n == 0) return sum.Hex();
    sum.Add({chunk, static_cast<size_t>(n)});
  }
}

Result<std::string> PathWithin(const std::string& folder, const std::string& path) {
  std::string relative = path.starts_with(folder + "/") ? path.substr(folder.size() + 1) : path;
  auto inside = PathInside(folder, relative);
  if (inside) return inside;
  return Fail("\"{}\" is not a file inside {}", VisibleText(path), VisibleText(folder));
}

Result<ProducedFile> DescribeFile(const std::string& folder, const std::string& relative) {
  std::string path = folder + "/" + relative;
  if (!LiesInside(folder, path)) {
    std::error_code error;
    if (!fs::exists(path, error)) return Fail("{} is not there", VisibleText(path));
    return Fail("{} leads out of its folder", VisibleText(path));
  }
  auto hash = HashOfFile(path);
  if (!hash) return Error{hash.error()};
  std::error_code error;
  auto bytes = fs::file_size(path, error);
  if (error) return Fail("{}: {}", VisibleText(path), error.message());
  return ProducedFile{relative, *std::move(hash), static_cast<int64_t>(bytes)};
}

Result<std::vector<ProducedFile>> FindProduced(const std::string& folder,
                                               const std::vector<std::string>& globs) {
  std::vector<ProducedFile> files;
  std::set<std::string> seen;
  for (const std::string& glob : globs) {
    auto inside = InFolder(folder, glob);
    if (!inside) return Error{inside.error()};
    auto found = Glob(folder, *inside, GlobFor::kFiles);
    if (!found || found->empty()) {
      return Fail("it left no file \"{}\" in its work folder", VisibleText(*inside));
    }
    for (const std::string& path : *found) {
      if (!seen.insert(path).second) continue;
      auto file = DescribeFile(folder, path);
      if (!file) return Error{file.error()};
      files.push_back(*std::move(file));
    }
  }
  return files;
}

std::optional<std::string> WhyChanged(const std::string& folder, const ProducedFile& file) {
  auto now = DescribeFile(folder, file.path);
  if (!now) return now.error();
  if (now->sha256 == file.sha256) return std::nullopt;
  return fmt::format("{} has changed since it was made", VisibleText(folder + "/" + file.path));
}

Json FileToJson(const ProducedFile& file) {
  return Json{{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}};
}

ProducedFile FileFromJson(const Json& json) {
  return {StringMember(json, "path"), StringMember(json, "sha256"),
          IntMember(json, "bytes").value_or(0)};
}

}  // namespace muster
