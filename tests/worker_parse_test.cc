// Steps that parse their answers and show pictures, in a real worker.

#include <doctest/doctest.h>

#include "tests/image_samples.h"
#include "tests/worker_line.h"

namespace muster {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A complete answer of the mock provider.
Bytes MockBody(const std::string& text) {
  return Bytes{DumpJson(Json{{"text", text}, {"finish", "stop"}})};
}

// A worker that has been given item 1 of a config whose first step is `ask`.
struct Parsing {
  Parsing(const std::string& ask, const std::string& rest, const std::string& behind = "") {
    folder.Write("a.png", BytesOf(kPng) + behind);
    auto config = folder.Load("name: parse\nitems: {range: 1..1}\nsteps:\n  - {id: ask, " + ask +
                              "}\n" + rest);
    REQUIRE_MESSAGE(config.ok(), config.error());
    worker.Start(*config);
    worker.GiveItem("1", 1, {{"image", "a.png"}, {"lost", "b.png"}});
  }

  ConfigFolder folder;
  WorkerLine worker;
};

TEST_CASE("an answer that does not parse is rejected with why, asked again, and then used") {
  Parsing parsing(
      "chat: {model: mock/m, user: hello}, parse: {line: Answer}, ask_again: 2, say_why: true, "
      "mock: I do not know",
      "  - {id: use, chat: {model: mock/m, user: \"got {{ask.value}}\"}, mock: \"use "
      "{{ask.value}}\"}\n"
      "outputs: [{file: \"{{item.id}}.txt\", text: \"{{ask.value}} {{use.text}} "
      "{{ask.finish}}\"}]\n");
  Call call = parsing.worker.Next<Call>();
  parsing.worker.SendGo(call.call);
  Called first = parsing.worker.Next<Called>();
  REQUIRE(first.answer);  // kept raw, and paid
  CHECK(Has(first.answer->data, "I do not know"));
  parsing.worker.Send(Kept{call.call, {}});
  Rejected rejected = parsing.worker.Next<Rejected>();
  CHECK_MESSAGE(Has(rejected.reason, "Answer"), rejected.reason);
  REQUIRE(rejected.next);
  CHECK(rejected.next->request_hash != call.request_hash);
  CHECK(rejected.next->request_chars > call.request_chars);
  parsing.worker.Send(Replay{call.call, 2, MockBody("Thus:\nAnswer: 42"), {}});
  Called use = parsing.worker.LetGo();
  parsing.worker.Send(Kept{use.call, {}});
  Done done = parsing.worker.Next<Done>();
  CHECK(done.outcome == Outcome::kDone);
  CHECK(done.outputs.at(0).text == "42 use 42 stop");
}

TEST_CASE("an answer that never parses fails its item with why, when asking is over") {
  Parsing parsing("chat: {model: mock/m, user: hello}, parse: {regex: '(\\d+)'}, mock: none", "");
  Called called = parsing.worker.LetGo();
  parsing.worker.Send(Kept{called.call, {}});
  Rejected rejected = parsing.worker.Next<Rejected>();
  CHECK_FALSE(rejected.next);
  parsing.worker.Send(Refuse{called.call, true, rejected.reason});
  Done done = parsing.worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK(Has(done.reason, rejected.reason));
}

TEST_CASE("the members of a JSON answer are names for later templates") {
  Parsing parsing(
      "chat: {model: mock/m, user: list, response_schema: {type: object, required: [tasks], "
      "properties: {tasks: {type: array, items: {type: object, required: [q], properties: {q: "
      "{type: string}}}}}}}",
      "outputs: [{file: \"{{item.id}}.txt\", text: "
      "\"{{#ask.value.tasks}}<{{q}}>{{/ask.value.tasks}}\"}]\n");
  Call call = parsing.worker.Next<Call>();
  parsing.worker.Send(Replay{call.call, 1, MockBody("{\"tasks\": [{\"q\": 1}]}"), {}});
  Rejected rejected = parsing.worker.Next<Rejected>();
  CHECK_FALSE(rejected.reason.empty());
  parsing.worker.Send(
      Replay{call.call,
             2,
             MockBody("Here: ```json\n{\"tasks\": [{\"q\": \"a\"}, {\"q\": \"b\"}]}```"),
             {}});
  CHECK(parsing.worker.Next<Done>().outputs.at(0).text == "<a><b>");
}

TEST_CASE("pictures are part of a request's identity; one that is missing fails the item at once") {
  std::string first_hash;
  for (const char* change : {"", "", "changed"}) {
    Parsing parsing("chat: {model: mock/claude-x, user: look, images: [item.image]}", "", change);
    Call call = parsing.worker.Next<Call>();
    CHECK(call.input_most > call.input_estimate);
    if (first_hash.empty()) first_hash = call.request_hash;
    CHECK((call.request_hash == first_hash) == (*change == '\0'));
  }
  Parsing lost("chat: {model: mock/m, user: look, images: [item.lost]}", "");
  Done done = lost.worker.Next<Done>();
  CHECK(done.outcome == Outcome::kFailed);
  CHECK_MESSAGE(Has(done.reason, "item.lost: b.png: no such file"), done.reason);
}

}  // namespace
}  // namespace muster
