#include "worker/task.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "worker/timers.h"

namespace muster {
namespace {

using Time = Timers::Time;
using std::chrono::seconds;

// What has happened, in order; and how many frames of the coroutines below are alive.
struct Diary {
  std::string text;
  int alive = 0;
};

// Lives in a coroutine's frame and notes when that goes.
class Guest {
 public:
  Guest(Diary& diary, std::string name) : diary_(diary), name_(std::move(name)) { ++diary_.alive; }
  Guest(const Guest&) = delete;
  ~Guest() {
    --diary_.alive;
    diary_.text += "~" + name_ + " ";
  }

 private:
  Diary& diary_;
  std::string name_;
};

Task<int> Immediate(Diary& diary, int value) {
  Guest guest(diary, "i");
  co_return value;
}

Task<int> Receive(Diary& diary, Mailbox<int>& box) {
  Guest guest(diary, "r");
  int value = co_await box;
  diary.text += "got" + std::to_string(value) + " ";
  co_return value;
}

Task<int> Sum(Diary& diary, Mailbox<int>& first, Mailbox<int>& second) {
  Guest guest(diary, "s");
  int sum = co_await Immediate(diary, 1);
  sum += co_await Receive(diary, first);
  sum += co_await Receive(diary, second);
  co_return sum;
}

TEST_CASE("a task does nothing before it is started, and then all it can") {
  Diary diary;
  auto task = Immediate(diary, 7);
  CHECK(diary.alive == 0);
  CHECK(diary.text == "");
  task.Start();
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 7);
}

TEST_CASE("a task waits for what comes late and passes by what has come") {
  Diary diary;
  Mailbox<int> first, second;
  second.Deliver(20);
  auto task = Sum(diary, first, second);
  task.Start();
  CHECK_FALSE(task.done());
  first.Deliver(300);
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 321);
  CHECK(diary.text == "~i got300 ~r got20 ~r ~s ");
  CHECK(diary.alive == 0);
}

TEST_CASE("a mailbox can be read again and again") {
  Diary diary;
  Mailbox<int> box;
  auto task = Sum(diary, box, box);
  task.Start();
  box.Deliver(1);
  CHECK_FALSE(task.done());
  box.Deliver(2);
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 4);
}

TEST_CASE("a task that is destroyed, at whatever wait, takes all below it along, innermost first") {
  for (int waits = 0; waits < 3; ++waits) {
    CAPTURE(waits);
    Diary diary;
    Mailbox<int> first, second;
    {
      auto task = Sum(diary, first, second);
      if (waits > 0) task.Start();
      if (waits > 1) first.Deliver(1);
      CHECK_FALSE(task.done());
      CHECK(diary.alive == (waits == 0 ? 0 : 2));
      diary.text.clear();
    }
    CHECK(diary.alive == 0);
    CHECK(diary.text == (waits == 0 ? "" : "~r ~s "));
  }
}

TEST_CASE("assigning a task destroys the one it was") {
  Diary diary;
  Mailbox<int> box, other;
  auto task = Receive(diary, box);
  task.Start();
  task = Receive(diary, other);
  CHECK(diary.alive == 0);
  task.Start();
  CHECK(diary.alive == 1);
  other.Deliver(5);
  CHECK(task.TakeValue() == 5);
}

TEST_CASE("a value that can only be moved comes out of a task") {
  struct Maker {
    static Task<std::unique_ptr<int>> Make() { co_return std::make_unique<int>(9); }
    static Task<std::unique_ptr<int>> Pass() {
      auto value = co_await Make();
      co_return value;
    }
  };
  auto task = Maker::Pass();
  task.Start();
  CHECK(*task.TakeValue() == 9);
}

// ---- All ----

Task<bool> Branch(Diary& diary, Mailbox<int>* box, std::string name) {
  Guest guest(diary, name);
  diary.text += name + " ";
  if (box) co_await *box;
  diary.text += "/" + name + " ";
  co_return true;
}

