#include "common/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "common/base64.h"

namespace muster {
namespace {

constexpr size_t kShortestSecret = 6;
constexpr std::string_view kMark = "[key removed]";

std::string UrlEncoded(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(static_cast<char>(c));
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", c);
    }
  }
  return out;
}

}  // namespace

void Redactor::Add(const std::string& secret) {
  if (secret.size() < kShortestSecret) return;
  std::string base64 = EncodeBase64(secret);
  while (!base64.empty() && base64.back() == '=') base64.pop_back();
  for (const std::string& needle : {secret, UrlEncoded(secret), base64}) {
    if (std::find(needles_.begin(), needles_.end(), needle) == needles_.end()) {
      needles_.push_back(needle);
    }
  }
  std::sort(needles_.begin(), needles_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::Apply(std::string text) const {
  for (const std::string& needle : needles_) {
    for (size_t at = text.find(needle); at != std::string::npos; at = text.find(needle, at)) {
      text.replace(at, needle.size(), kMark);
      at += kMark.size();
    }
  }
  return text;
}

}  // namespace muster
