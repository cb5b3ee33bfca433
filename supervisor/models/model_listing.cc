#include "supervisor/models/model_listing.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/text.h"
#include "supervisor/pool/spawner.h"

namespace muster {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr size_t kMostAnswerBytes = 64 << 20;
constexpr size_t kMostComplaint = 300;

// A worker program that is told one thing and answers one. Destroying it kills and reaps it.
class Asking {
 public:
  Asking(Spawned process, std::string request)
      : process_(std::move(process)), request_(std::move(request)) {}
  Asking(const Asking&) = delete;
  ~Asking() { KillAndBury(process_.pidfd); }

  // What it said until it closed its output.
  Result<std::string> Finish() {
    auto deadline = Clock::now() + kPatience;
    while (process_.output) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) return Fail("no list of models within {} s", kPatience.count());
      if (answer_.size() > kMostAnswerBytes) return Fail("the list of models is too long");
      Wait(static_cast<int>(left.count()));
    }
    if (answer_.empty()) {
      return Fail("muster-worker ended without an answer: {}", VisibleText(complaint_));
    }
    return answer_;
  }

 private:
  // A descriptor that is -1 is passed over by poll.
  void Wait(int milliseconds) {
    pollfd fds[] = {{process_.input.get(), POLLOUT, 0},
                    {process_.output.get(), POLLIN, 0},
                    {process_.errors.get(), POLLIN, 0}};
    if (poll(fds, 3, milliseconds) <= 0) return;
    if (fds[0].revents) Write();
    if (fds[1].revents) Read(process_.output, &answer_);
    if (fds[2].revents) Read(process_.errors, &complaint_);
    if (complaint_.size() > kMostComplaint) complaint_.resize(kMostComplaint);
  }

  void Write() {
    ssize_t sent = write(process_.input.get(), request_.data(), request_.size());
    if (sent > 0) request_.erase(0, static_cast<size_t>(sent));
    bool gone = sent < 0 && errno != EINTR && errno != EAGAIN;
    if (gone || request_.empty()) process_.input.Reset();
  }

  static void Read(Fd& from, std::string* to) {
    char part[1 << 16];
    ssize_t got = read(from.get(), part, sizeof part);
    if (got > 0) to->append(part, static_cast<size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) from.Reset();
  }

  Spawned process_;
  std::string request_, answer_, complaint_;
};

// The provider as ConfigToJson has it.
Json ProviderToJson(const Provider& provider) {
  Config config;
  config.providers[provider.name] = provider;
  return ConfigToJson(config)["providers"][provider.name];
}

ServerModel ReadModel(const Json& json) {
  ServerModel model;
  model.id = StringMember(json, "id");
  model.max_input = IntMember(json, "max_input");
  model.max_output = IntMember(json, "max_output");
  model.input = IntMember(json, "input");
  model.cached_input = IntMember(json, "cached_input");
  model.output = IntMember(json, "output");
  return model;
}

}  // namespace

Result<std::vector<ServerModel>> ReadServerModels(const std::string& answer) {
  auto json = ParseJson(answer);
  if (!json) return Fail("the worker's list of models is no JSON: {}", json.error());
  if (std::string error = StringMember(*json, "error"); !error.empty()) return Error{error};
  const Json* list = Member(*json, "models");
  if (!list || !list->is_array()) return Fail("the worker's answer has no list of models");
  std::vector<ServerModel> models;
  for (const Json& each : *list) {
    models.push_back(ReadModel(each));
    if (models.back().id.empty()) models.pop_back();
  }
  return models;
}

Result<std::vector<ServerModel>> AskServer(const std::string& worker, const Provider& provider,
                                           const std::string& key) {
  auto spawned = ExecSpawner({worker, "--list-models"}).Spawn();
  if (!spawned) return Error{spawned.error()};
  Json request{{"provider", ProviderToJson(provider)}, {"key", key}};
  auto answer = Asking(*std::move(spawned), DumpJson(request) + "\n").Finish();
  if (!answer) return Error{answer.error()};
  return ReadServerModels(*answer);
}

}  // namespace muster
