// The fake provider's streams: that they add up to the plain answer in every API's form, and that
// the script can break them in every way it says.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/fake_apis_testing.h"
#include "tests/fake_provider/api.h"
#include "tests/fake_provider/fd.h"

namespace fake_provider {
namespace {

// A script with one action for every request.
std::string Always(const std::string& action) {
  return fmt::format(R"({{"rules": [{{"action": {}}}]}})", action);
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

int64_t OutcomesOf(const muster::FakeServer& server, const std::string& name) {
  return muster::IntMember(server.Books()["outcomes"], name).value_or(0);
}

TEST_CASE("a stream adds up to the plain answer of the same prompt, billed the same") {
  muster::FakeServer server("", {"--answers=prompt"});
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    int64_t before = server.Book("picodollars");
    Reply plain = Ask(server, api, false);
    int64_t between = server.Book("picodollars");
    Reply streamed = Ask(server, api, true);
    REQUIRE(plain.status == 200);
    REQUIRE(streamed.status == 200);
    CHECK(streamed.whole);
    CHECK(PlainText(plain).starts_with("[prompt:"));
    CHECK(StreamedText(api, streamed) == PlainText(plain));
    CHECK(between > before);
    CHECK(server.Book("picodollars") - between == between - before);
  }
}

TEST_CASE("the same prompt gets the same answer over every API") {
  muster::FakeServer server("", {"--answers=prompt"});
  std::string text = PlainText(Ask(server, AskedApis().front(), false));
  int64_t input = server.Book("input");
  int64_t written = server.Book("output") - server.Book("reasoning");
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    CHECK(PlainText(Ask(server, api, false)) == text);
    CHECK(PlainText(Ask(server, api, false, "Hello!")) != text);
  }
  int64_t asked = 1 + static_cast<int64_t>(AskedApis().size());
  muster::FakeServer again("", {"--answers=prompt"});
  for (const AskedApi& api : AskedApis()) Ask(again, api, false);
  CHECK(again.Book("input") == input * (asked - 1));
  CHECK(again.Book("output") - again.Book("reasoning") == written * (asked - 1));
}

TEST_CASE("junk, line ends and tiny writes change nothing of what a stream says") {
  muster::FakeServer server("", {"--answers=prompt"});
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    server.SetScript(R"({"rules": []})");
    std::string text = StreamedText(api, Ask(server, api, true));
    std::string line_end = api.lines ? "lf" : "crlf";
    server.SetScript(Always(fmt::format(
        R"({{"stream_junk": true, "stream_split": 7, "stream_line_end": "{}"}})", line_end)));
    Reply odd = Ask(server, api, true);
    CHECK(odd.whole);
    CHECK(StreamedText(api, odd) == text);
  }
}

TEST_CASE("a stream that is cut has the pieces asked for and no end, or a false one") {
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    muster::FakeServer server(Always(R"({"stream_cut_after": 4})"));
    Reply cut = Ask(server, api, true);
    CHECK(cut.status == 200);
    CHECK_FALSE(cut.whole);
    CHECK(EventsOf(api, cut).size() >= 3);  // of some the first is a comment
    CHECK(EventsOf(api, cut).size() <= 4);
    server.SetScript(Always(R"({"stream_cut_after": 4, "stream_end": true})"));
    Reply ended = Ask(server, api, true);
    CHECK(ended.whole);
    CHECK(EventsOf(api, ended).size() == EventsOf(api, cut).size());
    CHECK(OutcomesOf(server, "cut") == 2);
    CHECK(server.Book("billed_count") == 2);
  }
}

TEST_CASE("a stream ends with an error of any name in the API's form, and is not billed") {
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    muster::FakeServer server;
    for (std::string_view name : kErrorNames) {
      CAPTURE(name);
      server.SetScript(
          Always(fmt::format(R"({{"stream_error_after": 3, "stream_error": "{}"}})", name)));
      Reply reply = Ask(server, api, true);
      CHECK(reply.status == 200);
      CHECK(reply.whole);
      std::vector<Json> events = EventsOf(api, reply);
      REQUIRE_FALSE(events.empty());
      const Json& last = events.back();
      bool top_level = StringMember(last, "type") == "error";
      CHECK((top_level || last.contains("error")));
      CHECK(Has(ToText(last), top_level ? "message" : "error"));
    }
    CHECK(server.Book("billed_count") == 0);
    CHECK(OutcomesOf(server, "error") == static_cast<int64_t>(std::size(kErrorNames)));
    server.SetScript(Always(R"({"stream_error_after": 3, "bill": true})"));
    Ask(server, api, true);
    CHECK(server.Book("billed_count") == 1);
  }
}

