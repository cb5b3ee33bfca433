#include "tests/kill_points/census.h"

#include <errno.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "tests/torture/dice.h"

namespace muster::kill_points {
namespace {

using How = Point::How;

// A process that is interrupted, or asked to come again, for ever cannot go on, and no kernel does
// that to it.
bool PassesByItself(int error) { return error == EINTR || error == EAGAIN; }

std::vector<Point> PointsAt(const Seen& seen, Phase phase, Kind kind) {
  Point point{phase, seen.role, seen.call, seen.count, How::kKillBefore, 0};
  std::vector<Point> points;
  auto add = [&](How how, int error) {
    point.how = how;
    point.error = error;
    points.push_back(point);
  };
  if (kind == Kind::kKills) {
    if (!ChangesSomething(*seen.call, seen.arguments)) return points;
    add(How::kKillBefore, 0);
    add(How::kKillAfter, 0);
    return points;
  }
  for (int error : seen.call->errors) {
    if (!CanFailWith(*seen.call, seen.arguments, seen.waits, error)) continue;
    add(How::kFailOnce, error);
    if (!PassesByItself(error)) add(How::kFailForever, error);
  }
  return points;
}

void Shuffle(std::vector<Candidate>& candidates, torture::Dice& dice) {
  for (size_t i = candidates.size(); i > 1; --i) {
    std::swap(candidates[i - 1], candidates[dice.Next() % i]);
  }
}

}  // namespace

std::map<std::pair<Role, std::string_view>, int64_t> Census::Counts() const {
  std::map<std::pair<Role, std::string_view>, int64_t> counts;
  for (const Seen& seen : calls) ++counts[{seen.role, seen.call->name}];
  return counts;
}

std::vector<Candidate> CandidatesOf(const Census& census, Phase phase, Kind kind, Role role,
                                    uint64_t seed, size_t* distinct) {
  std::vector<Candidate> all;
  for (const Seen& seen : census.calls) {
    if (seen.role != role) continue;
    for (const Point& point : PointsAt(seen, phase, kind)) all.push_back({point, &seen.stack});
  }
  torture::Dice dice{seed, static_cast<uint64_t>(phase), static_cast<uint64_t>(kind),
                     static_cast<uint64_t>(role)};
  Shuffle(all, dice);
  std::set<std::tuple<int64_t, How, int, Stack>> struck;
  auto rest = std::stable_partition(all.begin(), all.end(), [&](const Candidate& candidate) {
    const Point& point = candidate.point;
    return struck.insert({point.call->number, point.how, point.error, *candidate.stack}).second;
  });
  *distinct = static_cast<size_t>(rest - all.begin());
  return all;
}

}  // namespace muster::kill_points
