#include "supervisor/governor/governor.h"

#include <doctest/doctest.h>

#include "tests/governor_testing.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = Governor::Time;

TEST_CASE("governor: within a lane, first come first served") {
  Config config = GovernorConfig(AtOnce(2));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 5; ++id) governor.Enqueue(id, AskOf());
  CHECK(Granted(governor, kStart) == Ids{1, 2});
  CHECK(governor.in_the_air() == 2);
  CHECK(governor.waiting() == 3);
  CHECK(std::holds_alternative<Governor::Keep>(governor.Ended(2, Answered(), kStart)));
  CHECK(Granted(governor, kStart) == Ids{3});
  governor.Forget(4);
  governor.Ended(1, Answered(), kStart);
  CHECK(Granted(governor, kStart) == Ids{5});
}

TEST_CASE("governor: of two models of a provider, the older call goes first") {
  Config config = GovernorConfig(AtOnce(1));
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 6; ++id) governor.Enqueue(id, AskOf("p", id % 3 ? "m" : "n"));
  for (int64_t id = 1; id <= 6; ++id) {
    CHECK(Granted(governor, kStart) == Ids{id});
    governor.Ended(id, Answered(), kStart);
  }
}

TEST_CASE("governor: a lane without room does not hold another") {
  Config config = GovernorConfig(AtOnce(1));
  Governor governor(config, 1);
  for (int64_t id : {1, 2, 3}) governor.Enqueue(id, AskOf("p"));
  for (int64_t id : {4, 5}) governor.Enqueue(id, AskOf("q"));
  CHECK(Granted(governor, kStart) == Ids{1, 4, 5});
}

TEST_CASE("governor: a model without room holds neither other models nor itself elsewhere") {
  Config config = GovernorConfig();
  config.providers["p"].models["m"].limits = AtOnce(1);
  Governor governor(config, 1);
  for (int64_t id : {1, 2}) governor.Enqueue(id, AskOf("p", "m"));
  governor.Enqueue(3, AskOf("p", "n"));
  governor.Enqueue(4, AskOf("q", "m"));
  CHECK(Granted(governor, kStart) == Ids{1, 3, 4});
}

TEST_CASE("governor: limits of the run and of a key hold over all lanes") {
  Config config = GovernorConfig();
  config.limits = AtOnce(3);
  Governor run(config, 1);
  for (int64_t id = 1; id <= 8; ++id) run.Enqueue(id, AskOf(id % 2 ? "p" : "q"));
  CHECK(Granted(run, kStart) == Ids{1, 2, 3});
  CHECK(Granted(run, kStart).empty());
  CHECK(run.NextChance(kStart) == std::nullopt);

  config.limits = {};
  for (const char* name : {"p", "q"}) config.providers[name].key_env = "KEY";
  config.keys["KEY"].limits = AtOnce(2);
  Governor key(config, 1);
  for (int64_t id = 1; id <= 8; ++id) key.Enqueue(id, AskOf(id % 2 ? "p" : "q"));
  CHECK(Granted(key, kStart) == Ids{1, 2});
}

TEST_CASE("governor: small calls never overtake a large one of their lane for ever") {
  for (const char* model : {"m", "n"}) {
    CAPTURE(model);
    Limits limits;
    limits.tokens_per_minute = 1'000;
    Config config = GovernorConfig(limits);
    Governor governor(config, 1);
    GovernorWorld world(governor, [](int64_t, Time) {
      Governor::End end;
      end.usage = Usage{.input = 100};
      return GovernorWorld::Reply{milliseconds(200), end};
    });
    world.KeepBusy(20, AskOf("p", "n", {100, 0}));
    world.RunUntil(kStart + seconds(30));
    Governor::Ask large = AskOf("p", model, {900, 0});
    large.step = "s2";
    int64_t id = world.Enqueue(large);
    world.RunUntil(kStart + seconds(300));
    CHECK(world.tries[id] == 1);
    CHECK(world.sent.size() > 25);
    auto went = std::find_if(world.sent.begin(), world.sent.end(),
                             [&](const auto& sent) { return sent.id == id; });
    REQUIRE(went != world.sent.end());
    CHECK(went->when <= kStart + seconds(185));  // after the 20 before it, 10 a minute
  }
}

TEST_CASE("governor: a large call that waits does not hold lanes that are not its own") {
  Limits limits;
  limits.tokens_per_minute = 1'000;
  Config config = GovernorConfig(limits);
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf("p", "m", {500, 0}));
  governor.Enqueue(2, AskOf("p", "m", {900, 0}));
  governor.Enqueue(3, AskOf("p", "n", {100, 0}));
  governor.Enqueue(4, AskOf("q", "m", {100, 0}));
  CHECK(Granted(governor, kStart) == Ids{1, 4});
}

TEST_CASE("governor: a call that is gone gives its slot back, waiting or in the air") {
  Config config = GovernorConfig(AtOnce(1));
  Governor governor(config, 1);
  governor.Enqueue(1, AskOf());
  governor.Enqueue(2, AskOf());
  Granted(governor, kStart);
  CHECK_FALSE(governor.IsWaiting(1));
  CHECK(governor.IsWaiting(2));
  governor.Forget(1);
  governor.Forget(1);
  CHECK(governor.in_the_air() == 0);
  CHECK(Granted(governor, kStart) == Ids{2});
  governor.Forget(2);
  CHECK(governor.in_the_air() == 0);
  CHECK(governor.waiting() == 0);
}

TEST_CASE("governor: the next chance it names is one") {
  Config config = GovernorConfig();
  config.providers["p"].limits.requests_per_minute = 2;
  Governor governor(config, 1);
  for (int64_t id = 1; id <= 7; ++id) governor.Enqueue(id, AskOf());
  Time now = kStart;
  size_t granted = Granted(governor, now).size();
  while (granted < 7) {
    auto next = governor.NextChance(now);
    REQUIRE(next);
    REQUIRE(*next > now);
    CHECK(governor.OpensAt("p/m", now) == next);
    CHECK(governor.Grant(*next - milliseconds(1)).empty());
    now = *next;
    size_t more = Granted(governor, now).size();
    CHECK(more > 0);
    granted += more;
  }
  CHECK(governor.NextChance(now) == std::nullopt);
}

TEST_CASE("governor: a warm-up is each model's own, wherever it is asked for") {
  Config of_provider = GovernorConfig(), of_run = GovernorConfig(), of_key = GovernorConfig();
  of_provider.providers["p"].limits.warmup = true;
  of_run.limits.warmup = true;
  of_key.providers["p"].key_env = "KEY";
  of_key.keys["KEY"].limits.warmup = true;
  for (const Config* config : {&of_provider, &of_run, &of_key}) {
    Governor governor(*config, 1);
    governor.Enqueue(1, AskOf("p", "m"));
    governor.Enqueue(2, AskOf("p", "m"));
    governor.Enqueue(3, AskOf("p", "n"));
    CHECK(governor.Grant(kStart).size() == 2);  // one of each model
    CHECK(governor.IsWaiting(2));
    governor.Ended(1, Answered(), kStart);
    CHECK(governor.Grant(kStart).size() == 1);
    CHECK(governor.in_the_air() == 2);
  }
}

}  // namespace
}  // namespace muster
