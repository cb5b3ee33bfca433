#include <algorithm>
#include <map>
#include <variant>

#include "common/parse/json_compare.h"
#include "common/parse/schema_node.h"
#include "common/parse/schema_place.h"
#include "common/text.h"

namespace muster {
namespace {

// The beginnings of the $schema addresses of drafts whose words mean here what they mean there.
// Where `alone`, what stands beside a $ref is ignored.
struct Draft {
  std::string_view address;
  bool alone;
};
constexpr Draft kDrafts[] = {{"json-schema.org/draft-06/schema", true},
                             {"json-schema.org/draft-07/schema", true},
                             {"json-schema.org/draft/2019-09/schema", false},
                             {"json-schema.org/draft/2020-12/schema", false}};

constexpr std::pair<std::string_view, unsigned> kTypeNames[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"integer", kInteger}, {"number", kNumber},
    {"string", kString}, {"array", kArray},     {"object", kObject}};

// Makes the nodes of one schema; used once. A Place is the JSON pointer of what is looked at.
class Compiler {
 public:
  Result<SchemaGraph> Compile(const Json& schema);

 private:
  using Place = const std::string&;
  using Handler = Result<void> (Compiler::*)(SchemaNode& node, const Json& value, Place at);
  using One = const SchemaNode* SchemaNode::*;
  using Some = std::vector<const SchemaNode*> SchemaNode::*;
  using Number = std::optional<Json> SchemaNode::*;
  struct Count {
    SchemaBounds SchemaNode::*bounds;
    uint64_t SchemaBounds::*end;
  };
  // What a keyword's value is: nothing that is checked, a schema, a list of them, a number, a
  // count, or something of its own.
  struct Keyword {
    std::string_view name;
    std::variant<std::monostate, Handler, One, Some, Number, Count> kind;
  };
  static const std::vector<Keyword>& Keywords();

  Result<const SchemaNode*> Node(const Json& schema, Place at);
  Result<void> Fill(SchemaNode& node, const Json& schema);
  Result<void> FillKeyword(SchemaNode& node, const std::string& name, const Json& value);
  Result<void> CheckLoneRef(const Json& schema, Place at) const;
  Result<void> ResolveRefs();
  Result<int> Chain(const SchemaNode& node, int above);

  Result<void> FillSome(std::vector<const SchemaNode*>& to, const Json& value, Place at);
  Result<void> FillCount(uint64_t& to, const Json& value, Place at);

  Result<void> Address(SchemaNode& node, const Json& value, Place at);
  Result<void> Id(SchemaNode& node, const Json& value, Place at);
  Result<void> Ref(SchemaNode& node, const Json& value, Place at);
  Result<void> Definitions(SchemaNode& node, const Json& value, Place at);
  Result<void> Type(SchemaNode& node, const Json& value, Place at);
  Result<void> Enum(SchemaNode& node, const Json& value, Place at);
  Result<void> Const(SchemaNode& node, const Json& value, Place at);
  Result<void> Properties(SchemaNode& node, const Json& value, Place at);
  Result<void> Required(SchemaNode& node, const Json& value, Place at);
  Result<void> MatchedBy(SchemaNode& node, const Json& value, Place at);
  Result<void> MultipleOf(SchemaNode& node, const Json& value, Place at);
  Result<void> Unique(SchemaNode& node, const Json& value, Place at);

