#include "common/parse/json_schema.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "common/parse/schema_instance.h"
#include "tests/files.h"

namespace muster {
namespace {

JsonSchema Compiled(std::string_view schema) {
  Result<Json> json = ParseJson(schema);
  REQUIRE(json);
  Result<JsonSchema> compiled = JsonSchema::Compile(*json);
  REQUIRE_MESSAGE(compiled, compiled.error());
  return *compiled;
}

bool Valid(std::string_view schema, std::string_view value) {
  Result<Json> json = ParseJson(value);
  REQUIRE(json);
  return Compiled(schema).Check(*json).ok();
}

std::string Why(std::string_view schema, std::string_view value) {
  Result<void> fits = Compiled(schema).Check(*ParseJson(value));
  return fits ? "" : fits.error();
}

std::string Refusal(const Json& schema) {
  Result<JsonSchema> compiled = JsonSchema::Compile(schema);
  return compiled ? "" : compiled.error();
}

std::string Times(std::string_view text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// A schema, values that meet it and values that do not, each list as a JSON array.
struct Row {
  const char* schema;
  const char* valid;
  const char* invalid;
};

constexpr Row kRows[] = {
    {"true", R"([1,null,{}])", "[]"},
    {"false", "[]", R"([1,null,{}])"},
    {R"({"type":"null"})", "[null]", R"([0,false,"",[],{}])"},
    {R"({"type":"boolean"})", "[true,false]", R"([0,"true",null])"},
    {R"({"type":"integer"})", "[1,-1,1.0,1e3,18446744073709551615,1e300]",
     R"([1.5,"1",true,null])"},
    {R"({"type":"number"})", "[1,1.5,-0.0]", R"(["1",true,null])"},
    {R"({"type":"string"})", R"(["","x"])", "[1,null,[],{}]"},
    {R"({"type":"array"})", "[[],[1]]", R"([{},"x"])"},
    {R"({"type":"object"})", R"([{},{"a":1}])", "[[],1]"},
    {R"({"type":["string","null"]})", R"(["x",null])", "[1,[]]"},
    {R"({"properties":{"a":{"type":"string"}}})", R"([{},{"a":"x"},{"b":1},1])", R"([{"a":1}])"},
    {R"({"properties":{"a":false}})", R"([{},{"b":1}])", R"([{"a":1}])"},
    {R"({"required":["a","b"]})", R"([{"a":1,"b":null},1])", R"([{},{"a":1},{"b":1,"c":1}])"},
    {R"({"required":[]})", "[{}]", "[]"},
    {R"({"additionalProperties":false})", "[{},1]", R"([{"a":1}])"},
    {R"({"properties":{"a":{}},"additionalProperties":false})", R"([{"a":1}])", R"([{"b":1}])"},
    {R"({"properties":{"a":{}},"additionalProperties":{"type":"integer"}})", R"([{"a":"x","b":1}])",
     R"([{"b":"x"}])"},
    {R"({"required":["a"],"additionalProperties":{"type":"integer"}})", R"([{"a":1}])",
     R"([{"a":"x"}])"},
    {R"({"minProperties":1,"maxProperties":2})", R"([{"a":1},{"a":1,"b":2},1])",
     R"([{},{"a":1,"b":2,"c":3}])"},
    {R"({"items":{"type":"integer"}})", R"([[],[1,2],{"a":"x"}])", R"([[1,"x"]])"},
    {R"({"items":false})", "[[]]", "[[1]]"},
    {R"({"prefixItems":[{"type":"string"}],"items":{"type":"integer"}})", R"([[],["x"],["x",1]])",
     R"([[1],["x","y"]])"},
    {R"({"minItems":1,"maxItems":2})", "[[1],[1,2],1]", "[[],[1,2,3]]"},
    {R"({"uniqueItems":true})",
     R"([[],[1,2],[1,true],[0,false],["1",1],[[1],[2]],[{"a":1},{"a":2}]])",
     R"([[1,1],[1,1.0],[{"a":1,"b":2},{"b":2,"a":1}],[0,-0.0],[null,null]])"},
    {R"({"uniqueItems":false})", "[[1,1]]", "[]"},
    {R"({"enum":[1,"a",null,{"a":[1]}]})", R"([1,1.0,"a",null,{"a":[1.0]}])",
     R"([2,"A",false,{"a":1}])"},
    {R"({"enum":[0]})", "[0,0.0,-0.0]", "[false]"},
    {R"({"const":{"a":1,"b":2}})", R"([{"b":2,"a":1}])", R"([{"a":1},{"a":1,"b":2,"c":3}])"},
    {R"({"const":9007199254740993})", "[9007199254740993]",
     "[9007199254740992,9007199254740992.0]"},
    {R"({"const":null})", "[null]", "[0]"},
    {R"({"minLength":2,"maxLength":3})", R"(["ab","éé","😀😀😀",1])", R"(["a","😀","abcd"])"},
    {R"({"minLength":2.0})", R"(["ab"])", R"(["a"])"},
    {R"({"pattern":"^\\d{4}-\\d{2}$"})", R"(["2024-12",1])",
     R"(["2024-1","x2024-12","2024-12\n"])"},
    {R"({"pattern":"b+"})", R"(["abc"])", R"(["ac"])"},
    {R"({"pattern":"^\\p{L}+$"})", R"(["é"])", R"(["1"])"},
    {R"({"minimum":1.5})", R"([1.5,2,"1"])", "[1,1.4]"},
    {R"({"maximum":9007199254740992})", "[9007199254740992]", "[9007199254740993]"},
    {R"({"exclusiveMinimum":5,"exclusiveMaximum":7})", "[6,5.1]", "[5,7,5.0]"},
    {R"({"maximum":1.8446744073709552e19})", "[18446744073709551615]", "[1e300]"},
    {R"({"multipleOf":0.01})", "[0.07,4.35,1e300,0,-0.29]", "[0.075,1e-9]"},
    {R"({"multipleOf":0.1})", "[0.3,1]", "[0.35]"},
    {R"({"multipleOf":3})", "[9,-9,0,9.0,9007199254740993]", "[10,9.5,18446744073709551614]"},
    {R"({"multipleOf":1e-8})", "[12391239123]", "[1e-9]"},
    {R"({"allOf":[{"minimum":1},{"maximum":2}]})", "[1,2]", "[0,3]"},
    {R"({"anyOf":[{"type":"integer"},{"minLength":2}]})", R"([1,"ab",1.5,null])", R"(["a"])"},
    {R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "[1,2.5]", "[3,1.5]"},
    {R"({"not":{"type":"integer"}})", R"(["x",1.5])", "[1]"},
    {R"({"not":{}})", "[]", "[1,null]"},
    {R"({"$defs":{"a":{"type":"string"}},"properties":{"x":{"$ref":"#/$defs/a"}}})",
     R"([{"x":"s"}])", R"([{"x":1}])"},
    {R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},"b":{"type":"null"}}})",
     "[null]", "[1]"},
    {R"({"$ref":"#/$defs/a","maxLength":2,"$defs":{"a":{"type":"string"}}})", R"(["ab"])",
     R"(["abc",1])"},
    {R"({"properties":{"c":{"$ref":"#"}},"additionalProperties":false})", R"([{"c":{"c":{}}}])",
     R"([{"c":{"x":1}}])"},
    {R"({"$defs":{"a/b~c%d":{"type":"null"}},"$ref":"#/$defs/a~1b~0c%25d"})", "[null]", "[1]"},
    {R"({"properties":{"$ref":{"type":"string"}}})", R"([{"$ref":"x"}])", R"([{"$ref":1}])"},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","$id":"https://x.test/a.json","title":"t",
        "description":"d","default":1,"examples":[1],"format":"email","$comment":"c","type":"string"})",
     R"(["no mail"])", "[1]"},
};

