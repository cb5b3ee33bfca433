#include "common/parse/schema_place.h"

#include <algorithm>
#include <vector>

#include "common/text.h"

namespace muster {
namespace {

constexpr size_t kMostShown = 200;  // bytes of a pointer in a message

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string PointerTo(const JsonPlace& place) {
  std::vector<const JsonPlace*> steps;
  for (const JsonPlace* at = &place; at->above; at = at->above) steps.push_back(at);
  std::string pointer;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    pointer += '/';
    pointer += (*step)->is_element ? std::to_string((*step)->index) : PointerToken((*step)->name);
  }
  return pointer;
}

std::string PointerToken(std::string_view name) {
  std::string token;
  for (char c : name) {
    if (c == '~' || c == '/') {
      token += c == '~' ? "~0" : "~1";
    } else {
      token += c;
    }
  }
  return token;
}

std::string UnquotedFragment(std::string_view fragment) {
  std::string text;
  for (size_t i = 0; i < fragment.size(); ++i) {
    int high = -1, low = -1;
    if (fragment[i] == '%' && i + 2 < fragment.size()) {
      high = HexValue(fragment[i + 1]);
      low = HexValue(fragment[i + 2]);
    }
    bool quoted = high >= 0 && low >= 0;
    text += quoted ? static_cast<char>(high * 16 + low) : fragment[i];
    if (quoted) i += 2;
  }
  return text;
}

std::string AtPlace(std::string_view pointer) {
  if (pointer.empty()) return "at the top";
  bool cut = pointer.size() > kMostShown;
  return "at " + VisibleText(pointer.substr(0, kMostShown)) + (cut ? "…" : "");
}

}  // namespace muster
