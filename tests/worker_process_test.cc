// muster-worker over its pipes: the conversation about an item and its calls.

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/worker_line.h"

namespace muster {
namespace {

TEST_CASE("the first word of a worker is who it is") {
  WorkerLine worker;
  Hello hello = worker.Next<Hello>();
  CHECK(hello.version == kProtocolVersion);
  CHECK(hello.build == BuildId());
  CHECK(hello.pid == worker.pid());
  CHECK(hello.host != "");
}

TEST_CASE("a call is announced, sent after go, reported, and used after kept") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(OneStep(folder));
  worker.GiveItem("1", 7);
  Call call = worker.Next<Call>();
  CHECK(call.item == "1");
  CHECK(call.attempt == 7);
  CHECK(call.step == "ask");
  CHECK(call.provider == "mock");
  CHECK(call.model == "m");
  CHECK(call.request_hash.size() == 64);
  CHECK(call.request_chars > 0);
  CHECK(worker.IsQuiet());
  worker.SendGo(call.call);
  Called called = worker.Next<Called>();
  CHECK(called.item == "1");
  CHECK(called.attempt == 7);
  CHECK(called.call == call.call);
  REQUIRE(called.answer);
  CHECK(called.answer->data.find("forty-two") != std::string::npos);
  CHECK(called.usage.has_value());
  CHECK(worker.IsQuiet());
  worker.Send(Kept{call.call, int64_t{12}});
  Done done = worker.Next<Done>();
  CHECK(done.item == "1");
  CHECK(done.attempt == 7);
  CHECK(done.outcome == Outcome::kDone);
  CHECK(done.memory_kb > 0);
  REQUIRE(done.outputs.size() == 1);
  CHECK(done.outputs[0].path == "1.txt");
  CHECK(done.outputs[0].text == "1: forty-two");
}

TEST_CASE("a replayed answer does what the call did, without the call") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(OneStep(folder));
  worker.GiveItem("1", 1);
  Called called = worker.LetGo();
  worker.Send(Kept{called.call, {}});
  Done first = worker.Next<Done>();
  worker.GiveItem("1", 2);
  Call again = worker.Next<Call>();
  worker.Send(Replay{again.call, 1, *called.answer, {}});
  Done second = worker.Next<Done>();  // no called before it
  CHECK(second.attempt == 2);
  CHECK(second.outcome == Outcome::kDone);
  REQUIRE(second.outputs.size() == 1);
  CHECK(second.outputs[0].text == first.outputs.at(0).text);
}

TEST_CASE("an answer that a step cannot use is rejected, again for every ask and every replay") {
  ConfigFolder folder;
  auto config = folder.Load(
      "name: empty\nitems: {range: 1..1}\nsteps:\n"
      "  - {id: ask, chat: {model: mock/m, user: hello}, mock: \"\", ask_again: 1}\n");
  REQUIRE_MESSAGE(config.ok(), config.error());
  WorkerLine worker;
  worker.Start(*config);
  worker.GiveItem("1");
  Call call = worker.Next<Call>();
  CHECK(call.ask_again == 1);
  worker.SendGo(call.call, 1);
  Called called = worker.Next<Called>();
  REQUIRE(called.answer);
  worker.Send(Kept{call.call, {}});
  Rejected rejected = worker.Next<Rejected>();
  CHECK(rejected.call == call.call);
  CHECK(rejected.reason.find("empty") != std::string::npos);
  worker.Send(Replay{call.call, 2, *called.answer, {}});
  worker.Next<Rejected>();
  worker.SendGo(call.call, 3);
  CHECK(worker.Next<Called>().answer);
  worker.Send(Kept{call.call, {}});
  worker.Next<Rejected>();
  worker.Send(Refuse{call.call, true, rejected.reason});
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason.find("empty") != std::string::npos);
}

TEST_CASE("a try that failed is told with its kind, and go sends it again") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(OneStep(folder, "providers: {mock: {mock: {fail: 1, latency: 0s..0s}}}\n"));
  worker.GiveItem("1");
  Call call = worker.Next<Call>();
  for (int64_t number = 1; number <= 3; ++number) {
    worker.SendGo(call.call, 1, number);
    Called called = worker.Next<Called>();
    REQUIRE(called.failure);
    CHECK(called.failure->status >= 400);
    bool passing = called.failure->kind == FailureKind::kRateLimited ||
                   called.failure->kind == FailureKind::kServer;
    CHECK(passing);
    CHECK_FALSE(called.answer);
  }
  worker.Send(Refuse{call.call, true, "three tries failed"});
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason.find("three tries failed") != std::string::npos);
}