TEST_CASE("every keyword says yes and no where the drafts do") {
  for (const Row& row : kRows) {
    JsonSchema schema = Compiled(row.schema);
    Json valid = *ParseJson(row.valid), invalid = *ParseJson(row.invalid);
    for (const Json& value : valid) {
      INFO(row.schema, " ", DumpJson(value));
      CHECK(schema.Check(value).ok());
    }
    for (const Json& value : invalid) {
      INFO(row.schema, " ", DumpJson(value));
      CHECK_FALSE(schema.Check(value).ok());
    }
  }
}

TEST_CASE("keywords that are not understood are refused by name and place") {
  for (const char* keyword : {"if", "then", "else", "dependentSchemas", "dependentRequired",
                              "dependencies", "unevaluatedProperties", "unevaluatedItems",
                              "patternProperties", "propertyNames", "contains", "additionalItems",
                              "nullable", "$anchor", "$dynamicRef", "id", "x-mine", "requird"}) {
    Json inner = Json::object();
    inner[keyword] = Json::object();
    std::string why = Refusal({{"properties", {{"a/b", {{"anyOf", Json::array({inner})}}}}}});
    CAPTURE(why);
    CHECK(why.find("\"" + std::string(keyword) + "\"") != std::string::npos);
    CHECK(why.find("/properties/a~1b/anyOf/0") != std::string::npos);
  }
  CHECK(Refusal({{"requird", Json::array()}}).find("did you mean \"required\"?") !=
        std::string::npos);
}

