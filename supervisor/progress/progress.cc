#include "supervisor/progress/progress.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "supervisor/progress/live.h"
#include "supervisor/progress/plain.h"

namespace muster {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool CanDraw(int fd) {
  std::string_view term = Variable("TERM");
  return isatty(fd) == 1 && !term.empty() && term != "dumb";
}

}  // namespace

std::unique_ptr<Progress> MakeProgress(const ProgressOptions& options) {
  bool live = !options.verbose && options.live.value_or(CanDraw(options.fd));
  if (!live) return std::make_unique<PlainProgress>(options.fd, options.verbose);
  return std::make_unique<LiveProgress>(options.fd, Variable("NO_COLOR").empty());
}

}  // namespace muster
