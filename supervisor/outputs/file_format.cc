#include "supervisor/outputs/file_format.h"

#include <algorithm>
#include <array>

#include "common/step_values.h"
#include "common/text_source.h"

namespace muster {
namespace {

constexpr std::array<std::string_view, 4> kKindNames{"file", "append", "csv", "jsonl"};

FileFormat::Kind KindOf(const Output& output) {
  if (output.append) return FileFormat::Kind::kAppend;
  if (output.csv) return FileFormat::Kind::kCsv;
  return output.jsonl ? FileFormat::Kind::kJsonl : FileFormat::Kind::kFile;
}

bool IsTrue(const Json& json, std::string_view key) {
  const Json* member = Member(json, key);
  return member && member->is_boolean() && member->get<bool>();
}

}  // namespace

Result<FileFormats> FormatsOf(const Config& config) {
  FileFormats formats;
  Json context = FixedNames(config);
  for (const Output& output : config.outputs) {
    FileFormat format;
    format.kind = KindOf(output);
    format.by_item = output.order == "item";
    format.errors = output.errors && output.grows();
    format.spreadsheet_safe = output.spreadsheet_safe;
    if (output.append && output.header) {
      auto header = RenderSource(*output.header, config.base_dir, context);
      if (!header) return Error{header.error()};
      format.header = *std::move(header);
    }
    formats.push_back(std::move(format));
  }
  return formats;
}

Json FormatsToJson(const FileFormats& formats) {
  Json json = Json::array();
  for (const FileFormat& format : formats) {
    json.push_back({{"kind", kKindNames[static_cast<size_t>(format.kind)]},
                    {"header", format.header},
                    {"by_item", format.by_item},
                    {"errors", format.errors},
                    {"spreadsheet_safe", format.spreadsheet_safe}});
  }
  return json;
}

Result<FileFormats> FormatsFromJson(const Json& json) {
  FileFormats formats;
  if (!json.is_array()) return Fail("the ledger does not say how its outputs are written");
  for (const Json& each : json) {
    auto kind = std::find(kKindNames.begin(), kKindNames.end(), StringMember(each, "kind"));
    if (kind == kKindNames.end()) return Fail("the ledger names an unknown kind of output");
    FileFormat format;
    format.kind = static_cast<FileFormat::Kind>(kind - kKindNames.begin());
    format.header = StringMember(each, "header");
    format.by_item = IsTrue(each, "by_item");
    format.errors = IsTrue(each, "errors");
    format.spreadsheet_safe = IsTrue(each, "spreadsheet_safe");
    formats.push_back(std::move(format));
  }
  return formats;
}

}  // namespace muster
