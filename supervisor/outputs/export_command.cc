#include "supervisor/outputs/export_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

#include "common/fd.h"
#include "common/tables/csv.h"
#include "common/text.h"
#include "supervisor/outputs/export_files.h"
#include "supervisor/outputs/export_item.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "muster: export: {}\n", message);
  return code;
}

// Standard output, and whether it still takes anything.
class Printer {
 public:
  void Print(std::string_view text) {
    if (good_ && fwrite(text.data(), 1, text.size(), stdout) != text.size()) Failed();
  }
  Result<void> End() {
    if (good_ && fflush(stdout) != 0) Failed();
    // Whoever reads (| head) may have had enough.
    if (good_ || error_ == EPIPE) return {};
    return Fail("cannot write: {}", ErrnoText(error_));
  }

 private:
  void Failed() {
    good_ = false;
    error_ = errno;
  }

  bool good_ = true;
  int error_ = 0;
};

void PrintJsonl(const LedgerView& ledger, const FileFormats& formats, Printer& out) {
  ledger.ForEachItem(
      [&](const ItemRow& row) { out.Print(DumpJson(ExportedItem(ledger, formats, row)) + "\n"); });
}

std::vector<std::string> ScoreNames(const LedgerView& ledger, const FileFormats& formats) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  ledger.ForEachItem([&](const ItemRow& row) {
    Json item = ExportedItem(ledger, formats, row);
    for (const auto& [name, value] : item["scores"].items()) {
      if (seen.insert(name).second) names.push_back(name);
    }
  });
  return names;
}

void PrintCsv(const LedgerView& ledger, const FileFormats& formats, Printer& out) {
  std::vector<std::string> scores = ScoreNames(ledger, formats);
  out.Print(CsvLine(ExportColumns(scores)));
  ledger.ForEachItem([&](const ItemRow& row) {
    out.Print(CsvLine(ExportCells(ExportedItem(ledger, formats, row), scores)));
  });
}

void PrintText(const LedgerView& ledger, const FileFormats& formats, Printer& out) {
  ledger.ForEachOutput(false, [&](const OutputRow& row) {
    auto item = ledger.FindItem(row.item);
    if (!item || row.output < 0 || row.output >= static_cast<int64_t>(formats.size())) return;
    Json outputs = ExportedItem(ledger, formats, *item)["outputs"];
    const Json* value = Member(outputs, row.path);
    if (!value) return;
    if (value->is_string()) return out.Print(value->get<std::string>());
    for (const Json& each : *value) out.Print(DumpJson(each) + "\n");
  });
}

Result<FileFormats> StoredFormats(const LedgerView& ledger) {
  auto text = ledger.Meta(std::string(kFormatsKey));
  auto json = text ? ParseJson(*text) : Result<Json>(Json());
  return FormatsFromJson(json ? *json : Json());
}

int PrintAll(const LedgerView& ledger, const FileFormats& formats, const std::string& format) {
  Printer out;
  if (format == "jsonl") PrintJsonl(ledger, formats, out);
  if (format == "csv") PrintCsv(ledger, formats, out);
  if (format == "text") PrintText(ledger, formats, out);
  auto ended = out.End();
  return ended ? kAllDone : Complain(kLedgerFailure, ended.error());
}

}  // namespace

int ExportCommand(const ExportOptions& options) {
  if (options.format != "jsonl" && options.format != "csv" && options.format != "text") {
    return Complain(kBadInput, fmt::format("\"{}\" is no format; expected jsonl, csv or text",
                                           VisibleText(options.format)));
  }
  std::string path = options.run + "/ledger.sqlite";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Complain(kBadInput, fmt::format("there is no run in {}", VisibleText(options.run)));
  }
  auto ledger = LedgerView::Open(path);
  if (!ledger) return Complain(kLedgerFailure, ledger.error());
  auto formats = StoredFormats(*ledger);
  if (!formats) return Complain(kLedgerFailure, formats.error());
  int code = kAllDone;
  if (options.to.empty()) {
    code = PrintAll(*ledger, *formats, options.format);
  } else {
    auto written = ExportFiles(*ledger, *formats, options.to);
    if (!written) return Complain(kBadInput, written.error());
    fmt::print("{} {} written to {}\n", FormatCount(*written), *written == 1 ? "file" : "files",
               VisibleText(options.to));
  }
  if (!ledger->error().empty()) return Complain(kLedgerFailure, "ledger " + ledger->error());
  return code;
}

}  // namespace muster
