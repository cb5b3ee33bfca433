// Command steps with real child processes: what is run, what is recorded, and when again.

#include "worker/command_step.h"

#include <sys/stat.h>

#include "tests/step_testing.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

struct CommandTest : StepTest {
  CommandTest() {
    step.command.emplace();
    context["work"] = work;
  }

  void Argv(const std::vector<std::string>& argv) {
    step.command->run.clear();
    for (const std::string& each : argv) step.command->run.push_back(Text(each));
  }
  // A shell script beside the config, which notes every run of it in `runs`.
  void Script(const std::string& text) {
    Write("tool", "#!/bin/sh\necho run >> \"$(dirname \"$0\")/runs\"\n" + text, true);
    if (step.command->run.empty()) Argv({"./tool"});
  }
  void Produces(const std::string& glob) { step.command->produces = {Text(glob)}; }
  size_t Runs() const {
    auto text = ReadFile(base + "/runs", 1 << 20);
    return text ? static_cast<size_t>(std::count(text->begin(), text->end(), '\n')) : 0;
  }

  // A session's attempt at the step.
  StepEnd Run() {
    NewSession();
    return Finish(RunCommandStep(Parts(), step, "it", context));
  }
  // The failure that ends it.
  Failure Fails() {
    ReasonOf(Run());
    REQUIRE(desk.failures.size() == 1);
    return desk.failures[0];
  }
};

TEST_CASE("command step: a program beside the config runs there, and leaves text and files") {
  CommandTest test;
  test.Script(
      "pwd\ncat\nmkdir -p \"$1/views\"\nfor i in 10 2; do echo $i > \"$1/views/$i.png\"; done");
  test.Argv({"./tool", "{{work}}"});
  test.step.command->stdin_text = CommandTest::Text("for {{item.id}}");
  test.Produces("views/*.png");
  Json value = ValueOf(test.Run());
  CHECK(value["text"] == fs::canonical(test.base).string() + "\nfor 1");
  CHECK(value["exit_code"] == 0);
  CHECK(value["file"] == test.work + "/views/2.png");
  CHECK(value["files"] == Json({test.work + "/views/2.png", test.work + "/views/10.png"}));
  CHECK_FALSE(value.contains("value"));
  REQUIRE(test.desk.asked.size() == 1);
  const Call& call = test.desk.asked[0];
  CHECK(call.provider == "command");
  CHECK(call.model == "it");
  CHECK(call.fixed_cost == 0);
  CHECK(call.input_most == 0);
  CHECK(call.input_estimate == 0);
  CHECK(call.output_estimate == 0);
  CHECK(call.output_most == 0);
  REQUIRE(test.accounted.size() == 1);
  CHECK(test.accounted[0].usage == Usage{});
}

TEST_CASE("command step: what has not changed is replayed, not run") {
  CommandTest test;
  test.Script("echo made > \"$1/out\"");
  test.Argv({"./tool", "{{work}}"});
  test.Produces("out");
  Json first = ValueOf(test.Run());
  CHECK(ValueOf(test.Run()) == first);
  CHECK(test.Runs() == 1);
  CHECK(test.desk.went.empty());
}

TEST_CASE("command step: it runs again when an input, the program, its input or argv has changed") {
  CommandTest test;
  test.Script("cat data.csv \"$1\"");
  test.Argv({"./tool", "text.txt"});
  test.Write("text.txt", "a");
  test.Write("data.csv", "b");
  test.step.command->inputs = {CommandTest::Text("*.csv")};
  test.Run();
  CHECK(test.Runs() == 1);
  SUBCASE("a file among the arguments") {
    test.Write("text.txt", "c");
    CHECK(ValueOf(test.Run())["text"] == "bc");
  }
  SUBCASE("a file that inputs names") {
    test.Write("data.csv", "d");
    CHECK(ValueOf(test.Run())["text"] == "da");
  }
  SUBCASE("a further file that inputs finds") {
    test.Write("more.csv", "e");
    test.Run();
  }
  SUBCASE("the program") {
    test.Script("echo new");
    CHECK(ValueOf(test.Run())["text"] == "new\n");
  }
  SUBCASE("what it reads") {
    test.step.command->stdin_text = CommandTest::Text("x");
    test.Run();
  }
  SUBCASE("an argument") {
    test.Argv({"./tool", "text.txt", "--more"});
    test.Run();
  }
  CHECK(test.Runs() == 2);
}

TEST_CASE("command step: a run that has moved replays, and a file it made is no input of its own") {
  CommandTest test;
  test.Script("echo x > \"$1\"; echo y > made-beside");
  test.Argv({"./tool", "{{work}}/out.txt"});
  test.Produces("out.txt");
  ValueOf(test.Run());
  ValueOf(test.Run());
  CHECK(test.Runs() == 1);
  std::string moved = test.folder / "elsewhere";
  fs::rename(test.work, moved);
  test.work = moved;
  test.context["work"] = moved;
  CHECK(ValueOf(test.Run())["file"] == moved + "/out.txt");
  CHECK(test.Runs() == 1);
}

