// What a provider can do to a run, and what becomes of items, money and the user's next step.

#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kCalls = 24;  // 3 items of 8

std::string Rule(const std::string& match, const std::string& action, int times = 1000) {
  return R"({"rules": [{"match": )" + match + R"(, "times": )" + std::to_string(times) +
         R"(, "action": )" + action + "}]}";
}

// A config that asks each of `items` items one question.
std::string OneCallEach(int items) {
  return "name: one\nitems: {range: 1.." + std::to_string(items) +
         "}\nproviders:\n  openai: {api: openai-responses, key_env: OPENAI_API_KEY}\n"
         "params: {model: mock/gpt-5.1}\nsteps:\n  - id: ask\n"
         "    chat: {model: \"{{params.model}}\", user: \"Question {{item.number}}\"}\n"
         "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n";
}

struct PassingFault {
  const char* name;
  const char* action;
  bool may_be_paid;  // without our hearing of it: an unknown outcome
};

}  // namespace

TEST_CASE("e2e: errors that pass are tried again until every item is done") {
  const PassingFault kFaults[] = {
      {"500", R"({"status": 500})", false},
      {"503", R"({"error": "overloaded"})", false},
      {"rate limit with Retry-After", R"({"error": "rate_limit", "retry_after": 1})", false},
      {"an HTML 502", R"({"error": "html_502"})", true},
      {"a reset connection", R"({"reset_at_byte": 60})", true},
      {"a cut body", R"({"cut_at_byte": -20})", true},
      {"an empty body", R"({"body": ""})", true},
      {"no HTTP at all", R"({"raw": "nonsense\r\n\r\n"})", true},
  };
  for (const PassingFault& fault : kFaults) {
    INFO(fault.name);
    FakeServer server(Rule(R"({"nth": 3})", fault.action, 1));
    Workplace place(1);
    place.Ask(server);
    ChildEnd end = place.RunToEnd();
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    CHECK(Has(end.out, "trying again"));
    Json status = place.Status();
    CHECK(CountIn(status, "totals", "calls") == 8);
    CHECK(CountIn(status, "totals", "tries") == 9);
    CHECK(CountIn(status, "totals", "tries") == server.Book("asked"));
    CHECK(CountIn(status, "totals", "unknown_tries") == (fault.may_be_paid ? 1 : 0));
    CHECK(status["unknown"].size() == (fault.may_be_paid ? 1 : 0));
    int64_t spent = CountIn(status, "totals", "cost_picodollars"),
            bill = server.Book("picodollars");
    auto unknown = Member(status["totals"], "unknown_cost_at_most_usd")->get<double>();
    CHECK(spent <= bill);
    CHECK(static_cast<double>(bill - spent) <= unknown * 1e12);
    if (!fault.may_be_paid) CHECK(spent == bill);
  }
}

TEST_CASE(
    "e2e: an exhausted quota stops the run at once, fails nothing, and the same command goes on") {
  FakeServer server(Rule(R"({"from": 5})", R"({"error": "insufficient_quota"})"));
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 5);
  CHECK(Has(end.out, "transcripts stopped: key OPENAI_API_KEY: HTTP 429: insufficient_quota"));
  CHECK(CommandAfter("to try again", end.out) == "");
  Json status = place.Status();
  CHECK(CountIn(status, "counts", "pending") == 3);
  CHECK(CountIn(status, "counts", "failed") == 0);
  CHECK(server.Book("asked") <= 4 + 3);  // what was answered, and what was in the air
  CHECK(server.Book("answered") == 4);

  server.SetScript(R"({"rules": []})");
  std::string command = CommandAfter("to go on", end.out);
  REQUIRE(command != "");
  ChildOptions shell = place.Run();
  shell.argv = {"sh", "-c", command};
  ChildEnd resumed = RunChild(shell);
  REQUIRE_MESSAGE(resumed.code == 0, resumed.out << resumed.err);
  CHECK(server.Book("answered") == kCalls);
  CHECK(server.Book("repeats_of_answered") == 0);
  CHECK(CountIn(place.Status(), "totals", "cost_picodollars") == server.Book("picodollars"));
}

TEST_CASE("e2e: a wrong key stops the run naming its variable, and a key is written nowhere") {
  std::string wrong = "sk-wrong-Zt83kkQpWm02LxNf6Yd1";
  FakeServer server;
  Workplace place(3);
  place.Ask(server);
  SUBCASE("as the provider masks it") { place.SetVariable("OPENAI_API_KEY", wrong); }
  SUBCASE("echoed as it is") {
    server.SetScript(R"({"rules": [{"action": {"echo_key": true}}]})");
    wrong = FakeServer::kKey;
  }
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 5);
  CHECK(Has(end.out, "OPENAI_API_KEY"));
  CHECK(server.Book("asked") <= 3);
  CHECK(CountIn(place.Status(), "counts", "pending") == 3);
  for (const std::string& part : {wrong, wrong.substr(0, 10), wrong.substr(wrong.size() - 10)}) {
    CHECK_FALSE(Has(end.out + end.err, part));
    for (const auto& [name, text] : place.FilesIn("runs")) {
      INFO(name);
      CHECK_FALSE(Has(text, part));
    }
  }
}

