#include "supervisor/outputs/growing_outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/hash.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kWriteAtOnce = 256 * 1024;  // bytes
constexpr size_t kMostOpen = 16;             // files
constexpr std::chrono::seconds kTryAgain{1};

std::string KeyOf(const std::string& path) { return "file:" + path; }

int64_t PlaceOf(const RecordRow& row, bool by_item) {
  return by_item ? row.position : row.sequence;
}

// A format as a mark names it.
std::string NameOf(const FileFormat& format) {
  return Sha256Hex(DumpJson(FormatsToJson({format}))).substr(0, 16);
}

std::string HexOf(const ContentMark& mark) { return fmt::format("{:016x}", mark.hash); }

// Of the file's first `size` bytes; nullopt: it has fewer, or cannot be read.
std::optional<ContentMark> ReadMark(int file, int64_t size) {
  ContentMark mark;
  std::string chunk(kWriteAtOnce, '\0');
  while (mark.size < size) {
    auto wanted = std::min<int64_t>(size - mark.size, static_cast<int64_t>(chunk.size()));
    ssize_t n = pread(file, chunk.data(), static_cast<size_t>(wanted), mark.size);
    if (n <= 0) return std::nullopt;
    mark.Add(std::string_view(chunk).substr(0, static_cast<size_t>(n)));
  }
  return mark;
}

// Whether the file begins with `text`, or is a part of it.
bool BeginsWith(int file, const std::string& text) {
  std::string begin(text.size(), '\0');
  ssize_t n = pread(file, begin.data(), begin.size(), 0);
  return n >= 0 && text.starts_with(std::string_view(begin).substr(0, static_cast<size_t>(n)));
}

}  // namespace

GrowingOutputs::GrowingOutputs(std::string folder, const FileFormats& formats, Books& books)
    : folder_(std::move(folder)), formats_(formats), books_(books) {}

const FileFormat& GrowingOutputs::FormatOf(const Growing& growing) const {
  return formats_[static_cast<size_t>(growing.output)];
}

RecordQuery GrowingOutputs::QueryOf(const Growing& growing, int64_t after, int64_t before) const {
  const FileFormat& format = FormatOf(growing);
  return {growing.output, format.errors, growing.file.path(), format.by_item, after, before};
}

GrowingOutputs::Growing& GrowingOutputs::Find(int64_t output, const std::string& path) {
  auto at = files_.find(path);
  if (at != files_.end() && at->second.output == output) return at->second;
  if (at != files_.end()) {
    std::erase(open_, &at->second);
    files_.erase(at);  // known of an older config's output
  }
  RecordText text(formats_[static_cast<size_t>(output)]);
  return files_.emplace(path, Growing{output, GrowingFile(folder_, path), text}).first->second;
}

bool GrowingOutputs::AnyRecord(const Growing& growing, bool written) const {
  bool any = false;
  books_.view().ForEachRecord(QueryOf(growing, 0, kAll), [&](const RecordRow& row) {
    any = row.written || !written;
    return !any;
  });
  return any;
}

// ---- what is asked of it ----

Result<int64_t> GrowingOutputs::Repair() {
  changed_ = 0;
  for (size_t i = 0; i < formats_.size(); ++i) {
    if (!formats_[i].grows()) continue;
    auto output = static_cast<int64_t>(i);
    for (const std::string& path : books_.view().PathsOf(output)) {
      RecordQuery query{output, formats_[i].errors, path, formats_[i].by_item};
      bool any = false;
      books_.view().ForEachRecord(query, [&](const RecordRow&) { return any = true, false; });
      if (!any) continue;
      Find(output, path);
      touched_.insert(path);
    }
  }
  not_before_.reset();
  if (auto grown = Grow(); !grown) return Error{grown.error()};
  return changed_;
}