  SchemaGraph graph_;
  std::map<std::string, const SchemaNode*> by_pointer_;
  std::vector<std::pair<SchemaNode*, std::string>> refs_;  // not resolved yet: the $ref's text
  std::map<const SchemaNode*, int> chains_;  // most nodes in a row in one place; 0: being counted
  bool lone_refs_ = false;
  int depth_ = 0;
};

const std::vector<Compiler::Keyword>& Compiler::Keywords() {
  using C = Compiler;
  using N = SchemaNode;
  using B = SchemaBounds;
  static const std::vector<Keyword> kKeywords = {
      {"$schema", &C::Address},
      {"$id", &C::Id},
      {"$ref", &C::Ref},
      {"$defs", &C::Definitions},
      {"definitions", &C::Definitions},
      {"type", &C::Type},
      {"enum", &C::Enum},
      {"const", &C::Const},
      {"properties", &C::Properties},
      {"required", &C::Required},
      {"additionalProperties", &N::additional},
      {"minProperties", Count{&N::members_count, &B::least}},
      {"maxProperties", Count{&N::members_count, &B::most}},
      {"items", &N::items},
      {"prefixItems", &N::prefix},
      {"minItems", Count{&N::items_count, &B::least}},
      {"maxItems", Count{&N::items_count, &B::most}},
      {"uniqueItems", &C::Unique},
      {"minLength", Count{&N::length, &B::least}},
      {"maxLength", Count{&N::length, &B::most}},
      {"pattern", &C::MatchedBy},
      {"minimum", &N::minimum},
      {"maximum", &N::maximum},
      {"exclusiveMinimum", &N::above},
      {"exclusiveMaximum", &N::below},
      {"multipleOf", &C::MultipleOf},
      {"allOf", &N::all_of},
      {"anyOf", &N::any_of},
      {"oneOf", &N::one_of},
      {"not", &N::no},
      // Annotations: no draft has a value fail by them.
      {"title", {}},
      {"description", {}},
      {"default", {}},
      {"examples", {}},
      {"format", {}},
      {"$comment", {}},
      {"deprecated", {}},
      {"readOnly", {}},
      {"writeOnly", {}},
      {"contentEncoding", {}},
      {"contentMediaType", {}},
      {"discriminator", {}},     // OpenAPI's hint beside oneOf, which pydantic writes
      {"propertyOrdering", {}},  // Gemini's
  };
  return kKeywords;
}

Error UnknownKeyword(const std::string& name, const std::string& at,
                     const std::vector<std::string>& known) {
  // Words of the standard, of OpenAPI and of providers that would let through what they forbid.
  constexpr std::string_view kRefused[] = {"if",
                                           "then",
                                           "else",
                                           "dependentSchemas",
                                           "dependentRequired",
                                           "dependencies",
                                           "unevaluatedProperties",
                                           "unevaluatedItems",
                                           "patternProperties",
                                           "propertyNames",
                                           "contains",
                                           "minContains",
                                           "maxContains",
                                           "additionalItems",
                                           "nullable",
                                           "$anchor",
                                           "$dynamicRef",
                                           "$dynamicAnchor",
                                           "$recursiveRef",
                                           "$recursiveAnchor",
                                           "$vocabulary",
                                           "id",
                                           "contentSchema"};
  for (std::string_view refused : kRefused) {
    if (name != refused) continue;
    return Fail(
        "the schema's keyword \"{}\" {} is not supported, and answers would pass without it", name,
        AtPlace(at));
  }
  std::string nearest = NearestName(name, known);
  return Fail("the schema's keyword \"{}\" {} is not known{}", VisibleText(name.substr(0, 60)),
              AtPlace(at), nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
}

Error Wrong(std::string_view expected, const std::string& at) {
  return Fail("the schema {} must be {}", AtPlace(at), expected);
}

Result<SchemaGraph> Compiler::Compile(const Json& schema) {
  std::string address = StringMember(schema, "$schema");
  for (const Draft& draft : kDrafts) {
    if (address.find(draft.address) != address.npos) lone_refs_ = draft.alone;
  }
  Result<const SchemaNode*> root = Node(schema, "");
  if (!root) return Error{root.error()};
  graph_.root = *root;
  if (auto resolved = ResolveRefs(); !resolved) return Error{resolved.error()};
  for (const auto& node : graph_.nodes) {
    if (Result<int> chain = Chain(*node, 0); !chain) return Error{chain.error()};
  }
  return std::move(graph_);
}

Result<const SchemaNode*> Compiler::Node(const Json& schema, Place at) {
  if (!schema.is_object() && !schema.is_boolean()) return Wrong("a map, true or false", at);
  if (depth_ >= kMaxJsonDepth) return Fail("the schema is nested deeper than {} levels", depth_);
  SchemaNode& node = *graph_.nodes.emplace_back(std::make_unique<SchemaNode>());
  node.at = at;
  by_pointer_[at] = &node;
  if (schema.is_boolean()) {
    node.nothing = !schema.get<bool>();
    return &node;
  }
  ++depth_;
  Result<void> filled = Fill(node, schema);
  --depth_;
  if (!filled) return Error{filled.error()};
  return &node;
}

Result<void> Compiler::Fill(SchemaNode& node, const Json& schema) {
  if (auto fits = CheckLoneRef(schema, node.at); !fits) return fits;
  for (const auto& [name, value] : schema.items()) {
    if (auto filled = FillKeyword(node, name, value); !filled) return filled;
  }
  return {};
}

Result<void> Compiler::FillKeyword(SchemaNode& node, const std::string& name, const Json& value) {
  auto keyword = std::ranges::find(Keywords(), name, &Keyword::name);
  if (keyword == Keywords().end()) {
    std::vector<std::string> known;
    for (const Keyword& each : Keywords()) known.emplace_back(each.name);
    return UnknownKeyword(name, node.at, known);
  }
  std::string at = node.at + "/" + name;
  if (auto* handler = std::get_if<Handler>(&keyword->kind)) {
    return (this->**handler)(node, value, at);
  }
  if (auto* some = std::get_if<Some>(&keyword->kind)) return FillSome(node.**some, value, at);
  if (auto* count = std::get_if<Count>(&keyword->kind)) {
    return FillCount(node.*count->bounds.*count->end, value, at);
  }
  if (auto* number = std::get_if<Number>(&keyword->kind)) {
    if (!value.is_number()) return Wrong("a number", at);
    node.** number = value;
  }
  if (auto* one = std::get_if<One>(&keyword->kind)) {
    Result<const SchemaNode*> made = Node(value, at);
    if (!made) return Error{made.error()};
    node.** one = *made;
  }
  return {};
}

// Drafts 6 and 7 ignore what stands beside a $ref, later ones do not: only where nobody could
// expect otherwise is it taken as these do.
Result<void> Compiler::CheckLoneRef(const Json& schema, Place at) const {
  if (!lone_refs_ || !schema.contains("$ref")) return {};
  for (const auto& [name, value] : schema.items()) {
    auto keyword = std::ranges::find(Keywords(), name, &Keyword::name);
    bool harmless =
        keyword != Keywords().end() && (std::holds_alternative<std::monostate>(keyword->kind) ||
                                        name[0] == '$' || name == "definitions");
    if (harmless) continue;
    return Fail(
        "the schema's keyword \"{}\" {} stands beside a $ref, where the draft that $schema "
        "names ignores it; put the $ref into an allOf",
        VisibleText(name.substr(0, 60)), AtPlace(at));
  }
  return {};
}

Result<void> Compiler::ResolveRefs() {
  for (auto& [node, text] : refs_) {
    auto found = by_pointer_.end();
    if (text.starts_with('#')) found = by_pointer_.find(UnquotedFragment(text.substr(1)));
    if (found == by_pointer_.end()) {
      return Fail(
          "the $ref \"{}\" {} names no schema in this document; only references such as "
          "\"#/$defs/name\" are followed",
          VisibleText(text.substr(0, 200)), AtPlace(node->at));
    }
    node->ref = found->second;
  }
  return {};
}

// How many nodes can follow each other in the same place of the data, from `node` on.
Result<int> Compiler::Chain(const SchemaNode& node, int above) {
  auto [entry, is_new] = chains_.try_emplace(&node, 0);
  if (!is_new && entry->second > 0) return entry->second;
  if (!is_new) {
    return Fail(
        "the schema's $ref {} comes back to itself without going into the data, so it "
        "never ends",
        AtPlace(node.at));
  }
  std::vector<const SchemaNode*> next;
  for (const auto* list : {&node.all_of, &node.any_of, &node.one_of}) {
    next.insert(next.end(), list->begin(), list->end());
  }
  if (node.ref) next.push_back(node.ref);
  if (node.no) next.push_back(node.no);
  int longest = 0;
  for (const SchemaNode* each : next) {
    Result<int> chain = above < kMaxJsonDepth ? Chain(*each, above + 1) : Result<int>(above);
    if (!chain) return chain;
    longest = std::max(longest, *chain);
  }
  if (longest >= kMaxJsonDepth) {
    return Fail("the schema {} goes through more than {} others in the same place",
                AtPlace(node.at), kMaxJsonDepth);
  }
  return chains_[&node] = longest + 1;
}

// ---- keywords ----

Result<void> Compiler::FillSome(std::vector<const SchemaNode*>& to, const Json& value, Place at) {
  if (!value.is_array() || value.empty()) return Wrong("a list of schemas", at);
  for (const Json& each : value) {
    Result<const SchemaNode*> node = Node(each, fmt::format("{}/{}", at, to.size()));
    if (!node) return Error{node.error()};
    to.push_back(*node);
  }
  return {};
}

Result<void> Compiler::FillCount(uint64_t& to, const Json& value, Place at) {
  constexpr double kMost = 0x1p53;
  bool fits = value.is_number() && IsWhole(value) && value.get<double>() >= 0 &&
              value.get<double>() <= kMost;
  if (!fits) return Wrong("a whole number from 0", at);
  to = static_cast<uint64_t>(value.get<double>());
  return {};
}

Result<void> Compiler::Address(SchemaNode& node, const Json& value, Place at) {
  if (!node.at.empty()) return Fail("the schema has a second $schema, {}", AtPlace(at));
  if (!value.is_string()) return Wrong("text", at);
  for (const Draft& draft : kDrafts) {
    if (value.get_ref<const std::string&>().find(draft.address) != std::string::npos) return {};
  }
  return Fail(
      "the schema's $schema names a draft that is not supported; 06, 07, 2019-09 and "
      "2020-12 are");
}

Result<void> Compiler::Id(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_string()) return Wrong("text", at);
  if (node.at.empty()) return {};
  return Fail(
      "the schema's keyword \"$id\" {} is not supported below the root: references would "
      "mean something else there",
      AtPlace(node.at));
}

Result<void> Compiler::Ref(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_string()) return Wrong("text", at);
  refs_.emplace_back(&node, value.get<std::string>());
  return {};
}