TEST_CASE("refused and deferred items go back, refused for good they have failed") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(OneStep(folder));
  auto end_by = [&worker](int64_t attempt, const ToWorker& verdict) {
    worker.GiveItem("1", attempt);
    CHECK(worker.Next<Call>().call == 1);  // numbered anew in every attempt
    worker.Send(verdict);
    Done done = worker.Next<Done>();
    CHECK(done.attempt == attempt);
    CHECK(done.outputs.empty());
    return done;
  };
  Done refused = end_by(1, Refuse{1, false, "the budget is used up"});
  CHECK(refused.outcome == Outcome::kInterrupted);
  CHECK(refused.reason.find("the budget is used up") != std::string::npos);
  CHECK(end_by(2, Defer{1}).outcome == Outcome::kInterrupted);
  CHECK(end_by(3, Refuse{1, true, "no such model"}).outcome == Outcome::kFailed);
}

// ---- for_each ----

Config ThreeAtOnce(const ConfigFolder& folder, const std::string& more = "") {
  auto config = folder.Load(
      "name: parts\n"
      "items: {directories: \"d/*\", files: \"*.txt\"}\n"
      "steps:\n"
      "  - id: parts\n"
      "    for_each: item.files\n"
      "    concurrency: 3\n"
      "    chat: {model: mock/m, user: \"{{each.text}}\"}\n"
      "    mock: \"<{{each.text}}>\"\n"
      "outputs: [{file: \"{{item.id}}.txt\", text: \"{{#parts}}{{number}}{{text}} "
      "{{/parts}}\"}]\n" +
      more);
  REQUIRE_MESSAGE(config.ok(), config.error());
  return *config;
}

Json Files(int count) {
  Json files = Json::array();
  for (int i = 1; i <= count; ++i) {
    std::string stem = "f" + std::to_string(i);
    files.push_back({{"name", stem + ".txt"}, {"stem", stem}, {"path", stem}, {"text", stem}});
  }
  return Json{{"files", files}};
}

TEST_CASE("the elements of a list are done side by side, and their values keep the list's order") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(ThreeAtOnce(folder));
  worker.GiveItem("a", 1, Files(5));
  std::vector<Call> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(worker.Next<Call>());
  CHECK(worker.IsQuiet());  // never more than three
  CHECK(calls[0].step == "parts[f1]");
  CHECK(calls[2].step == "parts[f3]");
  for (int next = 2; next >= 0; --next) {  // the last first
    worker.SendGo(calls[static_cast<size_t>(next)].call);
    Called called = worker.Next<Called>();
    CHECK(called.call == calls[static_cast<size_t>(next)].call);
    worker.Send(Kept{called.call, {}});
    if (calls.size() < 5) calls.push_back(worker.Next<Call>());
  }
  for (size_t last : {size_t{3}, size_t{4}}) {
    worker.SendGo(calls[last].call);
    worker.Send(Kept{worker.Next<Called>().call, {}});
  }
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kDone);
  CHECK(done.outputs.at(0).text == "1<f1> 2<f2> 3<f3> 4<f4> 5<f5> ");
}

TEST_CASE("when one branch is refused, the others finish what is in the air and begin nothing") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(ThreeAtOnce(folder, "providers: {mock: {mock: {latency: 200ms..200ms}}}\n"));
  worker.GiveItem("a", 1, Files(6));
  std::vector<Call> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(worker.Next<Call>());
  worker.SendGo(calls[0].call);
  worker.SendGo(calls[1].call);
  worker.Send(Refuse{calls[2].call, false, "no money left"});
  for (int i = 0; i < 2; ++i) {
    Called called = worker.Next<Called>();
    CHECK(called.answer);
    worker.Send(Kept{called.call, {}});
  }
  Done done = worker.Next<Done>();  // no fourth call
  CHECK(done.outcome == Outcome::kInterrupted);
  CHECK(done.reason.find("no money left") != std::string::npos);
}

TEST_CASE("a branch that failed for good decides, whoever was interrupted before it") {
  ConfigFolder folder;
  WorkerLine worker;
  worker.Start(ThreeAtOnce(folder));
  worker.GiveItem("a", 1, Files(3));
  for (int i = 0; i < 3; ++i) worker.Next<Call>();
  worker.Send(Defer{1});
  worker.Send(Refuse{2, true, "no such model"});
  worker.Send(Refuse{3, false, "no money left"});
  Done done = worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(done.reason.find("no such model") != std::string::npos);
}

}  // namespace
}  // namespace muster