Result<void> GrowingOutputs::Check(int64_t output, const std::string& path) const {
  auto at = files_.find(path);
  if (at == files_.end() || at->second.output == output || !at->second.claimed) return {};
  return Fail("output {} is written by another of the config's outputs", VisibleText(path));
}

bool GrowingOutputs::Claims(int64_t output, const std::string& path) const {
  auto at = files_.find(path);
  return at != files_.end() && at->second.output == output && at->second.claimed;
}

void GrowingOutputs::Expect(int64_t output, const std::string& path, int64_t position) {
  Growing& growing = Find(output, path);
  growing.claimed = true;
  if (growing.loaded && FormatOf(growing).by_item && position <= growing.last) growing.stale = true;
  touched_.insert(path);
}

void GrowingOutputs::TakeBack(int64_t output, const std::string& path) {
  Find(output, path).stale = true;
  touched_.insert(path);
  frontier_ = 0;
}

Result<void> GrowingOutputs::Grow() {
  auto now = std::chrono::steady_clock::now();
  if (touched_.empty() || (not_before_ && now < *not_before_)) return {};
  not_before_.reset();
  auto grown = GrowAll(false);
  if (!grown) not_before_ = now + kTryAgain;
  return grown;
}

Result<void> GrowingOutputs::Finish() { return GrowAll(true); }

Result<void> GrowingOutputs::GrowAll(bool at_end) {
  Result<void> first;
  bool any_by_item = std::any_of(formats_.begin(), formats_.end(),
                                 [](const FileFormat& format) { return format.by_item; });
  if (any_by_item) frontier_ = at_end ? kAll : books_.view().FirstUnended(frontier_);
  for (auto at = touched_.begin(); at != touched_.end();) {
    Growing& growing = files_.at(*at);
    bool by_item = FormatOf(growing).by_item;
    auto brought = BringUp(growing, by_item ? frontier_ : kAll, at_end);
    if (!brought && first) first = brought;
    bool settled = brought && !by_item;  // those in the source's order are looked at every time
    at = settled ? touched_.erase(at) : std::next(at);
  }
  return first;
}

// ---- one file ----

Result<void> GrowingOutputs::BringUp(Growing& growing, int64_t before, bool at_end) {
  bool by_item = FormatOf(growing).by_item;
  bool nothing_new = by_item && before == growing.grown_to && !growing.stale && !at_end;
  if (growing.loaded && nothing_new) return {};
  if (!growing.loaded || !growing.file.Unchanged()) {
    bool stale = growing.loaded && growing.stale;
    if (auto loaded = Load(growing); !loaded) return growing.loaded = false, loaded;
    growing.stale = growing.stale || stale;
    if (growing.stale) return Rebuild(growing, kAll);
  }
  // A record that belongs before others waits until all of these have theirs, or for the end: a
  // file is not made anew for each.
  if (growing.stale && by_item && before <= growing.last) return {};
  Result<void> grown;
  if (!growing.stale) grown = AppendNew(growing, before);
  if (grown && growing.stale) grown = Rebuild(growing, before);
  if (grown) growing.grown_to = before;
  KeepFewOpen(growing);
  return grown;
}

// Finds out what lies at its place and what is to be done with it.
Result<void> GrowingOutputs::Load(Growing& growing) {
  growing.last = growing.grown_to = 0;
  growing.text.SetColumns({});
  auto found = growing.file.Look();
  if (!found) return Error{found.error()};
  growing.loaded = true;
  growing.stale = false;
  if (!found->exists) {
    growing.file.BeginAnew();
    growing.stale = AnyRecord(growing, true);
    return {};
  }
  if (!found->file) return SetAside(growing);
  Fd again(fcntl(found->file.get(), F_DUPFD_CLOEXEC, 3));
  auto whole = Compare(growing, std::move(found->file));
  if (whole) return growing.file.Adopt(*whole);
  growing.last = 0;
  if (!IsMarked(growing, std::move(again))) return SetAside(growing);
  growing.stale = true;
  return {};
}

