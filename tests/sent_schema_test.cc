// What is sent of a response schema.

#include "worker/providers/sent_schema.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

Json Parsed(const char* text) { return *ParseJson(text); }

TEST_CASE("a schema goes to Anthropic closed, and without what is not enforced there") {
  CHECK(SchemaForAnthropic(Parsed(R"({"type":"object","properties":{
            "n":{"type":"integer","minimum":1,"maximum":5,"description":"d"},
            "s":{"type":["string","null"],"minLength":1,"pattern":"x"},
            "l":{"type":"array","minItems":3,"maxItems":4,"items":{"type":"object"}},
            "o":{"type":"object","additionalProperties":{"type":"string","maxLength":2}}},
            "required":["n"],"$defs":{"d":{"multipleOf":2}}})")) ==
        Parsed(R"({"type":"object","properties":{
            "n":{"type":"integer","description":"d"},
            "s":{"type":["string","null"],"pattern":"x"},
            "l":{"type":"array","minItems":1,"items":{"type":"object","additionalProperties":false}},
            "o":{"type":"object","additionalProperties":{"type":"string"}}},
            "required":["n"],"$defs":{"d":{}},"additionalProperties":false})"));
  // Members of that name are no keywords.
  Json named = Parsed(
      R"({"type":"object","properties":{"minimum":{"type":"string"}},"additionalProperties":false})");
  CHECK(SchemaForAnthropic(named) == named);
}

TEST_CASE("strict mode is asked for where OpenAI takes the schema in it") {
  struct Row {
    const char* schema;
    bool fits;
  };
  for (const Row& row : {
           Row{R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],
                   "additionalProperties":false})",
               true},
           Row{R"({"type":"object","properties":{},"additionalProperties":false})", true},
           Row{R"({"type":"object","properties":{"a":{}},"required":["a"]})", false},
           Row{R"({"type":"object","properties":{"a":{}},"additionalProperties":false})", false},
           Row{R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},
                   "required":["a"],"additionalProperties":false})",
               false},
           Row{R"({"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},
                   "required":["a"],"additionalProperties":false})",
               true},
           Row{R"({"type":"object","properties":{"a":{"oneOf":[{}]}},"required":["a"],
                   "additionalProperties":false})",
               false},
           Row{R"({"type":"object"})", false},
           Row{"{}", true},
       }) {
    CAPTURE(row.schema);
    CHECK(FitsStrictMode(Parsed(row.schema)) == row.fits);
  }
}

}  // namespace
}  // namespace muster
