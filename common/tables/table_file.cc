#include "common/tables/table_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kPiece = 64 * 1024;  // bytes read at once, at least
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int64_t LinesIn(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }

// How many bytes from the start are well-formed characters.
size_t SoundBytes(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    auto lead = static_cast<unsigned char>(text[at]);
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!IsUtf8(text.substr(at, size))) break;
    at += size;
  }
  return at;
}

}  // namespace

Result<TableFile> TableFile::Open(const std::string& folder, const std::string& path) {
  std::string shown = VisibleText(path);
  if (path.empty()) return Fail("the name of the file is empty");
  if (path.find('\0') != std::string::npos) return Fail("{}: no such file", shown);
  std::string full = (std::filesystem::path(folder) / path).string();
  TableFile table;
  table.file_ = Fd(open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!table.file_ && errno == ENOENT) return Fail("{}: no such file", shown);
  struct stat info {};
  if (!table.file_ || fstat(table.file_.get(), &info) != 0) {
    return Fail("{}: {}", shown, ErrnoText(errno));
  }
  if (!S_ISREG(info.st_mode)) return Fail("{}: not a file", shown);
  table.path_ = std::move(shown);
  table.left_ = static_cast<uint64_t>(info.st_size);
  if (!table.ended()) {
    if (auto read = table.More(); !read) return Error{read.error()};
  }
  if (table.ahead().starts_with(kByteOrderMark)) table.Take(kByteOrderMark.size());
  return table;
}

Result<void> TableFile::More() {
  before_ += at_;
  buffer_.erase(0, at_);
  at_ = 0;
  size_t had = buffer_.size(), wanted = had + std::min<uint64_t>(left_, std::max(had, kPiece));
  buffer_.resize(wanted);
  size_t has = had;
  while (has < wanted) {
    ssize_t n = read(file_.get(), buffer_.data() + has, wanted - has);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail("{}: {}", path_, ErrnoText(errno));
    if (n == 0) return Fail("{}: it became shorter while it was read", path_);
    has += static_cast<size_t>(n);
  }
  left_ -= wanted - had;
  return {};
}

void TableFile::Take(size_t size) {
  line_ += LinesIn(ahead().substr(0, size));
  at_ += size;
}

std::string TableFile::BadBytes(std::string_view record) const {
  uint64_t first = before_ + at_ + 1;
  size_t nul = record.find('\0');
  if (nul != std::string_view::npos) {
    return fmt::format("byte {} of the file is NUL; a table is text", first + nul);
  }
  if (IsUtf8(record)) return "";
  size_t bad = SoundBytes(record);
  return fmt::format("byte {} of the file (0x{:02X}) is not UTF-8; save the file as UTF-8",
                     first + bad, static_cast<unsigned char>(record[bad]));
}

int64_t TableFile::LineAt(size_t offset) const {
  return line_ + LinesIn(ahead().substr(0, offset));
}

Error TableFile::At(int64_t line, std::string_view what) const {
  return Fail("{}:{}: {}", path_, line, what);
}

}  // namespace muster