// Runs a branch per mailbox, nullptr for one that ends at once; then `after`.
Task<int> Together(Diary& diary, std::vector<Mailbox<int>*> boxes) {
  Guest guest(diary, "t");
  std::vector<Task<bool>> branches;
  for (size_t i = 0; i < boxes.size(); ++i) {
    branches.push_back(Branch(diary, boxes[i], std::string(1, static_cast<char>('a' + i))));
  }
  All all(std::move(branches));
  co_await all;
  diary.text += "all ";
  co_return static_cast<int>(boxes.size());
}

TEST_CASE("branches start in order and end in any; all goes on once, after the last") {
  Diary diary;
  Mailbox<int> a, b, c;
  auto task = Together(diary, {&a, &b, &c});
  task.Start();
  CHECK(diary.text == "a b c ");
  c.Deliver(1);
  a.Deliver(1);
  CHECK_FALSE(task.done());
  b.Deliver(1);
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 3);
  CHECK(diary.text == "a b c /c ~c /a ~a /b ~b all ~t ");
}

TEST_CASE("branches that end at once need no one to wait") {
  Diary diary;
  auto task = Together(diary, {nullptr, nullptr});
  task.Start();
  REQUIRE(task.done());
  CHECK(diary.text == "a /a ~a b /b ~b all ~t ");
  auto none = Together(diary, {});
  none.Start();
  CHECK(none.done());
}

TEST_CASE("branches that end at once and branches that wait go together, in any order") {
  for (bool waits_first : {true, false}) {
    CAPTURE(waits_first);
    Diary diary;
    Mailbox<int> box;
    using Boxes = std::vector<Mailbox<int>*>;
    auto task = Together(diary, waits_first ? Boxes{&box, nullptr} : Boxes{nullptr, &box});
    task.Start();
    CHECK_FALSE(task.done());
    box.Deliver(1);
    REQUIRE(task.done());
    CHECK(diary.alive == 0);
    CHECK(diary.text.ends_with("all ~t "));
  }
}

TEST_CASE("branches that are destroyed at their waits are gone, those that have ended too") {
  for (int ended = 0; ended < 3; ++ended) {
    CAPTURE(ended);
    Diary diary;
    Mailbox<int> boxes[3];
    {
      auto task = Together(diary, {&boxes[0], &boxes[1], &boxes[2]});
      task.Start();
      for (int i = 0; i < ended; ++i) boxes[i].Deliver(1);
      CHECK(diary.alive == 4 - ended);
    }
    CHECK(diary.alive == 0);
    CHECK(diary.text.find("all") == std::string::npos);
  }
}

// A branch that delivers to another branch while they are being started.
Task<bool> Wakes(Diary& diary, Mailbox<int>& box) {
  Guest guest(diary, "w");
  box.Deliver(1);
  co_return true;
}

Task<int> WakesEachOther(Diary& diary, Mailbox<int>& box) {
  std::vector<Task<bool>> branches;
  branches.push_back(Branch(diary, &box, "a"));
  branches.push_back(Wakes(diary, box));
  All all(std::move(branches));
  co_await all;
  co_return 1;
}

TEST_CASE("a branch may wake another while all are still being started") {
  Diary diary;
  Mailbox<int> box;
  auto task = WakesEachOther(diary, box);
  task.Start();
  REQUIRE(task.done());
  CHECK(diary.text == "a /a ~a ~w ");
}

Task<int> Count(Diary& diary, int rounds, Mailbox<int>& box) {
  int sum = 0;
  for (int i = 0; i < rounds; ++i) {
    std::vector<Task<bool>> branches;
    branches.push_back(Branch(diary, &box, ""));
    All all(std::move(branches));
    co_await all;
    ++sum;
  }
  co_return sum;
}

