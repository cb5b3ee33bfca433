#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster {

// Takes secrets out of text before it is shown, logged or stored: the exact keys of this run, also
// URL-encoded, escaped as in JSON, and in base64, also inside of a longer text that was encoded as
// a whole ("Basic" headers). Holds the keys in memory and nowhere else.
class Redactor {
 public:
  // Secrets shorter than 6 bytes are not looked for: they would hit ordinary text.
  void Add(const std::string& secret);

  std::string Apply(std::string text) const;

 private:
  std::vector<std::string> needles_;  // longest first
};

}  // namespace muster
