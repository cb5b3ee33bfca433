#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"
#include "supervisor/example_values.h"

namespace muster {

// What a step leaves, as templates see it, and with marks for counting; null: the same.
struct Left {
  Json value, marked;
};

// What one item's templates and expressions know while it is rehearsed, with examples in the place
// of answers. A name is open when an earlier step's answer will decide what it stands for. The
// config must outlive it.
class ExampleContext {
 public:
  ExampleContext(const Config& config, const Json& item);

  void Leave(const std::string& name, Left left);
  void Forget(const std::string& name);
  void SetOpen(const std::string& name, bool open);

  bool AnyIsOpen(const Result<std::vector<std::string>>& names) const;
  bool Uses(const TextSource& text) const;  // an open name, also in the file it stands in
  bool Uses(const Expression& expression) const;

  // With a hint behind an error that reaches into a value of unknown shape.
  Result<std::string> RenderText(const TextSource& text) const;
  // The text in which answers are counted.
  std::string RenderMarked(const TextSource& text, const std::string& plain) const;
  // That the names of an expression are there, as far as they can be known.
  Result<void> Resolve(const Expression& expression) const;

  const Json& names() const { return names_; }
  // nullptr: there is nothing to mark.
  const Json* marked() const { return marked_ ? &*marked_ : nullptr; }
  ExampleValues& examples() { return examples_; }
  const ExampleValues& examples() const { return examples_; }

 private:
  bool IsOpen(const std::string& name) const;

  const Config& config_;
  Json names_;
  std::optional<Json> marked_;
  std::set<std::string> open_;
  ExampleValues examples_;
};

}  // namespace muster
