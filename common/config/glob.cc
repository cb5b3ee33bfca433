#include "common/config/glob.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

bool HasWildcard(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

std::string_view TakeDigits(std::string_view& text) {
  size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

bool StartsWithDigit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

// What there is at `full`, which may be nothing; an error is not taken for nothing. `shown` names
// it.
Result<fs::file_type> TypeOf(const fs::path& full, const fs::path& shown) {
  std::error_code error;
  fs::file_type type = fs::status(full, error).type();
  if (type != fs::file_type::none) return type;
  return Fail("{}: {}", VisibleText(shown.empty() ? "." : shown.string()), error.message());
}

// The paths that match when `part` is looked for in `folder`/`found`.
Result<std::vector<std::string>> Step(const fs::path& folder, const std::string& found,
                                      const std::string& part) {
  fs::path at = folder / found;
  auto joined = [&](const std::string& name) { return (fs::path(found) / name).string(); };
  std::vector<std::string> matches;
  if (!HasWildcard(part)) {
    auto type = TypeOf(at / part, joined(part));
    if (!type) return Error{type.error()};
    if (*type != fs::file_type::not_found) matches.push_back(joined(part));
    return matches;
  }
  auto type = TypeOf(at, found);
  if (!type) return Error{type.error()};
  if (*type != fs::file_type::directory) return matches;
  std::error_code error;
  fs::directory_iterator entries(at, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) matches.push_back(joined(name));
  }
  if (error) return Fail("{}: {}", VisibleText(found.empty() ? "." : found), error.message());
  return matches;
}

}  // namespace

bool NaturalLess(std::string_view a, std::string_view b) {
  std::string_view whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (StartsWithDigit(a) && StartsWithDigit(b)) {
      std::string_view x = TakeDigits(a), y = TakeDigits(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    unsigned char x = a.front(), y = b.front();
    if (x != y) return x < y;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // 1 and 01
}

Result<std::vector<std::string>> Glob(const std::string& folder, const std::string& pattern,
                                      GlobFor what) {
  std::vector<std::string> found{""};
  bool wildcard = false;
  for (const fs::path& part : fs::path(pattern)) {
    if (part.empty()) continue;  // what follows a slash at the end
    std::vector<std::string> next;
    for (const std::string& each : found) {
      auto matches = Step(folder, each, part.string());
      if (!matches) return matches;
      next.insert(next.end(), matches->begin(), matches->end());
    }
    wildcard = wildcard || HasWildcard(part.string());
    if (next.empty() && !wildcard) {
      return Fail("{}: does not exist", VisibleText((fs::path(found[0]) / part).string()));
    }
    found = std::move(next);
  }
  auto wanted = what == GlobFor::kFolders ? fs::file_type::directory : fs::file_type::regular;
  std::vector<std::string> kept;
  for (std::string& path : found) {
    auto type = TypeOf(fs::path(folder) / path, path);
    if (!type) return Error{type.error()};
    if (*type == wanted) kept.push_back(std::move(path));
  }
  std::sort(kept.begin(), kept.end(), NaturalLess);
  return kept;
}

}  // namespace muster
