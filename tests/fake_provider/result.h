#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace fake_provider {

// Why something could not be done, as "what: why".
struct Error {
  std::string message;
};

// A value, or the reason why there is none. value() and error() may only be called on the kind that
// ok() says is there.
template <class T>
class Result {
 public:
  Result(T value) : content_(std::move(value)) {}
  Result(Error error) : content_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(content_); }

  T& value() {
    assert(ok());
    return std::get<T>(content_);
  }

  const std::string& error() const {
    assert(!ok());
    return std::get<Error>(content_).message;
  }

 private:
  std::variant<T, Error> content_;
};

}  // namespace fake_provider
