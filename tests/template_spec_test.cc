// The cases of the Mustache specification that hold for our templates too, adapted where our rules
// differ: no HTML escapes, no names of outer scopes, unknown names are errors.

#include <doctest/doctest.h>

#include "common/template.h"

namespace muster {
namespace {

// A template, the JSON it is rendered with, and what must come out.
struct Case {
  const char* name;
  const char* context;
  const char* text;
  const char* rendered;
};

template <size_t N>
void CheckCases(const Case (&cases)[N]) {
  for (const Case& each : cases) {
    CAPTURE(each.name);
    auto context = ParseJson(each.context);
    REQUIRE(context.ok());
    auto rendered = Render(each.text, "t.md", *context);
    REQUIRE_MESSAGE(rendered.ok(), rendered.error());
    CHECK(*rendered == each.rendered);
  }
}

TEST_CASE("interpolation is that of the Mustache specification, without HTML escapes") {
  static const Case kCases[] = {
      {"no interpolation", "{}", "Hello from {Mustache}!\n", "Hello from {Mustache}!\n"},
      {"basic", R"({"subject":"world"})", "Hello, {{subject}}!\n", "Hello, world!\n"},
      {"no re-interpolation", R"({"template":"{{planet}}","planet":"Earth"})",
       "{{template}}: {{planet}}", "{{planet}}: Earth"},
      {"characters of HTML", R"({"forbidden":"& \" < >"})", "{{forbidden}}", "& \" < >"},
      {"triple mustache", R"({"forbidden":"& \" < >"})", "{{{forbidden}}}", "& \" < >"},
      {"ampersand", R"({"forbidden":"& \" < >"})", "{{&forbidden}}", "& \" < >"},
      {"integer", R"({"mph":85})", "\"{{mph}} miles an hour!\"", "\"85 miles an hour!\""},
      {"integer, triple", R"({"mph":85})", "{{{mph}}}", "85"},
      {"integer, ampersand", R"({"mph":85})", "{{&mph}}", "85"},
      {"decimal", R"({"power":1.21})", "\"{{power}} jiggawatts!\"", "\"1.21 jiggawatts!\""},
      {"null", R"({"cannot":null})", "I ({{cannot}}) be seen!", "I () be seen!"},
      {"null, triple", R"({"cannot":null})", "I ({{{cannot}}}) be seen!", "I () be seen!"},
      {"dotted names", R"({"person":{"name":"Joe"}})", "{{person.name}}", "Joe"},
      {"dotted, triple", R"({"person":{"name":"Joe"}})", "{{{person.name}}}", "Joe"},
      {"dotted, deep", R"({"a":{"b":{"c":{"d":{"e":{"name":"Phil"}}}}}})", "{{a.b.c.d.e.name}}",
       "Phil"},
      {"implicit iterator", R"(["x"])", "Hello, {{.}}!", "Hello, [\"x\"]!"},
      {"surrounding whitespace", R"({"string":"---"})", "| {{string}} |", "| --- |"},
      {"standalone value", R"({"string":"---"})", "  {{string}}\n", "  ---\n"},
      {"standalone triple", R"({"string":"---"})", "  {{{string}}}\n", "  ---\n"},
      {"padding", R"({"string":"---"})", "|{{ string }}|", "|---|"},
      {"padding, triple", R"({"string":"---"})", "|{{{ string }}}|", "|---|"},
      {"padding, ampersand", R"({"string":"---"})", "|{{& string }}|", "|---|"},
  };
  CheckCases(kCases);
}

