#include "common/config/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// The number of the first line that is not UTF-8; no character has a newline in it.
int FirstBadLine(std::string_view text) {
  int number = 1;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; ++number) {
    if (!IsUtf8(text.substr(0, end))) break;
    text.remove_prefix(end + 1);
  }
  return number;
}

}  // namespace

Result<std::string> ReadTextFile(const std::string& folder, const std::string& path, size_t most) {
  std::string shown = VisibleText(path);
  if (path.empty()) return Fail("the name of the file is empty");
  fs::path full = fs::path(folder) / path;
  std::error_code error;
  fs::file_status status = fs::status(full, error);
  if (status.type() == fs::file_type::not_found) return Fail("{}: no such file", shown);
  if (status.type() == fs::file_type::none) return Fail("{}: {}", shown, error.message());
  // A pipe or device could block, or never end.
  if (!fs::is_regular_file(status)) return Fail("{}: not a file", shown);
  std::ifstream file(full, std::ios::binary);
  if (!file) return Fail("{}: {}", shown, std::strerror(errno));
  std::string text;
  uintmax_t size = fs::file_size(full, error);
  if (error) return Fail("{}: {}", shown, error.message());
  text.resize(std::min<uintmax_t>(size, most) + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Fail("{}: {}", shown, std::strerror(errno));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > most) return Fail("{}: larger than {} MB", shown, most / 1024 / 1024);
  if (!IsUtf8(text)) {
    return Fail("{}: line {} is not UTF-8; save the file as UTF-8", shown, FirstBadLine(text));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace muster
