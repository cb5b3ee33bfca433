#pragma once

#include <fmt/format.h>

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace muster {

// Why something could not be done, as one sentence a user can act on: "what: why".
struct Error {
  std::string message;
};

// The value of an operation that can fail, or the Error that stopped it. Reading the value of a
// failed Result is a bug of the caller and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return *Checked(); }
  const T& operator*() const& { return *const_cast<Result*>(this)->Checked(); }
  T&& operator*() && { return std::move(*Checked()); }
  T* operator->() { return Checked(); }
  const T* operator->() const { return const_cast<Result*>(this)->Checked(); }

  const std::string& error() const {
    assert(!ok());
    return std::get<Error>(state_).message;
  }

 private:
  T* Checked() {
    assert(ok());
    return std::get_if<T>(&state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const std::string& error() const {
    assert(error_);
    return error_->message;
  }

 private:
  std::optional<Error> error_;
};

// Fail("open {}: {}", path, why) makes the Error of a Result.
template <class... Args>
Error Fail(fmt::format_string<Args...> format, Args&&... args) {
  return Error{fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace muster
