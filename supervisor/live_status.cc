#include "supervisor/live_status.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "common/text.h"
#include "supervisor/progress/lines.h"

namespace muster {
namespace {

const Json& ListMember(const Json& object, const char* name) {
  static const Json kEmpty = Json::array();
  const Json* list = Member(object, name);
  return list && list->is_array() ? *list : kEmpty;
}

int64_t NumberMember(const Json& object, const char* name) {
  const Json* number = Member(object, name);
  return number && number->is_number_integer() ? number->get<int64_t>() : 0;
}

std::string Shown(const Json& object, const char* name) {
  return ShownText(StringMember(object, name));
}

std::string For(const Json& object) {
  return RoughDuration(std::chrono::milliseconds(NumberMember(object, "for_ms")));
}

// "w1 [young_couple_01] for 12 s", and a line for each of its calls.
void AddWorker(std::string& text, const Json& worker) {
  std::string name = Shown(worker, "name"), host = Shown(worker, "host");
  bool launched = name.find('/') != std::string::npos;  // by its pool's name
  text += "    " + name + (launched && !host.empty() ? " on " + host : "");
  if (!Member(worker, "item")) {
    text += fmt::format(" is {}\n", Shown(worker, "state"));
    return;
  }
  text += fmt::format(" [{}] for {}\n", Shown(worker, "item"), For(worker));
  for (const Json& call : ListMember(worker, "calls")) {
    text +=
        fmt::format("      {} · {} · for {}\n", Shown(call, "step"), Shown(call, "why"), For(call));
  }
}

std::string LaneText(const Json& lane) {
  std::string text = fmt::format("    {}: ", Shown(lane, "name"));
  if (const Json* stopped = Member(lane, "stopped"); stopped && stopped->is_string()) {
    return text + "stopped: " + Shown(lane, "stopped") + "\n";
  }
  text += FormatCount(NumberMember(lane, "in_the_air"));
  if (Member(lane, "slots")) text += " of " + FormatCount(NumberMember(lane, "slots"));
  text += " in the air";
  if (int64_t waiting = NumberMember(lane, "waiting"); waiting > 0) {
    text += fmt::format(", {} waiting: {}", FormatCount(waiting), Shown(lane, "why"));
  }
  return text + "\n";
}

}  // namespace

std::string LiveStatusText(const Json& said, size_t most) {
  std::string text;
  if (StringMember(said, "mode") == "paused") text += "  paused: muster ctl RUN resume goes on\n";
  const Json& workers = ListMember(said, "workers");
  if (!workers.empty()) text += "\n  workers\n";
  for (size_t i = 0; i < workers.size() && i < most; ++i) AddWorker(text, workers[i]);
  if (workers.size() > most) text += fmt::format("    and {} more\n", workers.size() - most);
  const Json& lanes = ListMember(said, "lanes");
  if (!lanes.empty()) text += "\n  lanes\n";
  for (const Json& lane : lanes) text += LaneText(lane);
  return text;
}

}  // namespace muster
