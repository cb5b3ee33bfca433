#pragma once

// A file that grows, as it lies on the disk: found without following links, compared, extended at
// its known end, replaced as a whole, or set aside. Knows nothing of records.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/fd.h"
#include "common/result.h"

namespace muster {

// What a file holds, in short: its size and a hash (FNV-1a) of all its bytes. Tells our own file
// from one that somebody changed; not made against forgery.
struct ContentMark {
  int64_t size = 0;  // bytes
  uint64_t hash = 0xcbf29ce484222325;

  void Add(std::string_view text);
  bool operator==(const ContentMark&) const = default;
};

// A file held against what it should hold, piece by piece, from its beginning or from behind a part
// that is known.
class FileComparison {
 public:
  enum class Verdict {
    kWhole,    // the piece stands there
    kPart,     // the file ends in the piece or right before it
    kDiffers,  // something else stands there, or the file cannot be read
  };

  // The file stands where the comparison begins: behind `known`.
  explicit FileComparison(Fd file, const ContentMark& known = {})
      : file_(std::move(file)), mark_(known) {}

  // A piece without bytes is always there.
  Verdict Take(std::string_view piece);
  bool AtEnd();
  // Of what is known and the pieces that were whole.
  const ContentMark& mark() const { return mark_; }

 private:
  bool Fill();

  Fd file_;
  std::string buffer_;
  size_t at_ = 0;  // in the buffer
  bool unreadable_ = false;
  ContentMark mark_;
};

// One such file. It may be open for writing between two appends; Close() whenever descriptors are
// short. After a failed Append or Replacement the known end is what it was.
class GrowingFile {
 public:
  // `path` is one that PathInside has let through.
  GrowingFile(std::string folder, std::string path)
      : folder_(std::move(folder)), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  const ContentMark& mark() const { return mark_; }

  // What is at its place now.
  struct Found {
    bool exists = false;
    Fd file;  // to read; none where it is no regular file: a link, a device
  };
  Result<Found> Look();

  // What was found there is ours up to `mark`; the rest is cut off.
  Result<void> Adopt(const ContentMark& mark);
  // There is nothing at its place: the first append makes it.
  void BeginAnew();
  // Still the file that it was after the last append, adoption or replacement.
  bool Unchanged() const;

  Result<void> Append(std::string_view text);
  // What was appended is on the disk.
  Result<void> Sync();
  void Close() { file_.Reset(); }

  // A new file that takes the place of this one when it is whole.
  Result<void> BeginReplacement();
  Result<void> AddToReplacement(std::string_view text);
  Result<void> FinishReplacement();
  void DropReplacement();

  // Renames what is at its place to path.aside-1, .aside-2, …, the first that is free. Returns the
  // new path.
  Result<std::string> SetAside();

 private:
  Result<void> OpenToAppend();
  void Remember(int fd);
  std::string Name() const;
  Error Cannot(int error) const;

  struct Identity {
    dev_t device;
    ino_t inode;
  };

  std::string folder_, path_;
  Fd file_, replacement_;
  std::optional<Identity> identity_;  // nullopt: not there yet
  ContentMark mark_, replacement_mark_;
};

}  // namespace muster
