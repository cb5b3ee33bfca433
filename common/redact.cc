#include "common/redact.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "common/base64.h"
#include "common/json.h"

namespace muster {
namespace {

constexpr size_t kShortestSecret = 6;
constexpr std::string_view kMark = "[key removed]";

std::string UrlEncoded(const std::string& text, bool upper) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(static_cast<char>(c));
    } else {
      fmt::format_to(std::back_inserter(out), fmt::runtime(upper ? "%{:02X}" : "%{:02x}"), c);
    }
  }
  return out;
}

// As a JSON string has it, without the quotes; some programs escape slashes too.
std::string JsonEscaped(const std::string& text, bool slashes) {
  std::string escaped = DumpJson(Json(text));
  escaped = escaped.substr(1, escaped.size() - 2);
  for (size_t at = 0; slashes && (at = escaped.find('/', at)) != std::string::npos; at += 2) {
    escaped.insert(at, 1, '\\');
  }
  return escaped;
}

// The digits that encode nothing but `text` when `before` bytes (0 to 2, modulo 3) precede it.
std::string Base64Within(const std::string& text, size_t before) {
  std::string encoded = EncodeBase64(std::string(before, '\0') + text);
  size_t first = (before * 8 + 5) / 6, end = (before + text.size()) * 8 / 6;
  return encoded.substr(first, end - first);
}

std::string Base64OfUrls(std::string digits) {
  std::replace(digits.begin(), digits.end(), '+', '-');
  std::replace(digits.begin(), digits.end(), '/', '_');
  return digits;
}

}  // namespace

void Redactor::Add(const std::string& secret) {
  if (secret.size() < kShortestSecret) return;
  std::vector<std::string> spellings{secret, UrlEncoded(secret, true), UrlEncoded(secret, false),
                                     JsonEscaped(secret, false), JsonEscaped(secret, true)};
  std::string whole = EncodeBase64(secret);
  whole.erase(std::min(whole.find('='), whole.size()));
  std::vector<std::string> encoded{whole};
  for (size_t before = 0; before < 3; ++before) encoded.push_back(Base64Within(secret, before));
  for (const std::string& digits : encoded) {
    spellings.push_back(digits);
    spellings.push_back(Base64OfUrls(digits));
  }
  for (const std::string& needle : spellings) {
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
