#include "common/text_source.h"

#include "common/config/text_file.h"
#include "common/files.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {

Result<TextSource> ReadSource(const TextSource& source, const std::string& base_dir,
                              const Json& context) {
  if (source.file.empty()) return source;
  auto path = Render(source.file, source.origin, context);
  if (!path) return Error{path.error()};
  if (!PathInside(base_dir, *path)) {
    return Fail("{}: \"{}\" is not the path of a file in the folder of the config", source.origin,
                VisibleText(path->substr(0, 1000)));
  }
  auto text = ReadTextFile(base_dir, *path);
  if (!text) return Fail("{}: {}", source.origin, text.error());
  return TextSource{*std::move(text), VisibleText(*path)};
}

Result<std::string> RenderSource(const TextSource& source, const std::string& base_dir,
                                 const Json& context) {
  if (source.file.empty()) return Render(source.text, source.origin, context);
  auto read = ReadSource(source, base_dir, context);
  if (!read) return Error{read.error()};
  return Render(read->text, read->origin, context);
}

}  // namespace muster
