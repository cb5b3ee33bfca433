// What muster wrote down against what the provider did: calls, tokens, money, request bodies.

#include <cstdlib>
#include <set>

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kCalls = 24;  // 3 items of 8
const Args kChat{"--set", "providers.openai.api=openai-chat"};

// Every figure that both sides have, equal; nothing unknown.
void CheckBooksAgree(const Json& status, const Json& books) {
  const std::pair<const char*, const char*> kSame[] = {{"calls", "billed_count"},
                                                       {"calls", "answered"},
                                                       {"tries", "asked"},
                                                       {"input_tokens", "input"},
                                                       {"cached_tokens", "cached"},
                                                       {"output_tokens", "output"},
                                                       {"cost_picodollars", "picodollars"},
                                                       {"reasoning_tokens", "reasoning"}};
  for (auto [ours, theirs] : kSame) {
    INFO(ours << " and the provider's " << theirs);
    CHECK(CountIn(status, "totals", ours) == IntMember(books, theirs));
  }
  CHECK(CountIn(status, "totals", "unknown_tries") == 0);
  CHECK(CountIn(status, "totals", "unpriced_calls") == 0);
}

// What python says about requests: a JSON array of [path, body] on stdin, a line for each mistake.
const char kValidate[] =
    "import sys, json\n"
    "sys.path.insert(0, sys.argv[1])\n"
    "import validate_openai\n"
    "for path, body in json.load(open(sys.argv[2])):\n"
    "    for mistake in validate_openai.check('POST', path, body): print(path, mistake)\n"
    "print('checked')\n";

// MUSTER_SPECS: a folder with OpenAI's specification and validate_openai.py, which checks requests
// against it. It is no part of this source; without it the fake provider's own checks remain.
void CheckAgainstSpecification(const Workplace& place, const Json& requests) {
  const char* specs = std::getenv("MUSTER_SPECS");
  if (!specs || !std::filesystem::exists(std::string(specs) + "/validate_openai.py")) {
    MESSAGE("skipped: requests against OpenAI's specification (MUSTER_SPECS names no folder)");
    return;
  }
  Json all = Json::array();
  for (const Json& request : requests) {
    auto body = ParseJson(StringMember(request, "body"));
    REQUIRE(body);
    all.push_back(Json::array({StringMember(request, "target").substr(3), *body}));
  }
  place.Write("requests.json", DumpJson(all));
  ChildOptions python;
  python.argv = {"python3", "-c", kValidate, std::filesystem::absolute(specs),
                 place / "requests.json"};
  ChildEnd end = RunChild(python);
  if (Has(end.err, "ModuleNotFoundError")) {
    MESSAGE("skipped: requests against OpenAI's specification (python3 has no jsonschema)");
    return;
  }
  CHECK_MESSAGE(end.out == "checked\n", end.out << end.err);
}

void CheckRequests(const Json& requests, const std::string& target) {
  CHECK(requests.size() == kCalls);
  std::set<std::string> bodies;
  for (const Json& request : requests) {
    CHECK(request["method"] == "POST");
    CHECK(request["target"] == target);
    auto body = ParseJson(StringMember(request, "body"));
    REQUIRE(body);
    CHECK(StringMember(*body, "model") == "gpt-5.1");
    bodies.insert(StringMember(request, "body"));
  }
  CHECK(bodies.size() == kCalls);
}

}  // namespace

TEST_CASE("e2e: every call, token and picodollar is the provider's, over Responses") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd();
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CheckBooksAgree(place.Status(), server.Books());
  Json requests = server.Requests(100);
  CheckRequests(requests, "/v1/responses");
  CheckAgainstSpecification(place, requests);
  Files files = place.FilesIn("runs/transcripts/transcripts");
  CHECK(files.size() == 3);

  SUBCASE("and a second run asks nothing") {
    ChildEnd again = place.RunToEnd();
    CHECK(again.code == 0);
    CHECK(again.out == "nothing to do: all 3 items are done; no calls were made\n");
    CHECK(server.Book("asked") == kCalls);
    CHECK(place.FilesIn("runs/transcripts/transcripts") == files);
  }
}

TEST_CASE("e2e: every call, token and picodollar is the provider's, over Chat Completions") {
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd(kChat);
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CheckBooksAgree(place.Status(), server.Books());
  Json requests = server.Requests(100);
  CheckRequests(requests, "/v1/chat/completions");
  CheckAgainstSpecification(place, requests);
}

TEST_CASE("e2e: OPENAI_BASE_URL leads to the same requests, and check says where it comes from") {
  FakeServer server;
  Workplace place(1);
  place.SetVariable("OPENAI_API_KEY", FakeServer::kKey);
  place.SetVariable("OPENAI_BASE_URL", server.Url());
  Args model{"--set", "model=openai/gpt-5.1"};
  ChildEnd check = RunChild(place.Muster(Args{"check", kTranscripts} + model));
  CHECK(check.code == 0);
  CHECK(Has(check.out, server.Url()));
  CHECK(Has(check.out, "OPENAI_BASE_URL"));
  CHECK(Has(check.out, "key from OPENAI_API_KEY (set)"));
  CHECK(server.Book("asked") == 0);
  ChildEnd end = RunChild(place.Run(model));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CheckBooksAgree(place.Status(), server.Books());
}

TEST_CASE("e2e: with limits and errors that pass, the books still agree to the picodollar") {
  FakeServer server(R"({"rules": [
      {"match": {"every": 5}, "times": 3, "action": {"status": 500}},
      {"match": {"every": 7}, "times": 2, "action": {"error": "rate_limit"}}]})");
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd({"--set", "providers.openai.limits.concurrency=2"});
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  Json status = place.Status();
  CHECK(CountIn(status, "totals", "failed_tries") == 5);
  CheckBooksAgree(status, server.Books());
  CHECK(server.Book("max_in_air") <= 2);
}

}  // namespace muster
