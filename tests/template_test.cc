#include "common/template.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

Json Parsed(std::string_view text) {
  auto json = ParseJson(text);
  REQUIRE(json.ok());
  return *json;
}

std::string Rendered(const std::string& text, const Json& context) {
  auto rendered = Render(text, "t.md", context);
  CHECK_MESSAGE(rendered.ok(), rendered.error());
  return rendered.ok() ? *rendered : "";
}

std::string ErrorOf(const std::string& text, const Json& context = Json::object()) {
  auto rendered = Render(text, "t.md", context);
  REQUIRE_FALSE(rendered.ok());
  return rendered.error();
}

// ---- our own rules ----

TEST_CASE("false, null, empty texts and empty lists close a section; all else opens it") {
  for (const char* value : {"false", "null", "\"\"", "[]"}) {
    CAPTURE(value);
    Json context = Parsed(fmt::format(R"({{"x":{}}})", value));
    CHECK(Rendered("{{#x}}open{{/x}}{{^x}}closed{{/x}}", context) == "closed");
  }
  for (const char* value :
       {"true", "0", "0.0", "-1", "\" \"", "\"false\"", "{}", "[null]", "[{}]"}) {
    CAPTURE(value);
    Json context = Parsed(fmt::format(R"({{"x":{}}})", value));
    CHECK(Rendered("{{#x}}open{{/x}}{{^x}}closed{{/x}}", context) == "open");
  }
}

TEST_CASE("a section over a text, number or true stays where it is") {
  Json context = Parsed(R"({"name":"Joe","age":7,"yes":true})");
  CHECK(Rendered("{{#name}}{{name}} {{age}}{{/name}}", context) == "Joe 7");
  CHECK(Rendered("{{#age}}{{name}}{{/age}}{{#yes}}{{name}}{{/yes}}", context) == "JoeJoe");
}

TEST_CASE("lists, objects, numbers and booleans render as JSON") {
  Json context = Parsed(R"({"list":[1,"a\n",null],"object":{"b":1.0,"a":{}},"yes":true,"no":false,
                            "big":18446744073709551615,"small":-0.5})");
  CHECK(Rendered("{{list}} {{object}}", context) == R"([1,"a\n",null] {"b":1.0,"a":{}})");
  CHECK(Rendered("{{yes}} {{no}} {{big}} {{small}}", context) ==
        "true false 18446744073709551615 -0.5");
  CHECK(Rendered("{{#object}}{{.}}{{/object}}", context) == R"({"b":1.0,"a":{}})");
}

