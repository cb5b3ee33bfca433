// What Anthropic's Messages API is asked.

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "common/prices.h"
#include "tests/child.h"
#include "tests/config_testing.h"
#include "tests/provider_testing.h"

namespace muster {
namespace {

Provider At(const std::string& base_url) {
  Provider provider;
  provider.base_url = base_url;
  return provider;
}

ChatRequest Least(const std::string& model = "claude-opus-4-8") {
  ChatRequest request;
  request.model = model;
  request.user = "usr";
  request.options.max_tokens = 1'000;
  return request;
}

Json BodyOf(const ChatRequest& request, const Provider& provider = Provider()) {
  auto made = Anthropic().MakeRequest(request, provider);
  REQUIRE(made);
  return made->body;
}

// The least request with these options.
Json With(void (*set)(ChatRequest&)) {
  ChatRequest request = Least();
  set(request);
  return BodyOf(request);
}

Json Added(const char* member) {
  Json body = BodyOf(Least());
  body.update(*ParseJson(member));
  return body;
}

using R = ChatRequest&;
struct Row {
  void (*set)(ChatRequest&);
  const char* member;  // of the body that comes with it
};
const Row kOptions[] = {
    {[](R r) { r.system = "sys"; }, R"({"system":"sys"})"},
    {[](R r) { r.options.temperature = 0.25; }, R"({"temperature":0.25})"},
    {[](R r) { r.options.top_p = 0.5; }, R"({"top_p":0.5})"},
    {[](R r) { r.options.top_k = 40; }, R"({"top_k":40})"},
    {[](R r) { r.options.max_tokens = 7; }, R"({"max_tokens":7})"},
    {[](R r) {
       r.options.stop = {"END", "\n\n"};
     },
     R"({"stop_sequences":["END","\n\n"]})"},
    {[](R r) { r.options.thinking = "off"; }, R"({"thinking":{"type":"disabled"}})"},
    {[](R r) { r.options.thinking = "auto"; }, R"({"thinking":{"type":"adaptive"}})"},
    {[](R r) { r.options.thinking_tokens = 2'048; },
     R"({"thinking":{"type":"enabled","budget_tokens":2048}})"},
    {[](R r) { r.options.reasoning_effort = "xhigh"; }, R"({"output_config":{"effort":"xhigh"}})"},
    {[](R r) {
       r.options.response_schema = {{"type", "object"}};
     },
     R"({"output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}}})"},
    {[](R r) {
       r.options.reasoning_effort = "low";
       r.options.response_schema = {{"type", "object"}};
     },
     R"({"output_config":{"effort":"low","format":{"type":"json_schema",
         "schema":{"type":"object","additionalProperties":false}}}})"},
    {[](R r) { r.options.service_tier = "auto"; }, R"({"service_tier":"auto"})"},
    {[](R r) { r.options.service_tier = "default"; }, R"({"service_tier":"standard_only"})"},
    {[](R r) { r.options.prompt_cache = "5m"; },
     R"({"cache_control":{"type":"ephemeral","ttl":"5m"}})"},
    {[](R r) { r.options.prompt_cache = "1h"; },
     R"({"cache_control":{"type":"ephemeral","ttl":"1h"}})"},
    {[](R r) {
       r.images = {{"image/png", "QUJD", 9}, {"image/webp", "REVG", 9}};
     },
     R"({"messages":[{"role":"user","content":[
         {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},
         {"type":"image","source":{"type":"base64","media_type":"image/webp","data":"REVG"}},
         {"type":"text","text":"usr"}]}]})"},
    {[](R r) {
       r.images = {{"image/png", "QUJD", 9}};
       r.user = "";
     },
     R"({"messages":[{"role":"user","content":[
         {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}}]}]})"},
};

TEST_CASE("a Messages request says what was asked for, and each option in the API's own way") {
  auto made = Anthropic().MakeRequest(Least(), Provider());
  REQUIRE(made);
  CHECK(made->path == "/messages");
  CHECK(made->delivery_path.empty());
  CHECK(made->body == *ParseJson(R"({"model":"claude-opus-4-8","max_tokens":1000,
      "messages":[{"role":"user","content":"usr"}]})"));
  for (const Row& row : kOptions) {
    CAPTURE(row.member);
    CHECK(CanonicalJson(With(row.set)) == CanonicalJson(Added(row.member)));
  }
}

TEST_CASE("the API's version is named, unless the provider's headers name another") {
  auto made = Anthropic().MakeRequest(Least(), Provider());
  REQUIRE(made);
  REQUIRE(made->headers.size() == 1);
  CHECK(made->headers[0] == std::pair<std::string, std::string>{"anthropic-version", "2023-06-01"});
  Provider other;
  other.headers["Anthropic-Version"] = "2029-01-01";
  CHECK(Anthropic().MakeRequest(Least(), other)->headers.empty());
}

TEST_CASE("answers are streamed unless the provider is not to, and that is no part of the call") {
  Provider provider;
  for (const char* stream : {"auto", "always", "never"}) {
    provider.stream = stream;
    auto made = Anthropic().MakeRequest(Least(), provider);
    CHECK(made->delivery ==
          (stream == std::string("never") ? Json::object() : Json{{"stream", true}}));
    CHECK_FALSE(made->body.contains("stream"));
  }
}

TEST_CASE("the usual service tier is asked for where the service would choose by itself") {
  CHECK(BodyOf(Least(), At("https://api.anthropic.com/v1"))["service_tier"] == "standard_only");
  ChatRequest request = Least();
  request.options.service_tier = "auto";
  CHECK(BodyOf(request, At("https://api.anthropic.com/v1"))["service_tier"] == "auto");
  CHECK_FALSE(BodyOf(Least(), At("http://localhost:8080/v1")).contains("service_tier"));
  CHECK_FALSE(
      BodyOf(Least(), At("https://api.anthropic.com.example.org/v1")).contains("service_tier"));
}

