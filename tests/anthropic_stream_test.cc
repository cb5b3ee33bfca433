// Streams of Anthropic's Messages API: what they add up to, and those that break off.

#include "tests/provider_testing.h"

namespace muster {
namespace {

std::string Event(const std::string& name, const std::string& members) {
  return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n";
}

const std::string kStart = Event(
    "message_start",
    R"(,"message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-8",)"
    R"("content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,)"
    R"("cache_creation_input_tokens":30,"cache_read_input_tokens":200,"cache_creation":)"
    R"({"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":1,)"
    R"("service_tier":"standard"}})");
const std::string kThought =
    Event("content_block_start",
          R"(,"index":0,"content_block":{"type":"thinking","thinking":"","signature":""})") +
    Event("content_block_delta",
          R"(,"index":0,"delta":{"type":"thinking_delta","thinking":"hm "})") +
    Event("content_block_delta",
          R"(,"index":0,"delta":{"type":"thinking_delta","thinking":"so"})") +
    Event("content_block_delta",
          R"(,"index":0,"delta":{"type":"signature_delta","signature":"sig"})") +
    Event("content_block_stop", R"(,"index":0)");
const std::string kText =
    Event("content_block_start", R"(,"index":1,"content_block":{"type":"text","text":""})") +
    Event("ping", "") +
    Event("content_block_delta", R"(,"index":1,"delta":{"type":"text_delta","text":"Hel"})") +
    Event("content_block_delta", R"(,"index":1,"delta":{"type":"text_delta","text":"lo \u00e9"})") +
    Event("content_block_stop", R"(,"index":1)");

std::string End(const std::string& usage =
                    R"({"output_tokens":50,"output_tokens_details":{"thinking_tokens":40}})",
                const std::string& reason = "end_turn") {
  return Event("message_delta", R"(,"delta":{"stop_reason":")" + reason +
                                    R"(","stop_sequence":null},"usage":)" + usage);
}
const std::string kStop = Event("message_stop", "");

TEST_CASE("a stream adds up to the message that would have come whole") {
  std::string body = kStart + Event("ping", "") + kThought + kText +
                     Event("invented_later", R"(,"x":[1])") + End() + kStop;
  for (const std::string& each :
       {body, Replaced(body, "\n", "\r\n"), Replaced(body, "\n", "\r"), ": hello\n\n" + body}) {
    Reading reading = Anthropic().ReadReply(Streamed(each));
    REQUIRE(reading.answered);
    CHECK(reading.usage == Usage{255, 200, 30, 50, 40, 10});
    CHECK(reading.tier == "standard");
    Json message = *ParseJson(reading.body);
    CHECK(message["id"] == "msg_1");
    CHECK(message["stop_reason"] == "end_turn");
    CHECK(message["content"] ==
          *ParseJson(R"([{"type":"thinking","thinking":"hm so","signature":"sig"},)"
                     R"({"type":"text","text":"Hello é"}])"));
    // It reads as if it had never been streamed.
    Reading again = Anthropic().ReadReply(Http(200, reading.body));
    CHECK(again.answered);
    CHECK(again.usage == reading.usage);
    ChatAnswer answer = AnswerOf(Anthropic(), Streamed(each));
    CHECK(answer.text == "Hello é");
    CHECK(answer.finish == Finish::kStop);
    CHECK(answer.served_model == "claude-opus-4-8");
  }
  // Servers that set no content type, or a wrong one.
  CHECK(AnswerOf(Anthropic(), Http(200, body)).text == "Hello é");
  CHECK(AnswerOf(Anthropic(), Streamed(body, "application/json")).text == "Hello é");
}

TEST_CASE("a stream's last event is known whatever pieces it comes in") {
  std::string body = kStart + kText + End() + kStop;
  CHECK(EndOfStream(Anthropic(), body + Event("ping", "")) == body.size());
  CHECK(EndOfStream(Anthropic(), kStart + kText + End()) == std::nullopt);
  std::string error = kStart + Event("error", R"(,"error":{"type":"overloaded_error"})");
  CHECK(EndOfStream(Anthropic(), error + kText) == error.size());
}

TEST_CASE("a stream's counts are those of its end, and unknown without it") {
  auto usage = [](const std::string& end) {
    return Anthropic().ReadReply(Streamed(kStart + kText + end + kStop)).usage;
  };
  CHECK(usage(End(R"({"output_tokens":50})")) == Usage{255, 200, 30, 50, 0, 10});
  // Cumulative: what the end says again replaces, and is not added.
  CHECK(usage(End(R"({"input_tokens":40,"cache_read_input_tokens":0,"output_tokens":50})")) ==
        Usage{70, 0, 30, 50, 0, 10});
  CHECK(usage(End(R"({"input_tokens":null,"output_tokens":50})")) ==
        Usage{255, 200, 30, 50, 0, 10});
  CHECK(usage(End(R"({"output_tokens":20})") + End(R"({"output_tokens":50})")) ==
        Usage{255, 200, 30, 50, 0, 10});
  CHECK(usage(End("null")) == std::nullopt);
  CHECK(usage(End("{}")) == std::nullopt);
  CHECK(usage(End(R"({"output_tokens":-3})")) == std::nullopt);
  CHECK(usage(End(R"({"output_tokens":1000000000000000000})")) == std::nullopt);
  Reading reading = Anthropic().ReadReply(Streamed(kText + End() + kStop));
  CHECK(reading.answered);
  CHECK(reading.usage == std::nullopt);
}