TEST_CASE("command step: a file that an earlier step made is an input") {
  CommandTest test;
  test.Script("cat \"$1\"");
  std::string made = test.work + "/earlier.txt";
  REQUIRE(ReplaceFile(made, "a"));
  test.context["earlier"] = Json{{"files", Json::array({made})}};
  test.Argv({"./tool", made});
  CHECK(ValueOf(test.Run())["text"] == "a");
  REQUIRE(ReplaceFile(made, "b"));
  CHECK(ValueOf(test.Run())["text"] == "b");
}

TEST_CASE(
    "command step: a produced file that is gone or changed has it run again, as often as that") {
  CommandTest test;
  test.Script("echo made > \"$1/out\"");
  test.Argv({"./tool", "{{work}}"});
  test.Produces("out");
  ValueOf(test.Run());
  for (size_t times = 2; times <= 6; ++times) {
    if (times % 2 == 0) {
      fs::remove(test.work + "/out");
    } else {
      REQUIRE(ReplaceFile(test.work + "/out", "something else"));
    }
    ValueOf(test.Run());
    CHECK(test.Runs() == times);
    CHECK(CommandTest::Read(test.work + "/out") == "made\n");
    for (const Rejected& rejected : test.desk.rejected) CHECK(rejected.stale);
    CHECK(test.desk.rejected.size() >= 1);
    ValueOf(test.Run());
    CHECK(test.Runs() == times);
  }
}

TEST_CASE(
    "command step: files that it does not leave, or leaves elsewhere, fail the item by name") {
  CommandTest test;
  test.Argv({"./tool", "{{work}}"});
  SUBCASE("none") {
    test.Script("echo because >&2");
    test.Produces("views/*.png");
    Failure failure = test.Fails();
    CHECK(Contains(failure.message, "\"views/*.png\""));
    CHECK(Contains(failure.message, "because"));
    CHECK(failure.billing == Billing::kNo);
  }
  SUBCASE("a link out of the folder") {
    test.Script("ln -s /etc/passwd \"$1/out\"");
    test.Produces("out");
    CHECK(Contains(test.Fails().message, "leads out"));
  }
  SUBCASE("a folder of that name") {
    test.Script("mkdir \"$1/out\"");
    test.Produces("out");
    CHECK(Contains(test.Fails().message, "\"out\""));
  }
  SUBCASE("a pipe of that name") {
    test.Script("mkfifo \"$1/out\"");
    test.Produces("out");
    CHECK(Contains(test.Fails().message, "\"out\""));
  }
  SUBCASE("a path that leads out") {
    test.Script("true");
    test.Produces("../out");
    CHECK(Contains(test.Fails().message, "inside the work folder"));
  }
}

