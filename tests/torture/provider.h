#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tests/torture/child.h"

namespace muster::torture {

// One request as the provider's books have it.
struct Ask {
  int64_t number = 0;
  std::string body_sha256;
  std::string prompt;  // its user prompt
  bool authorized = false;
  std::optional<int64_t> billed;  // picodollars; nullopt: not (yet)
  std::string outcome;            // "sent", "reset", …; empty: has not ended
};

// A fake provider of a round's own, with its books: the truth about what was asked and billed.
class Provider {
 public:
  static Result<std::unique_ptr<Provider>> Start(const std::string& program,
                                                 const std::string& folder, const std::string& key,
                                                 const std::string& script);

  uint16_t port() const { return port_; }
  pid_t pid() const { return child_->pid(); }

  // Reads on in the books, and fetches the requests that came since. To be called before a thousand
  // more have come: the provider keeps no more bodies.
  Result<void> Read();
  // Waits until every request has ended.
  Result<void> AwaitQuiet(std::chrono::milliseconds limit);

  const std::map<int64_t, Ask>& asks() const { return asks_; }

 private:
  Result<void> ReadBooks();
  Result<void> FetchPrompts();
  Result<std::string> Get(const std::string& target) const;

  std::unique_ptr<Child> child_;
  std::string books_;
  uint16_t port_ = 0;
  size_t read_so_far_ = 0;
  int64_t fetched_ = 0;  // the last request whose body is known
  std::map<int64_t, Ask> asks_;
};

}  // namespace muster::torture