TEST_CASE("waits one after the other do not pile up") {
  Diary diary;
  Mailbox<int> box;
  auto task = Count(diary, 50'000, box);
  task.Start();
  for (int i = 0; i < 50'000; ++i) box.Deliver(1);
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 50'000);
  CHECK(diary.alive == 0);
}

Task<int> CountImmediate(Diary& diary, int rounds) {
  int sum = 0;
  for (int i = 0; i < rounds; ++i) {
    sum += co_await Immediate(diary, 1);
    diary.text.clear();
  }
  co_return sum;
}

TEST_CASE("tasks that end at once, one after the other, do not pile up either") {
  Diary diary;
  auto task = CountImmediate(diary, 300'000);
  task.Start();
  REQUIRE(task.done());
  CHECK(task.TakeValue() == 300'000);
}

// ---- timers ----

Task<bool> Sleep(Diary& diary, Timers& timers, Time until, std::string name) {
  Timers::Wait wait(timers, until);
  co_await wait;
  diary.text += name + " ";
  co_return true;
}

TEST_CASE("timers fire in the order of their times, and only those that are due") {
  Diary diary;
  Timers timers;
  const Time start;
  CHECK_FALSE(timers.next());
  auto late = Sleep(diary, timers, start + seconds(3), "late");
  auto soon = Sleep(diary, timers, start + seconds(1), "soon");
  auto then = Sleep(diary, timers, start + seconds(2), "then");
  for (auto* task : {&late, &soon, &then}) task->Start();
  CHECK(timers.next() == start + seconds(1));
  timers.Fire(start);
  CHECK(diary.text == "");
  timers.Fire(start + seconds(2));
  CHECK(diary.text == "soon then ");
  CHECK(timers.next() == start + seconds(3));
  timers.Fire(start + seconds(10));
  CHECK(diary.text == "soon then late ");
  CHECK_FALSE(timers.next());
}

TEST_CASE("timers of the same time fire in the order they were set") {
  Diary diary;
  Timers timers;
  const Time start;
  auto a = Sleep(diary, timers, start, "a"), b = Sleep(diary, timers, start, "b");
  a.Start();
  b.Start();
  timers.Fire(start);
  CHECK(diary.text == "a b ");
}

TEST_CASE("a task that is destroyed leaves the timers") {
  Diary diary;
  Timers timers;
  const Time start;
  auto kept = Sleep(diary, timers, start + seconds(2), "kept");
  kept.Start();
  {
    auto dropped = Sleep(diary, timers, start + seconds(1), "dropped");
    dropped.Start();
    CHECK(timers.next() == start + seconds(1));
  }
  CHECK(timers.next() == start + seconds(2));
  timers.Fire(start + seconds(5));
  CHECK(diary.text == "kept ");
}

Task<bool> SleepTwice(Diary& diary, Timers& timers, Time first, Time second) {
  co_await Sleep(diary, timers, first, "first");
  co_await Sleep(diary, timers, second, "second");
  co_return true;
}

TEST_CASE("a timer that is set while timers fire fires with them if it is due") {
  Diary diary;
  Timers timers;
  const Time start;
  auto both = SleepTwice(diary, timers, start, start);
  auto one = SleepTwice(diary, timers, start, start + seconds(1));
  both.Start();
  one.Start();
  timers.Fire(start);
  CHECK(both.done());
  CHECK_FALSE(one.done());
  CHECK(diary.text == "first first second ");
  timers.Fire(start + seconds(1));
  CHECK(one.done());
}

Task<bool> DropOther(Diary& diary, Timers& timers, Time until, std::optional<Task<bool>>& other) {
  co_await Sleep(diary, timers, until, "drops");
  other.reset();
  co_return true;
}

TEST_CASE("a task may destroy another whose timer is due at the same time") {
  Diary diary;
  Timers timers;
  const Time start;
  std::optional<Task<bool>> other;
  auto drops = DropOther(diary, timers, start, other);
  drops.Start();
  other.emplace(Sleep(diary, timers, start, "other"));
  other->Start();
  timers.Fire(start);
  CHECK(drops.done());
  CHECK(diary.text == "drops ");
  CHECK_FALSE(timers.next());
}

}  // namespace
}  // namespace muster
