#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace muster {

// The two ends of a text of any length: its first and its last 64 KB. Takes bounded memory.
class Ends {
 public:
  void Append(std::string_view bytes) {
    size_t room = kEnd - first_.size();
    first_.append(bytes.substr(0, room));
    bytes.remove_prefix(std::min(room, bytes.size()));
    size_ += bytes.size();
    last_.append(bytes);
    if (last_.size() > 2 * kEnd) last_.erase(0, last_.size() - kEnd);
  }

  // All of it, or its ends with a line between them that says how much is missing.
  std::string Text() const {
    size_t kept = std::min(last_.size(), kEnd);
    std::string end = last_.substr(last_.size() - kept);
    if (size_ == kept) return first_ + end;
    return first_ + fmt::format("\n… ({} bytes left out) …\n", size_ - kept) + end;
  }

 private:
  static constexpr size_t kEnd = 64 * 1024;
  std::string first_, last_;
  size_t size_ = 0;  // of what came after first_
};

}  // namespace muster
