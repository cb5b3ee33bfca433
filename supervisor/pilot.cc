#include "supervisor/pilot.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "supervisor/states.h"

namespace muster {

std::optional<Selection> PilotOf(const LedgerView& view, const Selection& selection,
                                 int64_t count) {
  int64_t last = LastSelected(view, selection), left = 0;
  Selection pilot = selection;
  view.ForEachStanding([&](const ItemStanding& item) {
    if (item.position > last) return false;
    if (IsFinal(item.status) || !selection.Takes(item.position, item.id)) return true;
    if (++left == count) pilot.up_to = item.position;
    return left <= count;
  });
  return left > count ? std::optional(pilot) : std::nullopt;
}

// Signals are blocked for the pool's sake, which is why they are looked for here.
bool AskWhetherToGoOn() {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) return false;
  fmt::print("go on? [y/N] ");
  std::fflush(stdout);
  for (;;) {
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM))
      return fmt::print("\n"), false;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 100) <= 0) continue;
    char line[64];
    ssize_t size = read(STDIN_FILENO, line, sizeof line);
    return size > 0 && (line[0] == 'y' || line[0] == 'Y');
  }
}

}  // namespace muster
