// The claude-code API: from requests to what the program is given, from what it prints to answers
// and failures. The printouts are shortened ones of version 2.1.197.

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/claude_testing.h"
#include "worker/providers/claude_code/failures.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

constexpr char kModels[] =
    R"({"claude-haiku-4-5":{"inputTokens":100,"outputTokens":2,"cacheReadInputTokens":0,)"
    R"("cacheCreationInputTokens":0,"costUSD":0.0001},)"
    R"("claude-sonnet-4-5":{"inputTokens":11,"outputTokens":7,"cacheReadInputTokens":5,)"
    R"("cacheCreationInputTokens":3,"costUSD":0.00015}})";

// A result line; `members` replace and add.
std::string Result(const std::string& members) {
  Json result = {{"type", "result"},
                 {"subtype", "success"},
                 {"is_error", false},
                 {"api_error_status", nullptr},
                 {"num_turns", 1},
                 {"result", "Hello there"},
                 {"stop_reason", "end_turn"},
                 {"session_id", "session-1"},
                 {"total_cost_usd", 0.00025},
                 {"modelUsage", *ParseJson(kModels)}};
  auto given = ParseJson(members);
  REQUIRE(given);
  for (const auto& [name, value] : given->items()) result[name] = value;
  return DumpJson(result) + "\n";
}

std::string Failed(const std::string& words, const std::string& status = "null",
                   const std::string& more = "") {
  return Result(fmt::format(R"({{"is_error":true,"stop_reason":"stop_sequence","modelUsage":{{}},)"
                            R"("total_cost_usd":0,"result":{},"api_error_status":{}{}}})",
                            DumpJson(words), status, more));
}

std::string Assistant(const std::string& text, const std::string& model = "claude-sonnet-4-5") {
  return DumpJson(Json{
             {"type", "assistant"},
             {"message", {{"model", model}, {"content", {{{"type", "text"}, {"text", text}}}}}}}) +
         "\n";
}

Reading Read(const std::string& printed, bool schema = false, int64_t now_ms = 0) {
  HttpReply reply{200, {}, printed, now_ms};
  if (schema) reply.headers.emplace_back(kSchemaHeader, "1");
  return ClaudeCode().ReadReply(reply);
}

ChatAnswer AnswerIn(const Reading& reading) {
  REQUIRE(reading.answered);
  auto answer = ClaudeCode().ReadAnswer(reading.body);
  REQUIRE(answer);
  return *answer;
}

// ---- requests ----

TEST_CASE("claude-code: what decides the answer is the request's identity, and nothing else") {
  ChatRequest ask = ClaudeAsk();
  ask.options.reasoning_effort = "high";
  ask.options.response_schema = *ParseJson(R"({"type":"object"})");
  auto request = ClaudeCode().MakeRequest(ask, Provider());
  REQUIRE(request);
  CHECK(request->path == "/claude-code");
  CHECK(DumpJson(request->body) ==
        R"({"model":"claude-sonnet-4-5","system":"Be brief.","prompt":"Say hello",)"
        R"("effort":"high","schema":{"type":"object"}})");
  CHECK(request->headers.empty());
}

