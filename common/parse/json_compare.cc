#include "common/parse/json_compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

namespace muster {
namespace {

__extension__ typedef unsigned __int128 Wide;

// Every integer of 64 bits and every double is one exactly.
using Exact = long double;
static_assert(std::numeric_limits<Exact>::digits >= 64);

Exact Worth(const Json& number) {
  if (number.is_number_unsigned()) return static_cast<Exact>(number.get<uint64_t>());
  if (number.is_number_integer()) return static_cast<Exact>(number.get<int64_t>());
  return static_cast<Exact>(number.get<double>());
}

// |number| = digits * 10^exponent.
struct Decimal {
  uint64_t digits = 0;
  int exponent = 0;
};

// A double as its shortest decimal, which is what was written (17 digits at most).
Decimal DecimalOfDouble(double number) {
  char text[32];
  auto end =
      std::to_chars(text, text + sizeof text, std::fabs(number), std::chars_format::scientific).ptr;
  const char* e = std::find(text, end, 'e');
  Decimal decimal;
  for (const char* at = text; at != e; ++at) {
    if (*at == '.') continue;
    decimal.digits = decimal.digits * 10 + static_cast<uint64_t>(*at - '0');
    if (at > text) --decimal.exponent;
  }
  int exponent = 0;
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, exponent);
  decimal.exponent += exponent;
  return decimal;
}

Decimal DecimalOf(const Json& number) {
  if (number.is_number_unsigned()) return {number.get<uint64_t>(), 0};
  if (number.is_number_integer()) {
    auto whole = number.get<int64_t>();
    return {whole < 0 ? 0 - static_cast<uint64_t>(whole) : static_cast<uint64_t>(whole), 0};
  }
  return DecimalOfDouble(number.get<double>());
}

// value * 10^exponent mod modulus.
uint64_t Shifted(uint64_t value, int exponent, uint64_t modulus) {
  Wide left = value % modulus;
  for (int i = 0; i < exponent && left != 0; ++i) left = left * 10 % modulus;
  return static_cast<uint64_t>(left);
}

void AppendNumber(const Json& number, std::string& key) {
  char text[64];
  Exact worth = Worth(number);
  bool integral = !number.is_number_float() ||
                  (worth == std::trunc(worth) && std::fabs(worth) < static_cast<Exact>(0x1p64));
  // %.0Lf of a whole number that fits is exact; -0 is 0.
  int size = integral ? std::snprintf(text, sizeof text, "%.0Lf", worth == 0 ? Exact{0} : worth)
                      : std::snprintf(text, sizeof text, "%.17Lg", worth);
  key.append(text, static_cast<size_t>(size));
}

void Append(const Json& value, std::string& key);

void AppendObject(const Json& object, std::string& key) {
  std::vector<std::pair<std::string_view, const Json*>> members;
  for (const auto& [name, member] : object.items()) members.emplace_back(name, &member);
  std::ranges::sort(members);
  key += '{';
  for (const auto& [name, member] : members) {
    key += std::to_string(name.size());
    key += ':';
    key += name;
    Append(*member, key);
  }
  key += '}';
}

void Append(const Json& value, std::string& key) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    key += '"' + std::to_string(text.size()) + ':';
    key += text;
  } else if (value.is_number()) {
    AppendNumber(value, key);
    key += ',';
  } else if (value.is_array()) {
    key += '[';
    for (const Json& element : value) Append(element, key);
    key += ']';
  } else if (value.is_object()) {
    AppendObject(value, key);
  } else {
    key += value.is_null() ? 'n' : value.is_boolean() && value.get<bool>() ? 't' : 'f';
  }
}

}  // namespace

std::string EqualityKey(const Json& value) {
  std::string key;
  Append(value, key);
  return key;
}

int CompareNumbers(const Json& a, const Json& b) {
  Exact left = Worth(a), right = Worth(b);
  return (left > right) - (left < right);
}

bool IsMultiple(const Json& value, const Json& divisor) {
  Decimal of = DecimalOf(value), by = DecimalOf(divisor);
  int shift = of.exponent - by.exponent;
  if (shift >= 0) return Shifted(of.digits, shift, by.digits) == 0;
  Wide scaled = by.digits;
  for (int i = 0; i < -shift; ++i) {
    scaled *= 10;
    if (scaled > of.digits) return of.digits == 0;
  }
  return of.digits % scaled == 0;
}

bool IsWhole(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  auto number = value.get<double>();
  return number == std::trunc(number);
}

}  // namespace muster
