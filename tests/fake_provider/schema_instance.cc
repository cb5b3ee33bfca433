#include "tests/fake_provider/schema_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "tests/fake_provider/digest.h"

namespace fake_provider {
namespace {

constexpr int kDeepest = 32;  // by then only what must be there is made
constexpr int kDeepestOfAll = 200;

constexpr std::string_view kWords[] = {"amber", "basalt", "cedar",  "delta",  "ember",
                                       "fjord", "grove",  "harbor", "island", "juniper"};

const std::map<std::string_view, std::string_view> kFormats = {
    {"date-time", "2024-05-17T08:30:00Z"},
    {"date", "2024-05-17"},
    {"time", "08:30:00Z"},
    {"duration", "P3DT4H"},
    {"email", "reader@example.org"},
    {"hostname", "www.example.org"},
    {"uri", "https://example.org/a"},
    {"ipv4", "192.0.2.7"},
    {"ipv6", "2001:db8::7"},
    {"uuid", "6f1c2a34-58b7-4c1e-9d20-3a4b5c6d7e8f"},
};

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Makes one instance of one schema. Every choice follows from the seed and the place it is made at.
class Maker {
 public:
  Maker(const Json& root, const std::string& seed) : root_(root), seed_(seed) {}

  Json Make(const Json& schema, const std::string& at, int depth) const;

 private:
  uint64_t Pick(const std::string& at, uint64_t below) const {
    return Hash64(fmt::format("{} {}", seed_, at)) % below;
  }
  const Json& Target(const std::string& reference) const;
  Json MakeObject(const Json& schema, const std::string& at, int depth) const;
  Json MakeArray(const Json& schema, const std::string& at, int depth) const;
  Json MakeString(const Json& schema, const std::string& at) const;
  Json MakeNumber(const Json& schema, const std::string& at, bool whole) const;
  Json MakeAlternative(const Json& choices, const std::string& at, int depth) const;

