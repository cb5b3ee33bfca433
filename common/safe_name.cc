#include "common/safe_name.h"

#include <algorithm>

#include "common/hash.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kLongest = 100;                 // bytes
constexpr size_t kHash = 12;                     // hex digits
constexpr std::string_view kInside = ".-+=@, ";  // not at the beginning

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Bytes of the character that begins with `lead`.
size_t SizeOf(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Whether a character that is not ASCII can be seen and stands alone. Marks that combine with
// another would let two spellings of one text be two names, or one, as the file system likes it.
bool IsVisible(std::string_view c) {
  constexpr std::string_view kBlanks[] = {"\u00a0", "\u1680", "\u202f", "\u205f", "\u3000"};
  bool blank = (c >= "\u2000" && c <= "\u200a") ||
               std::find(std::begin(kBlanks), std::end(kBlanks), c) != std::end(kBlanks);
  return IsUtf8(c) && !blank && VisibleText(c) == c && ColumnsOf(c) > 0;
}

bool IsHarmless(std::string_view c) {
  return c.size() > 1 || static_cast<unsigned char>(c[0]) >= 0x80
             ? IsVisible(c)
             : IsLetterOrDigit(c[0]) || kInside.find(c[0]) != std::string_view::npos;
}

// Names that mean a device on Windows, whatever follows their first dot.
bool IsReserved(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  while (stem.ends_with(' ')) stem.pop_back();
  std::transform(stem.begin(), stem.end(), stem.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (stem == "con" || stem == "prn" || stem == "aux" || stem == "nul") return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  std::string_view end = std::string_view(stem).substr(3);
  return (end.size() == 1 && end[0] >= '0' && end[0] <= '9') || end == "\u00b9" ||
         end == "\u00b2" || end == "\u00b3";
}

// The harmless characters at the beginning of a text, as many as fit `most` bytes; '_' for those in
// between that are not.
std::string HarmlessPart(std::string_view text, size_t most) {
  std::string part;
  for (size_t at = 0; at < text.size();) {
    std::string_view c = text.substr(at, SizeOf(static_cast<unsigned char>(text[at])));
    if (!IsUtf8(c)) c = c.substr(0, 1);
    bool harmless = IsHarmless(c);
    if (part.size() + (harmless ? c.size() : 1) > most) break;
    if (harmless) {
      part += c;
    } else if (!part.ends_with('_')) {
      part += '_';
    }
    at += c.size();
  }
  while (!part.empty() && (part.back() == '.' || part.back() == ' ')) part.pop_back();
  size_t first = std::min(part.find_first_not_of(kInside), part.size());
  return part.substr(first);
}

}  // namespace

std::string SafeName(std::string_view text) {
  bool fits = !text.empty() && text.size() <= kLongest && !IsReserved(text);
  if (fits && HarmlessPart(text, kLongest) == text) return std::string(text);
  std::string part = HarmlessPart(text, kLongest - kHash - 2);
  if (part.empty() || IsReserved(part)) part.insert(0, 1, '_');
  return part + "~" + Sha256Hex(text).substr(0, kHash);
}

Result<std::string> RenderPath(const std::string& text, const std::string& origin,
                               const Json& context) {
  return Render(text, origin, context, SafeName);
}

}  // namespace muster
