#include <optional>
#include <string>
#include <vector>

#include "common/tables/csv.h"
#include "common/tables/jsonl.h"
#include "common/text.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

using Rows = std::vector<std::vector<std::string>>;

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

}  // namespace

void FuzzTables(std::string_view bytes) {
  if (bytes.empty()) return;
  auto choice = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  if (choice % 4 == 3) return FuzzJsonl(bytes);
  FuzzCsv(bytes, ",;\t"[choice % 4]);
}

}  // namespace muster::fuzz
