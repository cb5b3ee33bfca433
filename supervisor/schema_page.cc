#include "supervisor/schema_page.h"

#include <map>
#include <vector>

#include "common/config/settings.h"
#include "common/json.h"

namespace muster {
namespace {

// Whole numbers that every reader of JSON can hold; bounds beyond them say nothing.
constexpr int64_t kMostExact = int64_t{1} << 53;

const char* const kDuration = "^([0-9]+(\\.[0-9]+)?(d|h|ms|m|s))+$";

Json Type(const char* name) { return {{"type", name}}; }
Json TextLike(const char* pattern) { return {{"type", "string"}, {"pattern", pattern}}; }
Json AnyOf(std::vector<Json> kinds) { return {{"anyOf", std::move(kinds)}}; }
Json ListOf(Json element) { return {{"type", "array"}, {"items", std::move(element)}}; }
Json MapOf(Json value) { return {{"type", "object"}, {"additionalProperties", std::move(value)}}; }
// A list, or the one value that stands for it.
Json OneOrMore(const Json& element) { return AnyOf({element, ListOf(element)}); }
Json ScalarSchema() { return {{"type", {"string", "number", "boolean"}}}; }

// A node of the table: what stands under a name, under any name or in any element.
struct Node {
  Json row = Json::object();
  std::vector<std::string> order;
  std::map<std::string, Node> members;

  Node& Under(const std::string& name) {
    if (!members.contains(name)) order.push_back(name);
    return members[name];
  }
};

// "steps[].chat.model" is the member model of the member chat of any element ("[]") of steps.
void Put(Node& root, const Json& row) {
  Node* node = &root;
  std::string path = StringMember(row, "path");
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find('.', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    bool list = part.ends_with("[]");
    if (list) part.resize(part.size() - 2);
    node = &node->Under(part);
    if (list) node = &node->Under("[]");
    begin = end + 1;
  }
  node->row = row;
}

class SchemaMaker {
 public:
  Json Make(const Node& root) {
    Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "muster config"}};
    Json branch = MapOfNode(root.members.at("steps").members.at("[]"));
    for (const char* own : {"branches", "parallel"}) branch["properties"].erase(own);
    schema.update(MapOfNode(root));
    schema["$defs"] = {{"branch", std::move(branch)}};
    return schema;
  }

 private:
  // Members that nobody knows are mistakes.
  Json MapOfNode(const Node& node) {
    Json properties = Json::object(), required = Json::array();
    for (const std::string& name : node.order) {
      const Node& member = node.members.at(name);
      properties[name] = Of(member);
      if (Member(member.row, "required")) required.push_back(name);
    }
    Json map{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
    if (!required.empty()) map["required"] = std::move(required);
    return map;
  }

  Json Of(const Node& node) {
    Json schema = KindOf(node);
    std::string text = StringMember(node.row, "help");
    std::string expected = StringMember(node.row, "expected");
    if (!expected.empty() && expected != "text") text += " (" + expected + ")";
    std::string otherwise = StringMember(node.row, "otherwise");
    if (!otherwise.empty()) text += "; otherwise: " + otherwise;
    schema["description"] = text;
    const Json* value = Member(node.row, "default");
    bool plain = value && !value->is_null() && !value->is_structured() && *value != "";
    if (plain && otherwise.empty()) schema["default"] = *value;
    return schema;
  }

  // What may stand where the row says so.
  Json KindOf(const Node& node) {
    std::string type = StringMember(node.row, "type");
    if (!node.members.empty()) return PartOf(type, node);
    if (type == "list of maps") return ListOf({{"$ref", "#/$defs/branch"}});
    if (type == "choice") return {{"enum", node.row.at("choices")}};
    if (type == "list of choices") return OneOrMore({{"enum", node.row.at("choices")}});
    if (type == "whole number" || type == "number") return NumberOf(type, node.row);
    auto found = Plain().find(type);
    assert(found != Plain().end() && "a type of the table that the schema does not know");
    return found->second;
  }

  // Maps of settings, and what stands for one. Empty: all of it is commented out.
  Json PartOf(const std::string& type, const Node& node) {
    Json empty = Type("null");
    if (type == "list of maps") {
      return AnyOf({ListOf(MapOfNode(node.members.at("[]"))), empty});
    }
    if (type == "map of names to maps") {
      return AnyOf({MapOf(AnyOf({MapOfNode(node.members.at("*")), empty})), empty});
    }
    if (type == "map of names to values or maps") {
      return AnyOf({MapOf(AnyOf({ScalarSchema(), MapOfNode(node.members.at("*"))})), empty});
    }
    if (type == "{from, to} or from..to") {
      return AnyOf({TextLike("^-?[0-9]+\\.\\.-?[0-9]+$"), MapOfNode(node)});
    }
    std::vector<Json> kinds{MapOfNode(node), empty};
    if (type.starts_with("map, or ")) kinds.push_back({{"const", type.substr(8)}});
    return AnyOf(std::move(kinds));
  }

  static Json NumberOf(const std::string& type, const Json& row) {
    Json schema = Type(type == "number" ? "number" : "integer");
    for (const auto& [bound, keyword] : {std::pair("min", "minimum"), {"max", "maximum"}}) {
      const Json& value = row.at(bound);
      bool beyond = value.is_number_integer() && (value > kMostExact || value < -kMostExact);
      if (!beyond) schema[keyword] = value;
    }
    return schema;
  }

  static const std::map<std::string, Json>& Plain() {
    static const std::map<std::string, Json> kPlain = [] {
      Json text = Type("string"), expression = ScalarSchema();
      Json file = {{"type", "object"},
                   {"properties", {{"file", text}}},
                   {"required", Json::array({"file"})},
                   {"additionalProperties", false}};
      Json pair = MapOf(expression);
      pair["minProperties"] = pair["maxProperties"] = 1;
      Json money = AnyOf({{{"type", "number"}, {"minimum", 0}}, TextLike("^[0-9]+(\\.[0-9]+)?$")});
      return std::map<std::string, Json>{
          {"text", text},
          {"template", text},
          {"template over name and params", text},
          {"template over item and params", text},
          {"template, or {file: path}", AnyOf({text, file})},
          {"list of templates", OneOrMore(text)},
          {"list of texts", OneOrMore(text)},
          {"expression", expression},
          {"list of names, or of name: expression", OneOrMore(AnyOf({text, pair}))},
          {"true or false", Type("boolean")},
          {"duration", TextLike(kDuration)},
          {"duration or duration..duration", text},
          {"US dollars", money},
          {"US dollars per million tokens", money},
          {"map of names to templates", AnyOf({MapOf(text), Type("null")})},
          {"map of names to texts", AnyOf({MapOf(text), Type("null")})},
          {"map of header names to texts", AnyOf({MapOf(text), Type("null")})},
          {"map, or path of a JSON file", AnyOf({Type("object"), text, {{"const", true}}})},
          {"map", AnyOf({Type("object"), Type("null")})},
          {"text, number, true or false", ScalarSchema()},
          {"text, number, true or false, or a map of such",
           AnyOf({ScalarSchema(), MapOf(ScalarSchema())})},
          {"list of texts, numbers, true or false", ListOf(ScalarSchema())},
      };
    }();
    return kPlain;
  }
};

}  // namespace

std::string SchemaPage() {
  Node root;
  for (const Json& row : SettingsReference()) Put(root, row);
  return SchemaMaker().Make(root).dump(2) + "\n";
}

}  // namespace muster
