#include "common/parse/schema_check.h"

#include <algorithm>

#include "common/parse/json_compare.h"
#include "common/parse/schema_place.h"
#include "common/text.h"

namespace muster {
namespace {

// A step is about a microsecond at most; alternatives that recur can need exponentially many.
constexpr int64_t kMostSteps = 20'000'000;
constexpr int kMostDepth = 2'000;     // nodes above each other on the stack
constexpr size_t kBytesPerStep = 64;  // of texts that are matched, counted or compared
constexpr size_t kMostShown = 60;     // bytes of a value in a message
constexpr size_t kMostListed = 12;    // of the values of an enum

// What does not fit, and where.
struct Mismatch {
  std::string pointer, expected, found;
  size_t depth = 0;  // of the pointer
};

// Checks one value; used once. Where `out` is nullptr only the verdict is wanted. Once it has given
// up, every verdict is false and means nothing.
class Checker {
 public:
  bool Check(const SchemaNode& node, const Json& value, const JsonPlace& place, Mismatch* out);
  bool gave_up() const { return gave_up_; }

 private:
  bool CheckValues(const SchemaNode& node, const Json& value, const JsonPlace& place,
                   Mismatch* out);
  bool CheckNumber(const SchemaNode& node, const Json& value, const JsonPlace& place,
                   Mismatch* out);
  bool CheckString(const SchemaNode& node, const Json& value, const JsonPlace& place,
                   Mismatch* out);
  bool CheckArray(const SchemaNode& node, const Json& value, const JsonPlace& place, Mismatch* out);
  bool CheckUnique(const Json& value, const JsonPlace& place, Mismatch* out);
  bool CheckObject(const SchemaNode& node, const Json& value, const JsonPlace& place,
                   Mismatch* out);
  bool CheckMember(const SchemaNode& node, const std::string& name, const Json& member,
                   const JsonPlace& place, Mismatch* out);
  bool CheckOthers(const SchemaNode& node, const Json& value, const JsonPlace& place,
                   Mismatch* out);
  bool CheckAny(const SchemaNode& node, const Json& value, const JsonPlace& place, Mismatch* out);
  bool CheckOne(const SchemaNode& node, const Json& value, const JsonPlace& place, Mismatch* out);
  // Tells how near the nearest of some alternatives came.
  bool SayNearest(const std::vector<const SchemaNode*>& alternatives, const Json& value,
                  const JsonPlace& place, Mismatch* out);
  bool Spend(size_t bytes);

