// muster ctl: words become requests, nonsense is refused in a sentence before anything is sent, and
// the exit code says what came of it.

#include "supervisor/control/ctl.h"

#include "tests/control_testing.h"

namespace muster {
namespace {

using Words = std::vector<std::string>;

Json OnlyRequest(const Words& words) {
  auto requests = ParseCtlWords(words);
  REQUIRE_MESSAGE(requests, requests.error());
  REQUIRE(requests->size() == 1);
  return requests->front();
}

Json Set(const std::string& lane, const std::string& name, const std::string& value) {
  return {{"do", "set"}, {"lane", lane}, {"name", name}, {"value", value}};
}

std::string ErrorOf(const Words& words) {
  auto requests = ParseCtlWords(words);
  REQUIRE_FALSE(requests);
  return requests.error();
}

// What a command printed, and its exit code.
struct Printed {
  int code;
  std::string out, err;
};

Printed Ctl(const std::string& run_dir, const Words& words) {
  TempDir dir;
  std::fflush(nullptr);
  pid_t child = Fork([&] {
    for (auto [fd, name] : {std::pair(1, "out"), std::pair(2, "err")}) {
      int file = open((dir / name).c_str(), O_WRONLY | O_CREAT, 0600);
      if (dup2(file, fd) != fd) return 99;
    }
    return CtlCommand(run_dir, words);
  });
  int code = Wait(child);
  return {code, ReadBytes(dir / "out"), ReadBytes(dir / "err")};
}

}  // namespace

TEST_CASE("words of ctl become requests") {
  for (const char* word : {"pause", "resume", "stop", "status"}) {
    CHECK(OnlyRequest({word}) == Json{{"do", word}});
  }
  CHECK(OnlyRequest({"cancel", "x y"}) == Json{{"do", "cancel"}, {"item", "x y"}});
  CHECK(OnlyRequest({"retry", "set"}) == Json{{"do", "retry"}, {"item", "set"}});
}

TEST_CASE("settings of ctl have the config's names, or short ones, and lanes") {
  CHECK(OnlyRequest({"set", "workers=8"}) == Set("", "workers", "8"));
  CHECK(OnlyRequest({"set", "rpm=300"}) == Set("", "requests_per_minute", "300"));
  CHECK(OnlyRequest({"set", "openai.tpm=100000"}) == Set("openai", "tokens_per_minute", "100000"));
  CHECK(OnlyRequest({"set", "openai/gpt-5.1.itpm=1"}) ==
        Set("openai/gpt-5.1", "input_tokens_per_minute", "1"));
  CHECK(OnlyRequest({"set", "openrouter/a/b.c:free.otpm=5"}) ==
        Set("openrouter/a/b.c:free", "output_tokens_per_minute", "5"));
  CHECK(OnlyRequest({"set", "output_tokens_per_minute=none"}) ==
        Set("", "output_tokens_per_minute", ""));
  CHECK(OnlyRequest({"set", "ollama.concurrency=1"}) == Set("ollama", "concurrency", "1"));
  CHECK(OnlyRequest({"set", "mock.min_delay=1.5s"}) == Set("mock", "min_delay", "1.5s"));
  CHECK(OnlyRequest({"set", "max_cost=2.50"}) == Set("", "max_cost", "2.50"));
  CHECK(OnlyRequest({"set", "openai.max_cost=none"}) == Set("openai", "max_cost", ""));
  auto several = ParseCtlWords({"set", "workers=2", "rpm=none"});
  REQUIRE(several);
  CHECK(*several == std::vector{Set("", "workers", "2"), Set("", "requests_per_minute", "")});
}

TEST_CASE("nonsense is refused with what was expected and the nearest name") {
  const std::vector<std::pair<Words, std::string>> kRows{
      {{}, "nothing to do; expected one of pause, resume, set, cancel, retry, stop, status"},
      {{"puase"},
       "\"puase\" is no command; expected one of pause, resume, set, cancel, retry, "
       "stop, status; did you mean \"pause\"?"},
      {{"x\x1b[2J"},
       "\"x\\x1b[2J\" is no command; expected one of pause, resume, set, cancel, "
       "retry, stop, status"},
      {{"pause", "now"}, "pause: \"now\" was not expected"},
      {{"cancel"}, "cancel: which item? expected cancel ITEM"},
      {{"retry", ""}, "retry: which item? expected retry ITEM"},
      {{"cancel", "a", "b"}, "cancel: \"b\" was not expected"},
      {{"set"}, "set: nothing to set; expected NAME=VALUE, as in rpm=300"},
      {{"set", "rpm"}, "set: \"rpm\" sets nothing; expected NAME=VALUE, as in rpm=300"},
      {{"set", "wrokers=3"},
       "set: \"wrokers\" cannot be set; expected one of workers, concurrency, rpm, tpm, itpm, "
       "otpm, min_delay, max_cost; did you mean \"workers\"?"},
      {{"set", "openai.requests-per-minute=3"},
       "set: \"requests-per-minute\" cannot be set; expected one of workers, concurrency, rpm, "
       "tpm, itpm, otpm, min_delay, max_cost; did you mean \"requests_per_minute\"?"},
      {{"set", "rpm=many"},
       "set: rpm is \"many\"; expected a whole number from 1 to 1000000000, or none"},
      {{"set", "rpm="}, "set: rpm is \"\"; expected a whole number from 1 to 1000000000, or none"},
      {{"set", "rpm=0"},
       "set: rpm is \"0\"; expected a whole number from 1 to 1000000000, or none"},
      {{"set", "workers=none"},
       "set: workers is \"none\"; expected a whole number from 1 to 10000"},
      {{"set", "workers=10001"},
       "set: workers is \"10001\"; expected a whole number from 1 to 10000"},
      {{"set", "openai/m.workers=2"},
       "set: workers is set for a pool; expected POOL.workers=… or workers=…"},
      {{"set", "openai/m.max_cost=2"},
       "set: max_cost is set for the whole run or a provider, not for a model"},
      {{"set", "max_cost=cheap"},
       "set: max_cost is \"cheap\"; expected US dollars, such as 2.50, "
       "or none"},
      {{"set", ".rpm=3"}, "set: \".rpm=3\": a lane is missing before the dot"},
      {{"set", "open ai.rpm=3"},
       "set: \"open ai\" is no lane; expected PROVIDER or PROVIDER/MODEL"},
      {{"set", "openai/.rpm=3"},
       "set: \"openai/\" is no lane; expected PROVIDER or PROVIDER/MODEL"},
  };
  for (const auto& [words, expected] : kRows) CHECK(ErrorOf(words) == expected);
  CHECK(
      ErrorOf({"set", "min_delay=5"}).starts_with("set: min_delay is \"5\"; expected a duration"));
  CHECK(ErrorOf({"set", "rpm=3", "tpm=x"}).starts_with("set: tpm is \"x\""));
}

TEST_CASE("what the supervisor says is printed, and the exit code tells whether it was done") {
  TempDir dir;
  WriteBytes(dir / "ledger.sqlite", "");
  FakeSupervisor supervisor(dir.path(), [](const Json& request) -> Json {
    std::string what = StringMember(request, "do");
    if (what == "status") return {{"mode", "working"}};
    if (what == "cancel") return {{"error", "no item is called \"\x1b[2J\""}};
    if (what == "retry") return {{"huh", 1}};
    return {{"ok", DumpJson(request)}};
  });
  Printed paused = Ctl(dir.path(), {"pause"});
  CHECK(paused.code == 0);
  CHECK(paused.out == "{\"do\":\"pause\"}\n");
  CHECK(paused.err == "");
  Printed refused = Ctl(dir.path(), {"cancel", "x"});
  CHECK(refused.code == 1);
  CHECK(refused.out == "");
  CHECK(refused.err == "muster: no item is called \"\\x1b[2J\"\n");
  Printed status = Ctl(dir.path(), {"status"});
  CHECK(status.code == 0);
  CHECK(status.out == "{\n  \"mode\": \"working\"\n}\n");
  Printed set = Ctl(dir.path(), {"set", "rpm=1", "workers=2"});
  CHECK(set.code == 0);
  CHECK(set.out == DumpJson(Set("", "requests_per_minute", "1")) + "\n" +
                       DumpJson(Set("", "workers", "2")) + "\n");
  CHECK(Ctl(dir.path(), {"retry", "x"}).code == 1);
}

TEST_CASE("wrong words and runs that nobody works on exit with 2") {
  TempDir dir;
  Printed none = Ctl(dir.path(), {"pause"});
  CHECK(none.code == 2);
  CHECK(none.err.starts_with("muster: there is no run in "));
  WriteBytes(dir / "ledger.sqlite", "");
  Printed idle = Ctl(dir.path(), {"pause"});
  CHECK(idle.code == 2);
  CHECK(idle.err == "muster: " + dir.path() + " is not running\n");
  Printed wrong = Ctl(dir.path(), {"paws"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.starts_with("muster: ctl: \"paws\" is no command"));
  CHECK(wrong.out == "");
}

}  // namespace muster
