#pragma once

// Coroutines for a worker's one thread: a Task is work that may wait (for a verdict, a reply, a
// timer) without blocking the loop. It starts when awaited, resumes whoever awaited it, and takes
// everything below it along when it is destroyed, at whatever point it waits: what it waits for
// must therefore let go of it in a destructor.

#include <cassert>
#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace muster {

// Owns its coroutine. Await it once; T is moved out.
template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::coroutine_handle<> waiting;  // who awaits this task

    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        auto waiting = self.promise().waiting;
        return waiting ? waiting : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(T result) { value = std::move(result); }
    [[noreturn]] void unhandled_exception() { std::terminate(); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { Destroy(); }

  bool await_ready() const { return false; }
  // One that ends without a wait hands over here, not at its own end: a loop over many of those
  // needs no more stack than one, also where the compiler makes no tail calls.
  bool await_suspend(std::coroutine_handle<> waiting) {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().waiting = waiting;
    return true;
  }
  T await_resume() { return std::move(*handle_.promise().value); }

  // For the outermost task: runs it up to its first wait.
  void Start() { handle_.resume(); }
  bool done() const { return handle_.done(); }
  // Whom to resume at the end, for a task that was started rather than awaited.
  void ResumeAtEnd(std::coroutine_handle<> waiting) { handle_.promise().waiting = waiting; }
  T TakeValue() {
    assert(done());
    return std::move(*handle_.promise().value);
  }

 private:
  explicit Task(Handle handle) : handle_(handle) {}
  void Destroy() {
    if (handle_) handle_.destroy();
  }
  Handle handle_;
};

// Waits for a value that somebody delivers later: `T value = co_await mailbox;`. Single reader. It
// must outlive the wait; Deliver() before the wait is kept.
template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;

  void Deliver(T value) {
    assert(!value_);
    value_ = std::move(value);
    if (auto reader = std::exchange(reader_, {})) reader.resume();
  }

  bool await_ready() const { return value_.has_value(); }
  void await_suspend(std::coroutine_handle<> reader) { reader_ = reader; }
  T await_resume() {
    T value = std::move(*value_);
    value_.reset();
    return value;
  }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> reader_;
};

// Runs several tasks side by side: `co_await all;` resumes when every one has ended.
class All {
 public:
  explicit All(std::vector<Task<bool>> tasks) : left_(tasks.size()) {
    for (size_t i = 0; i < tasks.size(); ++i) {
      branches_.push_back(Follow(std::move(tasks[i]), this, i));
    }
  }
  All(const All&) = delete;

  bool await_ready() const { return left_ == 0; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    for (auto& branch : branches_) branch.Start();
    if (left_ == 0) return false;
    waiting_ = waiting;
    return true;
  }
  void await_resume() {}

 private:
  // The last branch hands over to the waiting coroutine at its very end, when its own frame may go.
  static Task<bool> Follow(Task<bool> task, All* all, size_t self) {
    bool result = co_await task;
    if (--all->left_ == 0) all->branches_[self].ResumeAtEnd(all->waiting_);
    co_return result;
  }

  size_t left_;
  std::vector<Task<bool>> branches_;
  std::coroutine_handle<> waiting_;
};

}  // namespace muster
