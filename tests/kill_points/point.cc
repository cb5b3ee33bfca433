#include "tests/kill_points/point.h"

#include <charconv>
#include <vector>

namespace muster::kill_points {
namespace {

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> words;
  for (size_t from = 0; from <= text.size();) {
    size_t end = std::min(text.find(':', from), text.size());
    words.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

bool Drop(std::vector<std::string>& words, std::string_view first) {
  if (words.empty() || words.front() != first) return false;
  words.erase(words.begin());
  return true;
}

bool ReadCount(const std::string& text, int64_t* count) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *count);
  return error == std::errc() && end == text.data() + text.size() && *count > 0;
}

// The words behind the number: "before", "after", "ENOSPC:once", "ENOSPC:forever".
bool ReadHow(const std::vector<std::string>& words, Point& point) {
  if (words.size() == 1) {
    bool before = words[0] == "before";
    point.how = before ? Point::How::kKillBefore : Point::How::kKillAfter;
    return before || words[0] == "after";
  }
  auto error = words.size() == 2 ? ErrorNamed(words[0]) : std::nullopt;
  if (!error) return false;
  bool once = words[1] == "once";
  point.error = *error;
  point.how = once ? Point::How::kFailOnce : Point::How::kFailForever;
  return once || words[1] == "forever";
}

}  // namespace

std::string Point::Text() const {
  std::string text = phase == Phase::kRecovery ? "recovery:" : "";
  if (role == Role::kWorker) text += "worker:";
  text += fmt::format("{}:{}:", call->name, count);
  switch (how) {
    case How::kKillBefore:
      return text + "before";
    case How::kKillAfter:
      return text + "after";
    case How::kFailOnce:
      return text + fmt::format("{}:once", ErrorName(error));
    case How::kFailForever:
      return text + fmt::format("{}:forever", ErrorName(error));
  }
  return text;
}

Result<Point> ParsePoint(const std::string& text) {
  Point point;
  std::vector<std::string> words = Split(text);
  if (Drop(words, "recovery")) point.phase = Phase::kRecovery;
  if (Drop(words, "worker")) point.role = Role::kWorker;
  bool read = words.size() >= 3 && (point.call = FindSystemCall(words[0])) &&
              ReadCount(words[1], &point.count) && ReadHow({words.begin() + 2, words.end()}, point);
  if (read) return point;
  return Fail(
      "{}: not a point; expected [recovery:][worker:]CALL:NUMBER:HOW, where HOW is before, "
      "after, ERROR:once or ERROR:forever",
      text);
}

}  // namespace muster::kill_points