TEST_CASE("schemas that say nonsense are refused") {
  for (
      const char* schema :
      {"1",
       "null",
       "[]",
       R"({"type":"strin"})",
       R"({"type":[]})",
       R"({"type":["string",1]})",
       R"({"enum":[]})",
       R"({"enum":1})",
       R"({"required":true})",
       R"({"required":[1]})",
       R"({"properties":[]})",
       R"({"properties":{"a":1}})",
       R"({"items":[{}]})",
       R"({"anyOf":[]})",
       R"({"anyOf":{}})",
       R"({"not":1})",
       R"({"minimum":"1"})",
       R"({"exclusiveMinimum":true})",
       R"({"multipleOf":0})",
       R"({"multipleOf":-1})",
       R"({"minLength":-1})",
       R"({"minLength":1.5})",
       R"({"maxItems":1e300})",
       R"({"pattern":"("})",
       R"~({"pattern":"(?=a)"})~",
       R"({"pattern":"(a)\\1"})",
       R"({"pattern":1})",
       R"({"uniqueItems":1})",
       R"({"$ref":1})",
       R"({"$ref":"#/$defs/none"})",
       R"({"$ref":"http://x.test/s.json"})",
       R"({"$ref":"other.json#/a"})",
       R"({"$ref":"#anchor"})",
       R"({"$ref":"#/enum/0","enum":[{}]})",
       R"({"$schema":"http://json-schema.org/draft-04/schema#"})",
       R"({"properties":{"a":{"$id":"x"}}})",
       R"({"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/$defs/a","minimum":1,"$defs":{"a":{}}})"}) {
    CAPTURE(schema);
    CHECK(Refusal(*ParseJson(schema)) != "");
  }
}

TEST_CASE("references that go round in circles are refused, recursion into the data is not") {
  for (
      const char* schema :
      {R"({"$ref":"#"})", R"({"allOf":[{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
       R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}})"}) {
    CHECK(Refusal(*ParseJson(schema)).find("never ends") != std::string::npos);
  }
  CHECK(Valid(R"({"type":"array","items":{"$ref":"#"}})", Times("[", 128) + Times("]", 128)));
}

TEST_CASE("the first mismatch is told with its place, what was expected and what is there") {
  constexpr char kTasks[] =
      R"({"type":"array","minItems":1,"items":{"type":"object","required":["q","a"],
      "additionalProperties":false,"properties":{"q":{"type":"string","maxLength":5},
      "a":{"enum":["A","B"]},"n/m":{"type":["integer","null"]}}}})";
  CHECK(Why(kTasks, "{}") == "at the top: expected an array, found an empty object");
  CHECK(Why(kTasks, "[]") == "at the top: expected at least 1 element, found an array of 0");
  CHECK(Why(kTasks, R"([{"q":"x","a":"A"},{"q":"x"}])") ==
        "at /1: expected a member \"a\", found an object without it");
  CHECK(Why(kTasks, R"([{"q":"x","a":"E"}])") ==
        "at /0/a: expected one of \"A\", \"B\", found \"E\"");
  CHECK(Why(kTasks, R"([{"q":"123456","a":"A"}])") ==
        "at /0/q: expected at most 5 characters, found \"123456\" (6)");
  CHECK(Why(kTasks, R"([{"q":"x","a":"A","n/m":1.5}])") ==
        "at /0/n~1m: expected a whole number or null, found 1.5");
  CHECK(Why(kTasks, R"([{"q":"x","a":"A","zzz":1}])") ==
        "at /0: expected no further members, found a member \"zzz\"");
  CHECK(Why(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "5") ==
        "at the top: expected a string, or null, found 5");
  CHECK(
      Why(R"({"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"type":"null"}]})",
          R"({"a":1})") == "at /a: expected a string, found 1");
}

