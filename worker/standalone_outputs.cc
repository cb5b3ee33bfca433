#include "worker/standalone_outputs.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "common/fd.h"
#include "common/files.h"
#include "common/output_lines.h"
#include "common/replace_file.h"
#include "common/step_values.h"
#include "common/text.h"
#include "common/text_source.h"

namespace muster {
namespace {

// What an output adds to its file, and what that begins with when it is new.
struct Growth {
  std::string header, text;
};

Result<Growth> TableGrowth(const Output& output, const std::string& record) {
  auto rows = ParseJson(record);
  if (!rows) return Error{rows.error()};
  std::string text = TableLines(*rows, output, false);
  std::string all = TableLines(*rows, output, true);
  return Growth{all.substr(0, all.size() - text.size()), std::move(text)};
}

Result<Growth> GrowthOf(const Config& config, const OutputText& record) {
  const Output& output = config.outputs[static_cast<size_t>(record.output)];
  if (output.is_table()) return TableGrowth(output, record.text);
  if (!output.header) return Growth{"", record.text};
  auto header = RenderSource(*output.header, config.base_dir, FixedNames(config));
  if (!header) return Error{header.error()};
  return Growth{*std::move(header), record.text};
}

bool Grows(const Config& config, const OutputText& record) {
  return config.outputs[static_cast<size_t>(record.output)].grows();
}

// The first bytes of a file, as many as there are up to `most`.
Result<std::string> BeginningOf(int fd, const std::string& path, size_t most) {
  std::string text(most, '\0');
  ssize_t n = pread(fd, text.data(), most, 0);
  if (n < 0) return Fail("{}: {}", path, ErrnoText(errno));
  text.resize(static_cast<size_t>(n));
  return text;
}

Result<void> Append(const std::string& path, const Growth& growth, bool is_csv) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  Fd file(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return Fail("{}: {}", path, ErrnoText(errno));
  auto begin = BeginningOf(file.get(), path, growth.header.size() + 1);
  if (!begin) return Error{begin.error()};
  if (is_csv && !begin->empty() && !begin->starts_with(growth.header)) {
    return Fail("{}: it has other columns than this item; nothing is appended", path);
  }
  std::string text = (begin->empty() ? growth.header : "") + growth.text;
  for (size_t at = 0; at < text.size();) {
    ssize_t n = write(file.get(), text.data() + at, text.size() - at);
    if (n < 0) return Fail("{}: {}", path, ErrnoText(errno));
    at += static_cast<size_t>(n);
  }
  return {};
}

Result<void> Write(const Config& config, const OutputText& record, const std::string& path) {
  if (!Grows(config, record)) return ReplaceFile(path, record.text);
  auto growth = GrowthOf(config, record);
  if (!growth) return Error{growth.error()};
  return Append(path, *growth, config.outputs[static_cast<size_t>(record.output)].csv.has_value());
}

}  // namespace

Result<std::string> ShownOutput(const Config& config, const OutputText& output) {
  if (!Grows(config, output)) return output.text;
  auto growth = GrowthOf(config, output);
  if (!growth) return Error{growth.error()};
  return growth->header + growth->text;
}

Result<void> WriteOutputs(const Config& config, const Done& done, bool tell) {
  for (const OutputText& output : done.outputs) {
    auto path = PathInside(config.output_dir, output.path);
    if (!path) return Error{path.error()};
    if (auto written = Write(config, output, *path); !written) return written;
    if (!tell) continue;
    fmt::print("  {} {}\n", Grows(config, output) ? "appended to" : "wrote", VisibleText(*path));
  }
  return {};
}

Result<void> ShowGrowth(const Config& config, const Done& done) {
  for (const OutputText& output : done.outputs) {
    if (!Grows(config, output)) continue;
    auto text = ShownOutput(config, output);
    if (!text) return Error{text.error()};
    fmt::print("  {}:\n{}{}", VisibleText(output.path), VisibleText(*text, true),
               text->ends_with('\n') ? "" : "\n");
  }
  return {};
}

}  // namespace muster
