#include "worker/caller.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace muster {
namespace {

// Whoever decides, as far as this test goes: it only listens.
class Listener : public Link {
 public:
  void Say(const FromWorker& message) override { said.push_back(message); }

  std::vector<FromWorker> said;
};

// One call of the mock provider, to be answered by the test.
struct OneCall {
  OneCall() {
    provider.name = "mock";
    provider.api = "mock";
    spec.step = "ask";
    spec.provider = &provider;
    spec.api = FindChatApi("mock");
    spec.model = "m";
    spec.request = Asking("hello");
    spec.usable = [](const ChatAnswer&) -> Result<void> { return Fail("it is too blue"); };
    caller.BeginAttempt("1", 1);
  }

  ApiRequest Asking(const std::string& user) const {
    ChatRequest request;
    request.model = "m";
    request.user = user;
    return *spec.api->MakeRequest(request, provider);
  }

  // The worker's word about an answer that it is given.
  Rejected Reject(int64_t ask) {
    Bytes answer{DumpJson(Json{{"text", "an answer"}, {"finish", "stop"}})};
    REQUIRE(caller.OnVerdict(1, Replay{1, ask, answer, {}}));
    REQUIRE(std::holds_alternative<Rejected>(link.said.back()));
    return std::get<Rejected>(link.said.back());
  }

  Listener link;
  HttpClient http;
  CommandRunner commands;
  Timers timers;
  Caller caller{link, http, commands, timers};
  Provider provider;
  CallSpec spec;
};

TEST_CASE("a request that cannot be made anew stays as it was") {
  OneCall one;
  int made = 0;
  one.spec.remake = [&](const std::string& why) -> Result<ApiRequest> {
    if (++made != 1) return Fail("no more");
    return one.Asking("hello, " + why);
  };
  auto task = one.caller.Make(one.spec);
  task.Start();
  Rejected first = one.Reject(1);
  CHECK(first.reason == "it is too blue");
  REQUIRE(first.next);
  CHECK_FALSE(one.Reject(2).next);
  CHECK(made == 2);
  one.caller.OnVerdict(1, Refuse{1, true, "enough"});
  REQUIRE(task.done());
  CHECK(std::get<Ended>(task.TakeValue()).reason == "enough");
}

TEST_CASE("the request of the next ask is measured like the first one") {
  OneCall one, other;
  one.spec.remake = [&](const std::string&) -> Result<ApiRequest> { return one.Asking("bye"); };
  other.spec.request = other.Asking("bye");
  auto task = one.caller.Make(one.spec), same = other.caller.Make(other.spec);
  task.Start();
  same.Start();
  Call call = std::get<Call>(other.link.said.at(0));
  Rejected rejected = one.Reject(1);
  REQUIRE(rejected.next);
  CHECK(rejected.next->request_hash == call.request_hash);
  CHECK(rejected.next->request_chars == call.request_chars);
  CHECK(rejected.next->input_estimate == call.input_estimate);
  CHECK(rejected.next->input_most == call.input_most);
}

}  // namespace
}  // namespace muster