Result<void> GrowingOutputs::SetAside(Growing& growing) {
  auto name = growing.file.SetAside();
  if (!name) return Error{name.error()};
  growing.last = 0;
  growing.text.SetColumns({});
  growing.stale = AnyRecord(growing, true);
  if (notice) {
    notice(fmt::format("{} was not as this run left it: it is kept as {}, and written anew",
                       VisibleText(growing.file.path()), VisibleText(*name)));
  }
  return {};
}

// The columns that the file's first line has: with those of further records the line would be
// longer. False: it is no first line of ours.
bool GrowingOutputs::FindColumns(Growing& growing, int file) const {
  growing.text.TakeColumns(books_.view(), QueryOf(growing, 0, kAll));
  std::vector<std::string> columns = growing.text.columns();
  for (; !columns.empty(); columns.pop_back()) {
    growing.text.SetColumns(columns);
    if (BeginsWith(file, growing.text.Header())) return true;
  }
  return FormatOf(growing).kind != FileFormat::Kind::kCsv;
}

// What the file holds up to its last mark, if it holds that and the mark is still good: then this
// is the header and every record up to the mark's last.
std::optional<ContentMark> GrowingOutputs::FindMarked(Growing& growing, int file) const {
  const FileFormat& format = FormatOf(growing);
  auto stored = books_.view().Meta(KeyOf(growing.file.path()));
  auto json = stored ? ParseJson(*stored) : Result<Json>(Json());
  auto size = json ? IntMember(*json, "size") : std::nullopt;
  auto last = json ? IntMember(*json, "last") : std::nullopt;
  if (!size || !last || format.by_item) return std::nullopt;
  bool good = IntMember(*json, "taken_back") == books_.view().RecordsTakenBack() &&
              StringMember(*json, "format") == NameOf(format);
  auto mark = good ? ReadMark(file, *size) : std::nullopt;
  if (!mark || HexOf(*mark) != StringMember(*json, "hash")) return std::nullopt;
  std::vector<std::string> columns;
  for (const Json& column : json->value("columns", Json::array())) {
    if (column.is_string()) columns.push_back(column.get<std::string>());
  }
  growing.text.SetColumns(std::move(columns));
  growing.last = *last;
  return mark;
}

// Holds the file against the header and the ledger's records, from its mark on where that is good:
// what of it is whole, with at most a part of a record behind it. nullopt: something else stands
// there.
std::optional<ContentMark> GrowingOutputs::Compare(Growing& growing, Fd file) {
  using Verdict = FileComparison::Verdict;
  bool by_item = FormatOf(growing).by_item;
  auto marked = FindMarked(growing, file.get());
  if (!marked && !FindColumns(growing, file.get())) return std::nullopt;
  if (lseek(file.get(), marked ? marked->size : 0, SEEK_SET) < 0) return std::nullopt;
  FileComparison comparison(std::move(file), marked.value_or(ContentMark()));
  Verdict verdict = marked ? Verdict::kWhole : comparison.Take(growing.text.Header());
  std::vector<std::string> unmarked;
  bool cut = false;  // a record that was seen to be there is not
  books_.view().ForEachRecord(QueryOf(growing, growing.last, kAll), [&](const RecordRow& row) {
    auto text = growing.text.Of(row.text);
    if (verdict == Verdict::kWhole) verdict = text ? comparison.Take(*text) : Verdict::kPart;
    if (verdict == Verdict::kWhole) {
      growing.last = PlaceOf(row, by_item);
      if (!row.written) unmarked.push_back(row.item);
    } else {
      cut = cut || row.written;
    }
    return verdict != Verdict::kDiffers && !cut;
  });
  if (verdict == Verdict::kDiffers || cut || !comparison.AtEnd()) return std::nullopt;
  Mark(growing, comparison.mark(), unmarked);
  return comparison.mark();
}