Result<void> Compiler::Definitions(SchemaNode&, const Json& value, Place at) {
  if (!value.is_object()) return Wrong("a map of schemas", at);
  for (const auto& [name, schema] : value.items()) {
    Result<const SchemaNode*> node = Node(schema, at + "/" + PointerToken(name));
    if (!node) return Error{node.error()};
  }
  return {};
}

Result<void> Compiler::Type(SchemaNode& node, const Json& value, Place at) {
  node.types = 0;
  std::vector<Json> names = value.is_array() ? value.get<std::vector<Json>>() : std::vector{value};
  bool known = !names.empty();
  for (const Json& name : names) {
    auto type =
        std::ranges::find_if(kTypeNames, [&](const auto& each) { return name == each.first; });
    known = known && type != std::end(kTypeNames);
    if (known) node.types |= type->second;
  }
  if (known) return {};
  return Wrong("null, boolean, integer, number, string, array, object, or a list of these", at);
}

Result<void> Compiler::Enum(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_array() || value.empty()) return Wrong("a list of values", at);
  SchemaValues& values = node.values.emplace_back();
  for (const Json& each : value) {
    if (values.keys.insert(EqualityKey(each)).second) values.values.push_back(each);
  }
  return {};
}

Result<void> Compiler::Const(SchemaNode& node, const Json& value, Place) {
  node.values.push_back({{value}, {EqualityKey(value)}});
  return {};
}

