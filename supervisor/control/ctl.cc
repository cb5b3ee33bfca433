#include "supervisor/control/ctl.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "common/text.h"
#include "supervisor/control/control_client.h"
#include "supervisor/control/ctl_setting.h"

namespace muster {
namespace {

constexpr std::chrono::seconds kPatience{10};

enum class Takes { kNothing, kItem, kSettings };

struct Command {
  std::string_view name;
  Takes takes;
};

constexpr std::array kCommands{
    Command{"pause", Takes::kNothing}, Command{"resume", Takes::kNothing},
    Command{"set", Takes::kSettings},  Command{"cancel", Takes::kItem},
    Command{"retry", Takes::kItem},    Command{"stop", Takes::kNothing},
    Command{"status", Takes::kNothing}};

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  return names;
}

Error UnknownCommand(const std::string& word) {
  std::string nearest = NearestName(word, CommandNames());
  return Fail("\"{}\" is no command; expected one of {}{}", VisibleText(word),
              fmt::join(CommandNames(), ", "),
              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
}

Result<std::vector<Json>> ParseSettings(const std::vector<std::string>& words) {
  if (words.size() == 1) return Fail("set: nothing to set; expected NAME=VALUE, as in rpm=300");
  std::vector<Json> requests;
  for (size_t i = 1; i < words.size(); ++i) {
    auto request = ParseCtlSetting(words[i]);
    if (!request) return Fail("set: {}", request.error());
    requests.push_back(*std::move(request));
  }
  return requests;
}

int Complain(const std::string& message, int code) {
  fmt::print(stderr, "muster: {}\n", VisibleText(message));
  return code;
}

void Print(const std::string& text) {
  // What comes from elsewhere may hold characters that a terminal obeys; programs get it as it is.
  fmt::print("{}\n", isatty(STDOUT_FILENO) == 1 ? VisibleText(text, true) : text);
  std::fflush(stdout);
}

int Send(const std::string& run_dir, const Json& request) {
  auto reply = AskRun(run_dir, request, kPatience);
  if (!reply) return Complain(reply.error(), 2);
  if (const Json* error = Member(*reply, "error"); error && error->is_string()) {
    return Complain(error->get<std::string>(), 1);
  }
  if (request["do"] == "status") return Print(PrettyJson(*reply)), 0;
  if (const Json* ok = Member(*reply, "ok"); ok && ok->is_string()) {
    return Print(ok->get<std::string>()), 0;
  }
  return Complain("the supervisor gave an unknown answer: " + DumpJson(*reply), 1);
}

}  // namespace

Result<std::vector<Json>> ParseCtlWords(const std::vector<std::string>& words) {
  if (words.empty()) {
    return Fail("nothing to do; expected one of {}", fmt::join(CommandNames(), ", "));
  }
  const std::string& name = words.front();
  auto command = std::find_if(kCommands.begin(), kCommands.end(),
                              [&](const Command& each) { return each.name == name; });
  if (command == kCommands.end()) return UnknownCommand(name);
  if (command->takes == Takes::kSettings) return ParseSettings(words);
  size_t expected = command->takes == Takes::kItem ? 2 : 1;
  if (words.size() < expected || (expected == 2 && words[1].empty())) {
    return Fail("{}: which item? expected {} ITEM", name, name);
  }
  if (words.size() > expected) {
    return Fail("{}: \"{}\" was not expected", name, VisibleText(words[expected]));
  }
  Json request{{"do", name}};
  if (command->takes == Takes::kItem) request["item"] = words[1];
  return std::vector{request};
}

int CtlCommand(const std::string& run_dir, const std::vector<std::string>& words) {
  auto requests = ParseCtlWords(words);
  if (!requests) return Complain("ctl: " + requests.error(), 2);
  for (const Json& request : *requests) {
    if (int code = Send(run_dir, request); code != 0) return code;
  }
  return 0;
}

}  // namespace muster
