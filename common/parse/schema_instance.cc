#include "common/parse/schema_instance.h"

#include <algorithm>
#include <cmath>

#include "common/parse/json_compare.h"
#include "common/parse/json_schema.h"
#include "common/parse/pattern_sample.h"
#include "common/parse/schema_check.h"
#include "common/parse/schema_node.h"
#include "common/text.h"

namespace muster {
namespace {

constexpr int64_t kMostWork =
    20'000;  // values made for one instance, the ones thrown away included
constexpr uint64_t kMostElements = 1'000;
constexpr uint64_t kMostLength = 100'000;  // characters of one text
// How deep an instance may be: some depth first, then less, then more, until one fits.
constexpr int kDepths[] = {5, 4, 3, 2, 1, 8, 12, 20, 40, 80};

constexpr std::string_view kWords[] = {"amber", "basin",  "cedar", "delta", "ember", "fjord",
                                       "grove", "harbor", "islet", "jetty", "kiosk", "linden"};

uint64_t Mixed(uint64_t seed) {
  seed += 0x9e3779b97f4a7c15;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
  return seed ^ (seed >> 27);
}

// All schemas that hold at one place, flattened: a node with what it refers to, all of its allOf,
// and the alternatives that were chosen.
using Nodes = std::vector<const SchemaNode*>;

// Makes one value; used once.
class Maker {
 public:
  Maker(uint64_t seed, int depth) : seed_(seed), depth_(depth) {}
  std::optional<Json> Make(const Nodes& wanted);
  // Why a text could not be made, or "".
  const std::string& why() const { return why_; }

 private:
  std::optional<Json> Choose(const Nodes& wanted, Nodes nodes, std::vector<const Nodes*> open);
  std::optional<Json> Value(const Nodes& wanted, const Nodes& nodes);
  std::optional<Json> OfType(unsigned type, const Nodes& nodes);
  std::optional<Json> Number(const Nodes& nodes, bool whole);
  std::optional<Json> String(const Nodes& nodes);
  std::optional<Json> Array(const Nodes& nodes);
  std::optional<Json> Object(const Nodes& nodes);
  bool AddMembers(const Nodes& nodes, bool required, uint64_t most, Json& object);
  uint64_t Random(uint64_t bound) { return (seed_ = Mixed(seed_)) % bound; }

