// The fake provider as Anthropic: which requests it takes, and what it says of others, over the
// wire.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/config_testing.h"
#include "tests/fake_anthropic_testing.h"

namespace muster::fake_anthropic {
namespace {

struct Refused {
  const char* changes;
  int status;
  const char* says;
};

constexpr Refused kRefused[] = {
    {R"({"max_tokens": null})", 400, "max_tokens: Field required"},
    {R"({"max_tokens": "4"})", 400, "max_tokens: Input should be a valid integer"},
    {R"({"max_tokens": -1})", 400, "max_tokens: Input should be greater than or equal to 0"},
    {R"({"max_tokens": 64001})", 400, "64001 > 64000, which is the maximum"},
    {R"({"max_tokens": 18446744073709551615})", 400, "max_tokens: Input should be a valid integer"},
    {R"({"model": null})", 400, "model: Field required"},
    {R"({"model": "gpt-5"})", 404, "model: gpt-5"},
    {R"({"seed": 7})", 400, "seed: Extra inputs are not permitted"},
    {R"({"temperature": 1.5})", 400, "temperature: range: 0..1"},
    {R"({"top_k": 1.5})", 400, "top_k: Input should be a valid integer"},
    {R"({"messages": []})", 400, "at least one message is required"},
    {R"({"messages": [{"role": "system", "content": "Be brief."}]})", 400,
     "Unexpected role \"system\""},
    {R"({"messages": [{"role": "user", "content": ""}]})", 400, "must have non-empty content"},
    {R"({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]})", 400,
     "text content blocks must be non-empty"},
    {R"({"messages": [{"role": "user", "name": "x", "content": "a"}]})", 400,
     "messages.0.name: Extra inputs"},
    {R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})", 400,
     "messages.0.content.0.type: Input should be 'text', 'image'"},
    {R"({"messages": [{"role": "user", "content": [{"type": "image", "source":
         {"type": "base64", "media_type": "image/tiff", "data": "iVBORw0KGgo="}}]}]})",
     400, "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"},
    {R"({"messages": [{"role": "user", "content": [{"type": "image", "source":
         {"type": "base64", "media_type": "image/jpeg", "data": "iVBORw0KGgo="}}]}]})",
     400, "using the image/jpeg media type, but the image appears to be a image/png image"},
    {R"({"messages": [{"role": "user", "content": [{"type": "image", "source":
         {"type": "base64", "media_type": "image/png",
          "data": "data:image/png;base64,iVBORw0KGgo="}}]}]})",
     400, "invalid base64 data"},
    {R"({"thinking": {"type": "enabled", "budget_tokens": 1023}})", 400,
     "budget_tokens: Input should be greater than or equal to 1024"},
    {R"({"thinking": {"type": "enabled", "budget_tokens": 4000}})", 400,
     "`max_tokens` must be greater than `thinking.budget_tokens`"},
    {R"({"thinking": {"type": "enabled", "budget_tokens": 1024}, "temperature": 0.5})", 400,
     "`temperature` may only be set to 1 when thinking"},
    {R"({"thinking": {"type": "adaptive"}})", 400, "adaptive thinking is not supported"},
    {R"({"model": "claude-opus-4-8", "thinking": {"type": "enabled", "budget_tokens": 1024}})", 400,
     "\"thinking.type.enabled\" is not supported for this model"},
    {R"({"model": "claude-opus-4-7", "temperature": 1})", 400, "`temperature` is deprecated"},
    {R"({"model": "claude-opus-5", "top_p": 0.9})", 400, "`top_p` is deprecated"},
    {R"({"model": "claude-sonnet-5", "top_k": 5})", 400, "`top_k` is deprecated"},
    {R"({"model": "claude-opus-5", "messages": [{"role": "user", "content": "a"},
         {"role": "assistant", "content": "b"}]})",
     400, "does not support assistant message prefill"},
    {R"({"output_config": {"effort": "low"}})", 400, "does not support the effort parameter"},
    {R"({"model": "claude-opus-5", "output_config": {"effort": "minimal"}})", 400,
     "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"},
    {R"({"output_config": {"format": {"type": "json_object", "schema": {}}}})", 400,
     "output_config.format.type: Input should be 'json_schema'"},
    {R"({"output_config": {"format": {"type": "json_schema", "name": "x", "schema": {}}}})", 400,
     "output_config.format.name: Extra inputs"},
    {R"({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object",
         "properties": {}}}}})",
     400, "For 'object' type, 'additionalProperties' must be explicitly set to false"},
    {R"({"output_config": {"format": {"type": "json_schema", "schema": {"type": "array",
         "items": {"type": "integer", "minimum": 1}}}}})",
     400, "For 'integer' type, property 'minimum' is not supported"},
    {R"({"cache_control": {"type": "ephemeral", "ttl": "2h"}})", 400,
     "cache_control.ttl: Input should be '5m' or '1h'"},
    {R"({"system": [{"type": "text", "text": "a", "cache_control": {"type": "forever"}}]})", 400,
     "system.0.cache_control.type: Input should be 'ephemeral'"},
    {R"({"service_tier": "flex"})", 400, "service_tier: Input should be 'auto' or 'standard_only'"},
    {R"({"stop_sequences": [" "]})", 400, "each stop sequence must contain non-whitespace"},
    {R"({"stream": "yes"})", 400, "stream: Input should be a valid boolean"},
    {R"({"metadata": {"user": "a"}})", 400, "metadata.user: Extra inputs"},
};