TEST_CASE("claude-code: what it cannot take is refused by name") {
  auto error_of = [](auto change) {
    ChatRequest ask = ClaudeAsk();
    change(ask);
    auto made = ClaudeCode().MakeRequest(ask, Provider());
    return made ? std::string("taken") : made.error();
  };
  CHECK(error_of([](ChatRequest&) {}) == "taken");
  CHECK(error_of([](ChatRequest& r) {
          r.images.push_back({"image/png", "AA"});
        }).starts_with("images:"));
  CHECK(error_of([](ChatRequest& r) { r.extra = {{"top_p", 1}}; }).starts_with("extra:"));
  CHECK(error_of([](ChatRequest& r) { r.model = "--dangerously"; }).starts_with("model:"));
  CHECK(error_of([](ChatRequest& r) { r.model = ""; }).starts_with("model:"));
  CHECK(error_of([](ChatRequest& r) { r.user = " \n"; }).starts_with("user:"));
  CHECK(error_of([](ChatRequest& r) { r.user.assign(11'000'000, 'x'); }).starts_with("user:"));
  CHECK(error_of([](ChatRequest& r) {
          r.options.response_schema = {{"title", std::string(200'000, 'x')}};
        }).starts_with("response_schema:"));
}

// ---- answers ----

TEST_CASE("claude-code: an answer, its usage over all models, cost and model") {
  for (const std::string& printed : {Result("{}"),
                                     R"({"type":"system","subtype":"init"})"
                                     "\n" +
                                         Assistant("Hello there") + Result("{}"),
                                     "a warning\n" + Result("{}")}) {
    CAPTURE(printed);
    Reading reading = Read(printed);
    ChatAnswer answer = AnswerIn(reading);
    CHECK(answer.text == "Hello there");
    CHECK(answer.finish == Finish::kStop);
    CHECK(answer.finish_text == "end_turn");
    CHECK(answer.served_model == "claude-sonnet-4-5");
    CHECK(reading.served_model == "claude-sonnet-4-5");
    CHECK(reading.request_id == "session-1");
    CHECK(reading.own_cost == 250'000'000);
    REQUIRE(reading.usage);
    CHECK(*reading.usage == ClaudeUsage(119, 5, 3, 9));
    CHECK(Member(*ParseJson(reading.body), "text") == nullptr);
  }
}

TEST_CASE("claude-code: what was kept reads as what was printed") {
  Reading first = Read(Assistant("first half, ") + Assistant("second half") +
                       Result(R"({"result":"second half"})"));
  Reading again = Read(first.body);
  CHECK(again.answered);
  CHECK(again.body == first.body);
  CHECK(again.usage == first.usage);
  CHECK(again.own_cost == first.own_cost);
}

TEST_CASE("claude-code: an answer continued after the longest output is whole") {
  Reading reading = Read(Assistant("first half, ") + Assistant("second half") +
                         Result(R"({"result":"second half"})"));
  ChatAnswer answer = AnswerIn(reading);
  CHECK(answer.text == "first half, second half");
  CHECK(answer.finish == Finish::kStop);
}

TEST_CASE("claude-code: an answer that stays cut is a cut answer, not an error text") {
  std::string words =
      "API Error: Claude's response exceeded the 100 output token maximum. To configure this "
      "behavior, set the CLAUDE_CODE_MAX_OUTPUT_TOKENS environment variable.";
  std::string cut =
      Result(R"({"is_error":true,"stop_reason":"stop_sequence","result":)" + DumpJson(words) + "}");
  ChatAnswer answer =
      AnswerIn(Read(Assistant("one ") + Assistant("two") + Assistant(words, "<synthetic>") + cut));
  CHECK(answer.text == "one two");
  CHECK(answer.finish == Finish::kLength);
  CHECK(answer.finish_text == "max_tokens");
  // Without the text there is nothing to give.
  Reading bare = Read(cut);
  CHECK_FALSE(bare.answered);
  CHECK(bare.failure.billing == Billing::kUsage);
}

TEST_CASE("claude-code: a refusal is an answer with its words") {
  std::string refusal = Result(
      R"({"is_error":true,"stop_reason":"refusal","result":"API Error: unable to respond"})");
  ChatAnswer answer = AnswerIn(Read(refusal));
  CHECK(answer.finish == Finish::kRefusal);
  CHECK(answer.finish_text == "API Error: unable to respond");
  CHECK(answer.text.empty());
  CHECK(AnswerIn(Read(Assistant("I cannot") + refusal)).text == "I cannot");
}

TEST_CASE("claude-code: a structured answer is its text, and must be there when it was asked for") {
  std::string structured =
      Result(R"({"num_turns":2,"stop_reason":"tool_use","structured_output":{"answer":42}})");
  Reading reading = Read(structured, true);
  CHECK(AnswerIn(reading).text == R"({"answer":42})");
  CHECK(AnswerIn(reading).finish == Finish::kStop);
  Reading plain = Read(Result("{}"), true);
  CHECK_FALSE(plain.answered);
  CHECK(Name(plain.failure.kind) == "bad-reply");
  CHECK(plain.failure.billing == Billing::kUsage);
  CHECK(plain.usage);
}

TEST_CASE("claude-code: what the program answers by itself is no answer") {
  Reading reading = Read(Result(
      R"({"num_turns":0,"result":"Total cost: $0.0000","stop_reason":null,"modelUsage":{}})"));
  CHECK_FALSE(reading.answered);
  CHECK(Name(reading.failure.kind) == "bad-request");
  CHECK(reading.failure.billing == Billing::kNo);
}

TEST_CASE("claude-code: absurd numbers are unknown") {
  auto usage_of = [](const std::string& counts) {
    return Read(Result(R"({"modelUsage":{"m":)" + counts + "}}")).usage;
  };
  CHECK(usage_of(R"({"inputTokens":1,"outputTokens":2})") == ClaudeUsage(1, 0, 0, 2));
  CHECK_FALSE(usage_of(R"({"inputTokens":-1,"outputTokens":2})"));
  CHECK_FALSE(usage_of(R"({"inputTokens":"1","outputTokens":2})"));
  CHECK_FALSE(usage_of(R"({"inputTokens":1e300,"outputTokens":2})"));
  CHECK_FALSE(usage_of(R"({"inputTokens":99999999,"cacheReadInputTokens":99999999})"));
  CHECK_FALSE(usage_of("7"));
  CHECK_FALSE(Read(Result(R"({"modelUsage":null})")).usage);
  CHECK_FALSE(Read(Result(R"({"modelUsage":[]})")).usage);
  for (const char* cost : {"-1", "1e300", "\"1\"", "null"}) {
    CAPTURE(cost);
    CHECK_FALSE(Read(Result(fmt::format(R"({{"total_cost_usd":{}}})", cost))).own_cost);
  }
}

TEST_CASE("claude-code: what is written to the cache for an hour is told apart") {
  Reading reading = Read(Result(
      R"({"usage":{"service_tier":"priority","cache_creation":{"ephemeral_1h_input_tokens":2}}})"));
  REQUIRE(reading.usage);
  CHECK(reading.usage->cache_write == 3);
  CHECK(reading.usage->cache_write_1h == 2);
  CHECK(reading.tier == "priority");
}

TEST_CASE("claude-code: hostile printouts are no answers and no crash") {
  for (const char* printed :
       {"", "\n\n", "{}", "null", "[]", "{\"type\":\"result\"}", "{\"type\":7}",
        "{\"type\":", R"({"type":"result","result":{"a":1},"modelUsage":7})",
        R"({"type":"assistant","message":7})", R"({"type":"assistant","message":{"content":7}})",
        R"({"type":"result","is_error":"yes"})", R"({"type":"rate_limit_event"})"}) {
    CAPTURE(printed);
    Reading reading = Read(printed);
    if (reading.answered) CHECK(ClaudeCode().ReadAnswer(reading.body));
    CHECK_FALSE(ClaudeCode().ReadAnswer("").ok());
    CHECK((reading.answered || !reading.failure.message.empty()));
  }
}

// ---- failures ----

struct FailureRow {
  std::string words, status;
  const char* kind;
  Billing billing;
  bool model_only = false;
};

TEST_CASE("claude-code: what each documented failure means") {
  const FailureRow kRows[] = {
      {"API Error: Request rejected (429) · Rate limit reached", "429", "rate-limited",
       Billing::kNo},
      {"API Error: Server is temporarily limiting requests (not your usage limit) · x", "429",
       "rate-limited", Billing::kNo},
      {"API Error: 529 Overloaded. This is a server-side issue, usually temporary", "529",
       "overloaded", Billing::kNo},
      {"API Error: Overloaded", "null", "overloaded", Billing::kUnknown},
      {"API Error: 500 Internal server error. This is a server-side issue", "500", "server",
       Billing::kUnknown},
      {"There's an issue with the selected model (claude-x). It may not exist or you may not have "
       "access to it.",
       "404", "model-not-found", Billing::kNo},
      {"Not logged in · Please run /login", "null", "auth", Billing::kNo},
      {"Invalid API key · Fix external API key", "null", "auth", Billing::kNo},
      {"Failed to authenticate. API Error: 401 invalid x-api-key", "401", "auth", Billing::kNo},
      {"API Error: Unable to connect to API (ConnectionRefused)", "null", "network", Billing::kNo},
      {"API Error: Connection to the API was lost (ECONNRESET). This is usually temporary — try "
       "again.",
       "null", "network", Billing::kUnknown},
      {"API Error: Stream ended without receiving any events", "null", "network",
       Billing::kUnknown},
      {"API Error: Request timed out", "null", "timeout", Billing::kUnknown},
      {"API Error: Unable to connect to API: self signed certificate", "null", "tls", Billing::kNo},
      {"API Error: SSL error: certificate has expired", "null", "tls", Billing::kNo},
      {"Prompt is too long", "null", "bad-request", Billing::kNo},
      {"API Error: 400 messages: at least one message is required", "400", "bad-request",
       Billing::kNo},
      {"API Error: 400 the certificate in messages.0 timed out", "400", "bad-request",
       Billing::kNo},
      {"Claude AI usage limit reached|1753077600", "null", "quota", Billing::kNo},
      {"You've hit your limit · resets Apr 23 at 4pm (America/Recife)", "429", "quota",
       Billing::kNo},
      {"You've hit your session limit · resets 2:16pm (UTC)", "429", "quota", Billing::kNo},
      {"You've hit your weekly limit · resets Nov 23, 2:16pm (UTC)", "429", "quota", Billing::kNo},
      {"You've hit your Opus limit · resets Nov 23, 2:16pm (UTC)", "429", "quota", Billing::kNo,
       true},
      {"You've hit your Sonnet limit", "429", "quota", Billing::kNo, true},
      {"You've reached your Fable 5 limit.", "429", "quota", Billing::kNo, true},
      {"You're out of extra usage · resets 3pm (UTC)", "429", "quota", Billing::kNo},
      {"You're out of usage credits", "429", "quota", Billing::kNo},
      {"Credit balance is too low", "400", "quota", Billing::kNo},
      {"API Error: 400 You have reached your specified workspace API usage limits", "400", "quota",
       Billing::kNo},
      {"API Error: something new", "null", "server", Billing::kUnknown},
  };
  for (const FailureRow& row : kRows) {
    CAPTURE(row.words);
    Reading reading = Read(Failed(row.words, row.status));
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.kind) == row.kind);
    CHECK(Name(reading.failure.billing) == Name(row.billing));
    CHECK(reading.failure.model_only == row.model_only);
    CHECK(reading.failure.status == (row.status == "null" ? 0 : std::stoi(row.status)));
    CHECK(reading.failure.message.starts_with("Claude Code"));
    CHECK_FALSE(reading.usage);
    CHECK_FALSE(reading.own_cost);
  }
}

TEST_CASE("claude-code: who is not logged in hears what to do") {
  std::string message = Read(Failed("Not logged in · Please run /login")).failure.message;
  CHECK(message ==
        "Claude Code is not logged in; run \"claude\" and log in, or give the provider a key_env");
}

TEST_CASE("claude-code: failures without a result text are told by their list of errors") {
  struct Row {
    const char *subtype, *errors, *kind;
  };
  for (const Row& row :
       {Row{"error_max_turns", R"x(["Reached maximum number of turns (1)"])x", "bad-request"},
        Row{"error_max_budget_usd", R"x(["Reached maximum budget ($0.01)"])x", "bad-request"},
        Row{"error_max_structured_output_retries", R"(["Failed after 5 attempts"])", "bad-reply"},
        Row{"error_during_execution", R"(["one","two"])", "server"},
        Row{"error_during_execution", R"([7])", "server"}}) {
    CAPTURE(row.subtype);
    Json line = *ParseJson(Result(
        fmt::format(R"({{"subtype":"{}","is_error":true,"errors":{}}})", row.subtype, row.errors)));
    line.erase("result");
    Reading reading = Read(DumpJson(line));
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.kind) == row.kind);
    CHECK(reading.failure.billing == Billing::kUsage);  // it was billed, and says for what
    CHECK(reading.usage);
    CHECK(reading.own_cost);
  }
  Json line = *ParseJson(Result(R"({"subtype":"error_during_execution","errors":["one","two"]})"));
  line.erase("result");
  CHECK(Read(DumpJson(line)).failure.message == "Claude Code: one; two");
}

