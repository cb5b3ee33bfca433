#include "supervisor/pool/descriptor_limit.h"

#include <sys/resource.h>

namespace muster {
namespace {

rlim_t soft_at_start = 0;  // 0: it was never raised

}  // namespace

Result<void> AllowDescriptors(size_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= count) return {};
  rlim_t before = limit.rlim_cur;
  bool enough = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= count;
  limit.rlim_cur = enough ? count : limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && soft_at_start == 0) soft_at_start = before;
  if (enough) return {};
  return Fail(
      "{} open files are needed for so many workers and {} are allowed (ulimit -Hn); some of the "
      "workers will not be started",
      count, limit.rlim_max);
}

void RestoreDescriptorLimit() {
  rlimit limit{};
  if (soft_at_start == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = soft_at_start;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace muster
