#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace muster {

// A file as an answer remembers it.
struct ProducedFile {
  std::string path;  // relative to the folder that it belongs to
  std::string sha256;
  int64_t bytes = 0;
};

// SHA-256 of a file's bytes, however large; never waits for a pipe or a device.
Result<std::string> HashOfFile(const std::string& path);

// The path of what is named `path` in `folder`, or was written with the folder before it. Refused
// where it would lead out.
Result<std::string> PathWithin(const std::string& folder, const std::string& path);

// The file at `relative` in `folder`: a regular file that, links resolved, lies inside it.
Result<ProducedFile> DescribeFile(const std::string& folder, const std::string& relative);

// What a program left in `folder`: the files of each path or glob, in their order, each file once.
// A path that begins with the folder counts from there. One that finds nothing is an error that
// names it, and so is what leads out of the folder.
Result<std::vector<ProducedFile>> FindProduced(const std::string& folder,
                                               const std::vector<std::string>& globs);

// Why a file is not what it was; nullopt: it is.
std::optional<std::string> WhyChanged(const std::string& folder, const ProducedFile& file);

// {"path", "sha256", "bytes"} and back.
Json FileToJson(const ProducedFile& file);
ProducedFile FileFromJson(const Json& json);

}  // namespace muster
