// What a person sees: the live view on terminals of several widths, and plain lines elsewhere.

#include "tests/screen.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr const char* kFrameEnd = "\x1b[J";  // the last bytes of every view that is drawn

int RowsWith(const std::vector<std::string>& rows, const std::string& part) {
  int count = 0;
  for (const std::string& row : rows) count += Has(row, part);
  return count;
}

// The whole run on a terminal so wide; what it wrote, byte by byte.
std::string OnTerminal(const Workplace& place, int columns, const Args& more = {}) {
  ChildOptions options = place.Run(kQuickly + more);
  options.columns = columns;
  ChildEnd end = RunChild(options);
  CHECK_MESSAGE(end.code == 0, end.out);
  return end.out;
}

// The screens a person sees, one after each time the view was drawn.
void CheckEveryFrame(const std::string& bytes, int columns) {
  Screen screen(columns);
  int frames = 0, with_view = 0;
  for (size_t at = 0; at < bytes.size();) {
    size_t end = bytes.find(kFrameEnd, at);
    end = end == std::string::npos ? bytes.size() : end + 3;
    screen.Feed(std::string_view(bytes).substr(at, end - at));
    at = end;
    int views = 0;
    for (const std::string& row : screen.Rows()) views += Has(row, "━") || Has(row, "──");
    CHECK(views <= 1);
    with_view += views > 0;
    ++frames;
  }
  CHECK(frames > 5);
  CHECK(with_view > 5);
  CHECK(screen.foreign() == 0);
}

}  // namespace

TEST_CASE(
    "e2e: on a terminal there is one view, drawn in place; items and summary stand above it") {
  for (int columns : {80, 40, 200}) {
    INFO(columns);
    Workplace place;
    std::string bytes = OnTerminal(place, columns);
    CheckEveryFrame(bytes, columns);
    Screen screen(columns);
    screen.Feed(bytes);
    std::vector<std::string> rows = screen.Rows();
    for (const std::string& id : place.Ids()) {
      std::string start = "✓ [" + id + "] done";
      CHECK(RowsWith(rows, start) == 1);
    }
    CHECK(RowsWith(rows, "workers busy") == 0);  // the view is gone
    CHECK(RowsWith(rows, "transcripts finished: all 14 items are") == 1);
    CHECK(RowsWith(rows, "nothing was paid") == 1);
    if (columns < 80) continue;
    CHECK(screen.wraps() <= 1);  // the plan may take a row more
    for (const std::string& row : rows) {
      if (row.starts_with("✓")) CHECK(Has(row, "$"));  // the cost has room
    }
  }
}

TEST_CASE("e2e: the view shows work, money and time, and why nothing moves") {
  FakeServer server(R"({"rules": [
      {"match": {"nth": 6}, "action": {"error": "rate_limit", "retry_after": 3}},
      {"action": {"delay_ms": 150}}]})");
  Workplace place(3);
  place.Ask(server);
  ChildOptions options = place.Run();
  options.columns = 100;
  Child run(options);
  REQUIRE(run.ReadUntil("asked to wait"));
  Screen screen(100);
  screen.Feed(run.out());
  std::vector<std::string> rows = screen.Rows();
  REQUIRE(rows.size() > 4);
  CHECK(RowsWith(rows, "0/3 items") == 1);
  CHECK(RowsWith(rows, "of 3 workers busy") == 1);
  CHECK(RowsWith(rows, "tokens in") == 1);
  CHECK(RowsWith(rows, "asked to wait") >= 1);
  CHECK(screen.foreign() == 0);
}

TEST_CASE("e2e: colours are left out where NO_COLOR asks for it") {
  Workplace place(1);
  CHECK(Has(OnTerminal(place, 80), "\x1b[32m"));
  place.SetVariable("NO_COLOR", "1");
  std::string bytes = OnTerminal(place, 80, {"--fresh"});
  CHECK_FALSE(Has(bytes, "\x1b[32m"));
  CHECK(Has(bytes, "\x1b["));  // still a view
}

