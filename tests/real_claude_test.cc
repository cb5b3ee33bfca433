// The claude-code API with the claude program itself, against a server of ours on loopback. Runs
// only when MUSTER_CLAUDE names the program:
//   MUSTER_CLAUDE=/usr/local/bin/claude build/tests -tc="real claude*"

#include <fmt/format.h>

#include <fstream>
#include <mutex>

#include "tests/claude_testing.h"
#include "tests/tcp_server.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

std::string Event(const std::string& name, const std::string& data) {
  return "event: " + name + "\ndata: " + data + "\n\n";
}

std::string Http(const std::string& status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A streamed message of one block.
std::string Message(const std::string& block, const std::string& delta,
                    const std::string& stop_reason) {
  std::string start =
      R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",)"
      R"("model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,)"
      R"("usage":{"input_tokens":11,"cache_creation_input_tokens":3,)"
      R"("cache_read_input_tokens":5,"output_tokens":1}}})";
  return Http(
      "200 OK", "text/event-stream",
      Event("message_start", start) +
          Event("content_block_start",
                R"({"type":"content_block_start","index":0,"content_block":)" + block + "}") +
          Event("content_block_delta",
                R"({"type":"content_block_delta","index":0,"delta":)" + delta + "}") +
          Event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
          Event("message_delta", R"({"type":"message_delta","delta":{"stop_reason":")" +
                                     stop_reason +
                                     R"(","stop_sequence":null},"usage":{"output_tokens":7}})") +
          Event("message_stop", R"({"type":"message_stop"})"));
}

std::string Text(const std::string& text, const std::string& stop_reason = "end_turn") {
  return Message(R"({"type":"text","text":""})",
                 R"({"type":"text_delta","text":")" + text + R"("})", stop_reason);
}

std::string ErrorReply(const std::string& status, const std::string& type) {
  return Http(status, "application/json",
              R"({"type":"error","error":{"type":")" + type + R"(","message":"canned"}})");
}

// The API, which gives the n-th request the n-th reply, and the last one from then on.
class FakeApi {
 public:
  explicit FakeApi(std::vector<std::string> replies)
      : replies_(std::move(replies)), server_([this](TcpConnection& client) {
          for (std::string request; !(request = client.ReadRequest()).empty();) {
            client.Send(ReplyTo(std::move(request)));
          }
        }) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<std::string> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::string ReplyTo(std::string request) {
    if (!request.starts_with("POST /v1/messages")) return Http("404 Not Found", "text/plain", "");
    std::lock_guard lock(mutex_);
    asked_.push_back(std::move(request));
    return replies_[std::min(asked_.size(), replies_.size()) - 1];
  }

  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::vector<std::string> replies_;
  TcpServer server_;
};

// The program, with a home of its own in which a user has set what must not count.
struct RealClaude {
  explicit RealClaude(std::vector<std::string> replies)
      : api(std::move(replies)), temporary("TMPDIR", folder.path()), home("HOME", folder.path()) {
    provider.name = "claude";
    provider.api = "claude-code";
    provider.program = std::getenv("MUSTER_CLAUDE");
    provider.base_url = api.url();
    std::filesystem::create_directory(folder / ".claude");
    std::ofstream(folder / ".claude/CLAUDE.md") << "MEMORY-CANARY\n";
    std::ofstream(folder / ".claude/settings.json")
        << R"({"hooks":{"UserPromptSubmit":[{"hooks":[{"type":"command","command":"touch )"
        << folder.path() << R"(/hook-ran"}]}]}})";
    std::ofstream(folder / "secret.txt") << "FILE-CANARY\n";
  }
  HttpOutcome Ask(const ChatRequest& ask, const std::string& key = "sk-ant-test") {
    return AskClaude(runner, ask, provider, key);
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(folder / name); }

  TempDir folder;
  FakeApi api;
  WithVariable temporary, home;
  Provider provider;
  CommandRunner runner;
};

bool Skipped() {
  if (std::getenv("MUSTER_CLAUDE")) return false;
  MESSAGE("skipped: MUSTER_CLAUDE does not name a claude program");
  return true;
}

TEST_CASE("real claude: one request brings one answer, with nothing of the user's in it") {
  if (Skipped()) return;
  RealClaude claude({Text("Hello there")});
  ChatRequest ask = ClaudeAsk("Read @" + claude.folder.path() + "/secret.txt please");
  Reading reading = ReadingOf(claude.Ask(ask));
  REQUIRE(reading.answered);
  auto answer = ClaudeCode().ReadAnswer(reading.body);
  REQUIRE(answer);
  CHECK(answer->text == "Hello there");
  CHECK(answer->finish == Finish::kStop);
  CHECK(answer->served_model == "claude-sonnet-4-5");
  CHECK(reading.usage == ClaudeUsage(19, 5, 3, 7));
  CHECK(reading.own_cost.value_or(0) > 0);
  auto asked = claude.api.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].find("Be brief.") != asked[0].npos);
  CHECK(asked[0].find("MEMORY-CANARY") == asked[0].npos);
  CHECK(asked[0].find("FILE-CANARY") == asked[0].npos);
  CHECK(asked[0].find(R"("tools":[])") != asked[0].npos);
  CHECK(asked[0].size() < 6'000);  // its own system text would be 13,000 at least
  CHECK_FALSE(claude.Exists("hook-ran"));
  CHECK_FALSE(claude.Exists(".claude/projects"));
  CHECK(ClaudeFolders(claude.folder.path()) == 0);
}