TEST_CASE("sections are those of the Mustache specification, without outer names") {
  static const Case kCases[] = {
      {"truthy", R"({"boolean":true})", "\"{{#boolean}}in{{/boolean}}\"", "\"in\""},
      {"falsey", R"({"boolean":false})", "\"{{#boolean}}in{{/boolean}}\"", "\"\""},
      {"null is falsey", R"({"null":null})", "\"{{#null}}in{{/null}}\"", "\"\""},
      {"context", R"({"context":{"name":"Joe"}})", "\"{{#context}}Hi {{name}}.{{/context}}\"",
       "\"Hi Joe.\""},
      {"list", R"({"list":[{"item":1},{"item":2},{"item":3}]})", "\"{{#list}}{{item}}{{/list}}\"",
       "\"123\""},
      {"empty list", R"({"list":[]})", "\"{{#list}}in{{/list}}\"", "\"\""},
      {"doubled", R"({"bool":true,"two":"second"})",
       "{{#bool}}\n* first\n{{/bool}}\n* {{two}}\n{{#bool}}\n* third\n{{/bool}}\n",
       "* first\n* second\n* third\n"},
      {"nested, truthy", R"({"bool":true})", "| A {{#bool}}B {{#bool}}C{{/bool}} D{{/bool}} E |",
       "| A B C D E |"},
      {"nested, falsey", R"({"bool":false})", "| A {{#bool}}B {{#bool}}C{{/bool}} D{{/bool}} E |",
       "| A  E |"},
      {"iterator over texts", R"({"list":["a","b","c"]})", "\"{{#list}}({{.}}){{/list}}\"",
       "\"(a)(b)(c)\""},
      {"iterator over integers", R"({"list":[1,2,3]})", "\"{{#list}}({{.}}){{/list}}\"",
       "\"(1)(2)(3)\""},
      {"iterator over decimals", R"({"list":[1.1,2.2]})", "\"{{#list}}({{.}}){{/list}}\"",
       "\"(1.1)(2.2)\""},
      {"iterator over lists", R"({"list":[[1,2],["a","b"]]})",
       "\"{{#list}}({{#.}}{{.}}{{/.}}){{/list}}\"", "\"(12)(ab)\""},
      {"iterator, triple", R"({"list":["<"]})", "{{#list}}({{{.}}}){{/list}}", "(<)"},
      {"iterator, ampersand", R"({"list":["<"]})", "{{#list}}({{&.}}){{/list}}", "(<)"},
      {"iterator at the top", R"([{"value":"a"},{"value":"b"}])", "{{#.}}({{value}}){{/.}}",
       "(a)(b)"},
      {"dotted, truthy", R"({"a":{"b":{"c":true}}})", "\"{{#a.b.c}}Here{{/a.b.c}}\"", "\"Here\""},
      {"dotted, falsey", R"({"a":{"b":{"c":false}}})", "\"{{#a.b.c}}Here{{/a.b.c}}\"", "\"\""},
      {"surrounding whitespace", R"({"boolean":true})", " | {{#boolean}}\t|\t{{/boolean}} | \n",
       " | \t|\t | \n"},
      {"internal whitespace", R"({"boolean":true})",
       " | {{#boolean}} {{! Important Whitespace }}\n {{/boolean}} | \n", " |  \n  | \n"},
      {"indented inline sections", R"({"boolean":true})",
       " {{#boolean}}YES{{/boolean}}\n {{#boolean}}GOOD{{/boolean}}\n", " YES\n GOOD\n"},
      {"standalone lines", R"({"boolean":true})",
       "| This Is\n{{#boolean}}\n|\n{{/boolean}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
      {"indented standalone lines", R"({"boolean":true})",
       "| This Is\n  {{#boolean}}\n|\n  {{/boolean}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
      {"standalone line endings", R"({"boolean":true})", "|\r\n{{#boolean}}\r\n{{/boolean}}\r\n|",
       "|\r\n|"},
      {"standalone without previous line", R"({"boolean":true})",
       "  {{#boolean}}\n#{{/boolean}}\n/", "#\n/"},
      {"standalone without newline", R"({"boolean":true})", "#{{#boolean}}\n/\n  {{/boolean}}",
       "#\n/\n"},
      {"padding", R"({"boolean":true})", "|{{# boolean }}={{/ boolean }}|", "|=|"},
  };
  CheckCases(kCases);
}

TEST_CASE("inverted sections are those of the Mustache specification") {
  static const Case kCases[] = {
      {"falsey", R"({"boolean":false})", "\"{{^boolean}}in{{/boolean}}\"", "\"in\""},
      {"truthy", R"({"boolean":true})", "\"{{^boolean}}in{{/boolean}}\"", "\"\""},
      {"null is falsey", R"({"null":null})", "\"{{^null}}in{{/null}}\"", "\"in\""},
      {"context", R"({"context":{"name":"Joe"}})", "\"{{^context}}Hi {{name}}.{{/context}}\"",
       "\"\""},
      {"list", R"({"list":[{"n":1},{"n":2}]})", "\"{{^list}}{{n}}{{/list}}\"", "\"\""},
      {"empty list", R"({"list":[]})", "\"{{^list}}in{{/list}}\"", "\"in\""},
      {"doubled", R"({"bool":false,"two":"second"})",
       "{{^bool}}\n* first\n{{/bool}}\n* {{two}}\n{{^bool}}\n* third\n{{/bool}}\n",
       "* first\n* second\n* third\n"},
      {"nested, falsey", R"({"bool":false})", "| A {{^bool}}B {{^bool}}C{{/bool}} D{{/bool}} E |",
       "| A B C D E |"},
      {"nested, truthy", R"({"bool":true})", "| A {{^bool}}B {{^bool}}C{{/bool}} D{{/bool}} E |",
       "| A  E |"},
      {"dotted, truthy", R"({"a":{"b":{"c":true}}})", "\"{{^a.b.c}}Not{{/a.b.c}}\"", "\"\""},
      {"dotted, falsey", R"({"a":{"b":{"c":false}}})", "\"{{^a.b.c}}Not{{/a.b.c}}\"", "\"Not\""},
      {"surrounding whitespace", R"({"boolean":false})", " | {{^boolean}}\t|\t{{/boolean}} | \n",
       " | \t|\t | \n"},
      {"internal whitespace", R"({"boolean":false})",
       " | {{^boolean}} {{! Important Whitespace }}\n {{/boolean}} | \n", " |  \n  | \n"},
      {"indented inline sections", R"({"boolean":false})",
       " {{^boolean}}NO{{/boolean}}\n {{^boolean}}WAY{{/boolean}}\n", " NO\n WAY\n"},
      {"standalone lines", R"({"boolean":false})",
       "| This Is\n{{^boolean}}\n|\n{{/boolean}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
      {"indented standalone lines", R"({"boolean":false})",
       "| This Is\n  {{^boolean}}\n|\n  {{/boolean}}\n| A Line\n", "| This Is\n|\n| A Line\n"},
      {"standalone line endings", R"({"boolean":false})", "|\r\n{{^boolean}}\r\n{{/boolean}}\r\n|",
       "|\r\n|"},
      {"standalone without previous line", R"({"boolean":false})",
       "  {{^boolean}}\n^{{/boolean}}\n/", "^\n/"},
      {"standalone without newline", R"({"boolean":false})", "^{{^boolean}}\n/\n  {{/boolean}}",
       "^\n/\n"},
      {"padding", R"({"boolean":false})", "|{{^ boolean }}={{/ boolean }}|", "|=|"},
  };
  CheckCases(kCases);
}

TEST_CASE("comments are those of the Mustache specification") {
  static const Case kCases[] = {
      {"inline", "{}", "12345{{! Comment Block! }}67890", "1234567890"},
      {"multiline", "{}", "12345{{!\n  This is a\n  multi-line comment...\n}}67890\n",
       "1234567890\n"},
      {"standalone", "{}", "Begin.\n{{! Comment Block! }}\nEnd.\n", "Begin.\nEnd.\n"},
      {"indented standalone", "{}", "Begin.\n  {{! Indented Comment Block! }}\nEnd.\n",
       "Begin.\nEnd.\n"},
      {"standalone line endings", "{}", "|\r\n{{! Standalone Comment }}\r\n|", "|\r\n|"},
      {"standalone without previous line", "{}", "  {{! I'm Still Standalone }}\n!", "!"},
      {"standalone without newline", "{}", "!\n  {{! I'm Still Standalone }}", "!\n"},
      {"multiline standalone", "{}", "Begin.\n{{!\nSomething's going on here...\n}}\nEnd.\n",
       "Begin.\nEnd.\n"},
      {"indented multiline standalone", "{}",
       "Begin.\n  {{!\n    Something's going on here...\n  }}\nEnd.\n", "Begin.\nEnd.\n"},
      {"indented inline", "{}", "  12 {{! 34 }}\n", "  12 \n"},
      {"surrounding whitespace", "{}", "12345 {{! Comment Block! }} 67890", "12345  67890"},
      {"no name collision", R"({"! comment":1,"comment":2})",
       "comments never show: >{{! comment }}<", "comments never show: ><"},
  };
  CheckCases(kCases);
}

}  // namespace
}  // namespace muster
