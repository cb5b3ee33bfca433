#include "common/tables/csv.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "common/json.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Takes one record apart. What is there may end anywhere; the same record is then taken apart once
// more, from its start, when there is more of it.
class RecordParser {
 public:
  enum class State { kDone, kNeedsMore, kMistake };

  // At most `most` values are kept, but all are counted.
  RecordParser(std::string_view text, bool ended, char delimiter, size_t most)
      : text_(text), ended_(ended), delimiter_(delimiter), most_(most) {}

  State Parse(std::vector<std::string>* values) {
    for (;;) {
      State state = at_ < text_.size() && text_[at_] == '"' ? Quoted(values) : Plain(values);
      if (state != State::kDone) return state;
      if (at_ == text_.size()) return State::kDone;  // and of the file
      if (text_[at_++] != delimiter_) return LineEnd();
    }
  }

  size_t size() const { return at_; }  // of the record with its line break, when done
  size_t values() const { return count_; }
  const char* mistake() const { return mistake_; }
  size_t mistake_at() const { return mistake_at_; }  // bytes before it

 private:
  State Mistake(const char* what, size_t at) {
    mistake_ = what;
    mistake_at_ = at;
    return State::kMistake;
  }

  // Whether what ends the value here can be told: nothing but the file's end comes, or enough.
  bool Sees(size_t size) const { return ended_ || text_.size() - at_ >= size; }

  void Keep(std::vector<std::string>* values, std::string_view value) {
    if (++count_ <= most_) values->emplace_back(value);
  }

  // Up to the delimiter or line break that ends the value.
  State Plain(std::vector<std::string>* values) {
    size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' &&
           text_[at_] != '\r') {
      ++at_;
    }
    Keep(values, text_.substr(begin, at_ - begin));
    return EndOfValue();
  }

  State Quoted(std::vector<std::string>* values) {
    size_t opening = at_++, begin = at_;
    std::string value;
    for (;;) {
      size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) {
        at_ = text_.size();
        if (!ended_) return State::kNeedsMore;
        return Mistake("a quote opens here and is never closed", opening);
      }
      at_ = quote + 1;
      if (!Sees(1)) return State::kNeedsMore;
      if (at_ == text_.size() || text_[at_] != '"') break;
      value += text_.substr(begin, at_ - begin);  // with one of the two quotes
      begin = ++at_;
    }
    Keep(values, value += text_.substr(begin, at_ - 1 - begin));
    return EndOfValue();
  }

  // Checks what comes behind a value.
  State EndOfValue() {
    if (!Sees(1)) return State::kNeedsMore;
    if (at_ == text_.size() || text_[at_] == delimiter_ || text_[at_] == '\n') return State::kDone;
    if (text_[at_] != '\r') {
      return Mistake("text follows a closing quote; a quote inside of quotes is written twice",
                     at_);
    }
    if (!Sees(2)) return State::kNeedsMore;
    if (at_ + 1 == text_.size() || text_[at_ + 1] == '\n') return State::kDone;
    return Mistake("a carriage return without a line feed; lines end with LF or CRLF", at_);
  }

  // Behind the line feed, or behind the carriage return before it.
  State LineEnd() {
    if (text_[at_ - 1] == '\r' && at_ < text_.size()) ++at_;
    return State::kDone;
  }

  std::string_view text_;
  bool ended_;  // nothing comes behind text_
  char delimiter_;
  size_t most_;
  size_t at_ = 0, count_ = 0;
  const char* mistake_ = "";
  size_t mistake_at_ = 0;
};

bool IsNumber(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  size_t first = text.starts_with('-') ? 1 : 0;
  bool digit = first < text.size() && ((text[first] >= '0' && text[first] <= '9') ||
                                       (text[first] == '.' && text.size() > first + 1));
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return digit && error != std::errc::invalid_argument && end == text.data() + text.size();
}

// As it can be read again.
std::string Sound(const std::string& value) {
  std::string sound = value;
  if (!IsUtf8(value)) {
    auto replaced = ParseJson(DumpJson(Json(value)));
    sound = replaced ? replaced->get<std::string>() : "";
  }
  for (size_t at = 0; (at = sound.find('\0', at)) != std::string::npos;) {
    sound.replace(at, 1, kReplacement);
  }
  return sound;
}

