#include "common/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "common/json_plain.h"
#include "common/text.h"

namespace muster {
namespace {

// The letter behind the backslash that a byte needs in a string; 'u': four digits; 0: none.
constexpr std::array<char, 256> EscapeLetters() {
  std::array<char, 256> letters{};
  for (size_t byte = 0; byte < 0x20; ++byte) letters[byte] = 'u';
  letters['\b'] = 'b', letters['\t'] = 't', letters['\n'] = 'n', letters['\f'] = 'f';
  letters['\r'] = 'r', letters['"'] = '"', letters['\\'] = '\\';
  return letters;
}
constexpr std::array kEscapes = EscapeLetters();

char EscapeOf(char c) { return kEscapes[static_cast<uint8_t>(c)]; }

void AppendEscaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    size_t plain = PlainBytes(text);
    out.append(text.substr(0, plain));
    if (plain == text.size()) return;
    char special = text[plain];
    out.push_back('\\');
    out.push_back(EscapeOf(special));
    if (EscapeOf(special) == 'u') out += fmt::format("{:04x}", special);
    text.remove_prefix(plain + 1);
  }
}

template <class T>
void AppendInteger(T number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

using Member = Json::object_t::value_type;

void AppendMember(const Member& member, KeyOrder order, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  AppendJsonString(member.first, out);
  out.push_back(':');
  AppendJson(member.second, order, out);
}

void AppendObject(const Json::object_t& object, KeyOrder order, std::string& out) {
  out.push_back('{');
  if (order == KeyOrder::kAsTheyCome) {
    for (const Member& member : object) AppendMember(member, order, out);
  } else {
    std::vector<const Member*> members;
    for (const Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const Member* a, const Member* b) { return a->first < b->first; });
    for (const Member* member : members) AppendMember(*member, order, out);
  }
  out.push_back('}');
}

void AppendArray(const Json::array_t& list, KeyOrder order, std::string& out) {
  out.push_back('[');
  for (const Json& element : list) {
    if (&element != list.data()) out.push_back(',');
    AppendJson(element, order, out);
  }
  out.push_back(']');
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  if (!IsUtf8(text)) {
    out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  out.push_back('"');
  AppendEscaped(text, out);
  out.push_back('"');
}

void AppendJsonNumber(int64_t number, std::string& out) { AppendInteger(number, out); }

void AppendJson(const Json& value, KeyOrder order, std::string& out) {
  switch (value.type()) {
    case Json::value_t::null:
      out += "null";
      return;
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case Json::value_t::string:
      return AppendJsonString(value.get_ref<const std::string&>(), out);
    case Json::value_t::number_integer:
      return AppendInteger(value.get<int64_t>(), out);
    case Json::value_t::number_unsigned:
      return AppendInteger(value.get<uint64_t>(), out);
    case Json::value_t::object:
      return AppendObject(value.get_ref<const Json::object_t&>(), order, out);
    case Json::value_t::array:
      return AppendArray(value.get_ref<const Json::array_t&>(), order, out);
    default:
      out += value.dump();
  }
}

}  // namespace muster