TEST_CASE("a step without a maximum gets its model's, which is never above the price table's") {
  struct Model {
    const char* name;
    int64_t most;
  };
  for (const Model& model : {Model{"claude-opus-4-8", 128'000},
                             {"claude-opus-4-6-20260205", 128'000},
                             {"claude-opus-4-5-20251101", 64'000},
                             {"claude-opus-4-1", 32'000},
                             {"claude-opus-4-20250514", 32'000},
                             {"claude-sonnet-4-6", 64'000},
                             {"claude-haiku-4-5", 64'000},
                             {"claude-sonnet-5", 128'000},
                             {"claude-3-5-haiku-20241022", 8'192},
                             {"claude-3-haiku-20240307", 4'096},
                             {"claude-2.1", 4'096},
                             {"claude-haiku-6", 32'000},
                             {"anthropic/claude-opus-4.5", 32'000},
                             {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", 64'000},
                             {"claude-opus-4-8@20260601", 128'000},
                             {"qwen3-coder", 8'192},
                             {"", 8'192}}) {
    CAPTURE(model.name);
    ChatRequest request = Least(model.name);
    request.options.max_tokens = std::nullopt;
    CHECK(BodyOf(request)["max_tokens"] == model.most);
  }
  auto prices = PriceTable::Load("configs/prices.json");
  REQUIRE(prices);
  size_t seen = 0;
  for (const auto& [vendor, models] : prices->vendors()) {
    for (const auto& [name, price] : models) {
      if (!price.max_output || name.find("claude") == name.npos) continue;
      CAPTURE(name);
      ChatRequest request = Least(name);
      request.options.max_tokens = std::nullopt;
      auto most = BodyOf(request)["max_tokens"].get<int64_t>();
      CHECK(most <= *price.max_output);
      if (vendor == "anthropic") CHECK(most == *price.max_output);
      ++seen;
    }
  }
  CHECK(seen > 20);
}

TEST_CASE("extra fields are merged last") {
  ChatRequest request = Least();
  request.extra = {{"metadata", {{"user_id", "u"}}}, {"output_config", {{"effort", "max"}}}};
  request.options.response_schema = {{"type", "object"}};
  Json body = BodyOf(request);
  CHECK(body["metadata"]["user_id"] == "u");
  CHECK(body["output_config"]["effort"] == "max");
  CHECK(body["output_config"]["format"]["type"] == "json_schema");
  request.extra = {{"max_tokens", 5}};
  CHECK_FALSE(Anthropic().MakeRequest(request, Provider()));
}

// ---- against a specification ----

// Prints the number of mistakes in each of the bodies that a file holds.
const char kCountMistakes[] =
    "import sys, json, io\n"
    "specs, path = sys.argv[1:3]\n"
    "bodies = json.load(open(path))\n"
    "sys.argv = ['', specs + '/openrouter-in.openapi.yaml', 'POST', '/messages']\n"
    "sys.stdin, sys.stdout = io.StringIO(json.dumps(bodies[0])), io.StringIO()\n"
    "scope = {}\n"
    "try: exec(open(specs + '/validate_spec.py').read(), scope)\n"
    "except SystemExit: pass\n"
    "sys.stdout = sys.__stdout__\n"
    "for body in bodies: print(len(list(scope['v'].iter_errors(body))))\n";

TEST_CASE("requests are those of a published specification, which takes no option we refuse") {
  const char* specs = std::getenv("MUSTER_SPECS");
  if (!specs || !std::filesystem::exists(std::string(specs) + "/openrouter-in.openapi.yaml")) {
    MESSAGE(
        "skipped: requests against a specification of /messages (MUSTER_SPECS names no folder)");
    return;
  }
  Json bodies = Json::array();
  for (const Row& row : kOptions) bodies.push_back(With(row.set));
  bodies.push_back(BodyOf(Least(), At("https://api.anthropic.com/v1")));
  const size_t good = bodies.size();
  // What the options that this API refuses would look like.
  for (const char* member :
       {R"({"seed":1})", R"({"verbosity":"low"})", R"({"output_config":{"effort":"none"}})",
        R"({"output_config":{"effort":"minimal"}})", R"({"thinking":{"type":"enabled"}})",
        R"({"cache_control":{"type":"ephemeral","ttl":"2h"}})", R"({"stop_sequences":"END"})",
        R"({"max_tokens":"many"})"}) {
    bodies.push_back(Added(member));
  }
  ConfigFolder folder;
  folder.Write("bodies.json", DumpJson(bodies));
  ChildOptions python;
  python.argv = {"python3", "-c", kCountMistakes, std::filesystem::absolute(specs),
                 folder / "bodies.json"};
  ChildEnd end = RunChild(python);
  if (Contains(end.err, "ModuleNotFoundError")) {
    MESSAGE("skipped: requests against a specification of /messages (python3 lacks a module)");
    return;
  }
  REQUIRE_MESSAGE(end.code == 0, end.err);
  std::istringstream counts(end.out);
  for (size_t i = 0; i < bodies.size(); ++i) {
    CAPTURE(DumpJson(bodies[i]));
    int mistakes = -1;
    counts >> mistakes;
    REQUIRE(mistakes >= 0);
    CHECK((mistakes > 0) == (i >= good));
  }
}

}  // namespace
}  // namespace muster