  const Json& root_;
  const std::string& seed_;
};

// Of "#" and "#/$defs/name"; anything else is a schema without demands.
const Json& Maker::Target(const std::string& reference) const {
  static const Json kAnything = true;
  if (reference == "#") return root_;
  if (!reference.starts_with("#/")) return kAnything;
  Json::json_pointer pointer(reference.substr(1));
  return root_.contains(pointer) ? root_.at(pointer) : kAnything;
}

// The type to make: of several the first that is no null.
std::string TypeOf(const Json& schema) {
  const Json& type = MemberOf(schema, "type");
  if (type.is_string()) return LowerCase(type.get<std::string>());
  if (type.is_array()) {
    for (const Json& each : type) {
      if (each.is_string() && each != "null") return LowerCase(each.get<std::string>());
    }
    return "null";
  }
  if (schema.contains("properties")) return "object";
  if (schema.contains("items") || schema.contains("prefixItems")) return "array";
  bool number = schema.contains("minimum") || schema.contains("maximum");
  return number ? "number" : "string";
}

int64_t Size(const Json& schema, std::string_view name, int64_t absent) {
  const Json& size = MemberOf(schema, name);
  return size.is_number() ? size.get<int64_t>() : absent;
}

// All schemas of an allOf and the one around it, as one: objects join members, else the last wins.
Json Joined(Json whole, const Json& parts) {
  whole.erase("allOf");
  for (const Json& part : parts) {
    if (!part.is_object()) continue;
    for (const auto& [name, value] : part.items()) {
      if (name == "properties" && whole.contains(name)) {
        whole[name].update(value);
      } else if (name == "required" && whole.contains(name)) {
        for (const Json& each : value) whole[name].push_back(each);
      } else {
        whole[name] = value;
      }
    }
  }
  return whole;
}

Json Maker::Make(const Json& schema, const std::string& at, int depth) const {
  if (depth > kDeepestOfAll) return nullptr;
  if (!schema.is_object()) return kWords[Pick(at, std::size(kWords))];
  if (std::string reference = StringMember(schema, "$ref"); !reference.empty()) {
    return Make(Target(reference), at, depth + 1);
  }
  if (schema.contains("const")) return schema["const"];
  if (const Json& values = MemberOf(schema, "enum"); values.is_array() && !values.empty()) {
    return values[Pick(at, values.size())];
  }
  for (const char* name : {"anyOf", "oneOf"}) {
    const Json& choices = MemberOf(schema, name);
    if (choices.is_array() && !choices.empty()) return MakeAlternative(choices, at, depth);
  }
  if (const Json& all = MemberOf(schema, "allOf"); all.is_array()) {
    Json parts = Json::array();
    for (const Json& part : all) {
      std::string reference = StringMember(part, "$ref");
      parts.push_back(reference.empty() ? part : Target(reference));
    }
    return Make(Joined(schema, parts), at, depth + 1);
  }
  std::string type = TypeOf(schema);
  if (type == "object") return MakeObject(schema, at, depth);
  if (type == "array") return MakeArray(schema, at, depth);
  if (type == "boolean") return Pick(at, 2) == 1;
  if (type == "null") return nullptr;
  if (type == "integer" || type == "number") return MakeNumber(schema, at, type == "integer");
  return MakeString(schema, at);
}

// Deep down the one that leads no further: null if it may be, else the first without a reference.
Json Maker::MakeAlternative(const Json& choices, const std::string& at, int depth) const {
  size_t chosen = Pick(at + " of", choices.size());
  if (depth > kDeepest) {
    for (size_t i = 0; i < choices.size(); ++i) {
      std::string type = choices[i].is_object() ? TypeOf(choices[i]) : "";
      if (!choices[i].contains("$ref") && type != "object" && type != "array") chosen = i;
      if (type == "null") break;
    }
  }
  return Make(choices[chosen], at, depth + 1);
}

// Every required member, and every other one as long as it does not lead too deep.
Json Maker::MakeObject(const Json& schema, const std::string& at, int depth) const {
  Json object = Json::object();
  std::set<std::string> required;
  for (const Json& name : MemberOf(schema, "required")) {
    if (name.is_string()) required.insert(name.get<std::string>());
  }
  const Json& properties = MemberOf(schema, "properties");
  if (properties.is_object()) {
    for (const auto& [name, property] : properties.items()) {
      if (depth > kDeepest && !required.contains(name)) continue;
      object[name] = Make(property, at + "/" + name, depth + 1);
    }
  }
  for (const std::string& name : required) {
    if (!object.contains(name)) object[name] = kWords[Pick(at + "/" + name, std::size(kWords))];
  }
  return object;
}

Json Maker::MakeArray(const Json& schema, const std::string& at, int depth) const {
  Json array = Json::array();
  const Json& first = MemberOf(schema, "prefixItems");
  for (size_t i = 0; first.is_array() && i < first.size(); ++i) {
    array.push_back(Make(first[i], fmt::format("{}/{}", at, i), depth + 1));
  }
  int64_t least = Size(schema, "minItems", 0);
  int64_t most = Size(schema, "maxItems", std::max<int64_t>(least, 3));
  int64_t wanted = least + static_cast<int64_t>(Pick(at + " count", most - least + 1));
  if (depth > kDeepest) wanted = least;
  bool distinct = MemberOf(schema, "uniqueItems") == true;
  const Json& items = MemberOf(schema, "items");
  if (items == false) return array;
  for (int64_t i = 0, made = static_cast<int64_t>(array.size()); made < wanted && i < 1000; ++i) {
    Json item = Make(items, fmt::format("{}/{}", at, made + i), depth + 1);
    if (distinct && std::find(array.begin(), array.end(), item) != array.end()) continue;
    array.push_back(std::move(item));
    ++made;
  }
  return array;
}

Json Maker::MakeString(const Json& schema, const std::string& at) const {
  auto format = kFormats.find(StringMember(schema, "format"));
  if (format != kFormats.end()) return format->second;
  std::string text(kWords[Pick(at, std::size(kWords))]);
  int64_t least = Size(schema, "minLength", 0);
  while (static_cast<int64_t>(text.size()) < least) {
    text += fmt::format(" {}", kWords[Pick(fmt::format("{} {}", at, text.size()), 10)]);
  }
  int64_t most = Size(schema, "maxLength", static_cast<int64_t>(text.size()));
  if (static_cast<int64_t>(text.size()) > most) text.resize(most);
  return text;
}

Json Maker::MakeNumber(const Json& schema, const std::string& at, bool whole) const {
  auto bound = [&](const char* name) -> std::optional<double> {
    const Json& value = MemberOf(schema, name);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  };
  double step = bound("multipleOf").value_or(whole ? 1 : 0.25);
  std::optional<double> low = bound("minimum"), high = bound("maximum");
  if (auto above = bound("exclusiveMinimum")) low = std::max(low.value_or(*above), *above + step);
  if (auto below = bound("exclusiveMaximum")) high = std::min(high.value_or(*below), *below - step);
  if (!low) low = high ? std::min(0.0, *high) : 0;
  if (!high) high = *low + 100 * step;
  double first = std::ceil(*low / step), last = std::floor(*high / step);
  if (last < first) return whole ? Json(static_cast<int64_t>(*low)) : Json(*low);
  uint64_t count = static_cast<uint64_t>(std::min(last - first, 1000.0)) + 1;
  double value = (first + static_cast<double>(Pick(at, count))) * step;
  return whole ? Json(static_cast<int64_t>(value)) : Json(value);
}

}  // namespace

Json InstanceOf(const Json& schema, const std::string& seed) {
  return Maker(schema, seed).Make(schema, "", 0);
}

}  // namespace fake_provider
