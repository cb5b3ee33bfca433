#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "common/expression.h"
#include "common/fd.h"
#include "common/tables/csv.h"
#include "common/tables/jsonl.h"
#include "common/text.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// A file that is in memory alone.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("fuzz", MFD_CLOEXEC)) {
    auto size = static_cast<ssize_t>(bytes.size());
    Must(file_ && write(file_.get(), bytes.data(), bytes.size()) == size, "no memory for a file");
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }

 private:
  Fd file_;
};

void CheckMistake(const std::string& error, const MemoryFile& file) {
  Must(error.starts_with(file.path() + ":"), "a mistake without a place");
  Must(VisibleText(error) == error, "a raw message");
  Must(error.size() < 2000, "an endless message");
}

// Header and records; nullopt: there is a mistake.
std::optional<Rows> ReadCsv(std::string_view bytes, char delimiter) {
  MemoryFile file(bytes);
  auto reader = CsvReader::Open("", file.path(), delimiter);
  if (!reader) return CheckMistake(reader.error(), file), std::nullopt;
  Rows rows{reader->header()};
  int64_t line = 0;
  for (;;) {
    auto record = reader->Next();
    if (!record) return CheckMistake(record.error(), file), std::nullopt;
    if (!*record) return rows;
    Must((*record)->values.size() == reader->header().size(), "a ragged record");
    Must((*record)->line > line, "records on one line");
    line = (*record)->line;
    rows.push_back((*record)->values);
  }
}

void FuzzCsv(std::string_view bytes, char delimiter) {
  auto rows = ReadCsv(bytes, delimiter);
  if (!rows) return;
  std::string written;
  for (const auto& row : *rows) written += CsvLine(row);
  Must(ReadCsv(written, ',') == rows, "written and read again it is another table");
}

void FuzzJsonl(std::string_view bytes) {
  MemoryFile file(bytes);
  auto reader = JsonlReader::Open("", file.path());
  Must(reader.ok(), "no file of lines");
  for (;;) {
    auto line = reader->Next();
    if (!line) return CheckMistake(line.error(), file);
    if (!*line) return;
    Must((*line)->object.is_object(), "a line that is no object");
    Must(ParseJson(DumpJson((*line)->object)).ok(), "a line that is no JSON");
  }
}

Json Names() {
  return {{"item", {{"id", "a"}, {"n", 5}, {"text", "12"}, {"list", {1, "a", nullptr}}}},
          {"params", {{"x", 0.5}, {"yes", true}, {"map", {{"count", 3}}}}},
          {"a", -1},
          {"none", nullptr}};
}

}  // namespace

void FuzzTables(std::string_view bytes) {
  if (bytes.empty()) return;
  auto choice = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  if (choice % 4 == 3) return FuzzJsonl(bytes);
  FuzzCsv(bytes, ",;\t"[choice % 4]);
}

void FuzzExpressions(std::string_view bytes) {
  if (bytes.empty()) return;
  static const Json names = Names();
  BareWords bare = bytes[0] % 2 ? BareWords::kText : BareWords::kMistake;
  Expression expression{std::string(bytes.substr(1)), "here"};
  auto checked = CheckExpression(expression.text, expression.origin, bare);
  auto value = Evaluate(expression, names, bare);
  if (!checked) {
    Must(!value && value.error() == checked.error(), "a wrong expression has a value");
  }
  if (!value) {
    Must(value.error().starts_with("here: "), "an error without its place");
    Must(VisibleText(value.error()) == value.error(), "a raw message");
    Must(value.error().size() < 5000, "an endless message");
  }
  Must(NamesIn(expression).ok() == CheckExpression(expression.text, "").ok(), "names of nothing");
  auto truth = IsTrue(expression, names, true, bare);
  if (truth && !expression.empty()) Must(value && *value == Json(*truth), "another truth");
  auto count = CountOf(expression, names);
  if (count) Must(*count >= 0, "a negative count");
}

}  // namespace muster::fuzz