TEST_CASE("e2e: a model that is not there stops the run; items stay to be done") {
  FakeServer server(Rule("{}", R"({"error": "model_not_found"})"));
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 5);
  CHECK(Has(end.out, "openai/gpt-5.1: HTTP 404: model_not_found"));
  CHECK(CountIn(place.Status(), "counts", "pending") == 3);
  CHECK(server.Book("asked") <= 3);
}

TEST_CASE(
    "e2e: an item that is too long fails by itself, others go on, --retry-failed tries it again") {
  FakeServer server(Rule(R"({"nth": 4})", R"({"error": "context_length"})", 1));
  Workplace place(3);
  place.Ask(server);
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 1);
  CHECK(Has(end.out, "transcripts finished: 2 done, 1 failed"));
  CHECK(Has(end.out, "context_length_exceeded"));
  CHECK(place.FilesIn("runs/transcripts/transcripts").size() == 2);

  ChildEnd same = place.RunToEnd();
  CHECK(same.code == 1);  // not everything is done, though nothing was left to do
  CHECK(Has(same.out, "nothing to do: of 3 items, 2 done, 1 failed; no calls were made"));

  std::string command = CommandAfter("to try again", end.out);
  CHECK(command.ends_with(" --retry-failed"));
  ChildOptions shell = place.Run();
  shell.argv = {"sh", "-c", command};
  ChildEnd retried = RunChild(shell);
  CHECK_MESSAGE(retried.code == 0, retried.out << retried.err);
  CHECK(server.Book("answered") == kCalls);
  CHECK(server.Book("repeats_of_answered") == 0);
  CHECK(place.FilesIn("runs/transcripts/transcripts").size() == 3);
}

TEST_CASE("e2e: answers that cannot be used are paid, kept and rejected, and never become data") {
  struct Case {
    const char* finish;
    const char* reason;
  };
  const Case kCases[] = {{"empty", "empty"},
                         {"refusal", "the model refused"},
                         {"length", "cut at its token limit"},
                         {"content_filter", "content filter"}};
  for (const char* api : {"openai-responses", "openai-chat"}) {
    for (const Case& each : kCases) {
      INFO(api << " " << each.finish);
      FakeServer server(
          Rule(R"({"nth": 1})", std::string(R"({"finish": ")") + each.finish + "\"}", 1));
      Workplace place(1);
      place.Ask(server);
      place.Write("one.yaml", OneCallEach(2));
      Args args = Args{"run", "one.yaml", "-j", "1"} + place.asking() +
                  Args{"--set", std::string("providers.openai.api=") + api};
      ChildEnd end = RunChild(place.Muster(args));
      CHECK(end.code == 1);
      CHECK(Has(end.out, each.reason));
      Json status = place.Status("runs/one");
      CHECK(CountIn(status, "counts", "failed") == 1);
      CHECK(CountIn(status, "totals", "cost_picodollars") == server.Book("picodollars"));
      CHECK(CountIn(status, "totals", "unknown_tries") == 0);
      CHECK_FALSE(std::filesystem::exists(place / "runs/one/1.txt"));
      CHECK(std::filesystem::exists(place / "runs/one/2.txt"));

      ChildEnd retried = RunChild(place.Muster(args + Args{"--retry-failed"}));
      CHECK_MESSAGE(retried.code == 0, retried.out << retried.err);
      CHECK(server.Book("asked") == 3);
      CHECK(CountIn(place.Status("runs/one"), "totals", "cost_picodollars") ==
            server.Book("picodollars"));
      CHECK(std::filesystem::exists(place / "runs/one/1.txt"));
    }
  }
}

TEST_CASE("e2e: a redirect is not followed: the other server hears nothing") {
  FakeServer other;
  FakeServer server(Rule("{}", R"({"redirect": ")" + other.Url() + R"(/responses"})"));
  Workplace place(1);
  place.Ask(server);
  ChildEnd end = place.RunToEnd();
  CHECK(end.code == 1);
  CHECK(Has(end.out, "which is not followed"));
  CHECK(other.Book("asked") == 0);
  CHECK(other.Book("connections") == 0);
}

TEST_CASE("e2e: a provider that cannot be reached stops the run; its items stay to be done") {
  Workplace place(3);
  std::string url;
  {
    FakeServer server;
    place.Ask(server);
  }  // nobody listens there any more
  ChildEnd end = place.RunToEnd({"--set", "retry.attempts=2"});
  CHECK(end.code == 5);
  CHECK(Has(end.out, "no connection to 127.0.0.1"));
  CHECK(CountIn(place.Status(), "counts", "pending") == 3);
  CHECK(CountIn(place.Status(), "totals", "unknown_tries") == 0);
  CHECK(CommandAfter("to go on", end.out) != "");
}

}  // namespace muster
