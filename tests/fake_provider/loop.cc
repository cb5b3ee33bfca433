#include "tests/fake_provider/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

namespace fake_provider {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { assert(epoll_.valid()); }

Loop::Token Loop::Watch(int fd, uint32_t events, OnReady on_ready) {
  Token token = ++last_token_;
  epoll_event event{.events = events, .data = {.u64 = token}};
  [[maybe_unused]] int failed = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  assert(!failed);
  watched_.emplace(token, Watched{fd, std::move(on_ready)});
  return token;
}

void Loop::Change(Token token, uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = token}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watched_.at(token).fd, &event);
}

void Loop::Forget(Token token) {
  auto found = watched_.find(token);
  if (found == watched_.end()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  watched_.erase(found);
}

void Loop::After(Clock::duration delay, std::function<void()> action) {
  timers_.push(Timer{Clock::now() + delay, ++last_order_, std::move(action)});
}

int Loop::TimeoutMs(bool may_block) const {
  if (!may_block) return 0;
  if (timers_.empty()) return -1;
  auto wait = std::chrono::ceil<std::chrono::milliseconds>(timers_.top().when - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(wait.count(), 0, 60'000));
}

void Loop::RunDueTimers() {
  Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.top().when <= now) {
    std::function<void()> action = timers_.top().action;
    timers_.pop();
    action();
  }
}

void Loop::Turn(bool may_block) {
  std::array<epoll_event, 512> events;
  int count = epoll_wait(epoll_.get(), events.data(), events.size(), TimeoutMs(may_block));
  assert(count >= 0 || errno == EINTR);
  RunDueTimers();
  for (int i = 0; i < count; ++i) {
    auto found = watched_.find(events[i].data.u64);
    if (found == watched_.end()) continue;  // forgotten by an earlier callback of this turn
    OnReady on_ready = found->second.on_ready;
    on_ready(events[i].events);
  }
}

}  // namespace fake_provider