SchemaNode::Property& PropertyNamed(SchemaNode& node, const std::string& name) {
  auto [entry, is_new] = node.property_index.try_emplace(name, node.properties.size());
  if (is_new) node.properties.push_back({name, nullptr, false});
  return node.properties[entry->second];
}

Result<void> Compiler::Properties(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_object()) return Wrong("a map of schemas", at);
  for (const auto& [name, schema] : value.items()) {
    Result<const SchemaNode*> made = Node(schema, at + "/" + PointerToken(name));
    if (!made) return Error{made.error()};
    PropertyNamed(node, name).schema = *made;
  }
  return {};
}

Result<void> Compiler::Required(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_array()) return Wrong("a list of names", at);
  for (const Json& name : value) {
    if (!name.is_string()) return Wrong("a list of names", at);
    SchemaNode::Property& property = PropertyNamed(node, name.get<std::string>());
    node.required_count += !property.required;
    property.required = true;
  }
  return {};
}

Result<void> Compiler::MatchedBy(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_string()) return Wrong("a regular expression", at);
  Result<Pattern> pattern = Pattern::Compile(value.get_ref<const std::string&>());
  if (!pattern) return Fail("the schema's pattern {}: {}", AtPlace(node.at), pattern.error());
  node.pattern = std::move(*pattern);
  return {};
}

Result<void> Compiler::MultipleOf(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_number() || value.get<double>() <= 0) return Wrong("a number above 0", at);
  node.multiple_of = value;
  return {};
}

Result<void> Compiler::Unique(SchemaNode& node, const Json& value, Place at) {
  if (!value.is_boolean()) return Wrong("true or false", at);
  node.unique = value.get<bool>();
  return {};
}

}  // namespace

unsigned TypesOf(const Json& value) {
  if (value.is_number()) return kNumber | (IsWhole(value) ? unsigned{kInteger} : 0u);
  if (value.is_string()) return kString;
  if (value.is_array()) return kArray;
  if (value.is_object()) return kObject;
  return value.is_null() ? kNull : kBoolean;
}

Result<SchemaGraph> CompileSchema(const Json& schema) { return Compiler().Compile(schema); }

}  // namespace muster