constexpr int64_t kNow = 1'753'000'000'000;  // since 1970

TEST_CASE("claude-code: when a used-up limit comes back") {
  auto wait = [](const std::string& printed, int64_t now = kNow) {
    return Read(printed, false, now).failure.retry_after_ms;
  };
  CHECK(wait(Failed("Claude AI usage limit reached|1753077600")) == 77'600'000);
  CHECK(wait(Failed("Claude AI usage limit reached|1752999999")) == 0);
  CHECK_FALSE(wait(Failed("Claude AI usage limit reached|soon")));
  CHECK_FALSE(wait(Failed("Claude AI usage limit reached|1753077600"), 0));
  CHECK_FALSE(wait(Failed("You've hit your limit · resets 4pm (America/Recife)", "429")));
  auto event = [](const std::string& status, const std::string& ends) {
    return R"({"type":"rate_limit_event","rate_limit_info":{"status":")" + status +
           R"(","resetsAt":)" + ends + R"(,"rateLimitType":"seven_day_opus"}})" + "\n" +
           Failed("You've hit your limit", "429");
  };
  CHECK(wait(event("rejected", "1753000060")) == 60'000);
  CHECK(Read(event("rejected", "1753000060")).failure.model_only);
  CHECK_FALSE(wait(event("allowed_warning", "1753000060")));
  CHECK_FALSE(Read(event("allowed_warning", "1753000060")).failure.model_only);
  CHECK_FALSE(wait(event("rejected", "9223372036854775807")));
  CHECK_FALSE(wait(event("rejected", "-5")));
}