TEST_CASE("an error of any name has a status, and words in the API's form") {
  muster::FakeServer server;
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    for (std::string_view name : kErrorNames) {
      CAPTURE(name);
      server.SetScript(Always(fmt::format(R"({{"error": "{}"}})", name)));
      Reply reply = Ask(server, api, true);
      CHECK(reply.status >= 400);
      if (name == "html_502") {
        CHECK(reply.body.starts_with("<html>"));
        continue;
      }
      Json error = MemberOf(ParseJson(reply.body).value_or(Json()), "error");
      CHECK((error.is_string() || !StringMember(error, "message").empty()));
      if (api.name == "openrouter") CHECK(MemberOf(error, "code") == reply.status);
    }
  }
  CHECK(server.Book("billed_count") == 0);
}

TEST_CASE("a plain reply can come although a stream was asked for, and failures inside a 200") {
  muster::FakeServer server;
  for (const AskedApi& api : AskedApis()) {
    CAPTURE(api.name);
    server.SetScript(Always(R"({"no_stream": true})"));
    CHECK_FALSE(PlainText(Ask(server, api, true)).empty());
    int64_t billed = server.Book("billed_count");
    for (const char* form : {"false", "true"}) {
      server.SetScript(
          Always(fmt::format(R"({{"response_status": "failed", "no_stream": {}}})", form)));
      Reply reply = Ask(server, api, true);
      CHECK(reply.status == 200);
      CHECK(Has(reply.body, "\"error\""));
    }
    CHECK(server.Book("billed_count") == billed);
  }
}

// A client of its own, which sees when bytes come and leaves when it wants to.
class Reader {
 public:
  explicit Reader(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    REQUIRE(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    timeval patience{10, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string body = R"({"model": "gpt-5.1", "input": "Hello", "stream": true})";
    std::string request = fmt::format(
        "POST /v1/responses HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n"
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        muster::FakeServer::kKey, body.size(), body);
    REQUIRE(send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
  }

  // Whether `part` came, after the one waited for before, and not the end or ten idle seconds.
  bool ReadUntil(std::string_view part) {
    char bytes[4096];
    size_t at;
    while ((at = text_.find(part, seen_)) == std::string::npos) {
      ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
      if (got <= 0) return false;
      text_.append(bytes, static_cast<size_t>(got));
    }
    seen_ = at + part.size();
    return true;
  }

  // Whether nothing more is there to read, and the connection is open.
  bool IsQuiet() const {
    char byte;
    return recv(socket_.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

  const std::string& text() const { return text_; }

 private:
  Fd socket_;
  std::string text_;
  size_t seen_ = 0;  // of the text, up to the part that was waited for last
};

// Waits for a request to end so.
bool EndsAs(const muster::FakeServer& server, const std::string& outcome) {
  for (int i = 0; i < 1000 && OutcomesOf(server, outcome) == 0; ++i) usleep(5'000);
  return OutcomesOf(server, outcome) == 1;
}

TEST_CASE("a whole stream whose connection stays open is sent; one that hangs is left") {
  muster::FakeServer server(Always(R"({"stream_stay_open": true})"));
  {
    Reader reader(server.port());
    REQUIRE(reader.ReadUntil("event: response.completed"));
    REQUIRE(reader.ReadUntil("}\n\n\r\n"));
    CHECK(EndsAs(server, "sent"));
    CHECK(reader.IsQuiet());
    CHECK_FALSE(Has(reader.text(), "\r\n0\r\n"));
  }
  server.SetScript(Always(R"({"stream_hang_after": 2})"));
  {
    Reader reader(server.port());
    REQUIRE(reader.ReadUntil("event: response.in_progress"));
    CHECK(server.Book("in_air") == 1);
    CHECK_FALSE(Has(reader.text(), "output_text"));
  }
  CHECK(EndsAs(server, "client-gone"));
  CHECK(server.Book("billed_count") == 2);
}

TEST_CASE("a script that wants two ends of one stream is refused") {
  muster::FakeServer server;
  std::string reply = server.Ask("POST", "/_script", "",
                                 Always(R"({"stream_cut_after": 1, "stream_hang_after": 1})"));
  CHECK(Has(reply, "two ends of one stream"));
  reply = server.Ask("POST", "/_script", "", Always(R"({"stream_error": "unheard-of"})"));
  CHECK(Has(reply, "unknown error"));
}

}  // namespace
}  // namespace fake_provider