  int64_t steps_ = 0;
  int depth_ = 0;
  bool gave_up_ = false;
};

// Fills in the mismatch, if one is wanted; false, for the caller to return.
bool Say(Mismatch* out, const JsonPlace& place, std::string expected, std::string found) {
  if (!out) return false;
  *out = {PointerTo(place), std::move(expected), std::move(found), 0};
  out->depth = static_cast<size_t>(std::ranges::count(out->pointer, '/'));
  return false;
}

std::string TypeNames(unsigned types) {
  constexpr std::pair<unsigned, const char*> kNames[] = {{kString, "a string"},
                                                         {kNumber, "a number"},
                                                         {kInteger, "a whole number"},
                                                         {kBoolean, "true or false"},
                                                         {kArray, "an array"},
                                                         {kObject, "an object"},
                                                         {kNull, "null"}};
  std::string names;
  for (const auto& [type, name] : kNames) {
    if (types & type) names += (names.empty() ? "" : " or ") + std::string(name);
  }
  return names;
}

std::string ValueNames(const SchemaValues& values) {
  std::string names;
  for (size_t i = 0; i < values.values.size() && i < kMostListed; ++i) {
    names += (i > 0 ? ", " : "") + ShownJson(values.values[i]);
  }
  if (values.values.size() > kMostListed) names += ", …";
  return values.values.size() == 1 ? names : "one of " + names;
}

// "at least 3 characters".
std::string BoundsText(const SchemaBounds& bounds, uint64_t count, const char* one,
                       const char* many) {
  bool few = count < bounds.least;
  uint64_t bound = few ? bounds.least : bounds.most;
  return fmt::format("at {} {} {}", few ? "least" : "most", bound, bound == 1 ? one : many);
}

bool Within(const SchemaBounds& bounds, uint64_t count) {
  return count >= bounds.least && count <= bounds.most;
}

bool Checker::Spend(size_t bytes) {
  steps_ += 1 + static_cast<int64_t>(bytes / kBytesPerStep);
  gave_up_ = gave_up_ || steps_ > kMostSteps;
  return !gave_up_;
}

bool Checker::Check(const SchemaNode& node, const Json& value, const JsonPlace& place,
                    Mismatch* out) {
  if (depth_ >= kMostDepth) gave_up_ = true;
  if (!Spend(0)) return false;
  if (node.nothing) return Say(out, place, "nothing", ShownJson(value));
  if ((node.types & TypesOf(value)) == 0) {
    return Say(out, place, TypeNames(node.types), ShownJson(value));
  }
  ++depth_;
  bool fits = CheckValues(node, value, place, out);
  if (value.is_number()) fits = fits && CheckNumber(node, value, place, out);
  if (value.is_string()) fits = fits && CheckString(node, value, place, out);
  if (value.is_array()) fits = fits && CheckArray(node, value, place, out);
  if (value.is_object()) fits = fits && CheckObject(node, value, place, out);
  fits = fits && CheckOthers(node, value, place, out);
  --depth_;
  return fits && !gave_up_;
}

bool Checker::CheckValues(const SchemaNode& node, const Json& value, const JsonPlace& place,
                          Mismatch* out) {
  if (node.values.empty()) return true;
  std::string key = EqualityKey(value);
  if (!Spend(key.size())) return false;
  for (const SchemaValues& values : node.values) {
    if (!values.keys.contains(key)) return Say(out, place, ValueNames(values), ShownJson(value));
  }
  return true;
}

bool Checker::CheckNumber(const SchemaNode& node, const Json& value, const JsonPlace& place,
                          Mismatch* out) {
  auto say = [&](const char* what, const Json& bound) {
    return Say(out, place, what + ShownJson(bound), ShownJson(value));
  };
  if (node.minimum && CompareNumbers(value, *node.minimum) < 0) {
    return say("a number not below ", *node.minimum);
  }
  if (node.maximum && CompareNumbers(value, *node.maximum) > 0) {
    return say("a number not above ", *node.maximum);
  }
  if (node.above && CompareNumbers(value, *node.above) <= 0) {
    return say("a number above ", *node.above);
  }
  if (node.below && CompareNumbers(value, *node.below) >= 0) {
    return say("a number below ", *node.below);
  }
  if (node.multiple_of && !IsMultiple(value, *node.multiple_of)) {
    return say("a multiple of ", *node.multiple_of);
  }
  return true;
}

bool Checker::CheckString(const SchemaNode& node, const Json& value, const JsonPlace& place,
                          Mismatch* out) {
  const auto& text = value.get_ref<const std::string&>();
  bool bounded = node.length.least > 0 || node.length.most != UINT64_MAX;
  if ((bounded || node.pattern) && !Spend(text.size())) return false;
  if (bounded) {
    auto count = static_cast<uint64_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
    if (!Within(node.length, count)) {
      return Say(out, place, BoundsText(node.length, count, "character", "characters"),
                 fmt::format("{} ({})", ShownJson(value), count));
    }
  }
  if (node.pattern && !node.pattern->Matches(text)) {
    return Say(out, place, "text that matches " + VisibleText(node.pattern->expression()),
               ShownJson(value));
  }
  return true;
}

bool Checker::CheckArray(const SchemaNode& node, const Json& value, const JsonPlace& place,
                         Mismatch* out) {
  if (!Within(node.items_count, value.size())) {
    return Say(out, place, BoundsText(node.items_count, value.size(), "element", "elements"),
               ShownJson(value));
  }
  for (size_t i = 0; i < value.size(); ++i) {
    const SchemaNode* schema = i < node.prefix.size() ? node.prefix[i] : node.items;
    if (!schema) continue;
    if (!Check(*schema, value[i], {&place, {}, i, true}, out)) return false;
  }
  return !node.unique || CheckUnique(value, place, out);
}

bool Checker::CheckUnique(const Json& value, const JsonPlace& place, Mismatch* out) {
  std::unordered_map<std::string, size_t> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    std::string key = EqualityKey(value[i]);
    if (!Spend(key.size())) return false;
    auto [entry, is_new] = seen.try_emplace(std::move(key), i);
    if (is_new) continue;
    return Say(out, {&place, {}, i, true},
               fmt::format("another value than element {} has", entry->second),
               ShownJson(value[i]));
  }
  return true;
}

bool Checker::CheckObject(const SchemaNode& node, const Json& value, const JsonPlace& place,
                          Mismatch* out) {
  if (!Within(node.members_count, value.size())) {
    return Say(out, place, BoundsText(node.members_count, value.size(), "member", "members"),
               ShownJson(value));
  }
  if (node.property_index.empty() && !node.additional) return true;
  size_t required = 0;
  for (const auto& [name, member] : value.items()) {
    auto known = node.property_index.find(name);
    required += known != node.property_index.end() && node.properties[known->second].required;
  }
  if (required < node.required_count) {
    if (!out) return false;
    for (const SchemaNode::Property& property : node.properties) {
      if (!property.required || value.contains(property.name)) continue;
      return Say(out, place, fmt::format("a member {}", ShownJson(property.name)),
                 ShownJson(value) + " without it");
    }
  }
  for (const auto& [name, member] : value.items()) {
    if (!CheckMember(node, name, member, place, out)) return false;
  }
  return true;
}

bool Checker::CheckMember(const SchemaNode& node, const std::string& name, const Json& member,
                          const JsonPlace& place, Mismatch* out) {
  auto known = node.property_index.find(name);
  const SchemaNode* schema =
      known == node.property_index.end() ? nullptr : node.properties[known->second].schema;
  if (!schema) schema = node.additional;
  if (!schema) return true;
  if (schema != node.additional || !schema->nothing) {
    return Check(*schema, member, {&place, name}, out);
  }
  if (!out) return false;
  std::vector<std::string> names;
  for (const auto& property : node.properties) {
    if (property.schema) names.push_back(property.name);
  }
  std::string nearest = NearestName(name.substr(0, kMostShown), names);
  return Say(
      out, place,
      nearest.empty() ? "no further members" : "a member " + ShownJson(nearest) + " and no other",
      "a member " + ShownJson(name));
}

bool Checker::CheckOthers(const SchemaNode& node, const Json& value, const JsonPlace& place,
                          Mismatch* out) {
  if (node.ref && !Check(*node.ref, value, place, out)) return false;
  for (const SchemaNode* each : node.all_of) {
    if (!Check(*each, value, place, out)) return false;
  }
  if (!node.any_of.empty() && !CheckAny(node, value, place, out)) return false;
  if (!node.one_of.empty() && !CheckOne(node, value, place, out)) return false;
  if (node.no && Check(*node.no, value, place, nullptr)) {
    return Say(out, place, "anything but what \"not\" describes", ShownJson(value));
  }
  return !gave_up_;
}

bool Checker::CheckAny(const SchemaNode& node, const Json& value, const JsonPlace& place,
                       Mismatch* out) {
  for (const SchemaNode* each : node.any_of) {
    if (Check(*each, value, place, nullptr)) return true;
  }
  return SayNearest(node.any_of, value, place, out);
}

bool Checker::CheckOne(const SchemaNode& node, const Json& value, const JsonPlace& place,
                       Mismatch* out) {
  size_t fitting = 0;
  for (const SchemaNode* each : node.one_of) fitting += Check(*each, value, place, nullptr);
  if (fitting == 1) return true;
  if (fitting == 0) return SayNearest(node.one_of, value, place, out);
  return Say(out, place, "exactly one of the forms in oneOf",
             fmt::format("{}, which fits {} of them", ShownJson(value), fitting));
}

bool Checker::SayNearest(const std::vector<const SchemaNode*>& alternatives, const Json& value,
                         const JsonPlace& place, Mismatch* out) {
  if (!out || gave_up_) return false;
  Mismatch nearest;
  std::string here = PointerTo(place), all;
  for (const SchemaNode* each : alternatives) {
    Mismatch mismatch;
    if (Check(*each, value, place, &mismatch) || gave_up_) return false;
    bool shallow = mismatch.pointer == here;
    if (shallow && all.find(mismatch.expected) == all.npos && all.size() < 4 * kMostShown) {
      all += (all.empty() ? "" : ", or ") + mismatch.expected;
    }
    if (nearest.expected.empty() || mismatch.depth > nearest.depth) nearest = std::move(mismatch);
  }
  if (nearest.pointer == here) nearest.expected = all;
  *out = std::move(nearest);
  return false;
}

}  // namespace

std::string ShownJson(const Json& value) {
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (!value.is_string()) return DumpJson(value);
  std::string_view text = value.get_ref<const std::string&>();
  size_t end = std::min(text.size(), kMostShown);
  while (end < text.size() && end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return fmt::format("\"{}{}\"", VisibleText(text.substr(0, end)), end < text.size() ? "…" : "");
}

Result<void> CheckAgainst(const SchemaNode& node, const Json& value) {
  Checker checker;
  JsonPlace top;
  // The verdict costs nothing but time; what to say is looked for only when there is something.
  if (checker.Check(node, value, top, nullptr)) return {};
  Checker teller;
  Mismatch mismatch;
  if (!checker.gave_up()) teller.Check(node, value, top, &mismatch);
  if (checker.gave_up())
    return Fail("it is too large or too deep to be checked against its schema");
  if (teller.gave_up()) return Fail("it does not fit its schema");
  return Fail("{}: expected {}, found {}", AtPlace(mismatch.pointer), mismatch.expected,
              mismatch.found);
}

}  // namespace muster