TEST_CASE("a value is never rendered twice, whatever it holds") {
  Json context = Parsed(R"({"x":"{{y}} {{#z}} {{!","list":["{{y}}"]})");
  CHECK(Rendered("{{x}}{{#list}}{{.}}{{/list}}", context) == "{{y}} {{#z}} {{!{{y}}");
}

TEST_CASE("braces that are no tag stay as they are") {
  Json context = Parsed(R"({"x":1})");
  CHECK(Rendered("{\"a\": {\"b\": {{x}}}}", context) == "{\"a\": {\"b\": 1}}");
  CHECK(Rendered("} }} }}} { {a} {{x}}}", context) == "} }} }}} { {a} 1}");
  CHECK(Rendered("{{{x}}}}", context) == "1}");
}

TEST_CASE("names may hold blanks and any script") {
  Json context = Parsed(R"({"item":{"Question Text":"q","\u00fcber":"u"}})");
  CHECK(Rendered("{{ item.Question Text }}{{item.\u00fcber}}", context) == "qu");
}

TEST_CASE("a tag that shares its line leaves the line") {
  Json context = Parsed(R"({"yes":true,"x":"v"})");
  CHECK(Rendered("{{#yes}}{{/yes}}\nend", context) == "\nend");
  CHECK(Rendered("{{#yes}} {{! a }}\nb{{/yes}}", context) == " \nb");
  CHECK(Rendered("{{!\n a\n}} b\n", context) == " b\n");
  CHECK(Rendered("a\n{{x}}\nb\n", context) == "a\nv\nb\n");
}

// ---- errors ----

TEST_CASE("an unknown name is an error with its line and the nearest name") {
  Json context = Parsed(R"({"item":{"id":"a","files":[]},"params":{"model":"m"},"run":{}})");
  CHECK(ErrorOf("one\ntwo {{itme.id}}", context) ==
        "t.md:2: unknown name \"itme.id\"; did you mean \"item.id\"?");
  CHECK(ErrorOf("{{item.flies}}", context) ==
        "t.md:1: unknown name \"item.flies\"; did you mean \"item.files\"?");
  CHECK(ErrorOf("{{#parms.model}}x{{/parms.model}}", context)
            .find("did you mean \"params.model\"?") != std::string::npos);
  CHECK(ErrorOf("{{^prams}}x{{/prams}}", context).find("did you mean \"params\"?") !=
        std::string::npos);
}

TEST_CASE("where no name is near, those known are listed, eight at most") {
  CHECK(ErrorOf("{{zebra}}", Parsed(R"({"item":1,"params":2,"run":3})")) ==
        "t.md:1: unknown name \"zebra\"; known here: item, params, run");
  CHECK(ErrorOf("{{item.zebra}}", Parsed(R"({"item":{"id":1,"text":2}})")) ==
        "t.md:1: unknown name \"item.zebra\"; known in \"item\": id, text");
  CHECK(ErrorOf("{{zebra}}") == "t.md:1: unknown name \"zebra\"; this scope has no names");
  CHECK(ErrorOf("{{item.x}}", Parsed(R"({"item":{}})")) ==
        "t.md:1: unknown name \"item.x\"; \"item\" has no names");
  CHECK(
      ErrorOf("{{zebra}}", Parsed(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1})")) ==
      "t.md:1: unknown name \"zebra\"; known here: a, b, c, d, e, f, g, h, …");
}

TEST_CASE("members of what has none are errors that say what it is") {
  Json context = Parsed(R"({"n":null,"t":"x","l":[1],"b":true,"i":1})");
  CHECK(ErrorOf("{{n.a}}", context) ==
        "t.md:1: unknown name \"n.a\": \"n\" is null and has no names");
  CHECK(ErrorOf("{{t.a.b}}", context).find("\"t\" is a text") != std::string::npos);
  CHECK(ErrorOf("{{l.0}}", context).find("\"l\" is a list") != std::string::npos);
  CHECK(ErrorOf("{{b.a}}", context).find("\"b\" is true or false") != std::string::npos);
  CHECK(ErrorOf("{{i.a}}", context).find("\"i\" is a number") != std::string::npos);
}

TEST_CASE("names of outer scopes are unknown inside an element, and the error says so") {
  Json context = Parsed(R"({"run":"r","list":[{"id":1}],"texts":["a"],"object":{"id":2}})");
  CHECK(ErrorOf("{{#list}}\n{{run}}{{/list}}", context) ==
        "t.md:2: unknown name \"run\"; known here: id (\"run\" is known outside of this section "
        "only)");
  CHECK(ErrorOf("{{#object}}{{list}}{{/object}}", context).find("outside") != std::string::npos);
  CHECK(ErrorOf("{{#texts}}{{zebra}}{{/texts}}", context) ==
        "t.md:1: unknown name \"zebra\": the element is a text; only {{.}} is known here");
  CHECK(ErrorOf("{{#list}}{{#id}}{{run}}{{/id}}{{/list}}", context).find("outside") !=
        std::string::npos);
}

TEST_CASE("an error in a part that is not rendered is no error of the rendering") {
  CHECK(Rendered("{{#no}}{{zebra}}{{/no}}", Parsed(R"({"no":false})")) == "");
}

TEST_CASE("every mistake of syntax is refused with its line") {
  struct Mistake {
    const char* text;
    const char* error;
  };
  for (const Mistake& each :
       {Mistake{"a\nb {{c", "t.md:2: \"{{c\" has no \"}}\""},
        {"{{{a}}", "t.md:1: \"{{{a}}\" has no \"}}}\""},
        {"{{! never", "t.md:1: \"{{! never\" has no \"}}\""},
        {"{{}}", "t.md:1: a name is missing"},
        {"{{ }}", "t.md:1: a name is missing"},
        {"{{#}}{{/}}", "t.md:1: a name is missing"},
        {"{{a..b}}", "t.md:1: \"a..b\" is no name"},
        {"{{.a}}", "t.md:1: \".a\" is no name"},
        {"{{a.}}", "t.md:1: \"a.\" is no name"},
        {"{{a{b}}", "t.md:1: \"a{b\" is no name"},
        {"{{a\nb}}", "t.md:1: \"a\\nb\" is no name"},
        {"\n{{#a}}\n{{b}}\n", "t.md:2: the section \"a\" is never closed"},
        {"{{#a}}\n{{/b}}", "t.md:2: \"/b\" comes where the section \"a\" of line 1 is still open"},
        {"{{#a}}{{^b}}{{/a}}{{/b}}",
         "t.md:1: \"/a\" comes where the section \"b\" of line 1 is still open"},
        {"\n\n{{/a}}", "t.md:3: \"/a\" closes a section that was never opened"},
        {"{{>header}}", "t.md:1: partials ({{>header}}) are not supported"},
        {"{{> header }}", "t.md:1: partials ({{>header}}) are not supported"},
        {"{{=<% %>=}}", "t.md:1: changes of the delimiters ({{=…=}}) are not supported"}}) {
    CAPTURE(each.text);
    auto checked = CheckTemplate(each.text, "t.md");
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error() == each.error);
    CHECK(ErrorOf(each.text, Parsed(R"({"a":{"b":1},"b":1})")) == each.error);
  }
}

TEST_CASE("escape sequences in a template or its names never reach a message") {
  CHECK(ErrorOf("{{\x1b[31m}}").find('\x1b') == std::string::npos);
  CHECK(ErrorOf("{{zebra}}", Json{{"\x1b[2J", 1}}).find('\x1b') == std::string::npos);
  CHECK(ErrorOf("{{/\x1b}}").find('\x1b') == std::string::npos);
}

TEST_CASE("lines are counted over tags and comments of several lines") {
  CHECK(
      ErrorOf("{{!\n\n}}\n{{#a\n}}\n{{/a}}{{x}}", Parsed(R"({"a":true})")).starts_with("t.md:6: "));
}

// ---- limits ----

TEST_CASE("a template over 4 MB is refused") {
  std::string text(4 * 1024 * 1024, 'a');
  CHECK(Rendered(text, Json::object()) == text);
  text.push_back('a');
  CHECK(ErrorOf(text) == "t.md: the template is over 4 MB");
}

TEST_CASE("64 sections inside of each other are enough") {
  auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{{#a}}";
    text += "x";
    for (int i = 0; i < depth; ++i) text += "{{/a}}";
    return text;
  };
  CHECK(Rendered(nested(64), Json{{"a", true}}) == "x");
  CHECK(ErrorOf(nested(65), Json{{"a", true}}) == "t.md:1: sections nested deeper than 64 levels");
  CHECK(ErrorOf(nested(100'000)).find("nested deeper") != std::string::npos);
}

TEST_CASE("a text that grows over 12 MB is refused") {
  Json context{{"mb", std::string(1024 * 1024, 'a')}, {"list", Json::array()}};
  for (int i = 0; i < 12; ++i) context["list"].push_back(context["mb"]);
  CHECK(Rendered("{{#list}}{{.}}{{/list}}", context).size() == 12 * 1024 * 1024);
  CHECK(ErrorOf("{{#list}}{{.}}{{/list}}\n\nx", context) == "t.md:1: the text grows over 12 MB");
  CHECK(ErrorOf("\n{{mb}}{{list}}", context) == "t.md:2: the text grows over 12 MB");
}

// ---- names and look-ups ----

TEST_CASE("the names a template asks for are those of the outermost scope, once, in order") {
  auto names = TemplateNames(
      "{{b}} {{a.x}} {{{b}}} {{#list}}{{inner}}{{^c}}{{d}}{{/c}}{{/list}} {{^e}}{{f}}{{/e}} {{.}}"
      "{{! no }}{{a.y}}",
      "t.md");
  REQUIRE(names.ok());
  CHECK(*names == std::vector<std::string>{"b", "a.x", "list", "e", "f", "a.y"});
  CHECK(TemplateNames("plain", "t.md")->empty());
  CHECK(TemplateNames("{{a", "t.md").error().starts_with("t.md:1: "));
}

TEST_CASE("a dotted path finds its value or says the nearest name") {
  Json context = Parsed(R"({"item":{"files":[1,2],"n":null}})");
  CHECK(*LookUp(context, "item.files") == Json{1, 2});
  CHECK(LookUp(context, "item.n")->is_null());
  CHECK(*LookUp(context, ".") == context);
  CHECK(LookUp(context, "item.fils").error() ==
        "unknown name \"item.fils\"; did you mean \"item.files\"?");
  CHECK_FALSE(LookUp(context, "").ok());
  CHECK_FALSE(LookUp(context, "item.").ok());
}

}  // namespace
}  // namespace muster
