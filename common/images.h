#pragma once

// The pictures of a prompt: which files a step's `images` name, what they are, what an API takes of
// them, and what they can come to as input. Files are judged by their bytes, never by their names,
// and little is read of them until they are sent.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// A picture as its file's first bytes describe it; the name's ending does not count.
struct ImageFile {
  std::string path;        // absolute
  std::string media_type;  // image/png, image/jpeg, image/gif or image/webp
  int64_t bytes = 0;
  int64_t width = 0, height = 0;  // pixels, 1 to 65,535
};

// The files that `images` name, in order; those of a glob in natural order. Each entry is a name in
// `context` (item.image, views.files; {{item.image}} is the same) whose value is a path, an object
// with a "path", or a list of such; or else a template that renders to one. A path that is no file
// may be a glob. All are relative to `base_dir`. An entry that finds no file, and a file that is no
// picture, are errors that name both.
Result<std::vector<ImageFile>> FindImages(const std::vector<TextSource>& images,
                                          const Json& context, const std::string& base_dir);

// The names of `context` that an entry of `images` asks for: itself if it is one, else those of its
// template (as TemplateNames has them).
Result<std::vector<std::string>> NamesInImage(const TextSource& image, const Json& context);

// What the picture at `path` is. Reads its header and, of a JPEG, where its segments begin; never
// waits (pipes, devices) and never reads more, however large the file. The error begins with why.
Result<ImageFile> SniffImage(const std::string& path);

// All bytes of a picture; an error if it is no longer as long as it was.
Result<std::string> ReadImage(const ImageFile& image);

// The length of that many bytes in base64.
constexpr int64_t Base64Length(int64_t bytes) { return (bytes + 2) / 3 * 4; }

// What an API refuses of a request's pictures: media types, pixels, bytes of one, number, bytes of
// all. What it lets through fits into memory as base64.
Result<void> CheckImages(const std::vector<ImageFile>& images, const Provider& provider);

// Tokens that a picture is likely to come to, and the most it can come to, with an API's model.
struct ImageTokens {
  int64_t likely = 0, most = 0;
};
ImageTokens TokensOfImage(const ImageFile& image, const Provider& provider, std::string_view model,
                          const std::string& detail);

}  // namespace muster