TEST_CASE("e2e: a dumb terminal, --verbose and pipes get plain lines: no escape, no overwriting") {
  Workplace place(2);
  std::string bytes;
  SUBCASE("a pipe") {
    bytes = place.RunToEnd(kQuickly).out;
    CHECK_FALSE(Has(bytes, "\r"));
  }
  SUBCASE("a dumb terminal") {
    place.SetVariable("TERM", "dumb");
    bytes = OnTerminal(place, 80);
  }
  SUBCASE("no TERM") {
    place.SetVariable("TERM", std::nullopt);
    bytes = OnTerminal(place, 80);
  }
  SUBCASE("--verbose") { bytes = OnTerminal(place, 80, {"--verbose"}); }
  CHECK_FALSE(Has(bytes, "\x1b"));
  for (size_t at = 0; (at = bytes.find('\r', at)) != std::string::npos; ++at) {
    CHECK(bytes.substr(at, 2) == "\r\n");  // a terminal's own line ends
  }
  CHECK(Has(bytes, "starting…"));
  CHECK(Has(bytes, "progress: 2/2 (100%)"));
}

TEST_CASE("e2e: escapes in prompts, answers, errors and folders never reach the terminal") {
  const std::string kEvil =
      "\x1b]0;owned\x07\x1b[2J\xc2\x9b"
      "31m\xe2\x80\xae";
  std::string text = DumpJson(Json("answer " + kEvil));
  FakeServer server(R"({"rules": [
      {"match": {"body": "refuse this"}, "action": {"status": 400, "body": {"error": {"message": )" +
                    text + R"(, "type": "invalid_request_error"}}}},
      {"action": {"text": )" +
                    text + "}}]}");
  Workplace place(1);
  place.Ask(server);
  place.Write("people/1/1.txt", "Text " + kEvil);
  place.Write("people/2/1.txt", "Now refuse this " + kEvil);
  place.Write("evil.yaml",
              "name: evil\nitems: {directories: people/*, files: \"*.txt\"}\n"
              "params: {model: mock/m}\nsteps:\n  - id: ask\n    for_each: item.files\n"
              "    chat: {model: \"{{params.model}}\", user: \"{{each.text}}\"}\n"
              "outputs:\n  - {file: \"out/{{item.id}}.txt\", text: "
              "\"{{#ask}}{{text}}{{/ask}}\"}\n");
  std::string bytes;
  auto run = [&](ChildOptions options) {
    options.columns = 120;
    bytes += RunChild(options).out;
  };
  run(place.Muster(Args{"run", "evil.yaml"} + place.asking()));
  CHECK(Has(bytes, "1 done, 1 failed"));
  CHECK(Has(bytes, "owned"));  // it is shown, as text
  run(place.Muster({"status", "runs/evil", "--items"}));
  run(place.Muster({"status", "runs/evil", "--json", "--items"}));
  run(place.Muster(Args{"check", "evil.yaml"} + place.asking()));
  run(place.Muster(Args{"run", "evil.yaml", "--sequential", "--fresh"} + place.asking()));
  run(place.Worker(Args{"evil.yaml", "--item", "1"} + place.asking()));
  run(place.Worker(Args{"evil.yaml", "--item", "2"} + place.asking()));
  place.Write("people/3" + kEvil + "/1.txt", "Text");
  run(place.Muster(Args{"run", "evil.yaml"} + place.asking()));
  Screen screen(120);
  screen.Feed(bytes);
  CHECK(screen.foreign() == 0);
  for (const char* code : {"\x1b]", "\x1b[2J", "\xc2\x9b", "\xe2\x80\xae", "\x07"}) {
    CHECK_FALSE(Has(bytes, code));
  }
  CHECK(Has(place.Read("runs/evil/out/1.txt"), kEvil));  // a file gets what came
}

}  // namespace muster
