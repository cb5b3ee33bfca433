// The order of the queue under random rooms, returns, drops and reopenings.

#include <doctest/doctest.h>

#include <random>

#include "tests/queue_testing.h"

namespace muster {
namespace {

// A queue under random rooms, returns, parkings, drops and reopenings, with what is known of it
// from outside.
class RandomQueue {
 public:
  RandomQueue(uint32_t seed, int64_t items)
      : random_(seed), ledger_(MakeLanes(items)), queue_(ledger_.view(), {}) {
    for (int64_t i = 1; i <= items; ++i) expected_.insert(i);
  }

  void Step() {
    OpenLanes();
    size_t ready = queue_.Ready(kNow, 1'000, has_room_);
    auto row = queue_.Next(kNow, has_room_);
    CHECK((ready > 0) == row.has_value());
    if (row) Took(*std::move(row));
    if (!out_.empty() && Dice(4) == 0) GiveBack();
    if (Dice(20) == 0) Drop(1 + Dice(400));
    if (!dropped_.empty() && Dice(20) == 0) Reopen();
  }

  // Gives back everything, opens every lane: all that is expected comes, in order.
  void Finish() {
    while (!out_.empty()) GiveBack();
    for (const std::string& lane : kLanes) open_.insert(lane);
    open_.insert("judge/m");
    for (size_t left = expected_.size(); left > 0; --left) {
      auto row = queue_.Next(kNow, has_room_);
      REQUIRE(row);
      Took(*std::move(row));
    }
    CHECK(queue_.Empty());
    CHECK_FALSE(queue_.Next(kNow, has_room_));
  }

  size_t taken() const { return taken_; }

 private:
  static const std::vector<std::string> kLanes;

  int64_t Dice(int64_t sides) { return static_cast<int64_t>(random_()) % sides; }

  Ledger MakeLanes(int64_t items) {
    std::vector<std::string> lanes;
    for (int64_t i = 0; i < items; ++i) lanes.push_back(kLanes[static_cast<size_t>(Dice(4))]);
    return MakeLedger(items, {}, lanes);
  }

  void OpenLanes() {
    open_.clear();
    for (const std::string& lane : kLanes) {
      if (Dice(3) == 0) open_.insert(lane);
    }
    if (Dice(3) == 0) open_.insert("judge/m");
  }

  bool Open(const std::string& lane) const { return lane.empty() || open_.contains(lane); }

  // Of all that waits in open lanes: what came back before, then what is new, lowest first.
  void Took(ItemRow row) {
    ++taken_;
    REQUIRE(expected_.contains(row.position));
    bool came_back = back_.contains(row.position);
    CHECK(Open(came_back ? back_[row.position] : row.lane));
    for (const auto& [position, lane] : back_) {
      if (Open(lane)) CHECK((came_back && row.position <= position));
    }
    for (int64_t position : expected_) {
      if (came_back || position >= row.position) break;
      CHECK((back_.contains(position) || !Open(LaneOf(position))));
    }
    expected_.erase(row.position);
    back_.erase(row.position);
    out_.push_back(std::move(row));
  }

  std::string LaneOf(int64_t position) const {
    return ledger_.view().FindItem(std::to_string(position))->lane;
  }

  void GiveBack() {
    auto it = out_.begin() + Dice(static_cast<int64_t>(out_.size()));
    ItemRow row = std::move(*it);
    out_.erase(it);
    expected_.insert(row.position);
    std::string lane = Dice(2) ? "judge/m" : row.lane;
    back_[row.position] = lane;
    if (lane == "judge/m") return queue_.Park(std::move(row), lane);
    queue_.Return(std::move(row));
  }

  void Drop(int64_t position) {
    bool here = expected_.erase(position) > 0;
    CHECK(queue_.Drop(std::to_string(position)).has_value() == here);
    if (here) dropped_.push_back(position);
    if (here) back_.erase(position);
  }

  void Reopen() {
    int64_t position = dropped_.back();
    dropped_.pop_back();
    queue_.Add(*ledger_.view().FindItem(std::to_string(position)));
    expected_.insert(position);
    back_[position] = LaneOf(position);
  }

  std::mt19937 random_;
  Ledger ledger_;
  Queue queue_;
  std::set<std::string> open_;
  Queue::HasRoom has_room_ = [this](const std::string& lane) { return Open(lane); };
  std::set<int64_t> expected_;           // positions of what is to come
  std::map<int64_t, std::string> back_;  // of these, what came back, and the lane it waits for
  std::vector<int64_t> dropped_;
  std::vector<ItemRow> out_;
  size_t taken_ = 0;
};

const std::vector<std::string> RandomQueue::kLanes{"a/m", "b/m", "c/m", ""};

TEST_CASE("queue: whatever opens and closes, each item comes once, the lowest with room first") {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    RandomQueue run(seed, 400);
    for (int step = 0; step < 500; ++step) run.Step();
    CHECK(run.taken() > 250);
    run.Finish();
  }
}

TEST_CASE("queue: no lane starves, whatever the others do") {
  Ledger ledger = MakeLedger(600, {}, {"a/m", "a/m", "a/m", "a/m", "a/m", "b/m"});
  Queue queue(ledger.view(), {});
  std::mt19937 random(17);
  int64_t taken = 0, of_b = 0;
  for (int step = 0; step < 10'000 && !queue.Empty(); ++step) {
    bool open = random() % 10 == 0;
    auto room = [open](const std::string& lane) { return lane == "a/m" || open; };
    auto row = queue.Next(kNow, room);
    if (!row) continue;
    ++taken;
    of_b += row->lane == "b/m";
    // An item of b never waits for an item behind it once b has room.
    if (row->lane == "a/m" && open) CHECK(row->position < 6 * (of_b + 1));
  }
  CHECK(taken == 600);
  CHECK(of_b == 100);
}

}  // namespace
}  // namespace muster
