// Ollama's own API: what it is asked, what its replies and streams hold, what its errors mean.

#include <cstdlib>
#include <filesystem>

#include "tests/child.h"
#include "tests/config_testing.h"
#include "tests/openai_testing.h"

namespace muster {
namespace {

const ChatApi& Api() { return *FindChatApi("ollama"); }

const std::string kLast =
    R"({"model":"llama3.2","created_at":"t","message":{"role":"assistant","content":""},)"
    R"("done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":26,"eval_count":298})";

std::string Line(const std::string& content) {
  return R"({"model":"llama3.2","created_at":"t","message":{"role":"assistant","content":")" +
         content + "\"},\"done\":false}\n";
}

HttpReply Lines(const std::string& body) {
  return Http(200, body, {{"content-type", "application/x-ndjson"}});
}

TEST_CASE("an Ollama request has its options in a map of their own, and says how to answer") {
  ChatRequest request;
  request.model = "llama3.2";
  request.system = "sys";
  request.user = "usr";
  request.images = {{"image/png", "aGk="}};
  ChatOptions& options = request.options;
  options.temperature = 0;
  options.top_p = 0.5;
  options.top_k = 40;
  options.seed = 7;
  options.stop = {"END"};
  options.max_tokens = 100;
  options.context_tokens = 8192;
  options.reasoning_effort = "low";
  options.response_schema = {{"type", "object"}};
  auto made = Api().MakeRequest(request, Provider());
  REQUIRE(made);
  CHECK(made->path == "/api/chat");
  CHECK(made->body == *ParseJson(R"({"model":"llama3.2","messages":[
      {"role":"system","content":"sys"},{"role":"user","content":"usr","images":["aGk="]}],
      "options":{"temperature":0.0,"top_p":0.5,"top_k":40,"seed":7,"stop":["END"],
      "num_predict":100,"num_ctx":8192},"format":{"type":"object"},"think":"low"})"));
  CHECK(made->delivery == Json{{"stream", true}});
  Provider whole;
  whole.stream = "never";
  request.options = {};
  request.options.thinking = "off";
  made = Api().MakeRequest(request, whole);
  CHECK(made->delivery == Json{{"stream", false}});
  CHECK(made->body["think"] == false);
  CHECK_FALSE(made->body.contains("options"));
}

// MUSTER_SPECS: a folder with Ollama's specification and validate_spec.py, which checks a request
// against it.
TEST_CASE("an Ollama request is one of its published specification, a field of OpenAI's is none") {
  const char* specs = std::getenv("MUSTER_SPECS");
  if (!specs || !std::filesystem::exists(std::string(specs) + "/ollama-openapi.yaml")) {
    MESSAGE("skipped: requests against Ollama's specification (MUSTER_SPECS names no folder)");
    return;
  }
  ChatRequest request;
  request.model = "llama3.2";
  request.system = "sys";
  request.user = "usr";
  request.images = {{"image/png", "aGk="}};
  request.options.temperature = 0.5;
  request.options.stop = {"END"};
  request.options.max_tokens = 100;
  request.options.context_tokens = 8192;
  request.options.reasoning_effort = "low";
  request.options.response_schema = {{"type", "object"}};
  Json full = Api().MakeRequest(request, Provider())->body;
  ChatRequest plain;
  plain.model = plain.user = "m";
  Json least = Api().MakeRequest(plain, Provider())->body;
  Json foreign = least;
  foreign["max_completion_tokens"] = 5;
  ConfigFolder folder;
  const std::string folder_of_specs = std::filesystem::absolute(specs);
  for (const auto& [body, good] : {std::pair(full, true), {least, true}, {foreign, false}}) {
    CAPTURE(DumpJson(body));
    folder.Write("body.json", DumpJson(body));
    ChildOptions check;
    check.argv = {
        "sh", "-c",
        "python3 \"$0/validate_spec.py\" \"$0/ollama-openapi.yaml\" POST /api/chat <\"$1\"",
        folder_of_specs, folder / "body.json"};
    ChildEnd end = RunChild(check);
    if (Contains(end.err, "ModuleNotFoundError")) {
      MESSAGE("skipped: requests against Ollama's specification (python3 lacks a module)");
      return;
    }
    CHECK_MESSAGE((end.code == 0) == good, end.out << end.err);
  }
}

