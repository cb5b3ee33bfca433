#pragma once

#include <map>
#include <string>

#include "common/config/config.h"
#include "common/json.h"

namespace muster {

// Examples of what steps parse out of their answers, made from their schemas. One per item.
class ExampleValues {
 public:
  // An example of the value of call `index`, which is of that step. Where no schema tells its shape
  // it is a text; null without a parse.
  Json ValueOf(const Step& step, size_t index);

  // What to say behind an error of a template: that it reaches into a value whose shape is not
  // known. "" if it does not.
  std::string Hint(const std::string& text, const std::string& error) const;
  // The same of a for_each.
  std::string ForEachHint(const std::string& path) const;

 private:
  std::map<std::string, Json> made_;              // by step; null: by the call
  std::map<std::string, std::string> shapeless_;  // by step: what helps
};

}  // namespace muster