TEST_CASE("a stream ends as its last words say: cut, refused, with the connection gone") {
  std::string cut = kStart + kText + End(R"({"output_tokens":50})", "max_tokens") + kStop;
  CHECK(AnswerOf(Anthropic(), Streamed(cut)).finish == Finish::kLength);
  std::string refused =
      kStart +
      Event("message_delta", R"(,"delta":{"stop_reason":"refusal","stop_details":)"
                             R"({"type":"refusal","explanation":"No."}},"usage":)"
                             R"({"output_tokens":2})") +
      kStop;
  ChatAnswer answer = AnswerOf(Anthropic(), Streamed(refused));
  CHECK(answer.finish == Finish::kRefusal);
  CHECK(answer.finish_text == "No.");
  // All that counts has come.
  CHECK(AnswerOf(Anthropic(), Streamed(kStart + kText + End())).text == "Hello é");
  // Blocks that nobody started.
  std::string bare =
      kStart +
      Event("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":"Hi"})") +
      End() + kStop;
  CHECK(AnswerOf(Anthropic(), Streamed(bare)).text == "Hi");
}

TEST_CASE("a stream that breaks off anywhere is a failure of unknown cost, with what came of it") {
  std::string body = kStart + kThought + kText;
  for (size_t size = 0; size < body.size(); ++size) {
    HttpReply reply = Streamed(body.substr(0, size));
    Reading reading = Anthropic().ReadReply(reply);
    CHECK_FALSE(reading.answered);
    CHECK(Name(reading.failure.billing) == "unknown");
    bool known = reading.failure.kind == FailureKind::kNetwork ||
                 reading.failure.kind == FailureKind::kBadReply;
    CHECK(known);
    std::string partial = Anthropic().ReadPartial(reply);
    CHECK(std::string("Hello é").starts_with(partial));
  }
  CHECK(Anthropic().ReadReply(Streamed(body)).partial == "Hello é");
  CHECK(Name(Anthropic().ReadReply(Streamed(body)).failure.kind) == "network");
  CHECK(Anthropic().ReadPartial(Streamed(body + "event: message_de")) == "Hello é");
  CHECK(Name(Failed(Anthropic(), Streamed(kStart + kText + kStop)).kind) == "bad-reply");
}

TEST_CASE("an error in a stream is its failure, however much had come") {
  struct Row {
    const char* type;
    const char* kind;
  };
  for (const Row& row : {Row{"overloaded_error", "overloaded"},
                         {"api_error", "server"},
                         {"rate_limit_error", "rate-limited"},
                         {"invalid_request_error", "bad-request"}}) {
    std::string error = Event("error", R"(,"error":{"type":")" + std::string(row.type) +
                                           R"(","message":"it broke"},"request_id":"req_2")");
    for (const std::string& body :
         {error, kStart + error, kStart + kText + error, kStart + kText + End() + error}) {
      Reading reading = Anthropic().ReadReply(Streamed(body));
      CHECK_FALSE(reading.answered);
      CHECK(Name(reading.failure.kind) == row.kind);
      CHECK(Name(reading.failure.billing) == "unknown");
      CHECK(Contains(reading.failure.message, "it broke"));
      CHECK(reading.partial == (Contains(body, "Hel") ? "Hello é" : ""));
    }
  }
  Failure failure = Failed(Anthropic(), Streamed(kStart + Event("error", "")));
  CHECK(Name(failure.kind) == "server");
}

TEST_CASE("events of any shape are survived") {
  for (const char* members :
       {R"(,"message":7)", R"(,"index":"x","content_block":[])", R"(,"index":-1,"delta":null)",
        R"(,"index":99999999999,"delta":{"type":"text_delta","text":5})",
        R"(,"delta":{"stop_reason":5},"usage":"x")", R"(,"delta":[],"usage":[1])",
        R"(,"index":0,"content_block":{"type":"text","text":[1]})"}) {
    std::string body = kStart;
    for (const char* name : {"message_start", "content_block_start", "content_block_delta",
                             "message_delta", "content_block_stop"}) {
      body += Event(name, members);
    }
    CHECK(AnswerOf(Anthropic(), Streamed(body + kText + End() + kStop)).text == "Hello é");
  }
  CHECK(Name(Failed(Anthropic(), Streamed("data: {\"type\":\n\n")).kind) == "bad-reply");
}

}  // namespace
}  // namespace muster