  uint64_t seed_;
  int depth_;  // levels that may still be opened
  int64_t work_ = 0;
  std::string why_;
};

void Flatten(const SchemaNode& node, Nodes& nodes) {
  nodes.push_back(&node);
  if (node.ref) Flatten(*node.ref, nodes);
  for (const SchemaNode* each : node.all_of) Flatten(*each, nodes);
}

bool Fits(const Nodes& nodes, const Json& value) {
  return std::ranges::all_of(
      nodes, [&](const SchemaNode* node) { return CheckAgainst(*node, value).ok(); });
}

// What all of some bounds leave.
SchemaBounds Common(const Nodes& nodes, SchemaBounds SchemaNode::*bounds) {
  SchemaBounds common;
  for (const SchemaNode* node : nodes) {
    common.least = std::max(common.least, (node->*bounds).least);
    common.most = std::min(common.most, (node->*bounds).most);
  }
  return common;
}

std::optional<Json> Maker::Make(const Nodes& wanted) {
  Nodes nodes;
  for (const SchemaNode* each : wanted) Flatten(*each, nodes);
  std::vector<const Nodes*> open;
  for (const SchemaNode* node : nodes) {
    if (!node->any_of.empty()) open.push_back(&node->any_of);
    if (!node->one_of.empty()) open.push_back(&node->one_of);
  }
  return Choose(wanted, std::move(nodes), std::move(open));
}

// `open`: the alternatives not chosen from yet. The first that works is taken.
std::optional<Json> Maker::Choose(const Nodes& wanted, Nodes nodes,
                                  std::vector<const Nodes*> open) {
  if (++work_ > kMostWork) return std::nullopt;
  if (open.empty()) return Value(wanted, nodes);
  const Nodes& alternatives = *open.back();
  open.pop_back();
  for (const SchemaNode* each : alternatives) {
    Nodes more;
    Flatten(*each, more);
    std::vector<const Nodes*> still = open;
    for (const SchemaNode* node : more) {
      if (!node->any_of.empty()) still.push_back(&node->any_of);
      if (!node->one_of.empty()) still.push_back(&node->one_of);
    }
    more.insert(more.begin(), nodes.begin(), nodes.end());
    if (auto value = Choose(wanted, std::move(more), std::move(still))) return value;
  }
  return std::nullopt;
}

std::optional<Json> Maker::Value(const Nodes& wanted, const Nodes& nodes) {
  unsigned types = kAnyType;
  const SchemaValues* values = nullptr;
  bool array = false, object = false, number = false;
  for (const SchemaNode* node : nodes) {
    types &= node->types & kInteger  ? node->types
             : node->types & kNumber ? node->types | kInteger
                                     : node->types;
    for (const SchemaValues& each : node->values) {
      if (!values || each.values.size() < values->values.size()) values = &each;
    }
    array = array || node->items || !node->prefix.empty() || node->items_count.least > 0;
    object =
        object || !node->properties.empty() || node->additional || node->members_count.least > 0;
    number =
        number || node->minimum || node->maximum || node->above || node->below || node->multiple_of;
    if (node->nothing) return std::nullopt;
  }
  if (values) {
    uint64_t from = Random(values->values.size());
    for (size_t i = 0; i < values->values.size(); ++i) {
      const Json& value = values->values[(from + i) % values->values.size()];
      if (Fits(wanted, value)) return value;
    }
    return std::nullopt;
  }
  unsigned likely = object ? kObject : array ? kArray : number ? kNumber : kString;
  unsigned order[] = {likely, kObject, kArray, kString, kNumber, kInteger, kBoolean, kNull};
  for (size_t i = 0; i < std::size(order); ++i) {
    if ((types & order[i]) == 0 || (i > 0 && order[i] == likely)) continue;
    // Another try has other words and numbers.
    for (int tries = order[i] == kNull ? 1 : 3; tries > 0; --tries) {
      auto value = OfType(order[i], nodes);
      if (value && Fits(wanted, *value)) return value;
      if (!value && (order[i] == kObject || order[i] == kArray)) break;
    }
  }
  return std::nullopt;
}

std::optional<Json> Maker::OfType(unsigned type, const Nodes& nodes) {
  switch (type) {
    case kObject:
      return Object(nodes);
    case kArray:
      return Array(nodes);
    case kString:
      return String(nodes);
    case kNumber:
      return Number(nodes, false);
    case kInteger:
      return Number(nodes, true);
    case kBoolean:
      return Json(Random(2) == 1);
    default:
      return Json();
  }
}

// The least multiple that is allowed, or a few more.
std::optional<Json> Maker::Number(const Nodes& nodes, bool whole) {
  double low = -INFINITY, high = INFINITY, step = 0;
  for (const SchemaNode* node : nodes) {
    whole = whole || (node->types & kNumber) == 0;
    for (const auto* bound : {&node->minimum, &node->above}) {
      if (*bound) low = std::max(low, (*bound)->get<double>());
    }
    for (const auto* bound : {&node->maximum, &node->below}) {
      if (*bound) high = std::min(high, (*bound)->get<double>());
    }
    if (node->multiple_of) step = std::max(step, node->multiple_of->get<double>());
  }
  if (low == -INFINITY) low = std::isinf(high) ? 1 : high - 20;
  if (step == 0) step = whole || std::isinf(high) || high - low >= 2 ? 1 : (high - low) / 4;
  if (whole && step < 1) step = 1;
  double room = std::isinf(high) ? 20 : std::floor((high - low) / step);
  double some = static_cast<double>(Random(static_cast<uint64_t>(std::clamp(room, 0.0, 20.0)) + 1));
  double value = (std::ceil(low / step) + some) * step;
  if (value > high) value = std::floor(high / step) * step;
  // Neither end may be allowed, and 3 * 0.1 is written 0.3.
  auto excluded = [&](double number) {
    return std::ranges::any_of(nodes, [&](const SchemaNode* node) {
      return (node->above && CompareNumbers(number, *node->above) <= 0) ||
             (node->below && CompareNumbers(number, *node->below) >= 0);
    });
  };
  if (excluded(value)) value = value - step > low ? value - step : value + step;
  if (whole || value == std::trunc(value)) {
    if (std::fabs(value) < 9e15) return Json(static_cast<int64_t>(value));
    return Json(value);
  }
  return Json(std::stod(fmt::format("{:.12g}", value)));
}

std::optional<Json> Maker::String(const Nodes& nodes) {
  SchemaBounds length = Common(nodes, &SchemaNode::length);
  if (length.least > length.most || length.least > kMostLength) return std::nullopt;
  for (const SchemaNode* node : nodes) {
    if (!node->pattern) continue;
    auto sample = SampleOf(*node->pattern, length.least, length.most, Random(UINT64_MAX));
    if (sample) return Json(*sample);
    why_ = fmt::format(": no text was found that matches `{}`",
                       VisibleText(node->pattern->expression()));
    return std::nullopt;
  }
  std::string text(kWords[Random(std::size(kWords))]);
  text += ' ';
  text += kWords[Random(std::size(kWords))];
  while (text.size() < length.least) text += " " + std::string(kWords[Random(std::size(kWords))]);
  if (text.size() > length.most) text.resize(length.most);
  return Json(text);
}

std::optional<Json> Maker::Array(const Nodes& nodes) {
  SchemaBounds count = Common(nodes, &SchemaNode::items_count);
  size_t prefix = 0;
  for (const SchemaNode* node : nodes) prefix = std::max(prefix, node->prefix.size());
  if (count.least > count.most || count.least > kMostElements) return std::nullopt;
  bool unique = std::ranges::any_of(nodes, &SchemaNode::unique);
  uint64_t wanted = std::clamp(std::max<uint64_t>(prefix, 1 + Random(2)), count.least, count.most);
  Json array = Json::array();
  std::unordered_set<std::string> seen;
  // Where elements must differ some are thrown away.
  for (uint64_t tries = 0; array.size() < wanted && tries < 4 * wanted + 8; ++tries) {
    Nodes of_element;
    for (const SchemaNode* node : nodes) {
      const SchemaNode* schema =
          array.size() < node->prefix.size() ? node->prefix[array.size()] : node->items;
      if (schema) of_element.push_back(schema);
    }
    if (depth_ <= 0) break;
    --depth_;
    auto element = Make(of_element);
    ++depth_;
    if (!element) break;
    if (unique && !seen.insert(EqualityKey(*element)).second) continue;
    array.push_back(std::move(*element));
  }
  if (array.size() < count.least) return std::nullopt;
  return array;
}

std::optional<Json> Maker::Object(const Nodes& nodes) {
  SchemaBounds count = Common(nodes, &SchemaNode::members_count);
  if (count.least > count.most || count.least > kMostElements) return std::nullopt;
  Json object = Json::object();
  // In the schema's order, unless there is no room for all: the required ones come first then.
  bool tight = count.most != UINT64_MAX;
  if (tight && !AddMembers(nodes, true, count.most, object)) return std::nullopt;
  if (!AddMembers(nodes, false, count.most, object)) return std::nullopt;
  for (uint64_t i = 1; object.size() < count.least && i <= 2 * count.least; ++i) {
    Nodes of_member;
    for (const SchemaNode* node : nodes) {
      if (node->additional) of_member.push_back(node->additional);
    }
    std::string name = fmt::format("{}_{}", kWords[i % std::size(kWords)], i);
    auto member = Make(of_member);
    if (!member) return std::nullopt;
    object[name] = std::move(*member);
  }
  return object;
}

// `required`: only those. False when a required one cannot be made.
bool Maker::AddMembers(const Nodes& nodes, bool required, uint64_t most, Json& object) {
  for (const SchemaNode* node : nodes) {
    for (const SchemaNode::Property& property : node->properties) {
      if (object.contains(property.name)) continue;
      Nodes of_member;
      bool needed = false;
      for (const SchemaNode* each : nodes) {
        auto known = each->property_index.find(property.name);
        const SchemaNode* schema = each->additional;
        if (known != each->property_index.end()) {
          const SchemaNode::Property& same = each->properties[known->second];
          needed = needed || same.required;
          if (same.schema) schema = same.schema;
        }
        if (schema) of_member.push_back(schema);
      }
      if (!needed && (required || object.size() >= most)) continue;
      if (depth_ <= 0 && !needed) continue;
      if (depth_ <= 0) return false;
      --depth_;
      auto member = Make(of_member);
      ++depth_;
      if (!member && needed) return false;
      if (member) object[property.name] = std::move(*member);
    }
  }
  return true;
}

}  // namespace

Result<Json> InstanceOf(const Json& schema, uint64_t seed) {
  Result<JsonSchema> compiled = JsonSchema::Compile(schema);
  if (!compiled) return Error{compiled.error()};
  std::string why;
  for (int depth : kDepths) {
    Maker maker(seed, depth);
    auto value = maker.Make({compiled->graph().root});
    if (value && compiled->Check(*value)) return std::move(*value);
    why = maker.why();
  }
  return Fail("no value was found that meets the schema{}", why);
}

}  // namespace muster
