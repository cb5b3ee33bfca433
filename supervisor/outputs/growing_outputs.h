#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/result.h"
#include "supervisor/books.h"
#include "supervisor/outputs/file_format.h"
#include "supervisor/outputs/growing_file.h"
#include "supervisor/outputs/record_text.h"

namespace muster {

// The files that grow with every item: each holds its header and the records that the ledger has
// for it, of items that have ended; an item that is handed out again takes its record back until it
// ends again, and then has a new place in done order.
//
// Records are appended after their commit. What was appended is marked in the ledger with the next
// commit: the record as written, and the file's size and hash. Up to a mark in done order that no
// taken-back record has outdated a file is known by its bytes alone, so that a start reads no
// records that were there before. Else, at any start, a file is one of these: what the ledger says,
// with a tail of records not yet marked, the last perhaps cut; what the marks say, where the
// ledger's records or the config changed since, so that it is made anew; or a file that somebody
// else wrote or changed, which is set aside. A file is made anew by replacing it as a whole.
//
// In the source's order only those records are appended before which nothing is missing; at the
// end of a session all there are.
//
// Holds few descriptors open, no record, and of each file its columns.
class GrowingOutputs {
 public:
  // All must outlive it.
  GrowingOutputs(std::string folder, const FileFormats& formats, Books& books);

  // Told about files that were set aside.
  std::function<void(const std::string&)> notice;

  // Brings every file in order that the ledger has records for. Returns how many it changed; goes
  // on after an error and returns the first.
  Result<int64_t> Repair();

  // Whether a record of that output may go to that path.
  Result<void> Check(int64_t output, const std::string& path) const;
  // Whether one did in this session: then nothing else may write there.
  bool Claims(int64_t output, const std::string& path) const;
  // A record of the item at that place in the source was committed, or is about to be.
  void Expect(int64_t output, const std::string& path, int64_t position);
  // An item of that file is handed out again.
  void TakeBack(int64_t output, const std::string& path);

  // Appends what was committed. What fails is tried again, at most once a second.
  Result<void> Grow();
  // The same at the end of a session.
  Result<void> Finish();

 private:
  static constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

  struct Growing {
    int64_t output = 0;
    GrowingFile file;
    RecordText text;
    bool claimed = false;  // a record of this session went to it
    bool loaded = false;   // what follows is known
    bool stale = false;    // must be made anew
    int64_t last = 0;      // the place of the last record in it: a sequence, or a position
    int64_t grown_to = 0;  // in the source's order: everything before this place was looked at
  };

  const FileFormat& FormatOf(const Growing& growing) const;
  RecordQuery QueryOf(const Growing& growing, int64_t after, int64_t before) const;
  Growing& Find(int64_t output, const std::string& path);
  bool AnyRecord(const Growing& growing, bool written) const;

  Result<void> BringUp(Growing& growing, int64_t before, bool at_end);
  Result<void> Load(Growing& growing);
  std::optional<ContentMark> Compare(Growing& growing, Fd file);
  bool FindColumns(Growing& growing, int file) const;
  std::optional<ContentMark> FindMarked(Growing& growing, int file) const;
  bool IsMarked(const Growing& growing, Fd file) const;
  Result<void> SetAside(Growing& growing);
  Result<void> AppendNew(Growing& growing, int64_t before);
  Result<void> Rebuild(Growing& growing, int64_t before);
  void Mark(const Growing& growing, const ContentMark& mark, const std::vector<std::string>& items);
  void KeepFewOpen(Growing& growing);
  Result<void> GrowAll(bool at_end);

  std::string folder_;
  const FileFormats& formats_;
  Books& books_;
  std::map<std::string, Growing> files_;  // by path
  std::set<std::string> touched_;         // paths that may have to grow
  std::deque<Growing*> open_;             // the last used one last
  int64_t frontier_ = 0;                  // every item before this place has ended
  int64_t changed_ = 0;                   // files appended to or made anew
  std::optional<std::chrono::steady_clock::time_point> not_before_;  // after an error
};

}  // namespace muster