TEST_CASE("command step: why it failed is said, and that is final") {
  CommandTest test;
  SUBCASE("an exit code, with the end of stderr") {
    test.Script(
        "echo begin >&2; head -c 5000 /dev/zero | tr '\\0' x >&2; echo 'no such view' >&2; exit 3");
    Failure failure = test.Fails();
    CHECK(failure.kind == FailureKind::kBadRequest);
    CHECK(Contains(failure.message, "exit code 3"));
    CHECK(failure.message.ends_with("no such view"));
    CHECK_FALSE(Contains(failure.message, "begin"));
    CHECK(failure.message.size() < 1'300);
  }
  SUBCASE("a signal") {
    test.Script("kill -9 $$");
    CHECK(Contains(test.Fails().message, "signal 9"));
  }
  SUBCASE("its limit") {
    test.Script("sleep 600");
    test.step.command->limit = milliseconds(200);
    CHECK(Contains(test.Fails().message, "longer than"));
  }
  SUBCASE("too much output") {
    test.Script("yes | head -c 20000000");
    CHECK(test.Fails().kind == FailureKind::kTooLarge);
  }
  SUBCASE("output that is small but does not fit when it is quoted") {
    test.Script("head -c 8000000 /dev/zero");
    CHECK(test.Fails().kind == FailureKind::kTooLarge);
  }
  SUBCASE("a cost that nobody knows when it failed") {
    test.Script("exit 1");
    test.step.command->cost_per_call = 5;
    CHECK(test.Fails().billing == Billing::kUnknown);
    CHECK(test.desk.asked[0].fixed_cost == 5);
  }
}

TEST_CASE("command step: a missing program stops its lane, unless the item names it") {
  CommandTest test;
  test.Argv({"./nothing-here"});
  Failure failure = test.Fails();
  CHECK(failure.kind == FailureKind::kModelNotFound);
  CHECK(Contains(failure.message, test.base + "/nothing-here"));
  test.Argv({"./nothing-{{item.id}}"});
  CHECK(test.Fails().kind == FailureKind::kBadRequest);
  test.Argv({"no-program-of-this-name"});
  CHECK(Contains(test.Fails().message, "no program no-program-of-this-name"));
}

TEST_CASE("command step: the environment is small, and has no key, asked for or not") {
  CommandTest test;
  Provider& provider = test.config.providers["api"];
  provider.name = "api";
  provider.key_env = "MUSTER_TEST_KEY";
  test.caller.SetKeys(Json{{"api", "sk-canary-in-memory"}});
  setenv("MUSTER_TEST_KEY", "sk-canary-in-environment", 1);
  setenv("MUSTER_TEST_WANTED", "wanted", 1);
  setenv("MUSTER_TEST_OTHER", "sk-canary-other", 1);
  test.step.command->env = {"MUSTER_TEST_WANTED", "MUSTER_TEST_KEY"};
  test.Argv({"env"});
  std::string text = ValueOf(test.Run())["text"];
  for (const char* name : {"MUSTER_TEST_KEY", "MUSTER_TEST_WANTED", "MUSTER_TEST_OTHER"}) {
    unsetenv(name);
  }
  CHECK_FALSE(Contains(text, "canary"));
  CHECK(Contains(text, "MUSTER_TEST_WANTED=wanted\n"));
  CHECK(Contains(text, "PATH="));
  std::string names;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    names += text.substr(at, text.find('=', at) - at) + " ";
  }
  for (const char* name : {"PATH ", "HOME ", "LANG ", "LC_ALL ", "TMPDIR ", "MUSTER_TEST_WANTED ",
                           "MUSTER_COMMAND "}) {
    if (size_t at = names.find(name); at != names.npos) names.erase(at, strlen(name));
  }
  CHECK(names == "");
}

TEST_CASE("command step: a key that it prints is not kept") {
  CommandTest test;
  test.caller.SetKeys(Json{{"api", "sk-canary-0123456789"}});
  test.Argv({"echo", "sk-canary-0123456789"});
  CHECK_FALSE(Contains(ValueOf(test.Run())["text"], "canary"));
}

TEST_CASE("command step: fields of an item are arguments as they are; no shell sees them") {
  CommandTest test;
  std::string hostile = "$(touch x); `id` 'q\" -oProxyCommand=z\n; rm -rf /nothing * ~";
  test.context["item"]["text"] = hostile;
  test.Argv({"printf", "%s", "{{item.text}}"});
  CHECK(ValueOf(test.Run())["text"] == hostile);
  CHECK_FALSE(fs::exists(test.base + "/x"));
}

TEST_CASE("command step: its text is parsed, and one that does not fit is of no use") {
  CommandTest test;
  test.Script("echo \"Answer: $(wc -l < runs)\"");
  test.step.parse.emplace();
  test.step.parse->regex = "Answer: *([2-9])";
  CHECK(Contains(ReasonOf(test.Run()), "it: "));
  CHECK(test.Runs() == 1);
  test.step.ask_again = 1;
  CHECK(ValueOf(test.Run())["value"] == "2");
  CHECK(test.Runs() == 2);
}

TEST_CASE("command step: giving the attempt up kills it with all it started") {
  Adopting adopting;
  CommandTest test;
  test.Script("setsid sh -c 'echo $$ > pid; sleep 600' & wait");
  test.NewSession();
  pid_t pid = 0;
  {
    auto task = RunCommandStep(test.Parts(), test.step, "it", test.context);
    task.Start();
    for (int turns = 0; turns < 2'000 && pid == 0; ++turns) {
      test.Turn();
      auto text = ReadFile(test.base + "/pid", 100);
      if (text) pid = static_cast<pid_t>(std::atoi(text->c_str()));
    }
    REQUIRE(pid > 0);
    CHECK(Lives(pid));
  }
  for (int turns = 0; turns < 2'000 && test.commands.running() > 0; ++turns) test.Turn();
  CHECK(Vanishes(pid));
}

TEST_CASE("command step: inputs that are not there, and templates that are wrong, are said") {
  CommandTest test;
  test.Argv({"true", "{{item.nothing}}"});
  CHECK(Contains(ReasonOf(test.Run()), "nothing"));
  test.Argv({"true"});
  for (const char* glob : {"*.nothing", "/etc/*", "nothing.csv"}) {
    test.step.command->inputs = {CommandTest::Text(glob)};
    CHECK(Contains(ReasonOf(test.Run()), "inputs: "));
  }
  CHECK(test.desk.asked.empty());
}

}  // namespace
}  // namespace muster
