#include "common/parse/schema_instance.h"

#include <doctest/doctest.h>

#include <set>

#include "common/parse/json_schema.h"

namespace muster {
namespace {

Json Schema(const char* text) {
  Result<Json> schema = ParseJson(text);
  REQUIRE(schema);
  return *schema;
}

// As people write them for structured output.
constexpr const char* kSchemas[] = {
    R"({"type":"array","items":{"type":"object","required":["question_text_latex","correct_answer"],
        "additionalProperties":false,"properties":{"question_text_latex":{"type":"string","minLength":10},
        "correct_answer":{"enum":["A","B","C","D"]},"difficulty":{"type":"integer","minimum":1,"maximum":5},
        "step_1":{"type":["string","null"]}}}})",
    R"({"type":"object","properties":{"name":{"type":"string","maxLength":3},"tags":{"type":"array",
        "items":{"type":"string"},"minItems":3,"uniqueItems":true}},"required":["name","tags"]})",
    R"({"$defs":{"Step":{"type":"object","properties":{"explanation":{"type":"string"},"output":{"type":"string"}},
        "required":["explanation","output"],"additionalProperties":false}},"type":"object",
        "properties":{"steps":{"type":"array","items":{"$ref":"#/$defs/Step"}},"final_answer":{"type":"string"}},
        "required":["steps","final_answer"],"additionalProperties":false})",
    R"({"$defs":{"Node":{"type":"object","properties":{"left":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}]},
        "right":{"anyOf":[{"$ref":"#/$defs/Node"},{"type":"null"}]},"value":{"type":"number"}},
        "required":["left","right","value"]}},"$ref":"#/$defs/Node"})",
    R"({"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}},"required":["children"]})",
    R"({"oneOf":[{"properties":{"kind":{"const":"cat"},"lives":{"type":"integer","minimum":0,"maximum":9}},
        "required":["kind","lives"]},{"properties":{"kind":{"const":"dog"}},"required":["kind"]}]})",
    R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},
        {"properties":{"a":{"minimum":10},"b":{"type":"boolean"}},"required":["b"]}]})",
    R"({"type":"string","pattern":"^\\d{4}-\\d{2}-\\d{2}$"})",
    R"({"type":"string","pattern":"^(yes|no)$"})",
    R"({"type":"string","pattern":"^[A-Z][a-z]+( [A-Z][a-z]+)*$","minLength":12})",
    R"({"type":"string","pattern":"^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$"})",
    R"({"type":"string","pattern":"^#[0-9a-fA-F]{6}$"})",
    R"({"type":"string","minLength":200,"maxLength":210})",
    R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1})",
    R"({"type":"number","minimum":0,"maximum":1,"multipleOf":0.05})",
    R"({"type":"integer","minimum":7,"maximum":7})",
    R"({"type":"integer","multipleOf":12,"minimum":100})",
    R"({"exclusiveMinimum":5,"type":"integer","exclusiveMaximum":7})",
    R"({"maximum":-100.5})",
    R"({"prefixItems":[{"type":"number"},{"type":"string"}],"items":false,"minItems":2,"type":"array"})",
    R"({"type":"object","minProperties":3,"additionalProperties":{"type":"integer"}})",
    R"({"type":"object","maxProperties":1,"properties":{"a":{},"b":{"type":"null"}},"required":["b"]})",
    R"({"not":{"type":"string"}})",
    R"({"type":["null","integer"]})",
    R"({"const":{"a":[1]}})",
    R"({"enum":[null]})",
    R"({"type":"array","items":{"enum":[1,2,3]},"uniqueItems":true,"minItems":3})",
    R"({"type":"array","maxItems":0})",
    "{}",
    "true",
};

TEST_CASE("an instance passes the validator, with every seed") {
  for (const char* text : kSchemas) {
    Json schema = Schema(text);
    JsonSchema compiled = *JsonSchema::Compile(schema);
    for (uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(text);
      Result<Json> instance = InstanceOf(schema, seed);
      REQUIRE_MESSAGE(instance, instance.error());
      CHECK(compiled.Check(*instance));
      CHECK(DumpJson(*instance).size() < 20'000);
    }
  }
}

TEST_CASE("the same seed gives the same instance, others give others") {
  Json schema = Schema(kSchemas[0]);
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::string instance = DumpJson(*InstanceOf(schema, seed));
    CHECK(DumpJson(*InstanceOf(schema, seed)) == instance);
    seen.insert(instance);
  }
  CHECK(seen.size() > 10);
}

TEST_CASE("optional members are there too, in the schema's order") {
  Json task = (*InstanceOf(Schema(kSchemas[0]), 3))[0];
  std::string names;
  for (const auto& [name, value] : task.items()) names += name + " ";
  CHECK(names == "question_text_latex correct_answer difficulty step_1 ");
}

TEST_CASE("what cannot be met is an error, and a pattern beyond reach is named") {
  for (const char* text :
       {"false", R"({"allOf":[{"type":"string"},{"type":"null"}]})",
        R"({"minimum":3,"maximum":2,"type":"number"})",
        R"({"type":"array","items":{"enum":[1]},"uniqueItems":true,"minItems":2})",
        R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})",
        R"({"type":"nonsense"})", R"({"type":"string","minLength":3,"maxLength":2})",
        R"({"$ref":"#"})"}) {
    CAPTURE(text);
    CHECK_FALSE(InstanceOf(Schema(text), 1));
  }
  Result<Json> beyond = InstanceOf(Schema(R"({"type":"string","pattern":"^(?i)\\p{Greek}+$"})"), 1);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().find("\\p{Greek}") != std::string::npos);
}

TEST_CASE("schemas with many ways end in an answer") {
  Json many = Schema(R"({"type":"object","properties":{},"required":["a"]})");
  for (char c = 'a'; c < 'k'; ++c) many["properties"][std::string(1, c)] = {{"$ref", "#"}};
  CHECK_FALSE(InstanceOf(many, 1));
  many.erase("required");
  CHECK(InstanceOf(many, 1));
  Json wide = {{"allOf", Json::array()}};
  for (int i = 0; i < 30; ++i) {
    wide["allOf"].push_back({{"anyOf", {{{"type", "string"}}, {{"type", "null"}}}}});
  }
  wide["allOf"].push_back({{"type", "integer"}});
  CHECK_FALSE(InstanceOf(wide, 1));
}

}  // namespace
}  // namespace muster
