#include "supervisor/pool/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>

#include "common/fd.h"

namespace muster {
namespace {

rlim_t soft_at_start = 0;  // 0: it was never raised

}  // namespace

Result<void> AllowDescriptors(size_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= count) return {};
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < count) {
    return Fail(
        "{} open files are needed and {} are allowed; expected fewer workers, or a higher limit "
        "(ulimit -Hn)",
        count, limit.rlim_max);
  }
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = count;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Fail("{} open files are needed: {}", count, ErrnoText(errno));
  }
  if (soft_at_start == 0) soft_at_start = before;
  return {};
}

void RestoreDescriptorLimit() {
  rlimit limit{};
  if (soft_at_start == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = soft_at_start;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace muster
