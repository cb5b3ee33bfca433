// say_why: after an answer that a step cannot use, the next ask tells the model why.

#include <doctest/doctest.h>

#include "tests/tcp_server.h"
#include "tests/worker_line.h"

namespace muster {
namespace {

// A provider whose answers are these texts, one after the other, the last one again and again; what
// it was asked.
class Model {
 public:
  explicit Model(std::vector<std::string> texts)
      : texts_(std::move(texts)), server_([this](TcpConnection& client) { Serve(client); }) {}

  std::string Url() const { return server_.Url("/v1"); }
  std::vector<Json> asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string UserText(size_t which) {
    return StringMember(asked().at(which)["messages"][0], "content");
  }

 private:
  void Serve(TcpConnection& client) {
    for (std::string request; !(request = client.ReadRequest()).empty();) {
      client.Send(Answer(request));
    }
  }

  std::string Answer(const std::string& request) {
    std::lock_guard lock(mutex_);
    auto body = ParseJson(request.substr(request.find("\r\n\r\n") + 4));
    std::string text = texts_[std::min(asked_.size(), texts_.size() - 1)];
    asked_.push_back(body ? *body : Json());
    Json choice{{"message", {{"content", text}}}, {"finish_reason", "stop"}};
    if (text.starts_with("refuse:")) {
      choice["message"] = {{"content", nullptr}, {"refusal", text.substr(7)}};
    }
    std::string reply = DumpJson(Json{{"model", "m"}, {"choices", Json::array({choice})}});
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(reply.size()) + "\r\n\r\n" +
           reply;
  }

  std::mutex mutex_;
  std::vector<std::string> texts_;
  std::vector<Json> asked_;
  TcpServer server_;
};

constexpr char kKey[] = "sk-canary-0123456789";

// A worker that has announced its call to `model`.
struct Talk {
  explicit Talk(const Model& model, const std::string& say_why = "say_why: true") {
    auto config = folder.Load(
        "name: why\nitems: {range: 1..1}\nproviders:\n  p: {api: openai-chat, key_env: SOME_KEY, "
        "base_url: \"" +
        model.Url() + "\"}\nsteps: [{id: ask, chat: {model: p/m, user: hello}, ask_again: 2, " +
        say_why + "}]\noutputs: [{file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}]\n");
    REQUIRE_MESSAGE(config.ok(), config.error());
    Start start;
    start.config = ConfigToJson(*config);
    start.keys = {{"p", kKey}};
    worker.Start(start);
    worker.GiveItem("1");
    call = worker.Next<Call>();
  }

  // Lets an ask go, keeps its answer, and hears that it is no use.
  Rejected AskInVain(int64_t ask) {
    worker.SendGo(call.call, ask);
    answers.push_back(*worker.Next<Called>().answer);
    worker.Send(Kept{call.call, {}});
    return worker.Next<Rejected>();
  }

  ConfigFolder folder;
  WorkerLine worker;
  Call call;
  std::vector<Bytes> answers;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the next ask is another request, which ends with why the answer was no use") {
  Model model({"", "refuse:not nice", "fine"});
  Talk talk(model);
  Rejected first = talk.AskInVain(1);
  CHECK(Contains(first.reason, "empty"));
  REQUIRE(first.next);
  CHECK(first.next->request_hash.size() == 64);
  CHECK(first.next->request_hash != talk.call.request_hash);
  CHECK(first.next->request_chars > talk.call.request_chars);
  CHECK(first.next->input_most > talk.call.input_most);
  CHECK(first.next->input_estimate > talk.call.input_estimate);
  Rejected second = talk.AskInVain(2);
  REQUIRE(second.next);
  CHECK(second.next->request_hash != first.next->request_hash);
  talk.worker.SendGo(talk.call.call, 3);
  talk.worker.Send(Kept{talk.worker.Next<Called>().call, {}});
  CHECK(talk.worker.Next<Done>().outputs.at(0).text == "fine");

