#pragma once

#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"

namespace muster {

// The text that a source gives for an item: its template rendered; where its file depends on the
// item, that file read and then rendered. The file is one inside `base_dir` (Config::base_dir).
Result<std::string> RenderSource(const TextSource& source, const std::string& base_dir,
                                 const Json& context);

// The template itself, read where it must be, with where it stands.
Result<TextSource> ReadSource(const TextSource& source, const std::string& base_dir,
                              const Json& context);

}  // namespace muster
