// Servers that do to a connection what real ones do, each once or twice in a run: everything is
// done in the end, and our books hold against the server's own.

#include "tests/workplace.h"

namespace muster {
namespace {

struct Row {
  const char* what;
  const char* rule;
  int64_t unusable;  // tries at most that came to nothing
  Args more = {};
};

const Row kRows[] = {
    {"a connection that dies when it is used again, before a byte of reply",
     R"({"match": {"nth": 4}, "action": {"close_on_reuse": true}})", 1},
    {"another one, whose answer was made and billed",
     R"({"match": {"nth": 4}, "action": {"close_on_reuse": true, "bill": true}})", 1},
    {"a body cut off where HTTP can tell",
     R"({"match": {"every": 5}, "times": 2, "action": {"cut_at_byte": -20}})", 2},
    {"a body cut off where HTTP cannot tell",
     R"({"match": {"every": 5}, "times": 2,
         "action": {"close_delimited": true, "cut_at_byte": -20, "no_stream": true}})",
     2},
    {"a reset in the middle",
     R"({"match": {"every": 5}, "times": 2, "action": {"reset_at_byte": 300}})", 2},
    {"a body that unpacks to 50 MB", R"({"match": {"nth": 6}, "action": {"gzip_bomb": 50000000}})",
     1},
    {"a head of 400 KB", R"({"match": {"nth": 6}, "action": {"huge_header": 400000}})", 1},
    {"a slow drip",
     R"({"match": {"nth": 6}, "action": {"drip": {"bytes": 1, "every_ms": 100}}})",
     1,
     {"--set", "limits.time.base=1500ms"}},
    {"a server that stops in the middle and keeps the connection",
     R"({"match": {"nth": 6}, "action": {"hang": true, "cut_at_byte": 300}})",
     1,
     {"--set", "limits.time.between_bytes=500ms"}},
    {"a server that takes the request and says nothing",
     R"({"match": {"nth": 6}, "action": {"hang": true}})",
     1,
     {"--set", "limits.time.first_byte=500ms"}},
};

}  // namespace

TEST_CASE("e2e: whatever a server does to its connections, the books hold against its own") {
  for (const char* stream : {"never", "always"}) {
    for (const Row& row : kRows) {
      CAPTURE(row.what);
      CAPTURE(stream);
      FakeServer server(std::string(R"({"rules": [)") + row.rule + "]}", {"--no-fsync"});
      Workplace place(2);
      place.Ask(server);
      ChildEnd end =
          place.RunToEnd(row.more + Args{"--set", std::string("providers.openai.stream=") + stream,
                                         "--retry-failed"});
      // Too large a reply is the one fault that no other try can mend.
      if (end.code == 1) end = place.RunToEnd({"--retry-failed"});
      REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
      Json status = place.Status(), books = server.Books();
      CHECK(CountIn(status, "counts", "done") == 2);
      int64_t tries = CountIn(status, "totals", "tries");
      CHECK(tries == IntMember(books, "asked"));
      CHECK(tries <= 16 + row.unusable);
      int64_t bill = IntMember(books, "picodollars").value_or(-1);
      int64_t spent = CountIn(status, "totals", "cost_picodollars");
      CHECK(spent <= bill);
      CHECK(bill <= spent + CountIn(status, "totals", "unknown_cost_picodollars"));
    }
  }
}

}  // namespace muster