  CHECK(model.UserText(0) == "hello");
  CHECK(model.UserText(1).starts_with("hello\n\n"));
  CHECK(Contains(model.UserText(1), first.reason));
  CHECK(model.UserText(2).starts_with("hello\n\n"));
  CHECK(Contains(model.UserText(2), "not nice"));
  CHECK_FALSE(Contains(model.UserText(2), first.reason));
  for (size_t i : {size_t{1}, size_t{2}}) {  // nothing else is different
    Json body = model.asked().at(i);
    CHECK(static_cast<int64_t>(DumpJson(body).size()) ==
          (i == 1 ? first : second).next->request_chars);
    body["messages"][0]["content"] = "hello";
    CHECK(body == model.asked().at(0));
  }
}

TEST_CASE("a try that fails after a new request is tried again with the same one") {
  Model model({"", "fine"});
  Talk talk(model);
  talk.AskInVain(1);
  talk.worker.SendGo(talk.call.call, 2, 1);
  talk.worker.Next<Called>();
  talk.worker.SendGo(talk.call.call, 2, 2);
  talk.worker.Next<Called>();
  CHECK(model.UserText(2) == model.UserText(1));
}

TEST_CASE("the same answers lead to the same requests, so that a restart replays them all") {
  Model model({"", "refuse:no", "fine"});
  Talk before(model);
  std::vector<Rejected> rejected{before.AskInVain(1), before.AskInVain(2)};
  before.worker.SendGo(before.call.call, 3);
  before.answers.push_back(*before.worker.Next<Called>().answer);

  Talk after(model);
  CHECK(after.call.request_hash == before.call.request_hash);
  for (size_t i = 0; i < 2; ++i) {
    after.worker.Send(Replay{after.call.call, static_cast<int64_t>(i) + 1, before.answers[i], {}});
    Rejected again = after.worker.Next<Rejected>();
    CHECK(again.reason == rejected[i].reason);
    REQUIRE(again.next);
    CHECK(again.next->request_hash == rejected[i].next->request_hash);
  }
  after.worker.Send(Replay{after.call.call, 3, before.answers[2], {}});
  CHECK(after.worker.Next<Done>().outputs.at(0).text == "fine");
  CHECK(model.asked().size() == 3);
}

TEST_CASE("a replayed answer that is no use is told to the model by the ask that goes after it") {
  Model model({"", "fine"});
  Talk before(model);
  before.AskInVain(1);
  Model fresh({"fine"});
  Talk after(fresh);
  after.worker.Send(Replay{after.call.call, 1, before.answers[0], {}});
  after.worker.Next<Rejected>();
  after.worker.SendGo(after.call.call, 2);
  after.worker.Next<Called>();
  CHECK(Contains(fresh.UserText(0), "is empty"));
}

TEST_CASE("a long reason is cut between characters, and a key in it is not told") {
  std::string words = std::string("It is ") + kKey + ": ";
  for (int i = 0; i < 2'000; ++i) words += "\u00e4";
  Model model({"refuse:" + words, "refuse:x" + words, "fine"});
  Talk talk(model);
  for (size_t ask : {size_t{1}, size_t{2}}) {
    Rejected rejected = talk.AskInVain(static_cast<int64_t>(ask));
    REQUIRE(rejected.next);
    CHECK(rejected.next->request_chars < talk.call.request_chars + 1'300);
    CHECK_FALSE(Contains(Encode(rejected), kKey));
  }
  talk.worker.SendGo(talk.call.call, 3);
  talk.worker.Next<Called>();
  for (size_t i : {size_t{1}, size_t{2}}) {
    CHECK_FALSE(Contains(model.UserText(i), kKey));
    CHECK_FALSE(Contains(model.UserText(i), "\ufffd"));  // of half a character
    CHECK(Contains(model.UserText(i), "\u00e4…\n"));
  }
}

TEST_CASE("without say_why the same is asked again") {
  Model model({""});
  Talk talk(model, "say_why: false");
  CHECK_FALSE(talk.AskInVain(1).next);
  CHECK_FALSE(talk.AskInVain(2).next);
  CHECK(model.UserText(1) == "hello");
}

TEST_CASE("a mock's calls are told why too") {
  ConfigFolder folder;
  auto config = folder.Load(
      "name: mock\nitems: {range: 1..1}\nsteps: [{id: ask, say_why: true, ask_again: 1, "
      "chat: {model: mock/m, user: hello, max_tokens: 5}}]\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  worker.Start(*config);
  worker.GiveItem("1");
  Called first = worker.LetGo();
  CHECK(first.limits.empty());
  worker.Send(Kept{first.call, {}});
  CHECK(worker.Next<Rejected>().next);
  worker.SendGo(first.call, 2);
  Called second = worker.Next<Called>();
  REQUIRE(second.usage);
  CHECK(second.usage->input > first.usage->input);
}

// ---- without a supervisor ----

// What `muster-worker CONFIG --item 1 --json` prints for a step that asks `model` again up to
// `ask_again` times.
Json Standalone(const Model& model, int ask_again, const std::string& flags, int expected_code) {
  ConfigFolder folder;
  folder.Write("c.yaml",
               "name: alone\nitems: {range: 1..1}\nproviders: {p: {api: openai-chat, prices: {m: "
               "{input: 1, output: 1}}, base_url: \"" +
                   model.Url() + "\"}}\nsteps: [{id: ask, say_why: true, ask_again: " +
                   std::to_string(ask_again) +
                   ", chat: {model: p/m, user: hello, max_tokens: 100}}]\n");
  std::string command = ProgramPath("muster-worker") + " " + (folder / "c.yaml") +
                        " --item 1 --json " + flags + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  std::string printed(65536, '\0');
  printed.resize(std::fread(printed.data(), 1, printed.size(), pipe));
  int status = pclose(pipe);
  CHECK_MESSAGE(WEXITSTATUS(status) == expected_code, printed);
  auto json = ParseJson(printed);
  REQUIRE_MESSAGE(json.ok(), printed);
  return *json;
}

TEST_CASE("muster-worker by itself asks again as often as the step allows, and says why") {
  Model model({"", "", "fine"});
  Json report = Standalone(model, 2, "", 0);
  CHECK(report["outcome"] == "done");
  CHECK(report["calls"].size() == 3);
  CHECK(model.UserText(0) == "hello");
  CHECK(Contains(model.UserText(1), "is empty"));
  Model stubborn({""});
  report = Standalone(stubborn, 1, "", 1);
  CHECK(report["outcome"] == "failed");
  CHECK(Contains(StringMember(report, "reason"), "is empty"));
  CHECK(stubborn.asked().size() == 2);
}

TEST_CASE("muster-worker by itself holds its cap for every ask") {
  Model model({""});
  Json report = Standalone(model, 5, "--max-cost 0.000000001", 1);
  CHECK(Contains(StringMember(report, "reason"), "--max-cost"));
  CHECK(model.asked().empty());
}

}  // namespace
}  // namespace muster