// What python says about requests: a JSON array of bodies in a file, a line for each mistake. The
// specification is read once, whatever the number of bodies.
const char kValidate[] =
    "import io, json, runpy, sys, yaml\n"
    "specs, bodies = sys.argv[1:]\n"
    "loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)\n"
    "spec = yaml.load(open(specs + '/openrouter-in.openapi.yaml'), Loader=loader)\n"
    "yaml.safe_load = lambda file: spec\n"
    "sys.argv = ['', specs + '/openrouter-in.openapi.yaml', 'POST', '/messages']\n"
    "for body in json.load(open(bodies)):\n"
    "    sys.stdin = io.StringIO(json.dumps(body))\n"
    "    try: runpy.run_path(specs + '/validate_spec.py')\n"
    "    except SystemExit: pass\n";

// MUSTER_SPECS: a folder with OpenRouter's specification, whose /messages are Anthropic's, and
// validate_spec.py, which checks requests against it. It is no part of this source.
void CheckAgainstSpecification(const Json& bodies) {
  const char* specs = std::getenv("MUSTER_SPECS");
  if (!specs || !std::filesystem::exists(std::string(specs) + "/openrouter-in.openapi.yaml")) {
    MESSAGE("skipped: requests against /messages' specification (MUSTER_SPECS names no folder)");
    return;
  }
  ConfigFolder place;
  place.Write("bodies.json", DumpJson(bodies));
  ChildOptions python;
  python.argv = {"python3", "-c", kValidate, std::filesystem::absolute(specs),
                 place / "bodies.json"};
  python.deadline = std::chrono::seconds(300);
  ChildEnd end = RunChild(python);
  if (Contains(end.err, "ModuleNotFoundError")) {
    MESSAGE("skipped: requests against /messages' specification (python3 lacks a module)");
    return;
  }
  std::string expected;
  for (size_t i = 0; i < bodies.size(); ++i) expected += "OK\n";
  CHECK_MESSAGE(end.out == expected, end.out << end.err);
}

}  // namespace

TEST_CASE("fake Anthropic: what the server refuses is refused in its words, and billed nothing") {
  FakeServer server;
  for (const Refused& refused : kRefused) {
    CAPTURE(std::string(refused.changes));
    WireReply reply = Ask(server, Changed(kBody, J(refused.changes)));
    CHECK(reply.http.status == refused.status);
    CHECK(ErrorType(reply) ==
          (refused.status == 404 ? "not_found_error" : "invalid_request_error"));
    CHECK_MESSAGE(Contains(Message(reply), refused.says), Message(reply));
  }
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE("fake Anthropic: what it takes is right by the specification too") {
  FakeServer server;
  Json bodies = Json::array();
  for (const char* changes : kTaken) {
    CAPTURE(std::string(changes));
    bodies.push_back(Changed(kBody, J(changes)));
    WireReply reply = Ask(server, bodies.back());
    CHECK_MESSAGE(reply.http.status == 200, Message(reply));
  }
  CHECK(server.Book("billed_count") == static_cast<int64_t>(bodies.size()));
  CheckAgainstSpecification(bodies);
}

TEST_CASE("fake Anthropic: key, version and media type of a request are looked at") {
  FakeServer server;
  WireHeaders version = {{"anthropic-version", "2023-06-01"}};
  WireReply none = Ask(server, kBody, version);
  CHECK(none.http.status == 401);
  CHECK(ErrorType(none) == "authentication_error");
  WireHeaders wrong = version;
  wrong.emplace_back("x-api-key", "sk-wrong");
  CHECK(Message(Ask(server, kBody, wrong)) == "invalid x-api-key");
  WireHeaders bearer = version;
  bearer.emplace_back("authorization", std::string("Bearer ") + FakeServer::kKey);
  CHECK(Ask(server, kBody, bearer).http.status == 200);
  WireReply unversioned = Ask(server, kBody, {{"x-api-key", FakeServer::kKey}});
  CHECK(unversioned.http.status == 400);
  CHECK(Contains(Message(unversioned), "anthropic-version: header is required"));
  WireHeaders text = kHeaders;
  text.emplace_back("content-type", "text/plain");
  CHECK(Contains(Message(Ask(server, kBody, text)), "content-type"));
  CHECK(AskWire(server, "/anthropic/v1/messages", kHeaders, DumpJson(kBody)).http.status == 200);
  CHECK(AskWire(server, "/anthropic/v1/complete", kHeaders, "{}").http.status == 404);
  CHECK(Ask(server, Json("text")).http.status == 400);
}

}  // namespace muster::fake_anthropic
