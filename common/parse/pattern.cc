#include "common/parse/pattern.h"

#include <re2/re2.h>

#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kMostMemory = 8 << 20;   // bytes of one compiled expression with its caches
constexpr size_t kMostRead = 500'000'000;  // bytes, if every match read what is left of the text

size_t CharacterSize(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
  return end - at;
}

}  // namespace

Result<Pattern> Pattern::Compile(std::string_view expression) {
  if (expression.size() > kMostBytes) {
    return Fail("a regular expression of {} bytes; {} are the most", expression.size(), kMostBytes);
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  auto regex =
      std::make_shared<const RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!regex->ok()) return Fail("`{}`: {}", VisibleText(expression), VisibleText(regex->error()));
  return Pattern(std::move(regex));
}

bool Pattern::Matches(std::string_view text) const {
  re2::StringPiece piece(text.data(), text.size());
  return regex_->Match(piece, 0, piece.size(), RE2::UNANCHORED, nullptr, 0);
}

Result<std::optional<std::string_view>> Pattern::LastMatch(std::string_view text) const {
  re2::StringPiece piece(text.data(), text.size());
  bool grouped = regex_->NumberOfCapturingGroups() > 0;
  std::optional<std::string_view> last;
  re2::StringPiece found[2];
  size_t at = 0, read = 0;
  while (at <= text.size() &&
         regex_->Match(piece, at, piece.size(), RE2::UNANCHORED, found, grouped ? 2 : 1)) {
    if ((read += text.size() - at) > kMostRead) {
      return Fail("`{}` matches too often", VisibleText(regex_->pattern()));
    }
    const re2::StringPiece& value = found[grouped ? 1 : 0];
    last = std::string_view(value.data(), value.size());
    size_t end = static_cast<size_t>(found[0].data() - text.data()) + found[0].size();
    // An empty match would be found again and again.
    at = found[0].empty() && end < text.size() ? end + CharacterSize(text, end)
         : found[0].empty()                    ? end + 1
                                               : end;
  }
  return last;
}

const std::string& Pattern::expression() const { return regex_->pattern(); }

}  // namespace muster