// A value's text on a line of CSV. `alone`: it is the record, which must not be an empty line.
void AddValue(std::string& line, std::string value, bool spreadsheet_safe, bool alone) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  bool formula = !value.empty() && kFormula.find(value[0]) != std::string_view::npos;
  if (spreadsheet_safe && formula && !IsNumber(value)) value.insert(0, 1, '\'');
  bool blank = !value.empty() && (value.front() == ' ' || value.back() == ' ');
  bool quoted = value.find_first_of(",\"\r\n") != std::string::npos || blank ||
                (alone && value.empty()) || value.starts_with("\xEF\xBB\xBF");
  if (!quoted) return void(line += value);
  line += '"';
  for (char c : value) line.append(c == '"' ? 2 : 1, c);
  line += '"';
}

}  // namespace

Result<CsvReader> CsvReader::Open(const std::string& folder, const std::string& path,
                                  char delimiter) {
  auto file = TableFile::Open(folder, path);
  if (!file) return Error{file.error()};
  CsvReader reader(*std::move(file), delimiter);
  if (auto read = reader.ReadHeader(); !read) return Error{read.error()};
  return reader;
}

Result<void> CsvReader::ReadHeader() {
  std::vector<std::string> names;
  auto line = ReadRecord(&names);
  if (!line) return Error{line.error()};
  if (*line == 0) return file_.At(1, "the file is empty; its first line names the columns");
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) return file_.At(*line, fmt::format("column {} has no name", i + 1));
    if (!seen.insert(names[i]).second) {
      return file_.At(*line, fmt::format("two columns have the name \"{}\"",
                                         FitColumns(VisibleText(names[i].substr(0, 200)), 60)));
    }
  }
  header_ = std::move(names);
  return {};
}

Result<void> CsvReader::SkipEmptyLines() {
  for (;;) {
    std::string_view ahead = file_.ahead();
    if (ahead.size() < 2 && !file_.ended()) {
      if (auto more = file_.More(); !more) return more;
      continue;
    }
    bool empty = ahead.starts_with('\n') || ahead.starts_with("\r\n") || ahead == "\r";
    if (!empty) return {};
    file_.Take(ahead.starts_with("\r\n") ? 2 : 1);
  }
}

Error CsvReader::Mistake(size_t offset, std::string_view what) const {
  int64_t line = file_.LineAt(offset), first = file_.line();
  std::string record = header_.empty() ? "the header" : fmt::format("record {}", number_ + 1);
  std::string begins = line == first ? "" : fmt::format(", which begins in line {}", first);
  return file_.At(line, fmt::format("{}{}: {}", record, begins, what));
}

Result<int64_t> CsvReader::ReadRecord(std::vector<std::string>* values) {
  if (auto skipped = SkipEmptyLines(); !skipped) return Error{skipped.error()};
  if (file_.ahead().empty()) return 0;
  size_t wanted = header_.empty() ? kMaxColumns : header_.size();
  for (;;) {
    RecordParser parser(file_.ahead(), file_.ended(), delimiter_, wanted);
    auto state = parser.Parse(values);
    if (parser.size() > kMaxRecord) {
      return Mistake(0, fmt::format("over {} MB; perhaps a quote is not closed", kMaxRecord >> 20));
    }
    if (state == RecordParser::State::kMistake) {
      return Mistake(parser.mistake_at(), parser.mistake());
    }
    if (state == RecordParser::State::kDone) return TakeRecord(parser.size(), parser.values());
    if (auto more = file_.More(); !more) return Error{more.error()};
    values->clear();
  }
}

Result<int64_t> CsvReader::TakeRecord(size_t size, size_t values) {
  std::string bad = file_.BadBytes(file_.ahead().substr(0, size));
  if (!bad.empty()) return Mistake(0, bad);
  if (header_.empty() && values > kMaxColumns) {
    return Mistake(0, fmt::format("over {} columns", kMaxColumns));
  }
  if (!header_.empty() && values != header_.size()) {
    return Mistake(0, fmt::format("{} value{}, where the header has {}", values,
                                  values == 1 ? "" : "s", header_.size()));
  }
  int64_t line = file_.line();
  file_.Take(size);
  return line;
}

Result<std::optional<CsvRecord>> CsvReader::Next() {
  CsvRecord record;
  record.values.reserve(header_.size());
  auto line = ReadRecord(&record.values);
  if (!line) return Error{line.error()};
  if (*line == 0) return std::optional<CsvRecord>();
  record.line = *line;
  record.number = ++number_;
  return std::optional(std::move(record));
}

std::string CsvLine(const std::vector<std::string>& values, bool spreadsheet_safe) {
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += ',';
    AddValue(line, Sound(values[i]), spreadsheet_safe, values.size() == 1);
  }
  return line += '\n';
}

}  // namespace muster
