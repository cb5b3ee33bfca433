// Escapes that would command a terminal, in pieces: each byte of a stream by itself, from commands
// that print them, from workers that complain. On the screen they are text.

#include "tests/screen.h"
#include "tests/stand_in.h"
#include "tests/workplace.h"

namespace muster {
namespace {

const std::vector<std::string> kEvil = {"\x1b]0;owned\x07",
                                        "\x1b]52;c;b3duZWQ=\x07",
                                        "\x1bP+q544e\x1b\\",
                                        "\x1b[2J\x1b[H",
                                        "\xc2\x9b"
                                        "31m",
                                        "\xc2\x9d"
                                        "0;owned\xc2\x9c",
                                        "\x9b"
                                        "5n",
                                        "\x1b[6n",
                                        "\xe2\x80\xae"
                                        "desrever",
                                        "\xe2\x80\x8b",
                                        "\xef\xbb\xbf",
                                        "a\rb\x08"
                                        "c\x7f",
                                        "\x0e\x0f",
                                        "\x1b(0",
                                        "\x1b_x\x1b\\",
                                        "\xf3\xa0\x80\x81"};

// Nothing that is not printable but what a view of ours is made of.
void CheckHarmless(const std::string& bytes) {
  Screen screen(120);
  screen.Feed(bytes);
  CHECK(screen.foreign() == 0);
  for (const char* part :
       {"\x1b]", "\x1bP", "\x1b_", "\x1b[2J", "\x1b[6n", "\x1b(", "\xc2\x9b", "\xc2\x9d",
        "\xe2\x80\xae", "\xe2\x80\x8b", "\xf3\xa0\x80\x81", "\x07", "\x08", "\x0e", "\x7f"}) {
    CAPTURE(part);
    CHECK_FALSE(Has(bytes, part));
  }
}

std::string All() {
  std::string all;
  for (const std::string& each : kEvil) all += each + " ";
  return all;
}

// As bash's $'…' takes it.
std::string Quoted(const std::string& text) {
  std::string quoted = "$'";
  for (unsigned char c : text) quoted += fmt::format("\\x{:02x}", c);
  return quoted + "'";
}

}  // namespace

TEST_CASE(
    "terminal: escapes that arrive in pieces, in streams and from commands, are shown as text") {
  Workplace place(1);
  std::string bytes;
  auto run = [&](ChildOptions options) {
    options.columns = 120;
    bytes += RunChild(options).out;
  };
  SUBCASE("a stream, a byte at a time, as answer and as error") {
    std::string valid = "owned ";  // a JSON text is UTF-8
    for (const std::string& each : kEvil) {
      if (each[0] != '\x9b') valid += each + " ";
    }
    std::string text = DumpJson(Json(valid));
    FakeServer server(R"({"rules": [
        {"match": {"nth": 2}, "action": {"status": 400, "stream_split": 1, "body": {"error": {"message": )" +
                      text + R"(, "type": )" + text + R"(}}}},
        {"action": {"stream_split": 1, "text": )" +
                      text + "}}]}");
    place.Ask(server);
    place.Write("evil.yaml",
                "name: evil\nitems: {range: 1..3}\nparams: {model: mock/m}\nworkers: 1\nsteps:\n"
                "  - {id: ask, chat: {model: \"{{params.model}}\", user: hello}}\n"
                "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n");
    Args always{"--set", "providers.openai.stream=always"};
    run(place.Muster(Args{"run", "evil.yaml"} + place.asking() + always));
    CHECK(Has(bytes, "2 done, 1 failed"));
    run(place.Muster(Args{"run", "evil.yaml", "--verbose", "--fresh"} + place.asking() + always));
    run(place.Worker(Args{"evil.yaml", "--item", "1"} + place.asking() + always));
    CHECK(Has(bytes, "owned"));
  }
  SUBCASE("commands that print and complain in them, and fail") {
    place.Write("evil.sh", "printf %s " + Quoted(All()) + "; printf 'owned %s' " + Quoted(All()) +
                               " >&2; exit $1\n");
    place.Write("evil.yaml",
                "name: evil\nitems: {range: 0..1}\nworkers: 1\nsteps:\n  - id: c\n"
                "    command: {run: [bash, " +
                    (place / "evil.sh") +
                    ", \"{{item.number}}\"]}\n"
                    "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{c.text}}\"}\n");
    run(place.Muster({"run", "evil.yaml"}));
    CHECK(Has(bytes, "1 done, 1 failed"));
    run(place.Muster({"run", "evil.yaml", "--verbose", "--fresh"}));
    run(place.Muster({"status", "runs/evil", "--items"}));
    run(place.Worker({"evil.yaml", "--item", "1"}));
  }
  SUBCASE("a config made of them") {
    place.Write("evil" + kEvil[0] + ".yaml", "name: \"x\"\nitems: {range: 1..1}\nnonsense: [\"" +
                                                 std::string("\\x1b]0;owned\\x07") + "\"]\n");
    run(place.Muster({"run", "evil" + kEvil[0] + ".yaml"}));
    run(place.Muster({"check", "no-such" + kEvil[3] + ".yaml"}));
    run(place.Muster({"run" + kEvil[1], "--set", kEvil[2] + "=" + kEvil[4]}));
    run(place.Muster({"status", "runs/" + kEvil[5]}));
    run(place.Worker({"no-such" + kEvil[3] + ".yaml", "--item", kEvil[0]}));
  }
  CheckHarmless(bytes);
}

}  // namespace muster