TEST_CASE("claude-code: the program's class of a failure counts where its words are new") {
  auto kind = [](const std::string& name) {
    std::string line = R"({"type":"assistant","error":")" + name +
                       R"(","message":{"model":"<synthetic>","content":[]}})" + "\n";
    return std::string(Name(Read(line + Failed("words of tomorrow")).failure.kind));
  };
  CHECK(kind("rate_limit") == "rate-limited");
  CHECK(kind("authentication_failed") == "auth");
  CHECK(kind("billing_error") == "quota");
  CHECK(kind("model_not_found") == "model-not-found");
  CHECK(kind("invalid_request") == "bad-request");
  CHECK(kind("unknown") == "server");
}

TEST_CASE("claude-code: keys in its words are masked and long words cut") {
  std::string message =
      Read(Failed("API Error: 401 bad key sk-ant-api03-abcdefghijklmnop " + std::string(5'000, 'x'),
                  "401"))
          .failure.message;
  CHECK(message.find("abcdefgh") == message.npos);
  CHECK(message.size() < 500);
}

TEST_CASE("claude-code: what it complains of on stderr") {
  Failure old = ReadClaudeComplaint("error: unknown option '--tools'\n(Did you mean --to?)\n", 1);
  CHECK(Name(old.kind) == "model-not-found");
  CHECK(old.message ==
        "Claude Code is too old: it does not know --tools; version 2.1 or newer is expected "
        "(\"claude update\")");
  Failure empty = ReadClaudeComplaint("Error: Input must be provided either through stdin", 1);
  CHECK(Name(empty.kind) == "bad-request");
  Failure other = ReadClaudeComplaint("Segmentation fault", 139);
  CHECK(Name(other.kind) == "bad-reply");
  CHECK(other.message ==
        "Claude Code ended with exit code 139 and without a result: Segmentation fault");
}

// ---- with a program that behaves as it does ----

// A folder with a shell script in the program's place.
struct StandIn {
  explicit StandIn(const std::string& script) : temporary("TMPDIR", folder.path()) {
    std::string path = folder / "claude-stand-in";
    std::ofstream(path) << "#!/bin/sh\nD=" << folder.path() << "\n" << script << "\n";
    REQUIRE(chmod(path.c_str(), 0700) == 0);
    provider.name = "claude";
    provider.api = "claude-code";
    provider.program = path;
  }
  std::string File(const std::string& name) const {
    auto text = ReadFile(folder / name, 20'000'000);
    return text ? *text : "";
  }
  // Of `printed`, to be put into the script.
  static std::string Print(const std::string& printed) { return "cat <<'END'\n" + printed + "END"; }

  TempDir folder;
  WithVariable temporary;
  Provider provider;
  CommandRunner runner;
};

TEST_CASE("claude-code: the program gets prompts by pipe and file, and never as arguments") {
  StandIn claude(
      "printf '%s\\n' \"$@\" >$D/argv; cat >$D/stdin; pwd >$D/pwd; ls -A >$D/ls\n"
      "while [ $# -gt 0 ]; do [ \"$1\" = --system-prompt-file ] && cp \"$2\" $D/system\n"
      "shift; done\n" +
      StandIn::Print(Result("{}")));
  ChatRequest ask = ClaudeAsk("PROMPT $(touch x) ; é\n");
  ask.system.assign(300'000, 's');
  ask.options.reasoning_effort = "low";
  Reading reading = ReadingOf(AskClaude(claude.runner, ask, claude.provider, "sk-ant-canary-key"));
  CHECK(AnswerIn(reading).text == "Hello there");
  CHECK(claude.File("stdin") == ask.user);
  CHECK(claude.File("system") == ask.system);
  CHECK(claude.File("ls").empty());
  std::string argv = claude.File("argv");
  CHECK(
      argv.starts_with("-p\n--output-format\nstream-json\n--verbose\n--tools\n\n--model\n"
                       "claude-sonnet-4-5\n--system-prompt-file\n"));
  CHECK(argv.ends_with("--no-session-persistence\n--strict-mcp-config\n--effort\nlow\n"));
  CHECK(argv.find("PROMPT") == argv.npos);
  CHECK(argv.find("canary") == argv.npos);
  CHECK(ClaudeFolders(claude.folder.path()) == 0);
}

TEST_CASE("claude-code: a prompt that looks like a command of the program's is none") {
  StandIn claude("cat >$D/stdin\n" + StandIn::Print(Result("{}")));
  AskClaude(claude.runner, ClaudeAsk("/cost"), claude.provider);
  CHECK(claude.File("stdin") == "\n/cost");
}

TEST_CASE("claude-code: the program's environment is listed, with the key when there is one") {
  StandIn claude("env >$D/env\n" + StandIn::Print(Result("{}")));
  WithVariable secret("OPENAI_API_KEY", "sk-other-canary");
  WithVariable own("ANTHROPIC_API_KEY", "sk-ant-not-ours");
  WithVariable zone("TZ", "Europe/Paris");
  AskClaude(claude.runner, ClaudeAsk(), claude.provider);
  std::string env = "\n" + claude.File("env");
  CHECK(env.find("canary") == env.npos);
  CHECK(env.find("ANTHROPIC") == env.npos);
  for (const char* entry :
       {"CLAUDE_CODE_MAX_RETRIES=0", "CLAUDE_CODE_SAFE_MODE=1", "DISABLE_AUTOUPDATER=1",
        "CLAUDE_CODE_DISABLE_ATTACHMENTS=1", "TZ=Europe/Paris", "API_TIMEOUT_MS=60000"}) {
    CHECK(env.find("\n" + std::string(entry) + "\n") != env.npos);
  }
  claude.provider.base_url = "http://127.0.0.1:1";
  claude.provider.headers = {{"X-Team", "blue"}};
  AskClaude(claude.runner, ClaudeAsk(), claude.provider, "sk-ant-api-key");
  env = "\n" + claude.File("env");
  CHECK(env.find("\nANTHROPIC_API_KEY=sk-ant-api-key\n") != env.npos);
  CHECK(env.find("\nANTHROPIC_BASE_URL=http://127.0.0.1:1\n") != env.npos);
  CHECK(env.find("\nANTHROPIC_CUSTOM_HEADERS=X-Team: blue\n") != env.npos);
  AskClaude(claude.runner, ClaudeAsk(), claude.provider, "sk-ant-oat01-token");
  env = "\n" + claude.File("env");
  CHECK(env.find("\nCLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-token\n") != env.npos);
  CHECK(env.find("ANTHROPIC_API_KEY") == env.npos);
}

TEST_CASE("claude-code: a failure with exit code 1 and a result is read from the result") {
  StandIn claude("cat >/dev/null\n" +
                 StandIn::Print(Failed("API Error: Request rejected (429) · slow down", "429")) +
                 "\nexit 1");
  Reading reading = ReadingOf(AskClaude(claude.runner, ClaudeAsk(), claude.provider));
  CHECK(Name(reading.failure.kind) == "rate-limited");
  CHECK(reading.failure.status == 429);
}

TEST_CASE("claude-code: a result that was printed counts though the program then hangs") {
  StandIn claude(StandIn::Print(Result("{}")) + "\nexec sleep 600");
  Reading reading = ReadingOf(
      AskClaude(claude.runner, ClaudeAsk(), claude.provider, "", GoFor(milliseconds(1'000))));
  CHECK(AnswerIn(reading).text == "Hello there");
}

TEST_CASE("claude-code: what ends without a result is a failure of its own kind") {
  struct Row {
    const char *script, *kind, *words;
    Billing billing;
  };
  for (const Row& row :
       {Row{"exec sleep 600", "timeout", "no answer within", Billing::kUnknown},
        Row{"kill -9 $$", "bad-reply", "ended by signal 9", Billing::kUnknown},
        Row{"echo \"error: unknown option '--tools'\" >&2; exit 1", "model-not-found", "too old",
            Billing::kNo},
        Row{"echo oops >&2; exit 3", "bad-reply", "exit code 3 and without a result: oops",
            Billing::kUnknown},
        Row{"echo no json; exit 0", "bad-reply", "without a result", Billing::kUnknown}}) {
    CAPTURE(row.script);
    StandIn claude(row.script);
    HttpOutcome outcome =
        AskClaude(claude.runner, ClaudeAsk(), claude.provider, "", GoFor(milliseconds(1'000)));
    CHECK_FALSE(outcome.reply);
    CHECK(Name(outcome.failure.kind) == row.kind);
    CHECK(Name(outcome.failure.billing) == Name(row.billing));
    CHECK(outcome.failure.message.find(row.words) != std::string::npos);
    CHECK(ClaudeFolders(claude.folder.path()) == 0);
  }
}

TEST_CASE("claude-code: of an answer that was broken off the text is kept for people") {
  StandIn claude(StandIn::Print(Assistant("first half, ")) + "\nexec sleep 600");
  HttpOutcome outcome =
      AskClaude(claude.runner, ClaudeAsk(), claude.provider, "", GoFor(milliseconds(1'000)));
  CHECK(Name(outcome.failure.kind) == "timeout");
  CHECK(ClaudeCode().ReadPartial(outcome.partial) == "first half, ");
}

TEST_CASE("claude-code: a program that is not there says how to get it") {
  StandIn claude("");
  claude.provider.program = "no-such-claude";
  HttpOutcome outcome = AskClaude(claude.runner, ClaudeAsk(), claude.provider);
  CHECK(Name(outcome.failure.kind) == "model-not-found");
  CHECK(Name(outcome.failure.billing) == Name(Billing::kNo));
  CHECK(outcome.failure.message.starts_with(
      "Claude Code is not installed: there is no program no-such-claude;"));
}

TEST_CASE("claude-code: children that the program leaves behind are gone after the call") {
  Adopting adopting;
  StandIn claude("setsid sleep 600 >/dev/null 2>&1 & echo $! >$D/pid\n" +
                 StandIn::Print(Result("{}")));
  ReadingOf(AskClaude(claude.runner, ClaudeAsk(), claude.provider));
  pid_t pid = std::atoi(claude.File("pid").c_str());
  REQUIRE(pid > 0);
  CHECK_FALSE(Lives(pid));
}

TEST_CASE("claude-code: a call that is given up takes the program and its folder along") {
  StandIn claude("echo $$ >$D/pid; exec sleep 600");
  auto request = ClaudeCode().MakeRequest(ClaudeAsk(), claude.provider);
  REQUIRE(request);
  pid_t pid = 0;
  {
    auto task =
        RunClaude(claude.runner, *request, claude.provider, "", GoFor(milliseconds(60'000)));
    task.Start();
    for (int i = 0; i < 2'000 && pid == 0; ++i) {
      claude.runner.Perform();
      usleep(5'000);
      pid = std::atoi(claude.File("pid").c_str());
    }
    REQUIRE(pid > 0);
    CHECK(ClaudeFolders(claude.folder.path()) == 1);
  }
  while (claude.runner.running() > 0) TurnOf(claude.runner);
  CHECK_FALSE(Lives(pid));
  CHECK(ClaudeFolders(claude.folder.path()) == 0);
}

}  // namespace
}  // namespace muster