TEST_CASE("hostile schemas and values end in an answer") {
  std::string deep = Times("{\"a\":", 100) + "1" + Times("}", 100);
  // Every level doubles the ways: without a limit this would never end.
  std::string why =
      Why(R"({"anyOf":[{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a","x"]},
                                     {"type":"object","properties":{"a":{"$ref":"#"}},"required":["a","y"]}]})",
          deep);
  CHECK(why != "");
  why = Why(
      R"({"anyOf":[{"type":"object","properties":{"a":{"$ref":"#"}}},{"type":"object","properties":{"a":{"$ref":"#"}}}]})",
      deep);
  CHECK(why.find("too large or too deep") != std::string::npos);
  std::string text = "\"" + std::string(100'000, 'a') + "\"";
  CHECK_FALSE(Valid(R"({"pattern":"(a*)*b"})", text));
  CHECK_FALSE(Valid(R"({"pattern":"(a|aa)+$b"})", text));
  CHECK(Refusal({{"pattern", "((x{1000}){1000}){1000}"}}) != "");
  CHECK(Valid(R"({"type":"array","items":{"type":"integer"}})", "[" + Times("1,", 500'000) + "1]"));

  Json huge = {{"enum", Json::array()}};
  for (int i = 0; i < 50'000; ++i) huge["enum"].push_back("v" + std::to_string(i));
  JsonSchema compiled = *JsonSchema::Compile(huge);
  CHECK(compiled.Check("v49999"));
  CHECK_FALSE(compiled.Check("w"));
  CHECK(compiled.Check("w").error().size() < 1'000);

  Json chain = Json::object();
  for (int i = 0; i < 200; ++i)
    chain["a" + std::to_string(i)] = {{"$ref", "#/$defs/a" + std::to_string(i + 1)}};
  chain["a200"] = {{"type", "null"}};
  CHECK(Refusal({{"$defs", chain}, {"$ref", "#/$defs/a0"}}) != "");
  Json nested = {{"type", "null"}};
  for (int i = 0; i < 1'000; ++i) nested = {{"items", nested}};
  CHECK(Refusal(nested) != "");
}

// ---- beside another implementation ----

class Dice {
 public:
  uint64_t Below(uint64_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % bound;
  }

 private:
  uint64_t state_ = 5;
};

Json SomeValue(Dice& dice, int depth) {
  const Json plain[] = {nullptr, true, false, 0,   1,   2,    -3,  1.0,  2.5,
                        4.5,     100,  "",    "a", "b", "ab", "1", "é😀", "abcd"};
  uint64_t kind = depth > 0 ? dice.Below(4) : 0;
  if (kind < 2) return plain[dice.Below(std::size(plain))];
  Json value = kind == 2 ? Json::array() : Json::object();
  for (uint64_t i = dice.Below(4); i > 0; --i) {
    if (kind == 2) {
      value.push_back(SomeValue(dice, depth - 1));
    } else {
      value[std::string(1, static_cast<char>('a' + dice.Below(4)))] = SomeValue(dice, depth - 1);
    }
  }
  return value;
}

Json SomeSchema(Dice& dice, int depth) {
  const char* types[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  Json schema = Json::object();
  auto some = [&] { return SomeSchema(dice, depth - 1); };
  for (uint64_t i = 1 + dice.Below(3); i > 0; --i) {
    switch (dice.Below(depth > 0 ? 22 : 12)) {
      case 0:
      case 1:
        schema["type"] = types[dice.Below(7)];
        break;
      case 2:
        schema["type"] = Json::array({"string", types[dice.Below(4)]});
        break;
      case 3:
        schema["enum"] = Json::array({SomeValue(dice, 1), SomeValue(dice, 1)});
        break;
      case 4:
        schema["const"] = SomeValue(dice, 1);
        break;
      case 5:
        schema["minLength"] = dice.Below(3);
        break;
      case 6:
        schema["maxLength"] = dice.Below(4);
        break;
      case 7:
        schema["pattern"] = dice.Below(2) ? "^a" : "[b1]";
        break;
      case 8:
        schema["minimum"] = dice.Below(3);
        break;
      case 9:
        schema["exclusiveMaximum"] = dice.Below(5);
        break;
      case 10:
        schema["multipleOf"] = dice.Below(2) ? Json(2) : Json(0.5);
        break;
      case 11:
        schema["required"] = Json::array({dice.Below(2) ? "a" : "b"});
        break;
      case 12:
        schema["minItems"] = dice.Below(3);
        break;
      case 13:
        schema["uniqueItems"] = true;
        break;
      case 14:
        schema["items"] = some();
        break;
      case 15:
        schema["prefixItems"] = Json::array({some()});
        break;
      case 16:
        schema["properties"] = {{"a", some()}, {"b", some()}};
        break;
      case 17:
        schema["additionalProperties"] = dice.Below(2) ? Json(false) : some();
        break;
      case 18:
        schema["anyOf"] = Json::array({some(), some()});
        break;
      case 19:
        schema["oneOf"] = Json::array({some(), some()});
        break;
      case 20:
        schema["not"] = some();
        break;
      default:
        schema["allOf"] = Json::array({some(), some()});
        break;
    }
  }
  return schema;
}

// Prints T or F for each line [schema, value] of a file.
constexpr char kPython[] =
    "import json,sys,jsonschema\n"
    "print(''.join('T' if jsonschema.Draft202012Validator(s).is_valid(v) else 'F' "
    "for s,v in map(json.loads,open(sys.argv[1]))))\n";

// What a command prints; "" when it fails.
std::string Printed(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  char piece[4096];
  for (size_t size; (size = fread(piece, 1, sizeof piece, pipe)) > 0;) text.append(piece, size);
  return pclose(pipe) == 0 ? text : "";
}

TEST_CASE("verdicts are those of python3-jsonschema") {
  if (Printed("python3 -c 'import jsonschema; jsonschema.Draft202012Validator' 2>&1 && echo yes") !=
      "yes\n") {
    MESSAGE("skipped: python3-jsonschema is not installed");
    return;
  }
  TempDir folder;
  WriteBytes(folder / "judge.py", kPython);
  Dice dice;
  std::string verdicts, asked;
  int valid = 0;
  for (int i = 0; i < 400; ++i) {
    Json schema = SomeSchema(dice, 2);
    Result<JsonSchema> compiled = JsonSchema::Compile(schema);
    REQUIRE_MESSAGE(compiled, compiled.error());
    std::vector<Json> values;
    for (int k = 0; k < 5; ++k) values.push_back(SomeValue(dice, 2));
    if (auto instance = InstanceOf(schema, 1)) values.push_back(*instance);
    for (const Json& value : values) {
      bool fits = compiled->Check(value).ok();
      valid += fits;
      verdicts += fits ? 'T' : 'F';
      asked += DumpJson(Json::array({schema, value})) + '\n';
    }
  }
  WriteBytes(folder / "asked", asked);
  std::string judged = Printed("python3 " + folder / "judge.py" + " " + folder / "asked");
  REQUIRE(judged.size() == verdicts.size() + 1);
  for (size_t i = 0, at = 0; i < verdicts.size(); ++i) {
    size_t end = asked.find('\n', at);
    INFO(asked.substr(at, end - at));
    CHECK(judged[i] == verdicts[i]);
    at = end + 1;
  }
  CHECK(valid > 300);
}

}  // namespace
}  // namespace muster