TEST_CASE("an Ollama stream adds up to the reply that it would have been") {
  Reading reading = Api().ReadReply(Lines(Line("Hi ") + Line("there") + kLast + "\n"));
  REQUIRE(reading.answered);
  CHECK(reading.usage == Usage{26, 0, 0, 298, 0});
  CHECK(reading.served_model == "llama3.2");
  auto answer = Api().ReadAnswer(reading.body);
  REQUIRE(answer);
  CHECK(answer->text == "Hi there");
  CHECK(answer->finish == Finish::kStop);
  std::string whole = kLast;
  whole.replace(whole.find(R"("content":"")"), 12, R"("content":"Hi there")");
  CHECK(*ParseJson(reading.body) == *ParseJson(whole));
  CHECK(Api().ReadReply(Http(200, whole)).usage == reading.usage);
}

TEST_CASE("an Ollama stream without its last line, or with an error, is a failure") {
  Reading cut = Api().ReadReply(Lines(Line("Hi ") + Line("there")));
  CHECK_FALSE(cut.answered);
  CHECK(cut.failure.kind == FailureKind::kNetwork);
  CHECK(cut.failure.billing == Billing::kUnknown);
  CHECK(cut.partial == "Hi there");
  Reading failed = Api().ReadReply(Lines(Line("Hi ") + R"({"error":"model runner crashed"})"
                                                       "\n"));
  CHECK_FALSE(failed.answered);
  CHECK(failed.failure.kind == FailureKind::kServer);
  CHECK(Contains(failed.failure.message, "model runner crashed"));
  CHECK(Api().ReadPartial(Lines(Line("Hi ") + "{\"model\":\"lla")) == "Hi ");
}

TEST_CASE("counts that Ollama leaves out are 0 of an answer and unknown of a prompt") {
  auto usage = [](const std::string& counts) {
    return Api()
        .ReadReply(
            Http(200, R"({"model":"m","message":{"content":"x"},"done":true)" + counts + "}"))
        .usage;
  };
  CHECK(usage(R"(,"prompt_eval_count":5)") == Usage{5, 0, 0, 0, 0});
  CHECK_FALSE(usage(R"(,"eval_count":5)"));
  CHECK_FALSE(usage(""));
  CHECK_FALSE(usage(R"(,"prompt_eval_count":-5,"eval_count":5)"));
  CHECK_FALSE(usage(R"(,"prompt_eval_count":1e18,"eval_count":5)"));
}

TEST_CASE("Ollama's errors are plain words, and mean what their statuses say") {
  struct Row {
    int64_t status;
    const char* error;
    FailureKind kind;
  };
  const Row kRows[] = {
      {404, "model \"x\" not found, try pulling it first", FailureKind::kModelNotFound},
      {503, "server busy, please try again.  maximum pending requests exceeded",
       FailureKind::kOverloaded},
      {400, "\"x\" does not support thinking", FailureKind::kBadRequest},
      {400, "invalid JSON schema in format", FailureKind::kBadSchema},
      {500, "llama runner process has terminated", FailureKind::kServer},
      {499, "request canceled", FailureKind::kServer},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.error);
    Failure failure = Failed(Api(), Http(row.status, DumpJson(Json{{"error", row.error}})));
    CHECK(failure.kind == row.kind);
    CHECK(failure.billing == Billing::kNo);
  }
  Reading inside = Api().ReadReply(Lines(R"({"error":"server busy, please try again."})"
                                         "\n"));
  CHECK(inside.failure.kind == FailureKind::kOverloaded);
}

TEST_CASE("an Ollama answer that was cut at num_predict says so") {
  auto answer = Api().ReadAnswer(
      R"({"model":"m","message":{"content":"x"},"done":true,"done_reason":"length"})");
  REQUIRE(answer);
  CHECK(answer->finish == Finish::kLength);
  CHECK_FALSE(Api().ReadAnswer(R"({"model":"m","message":{"content":"x"},"done":false})"));
  CHECK_FALSE(Api().ReadAnswer("{}"));
}

}  // namespace
}  // namespace muster