// Whether it is as the ledger's mark says: ours, of before the records or the config changed.
bool GrowingOutputs::IsMarked(const Growing& growing, Fd file) const {
  auto stored = books_.view().Meta(KeyOf(growing.file.path()));
  auto json = stored ? ParseJson(*stored) : Result<Json>(Json());
  auto size = json ? IntMember(*json, "size") : std::nullopt;
  auto mark = size ? ReadMark(file.get(), *size) : std::nullopt;
  struct stat info;
  return mark && fstat(file.get(), &info) == 0 && info.st_size == *size &&
         HexOf(*mark) == StringMember(*json, "hash");
}

void GrowingOutputs::Mark(const Growing& growing, const ContentMark& mark,
                          const std::vector<std::string>& items) {
  for (const std::string& item : items) books_.MarkWritten(item, growing.output);
  std::string text = DumpJson({{"size", mark.size},
                               {"hash", HexOf(mark)},
                               {"last", growing.last},
                               {"taken_back", books_.view().RecordsTakenBack()},
                               {"format", NameOf(FormatOf(growing))},
                               {"columns", growing.text.columns()}});
  std::string key = KeyOf(growing.file.path());
  if (books_.view().Meta(key) != text) books_.Add(record::Meta{key, text});
}

Result<void> GrowingOutputs::AppendNew(Growing& growing, int64_t before) {
  bool by_item = FormatOf(growing).by_item;
  RecordQuery query = QueryOf(growing, growing.last, before);
  bool empty = growing.file.mark().size == 0;
  if (empty) growing.text.TakeColumns(books_.view(), query);
  std::string text = empty ? growing.text.Header() : "";
  std::vector<std::string> items, gathered;
  int64_t last = growing.last;
  Result<void> written;
  auto flush = [&] {
    if (!text.empty()) written = growing.file.Append(text);
    if (written && !text.empty()) written = growing.file.Sync();
    if (!written) return false;
    growing.last = last;
    items.insert(items.end(), gathered.begin(), gathered.end());
    gathered.clear();
    text.clear();
    return true;
  };
  bool any = false;
  books_.view().ForEachRecord(query, [&](const RecordRow& row) {
    auto lines = growing.text.Of(row.text);
    if (!lines) return growing.stale = true, false;
    any = true;
    text += *lines;
    last = PlaceOf(row, by_item);
    if (!row.written) gathered.push_back(row.item);
    return text.size() < kWriteAtOnce || flush();
  });
  if (written && any && !growing.stale) flush();
  if (!items.empty()) Mark(growing, growing.file.mark(), items);
  changed_ += !items.empty();
  return written;
}

Result<void> GrowingOutputs::Rebuild(Growing& growing, int64_t before) {
  bool by_item = FormatOf(growing).by_item;
  if (!AnyRecord(growing, false)) return {};  // what there is stays until there is something new
  RecordQuery query = QueryOf(growing, 0, before);
  growing.text.TakeColumns(books_.view(), query);
  if (auto begun = growing.file.BeginReplacement(); !begun) return begun;
  Result<void> added = growing.file.AddToReplacement(growing.text.Header());
  std::vector<std::string> unmarked;
  int64_t last = 0;
  books_.view().ForEachRecord(query, [&](const RecordRow& row) {
    if (added) added = growing.file.AddToReplacement(growing.text.Of(row.text).value_or(""));
    last = PlaceOf(row, by_item);
    if (!row.written) unmarked.push_back(row.item);
    return added.ok();
  });
  if (added) added = growing.file.FinishReplacement();
  if (!added) return added;
  growing.last = last;
  growing.stale = false;
  ++changed_;
  Mark(growing, growing.file.mark(), unmarked);
  return {};
}

void GrowingOutputs::KeepFewOpen(Growing& growing) {
  std::erase(open_, &growing);
  open_.push_back(&growing);
  if (open_.size() <= kMostOpen) return;
  open_.front()->file.Close();
  open_.pop_front();
}

}  // namespace muster
