#include "worker/waiting.h"

namespace muster {
namespace {

// Aborts what its coroutine no longer waits for.
template <class Runner>
struct AbortGuard {
  Runner& runner;
  int64_t number = 0;
  bool ended = false;
  ~AbortGuard() {
    if (!ended) runner.Abort(number);
  }
};

}  // namespace

Task<HttpOutcome> SendAndWait(HttpClient& http, HttpRequest request) {
  Mailbox<HttpOutcome> box;
  AbortGuard<HttpClient> guard{http};
  guard.number = http.Send(request, [&box, &guard](HttpOutcome outcome) {
    guard.ended = true;
    box.Deliver(std::move(outcome));
  });
  HttpOutcome outcome = co_await box;
  co_return outcome;
}

Task<CommandOutcome> RunAndWait(CommandRunner& runner, CommandRequest request) {
  Mailbox<CommandOutcome> box;
  AbortGuard<CommandRunner> guard{runner};
  guard.number = runner.Start(std::move(request), [&box, &guard](CommandOutcome outcome) {
    guard.ended = true;
    box.Deliver(std::move(outcome));
  });
  CommandOutcome outcome = co_await box;
  co_return outcome;
}

Task<bool> WaitFor(Timers& timers, std::chrono::milliseconds time) {
  Timers::Wait wait(timers, std::chrono::steady_clock::now() + time);
  co_await wait;
  co_return true;
}

}  // namespace muster
