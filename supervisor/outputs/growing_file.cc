#include "supervisor/outputs/growing_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "common/folder_below.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadAtOnce = 256 * 1024;
constexpr int kMostAside = 1'000;

// Writes all of `text` at `offset`; errno's value on failure, else 0.
int WriteAt(int fd, std::string_view text, int64_t offset) {
  while (!text.empty()) {
    ssize_t n = pwrite(fd, text.data(), text.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return 0;
}

}  // namespace

void ContentMark::Add(std::string_view text) {
  size += static_cast<int64_t>(text.size());
  for (char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
}

// ---- FileComparison ----

bool FileComparison::Fill() {
  if (at_ < buffer_.size()) return true;
  buffer_.resize(kReadAtOnce);
  at_ = 0;
  ssize_t n;
  do {
    n = read(file_.get(), buffer_.data(), buffer_.size());
  } while (n < 0 && errno == EINTR);
  buffer_.resize(n > 0 ? static_cast<size_t>(n) : 0);
  unreadable_ = n < 0;
  return n > 0;
}

FileComparison::Verdict FileComparison::Take(std::string_view piece) {
  std::string_view left = piece;
  while (!left.empty()) {
    if (!Fill()) return unreadable_ ? Verdict::kDiffers : Verdict::kPart;
    size_t size = std::min(left.size(), buffer_.size() - at_);
    if (left.substr(0, size) != std::string_view(buffer_).substr(at_, size)) {
      return Verdict::kDiffers;
    }
    at_ += size;
    left.remove_prefix(size);
  }
  mark_.Add(piece);
  return Verdict::kWhole;
}

bool FileComparison::AtEnd() { return !Fill() && !unreadable_; }

// ---- GrowingFile ----

std::string GrowingFile::Name() const { return fs::path(path_).filename().string(); }

Error GrowingFile::Cannot(int error) const {
  return Fail("cannot write {}: {}", (fs::path(folder_) / path_).string(), ErrnoText(error));
}

Result<GrowingFile::Found> GrowingFile::Look() {
  Close();
  auto parent = OpenFolderOf(folder_, path_, true);
  if (!parent) return Error{parent.error()};
  Found found;
  struct stat info;
  if (fstatat(parent->get(), Name().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return found;
    return Cannot(errno);
  }
  found.exists = true;
  if (S_ISDIR(info.st_mode)) return Cannot(EISDIR);
  if (!S_ISREG(info.st_mode)) return found;
  found.file = Fd(openat(parent->get(), Name().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!found.file) return Cannot(errno);
  Remember(found.file.get());
  return found;
}

void GrowingFile::Remember(int fd) {
  struct stat info;
  identity_.reset();
  if (fstat(fd, &info) == 0) identity_ = {info.st_dev, info.st_ino};
}

Result<void> GrowingFile::Adopt(const ContentMark& mark) {
  mark_ = mark;
  if (auto opened = OpenToAppend(); !opened) return opened;
  if (ftruncate(file_.get(), mark.size) != 0) return Cannot(errno);
  return {};
}

void GrowingFile::BeginAnew() {
  Close();
  identity_.reset();
  mark_ = {};
}

bool GrowingFile::Unchanged() const {
  auto parent = OpenFolderOf(folder_, path_, false);
  struct stat info;
  bool there = parent && fstatat(parent->get(), Name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there || !identity_) return !there && !identity_;
  return S_ISREG(info.st_mode) && info.st_dev == identity_->device &&
         info.st_ino == identity_->inode && info.st_size == mark_.size;
}

Result<void> GrowingFile::OpenToAppend() {
  if (file_) return {};
  auto parent = OpenFolderOf(folder_, path_, true);
  if (!parent) return Error{parent.error()};
  int how = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (identity_ ? 0 : O_CREAT | O_EXCL);
  file_ = Fd(openat(parent->get(), Name().c_str(), how, 0600));
  if (!file_) return Cannot(errno);
  Remember(file_.get());
  return {};
}

Result<void> GrowingFile::Append(std::string_view text) {
  if (auto opened = OpenToAppend(); !opened) return opened;
  if (int error = WriteAt(file_.get(), text, mark_.size); error != 0) {
    // Half a record is of no use to those who read along; where this fails too, the next start
    // knows it for ours.
    if (ftruncate(file_.get(), mark_.size) != 0) Close();
    return Cannot(error);
  }
  mark_.Add(text);
  return {};
}

Result<void> GrowingFile::Sync() {
  if (file_ && fdatasync(file_.get()) != 0) return Cannot(errno);
  return {};
}

// ---- replacing it ----

Result<void> GrowingFile::BeginReplacement() {
  auto parent = OpenFolderOf(folder_, path_, true);
  if (!parent) return Error{parent.error()};
  std::string name = "." + Name() + ".new";
  constexpr int kHow = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  unlinkat(parent->get(), name.c_str(), 0);  // of one that did not come to its end
  replacement_ = Fd(openat(parent->get(), name.c_str(), kHow, 0600));
  if (!replacement_) return Cannot(errno);
  replacement_mark_ = {};
  return {};
}

Result<void> GrowingFile::AddToReplacement(std::string_view text) {
  if (int error = WriteAt(replacement_.get(), text, replacement_mark_.size); error != 0) {
    DropReplacement();
    return Cannot(error);
  }
  replacement_mark_.Add(text);
  return {};
}

Result<void> GrowingFile::FinishReplacement() {
  auto parent = OpenFolderOf(folder_, path_, false);
  if (!parent) return Error{parent.error()};
  std::string name = "." + Name() + ".new";
  bool in_place = fsync(replacement_.get()) == 0 &&
                  renameat(parent->get(), name.c_str(), parent->get(), Name().c_str()) == 0;
  if (!in_place) {
    int error = errno;
    DropReplacement();
    return Cannot(error);
  }
  file_ = std::move(replacement_);
  mark_ = replacement_mark_;
  Remember(file_.get());
  return {};
}

void GrowingFile::DropReplacement() {
  replacement_.Reset();
  auto parent = OpenFolderOf(folder_, path_, false);
  if (parent) unlinkat(parent->get(), ("." + Name() + ".new").c_str(), 0);
}

Result<std::string> GrowingFile::SetAside() {
  auto parent = OpenFolderOf(folder_, path_, false);
  if (!parent) return Error{parent.error()};
  for (int n = 1; n <= kMostAside; ++n) {
    std::string suffix = fmt::format(".aside-{}", n);
    std::string name = Name() + suffix;
    if (renameat2(parent->get(), Name().c_str(), parent->get(), name.c_str(), RENAME_NOREPLACE) ==
        0) {
      BeginAnew();
      return path_ + suffix;
    }
    int error = errno;
    struct stat info;
    bool taken = fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (error == EINVAL && !taken) {  // a file system that knows no such rename
      if (renameat(parent->get(), Name().c_str(), parent->get(), name.c_str()) != 0) {
        return Cannot(errno);
      }
      return BeginAnew(), path_ + suffix;
    }
    if (!taken) return Cannot(error);
  }
  return Fail("{} was set aside {} times; something else writes to it", path_, kMostAside);
}

}  // namespace muster
