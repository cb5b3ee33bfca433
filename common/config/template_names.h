#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/config/problems.h"
#include "common/json.h"

namespace muster {

// Reports the names a template at `path` asks for that it will not have: params that do not exist,
// and names that begin with none of `names`. `steps` are the ids of all steps, for those that come
// too late, `beside` those that run at the same time. What an item or an answer has inside is known
// only later. Of a text in a file whose path is a template it is that path that is looked at.
void CheckNames(const TextSource& text, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems,
                const std::vector<std::string>& beside = {});

// The same of the names an expression asks for.
void CheckNames(const Expression& expression, const std::string& path,
                const std::vector<std::string>& names, const std::vector<std::string>& steps,
                const Json& params, Problems& problems,
                const std::vector<std::string>& beside = {});

// What texts and expressions at one place of a config can name, to judge them by. Refers to the
// config and the problems, which must outlive it.
class KnownNames {
 public:
  KnownNames(const Config& config, Problems& problems, std::vector<std::string> steps,
             std::vector<std::string> names)
      : config_(config), problems_(problems), steps_(std::move(steps)), names_(std::move(names)) {}

  void Add(const std::string& name) { names_.push_back(name); }
  void AddBeside(const std::string& name) { beside_.push_back(name); }
  KnownNames With(std::initializer_list<std::string> further) const;
  bool Knows(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }

  void CheckText(const TextSource& text, const std::string& path) const;
  void CheckTexts(const std::vector<TextSource>& texts, const std::string& path) const;
  void CheckValue(const Expression& expression, const std::string& path) const;
  // A dotted name.
  void CheckPath(const std::string& name, const std::string& path) const;

 private:
  const Config& config_;
  Problems& problems_;
  std::vector<std::string> steps_;  // ids of all steps
  std::vector<std::string> names_;  // that are known here
  std::vector<std::string> beside_;
};

}  // namespace muster