TEST_CASE("real claude: long prompts, empty systems and slashes arrive") {
  if (Skipped()) return;
  RealClaude claude({Text("ok")});
  ChatRequest ask = ClaudeAsk("/cost");
  CHECK(ReadingOf(claude.Ask(ask)).answered);
  ask.system.assign(300'000, 's');
  ask.user.assign(400'000, 'u');
  CHECK(ReadingOf(claude.Ask(ask)).answered);
  ask = ClaudeAsk();
  ask.system.clear();
  CHECK(ReadingOf(claude.Ask(ask)).answered);
  auto asked = claude.api.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].find("/cost") != asked[0].npos);
  CHECK(asked[1].size() > 700'000);
  CHECK(asked[2].size() < 6'000);
}

TEST_CASE("real claude: a failing call is one request and one kind of failure") {
  if (Skipped()) return;
  struct Row {
    const char *status, *type, *kind;
    size_t requests;
  };
  for (const Row& row : {Row{"429 Too Many Requests", "rate_limit_error", "rate-limited", 1},
                         Row{"529 Overloaded", "overloaded_error", "overloaded", 1},
                         Row{"500 Internal Server Error", "api_error", "server", 1},
                         Row{"401 Unauthorized", "authentication_error", "auth", 1},
                         Row{"400 Bad Request", "invalid_request_error", "bad-request", 1},
                         Row{"404 Not Found", "not_found_error", "model-not-found", 2}}) {
    CAPTURE(row.status);
    RealClaude claude({ErrorReply(row.status, row.type)});
    Reading reading = ReadingOf(claude.Ask(ClaudeAsk()));
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.kind) == row.kind);
    bool proven = reading.failure.status != 500;
    CHECK((reading.failure.billing == Billing::kNo) == proven);
    CHECK(claude.api.asked().size() == row.requests);
  }
}

TEST_CASE("real claude: an answer in two parts is whole, one that never ends is cut") {
  if (Skipped()) return;
  RealClaude twice({Text("first half, ", "max_tokens"), Text("second half")});
  Reading whole = ReadingOf(twice.Ask(ClaudeAsk()));
  REQUIRE(whole.answered);
  CHECK(ClaudeCode().ReadAnswer(whole.body)->text == "first half, second half");
  CHECK(whole.usage == ClaudeUsage(38, 10, 6, 14));
  RealClaude endless({Text("more, ", "max_tokens")});
  Reading cut = ReadingOf(endless.Ask(ClaudeAsk()));
  REQUIRE(cut.answered);
  CHECK(ClaudeCode().ReadAnswer(cut.body)->finish == Finish::kLength);
  CHECK(ClaudeCode().ReadAnswer(cut.body)->text.starts_with("more, more, "));
}

TEST_CASE("real claude: a schema brings a structured answer, a refusal is one") {
  if (Skipped()) return;
  RealClaude claude(
      {Message(R"({"type":"tool_use","id":"toolu_1","name":"StructuredOutput",)"
               R"("input":{}})",
               R"({"type":"input_json_delta","partial_json":"{\"answer\": 42}"})", "tool_use")});
  ChatRequest ask = ClaudeAsk();
  ask.options.response_schema = *ParseJson(
      R"({"type":"object","properties":{"answer":{"type":"integer"}},"required":["answer"]})");
  Reading reading = ReadingOf(claude.Ask(ask));
  REQUIRE(reading.answered);
  CHECK(ClaudeCode().ReadAnswer(reading.body)->text == R"({"answer":42})");
  RealClaude refusing({Text("I cannot", "refusal")});
  Reading refusal = ReadingOf(refusing.Ask(ClaudeAsk()));
  REQUIRE(refusal.answered);
  CHECK(ClaudeCode().ReadAnswer(refusal.body)->finish == Finish::kRefusal);
  CHECK(refusing.api.asked().size() == 1);
}

TEST_CASE("real claude: no login, no server") {
  if (Skipped()) return;
  RealClaude claude({Text("ok")});
  Reading reading = ReadingOf(claude.Ask(ClaudeAsk(), ""));
  CHECK(Name(reading.failure.kind) == "auth");
  CHECK(reading.failure.message.find("not logged in") != std::string::npos);
  CHECK(claude.api.asked().empty());
  claude.provider.base_url = "http://127.0.0.1:9";
  reading = ReadingOf(claude.Ask(ClaudeAsk()));
  CHECK(Name(reading.failure.kind) == "network");
  CHECK(reading.failure.billing == Billing::kNo);
}

}  // namespace
}  // namespace muster
