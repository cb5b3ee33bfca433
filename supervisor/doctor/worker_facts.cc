#include "supervisor/doctor/worker_facts.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "common/keys.h"
#include "common/text.h"
#include "supervisor/pool/fork_server.h"

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{10'000};
constexpr size_t kMostAnswer = 64 << 10;

// A process of ours and our ends of its pipes. Destroying it kills it and waits for it.
class Tried {
 public:
  explicit Tried(Spawned process) : process_(std::move(process)) {}
  Tried(const Tried&) = delete;
  ~Tried() { KillAndBury(process_.pidfd); }

  // What it printed until it has closed its output, or, with `any`, as soon as it has said
  // anything; empty when it did not within kPatience.
  std::string Read(bool any) {
    auto until = SteadyClock::now() + kPatience;
    std::string text;
    while (text.size() < kMostAnswer && !(any && !text.empty())) {
      auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now()).count();
      pollfd wait{process_.output.get(), POLLIN, 0};
      if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) == 0) return "";
      char chunk[4096];
      ssize_t n = read(process_.output.get(), chunk, sizeof chunk);
      if (n == 0) return text;
      if (n > 0) text.append(chunk, static_cast<size_t>(n));
      if (n < 0 && errno != EINTR && errno != EAGAIN) return "";
    }
    return text;
  }

 private:
  Spawned process_;
};

Result<std::string> AskForFacts(const std::string& program) {
  auto spawned = ExecSpawner({program, "--facts"}).Spawn();
  if (!spawned) return Error{spawned.error()};
  return Tried(*std::move(spawned)).Read(false);
}

// Milliseconds from the request for a worker to its first word.
Result<int64_t> ForkOne(const std::string& program, const Config& config) {
  Start start;
  start.config = ConfigToJson(config);
  start.keys = Json::object();
  auto server = ForkServer::Begin({program, "--fork-server"}, start);
  if (!server) return Error{server.error()};
  if (auto ready = server->AwaitReady(); !ready) return Error{ready.error()};
  auto begin = SteadyClock::now();
  auto pipes = WorkerPipes::Make();
  if (!pipes) return Error{pipes.error()};
  auto process = server->Fork(pipes->theirs());
  if (!process) return Error{process.error()};
  Tried worker(std::move(*pipes).SpawnedAs(*std::move(process)));
  if (worker.Read(true).empty()) return Fail("the worker it has forked says nothing");
  return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begin).count();
}

Fact ForkFact(const std::string& program, const Config& config) {
  auto took = ForkOne(program, config);
  if (!took) {
    return {FactKind::kNote, "fork server", took.error(),
            "workers are started by exec, which is slower and takes more memory"};
  }
  return {FactKind::kOk, "fork server",
          fmt::format("starts a worker in about {} ms", std::max<int64_t>(1, *took))};
}

bool AsksByHttps(const Config& config) {
  auto used = ProvidersInUse(config);
  return std::any_of(used.begin(), used.end(), [](const Provider* provider) {
    return provider->base_url.starts_with("https:");
  });
}

Fact CertificatesFact(const std::string& from, bool found, bool https) {
  if (found) return {FactKind::kOk, "certificates", from};
  return {https ? FactKind::kMissing : FactKind::kNote, "certificates",
          fmt::format("none in {}", from.empty() ? "any known place" : from),
          "install ca-certificates, or name a file in SSL_CERT_FILE; no provider can be asked by "
          "https without"};
}

}  // namespace

Facts ReadWorkerFacts(const std::string& program, const std::string& answer, bool https) {
  Fact fact{FactKind::kOk, "worker program", program};
  auto json = ParseJson(answer);
  if (!json || !Member(*json, "build")) {
    fact.kind = FactKind::kMissing;
    fact.detail += ": does not say what it is";
    fact.advice = "build or install both programs together";
    return {fact};
  }
  std::string build = StringMember(*json, "build");
  if (build != BuildId()) {
    fact.kind = FactKind::kMissing;
    fact.detail += fmt::format(": of another build ({}, not {})", build.substr(0, 32), BuildId());
    fact.advice = "build or install both programs together";
  } else {
    fact.detail += fmt::format(", of the same build, {}", build);
  }
  const Json* found = Member(*json, "found");
  return {fact,
          {FactKind::kOk, "libcurl",
           fmt::format("{}, {}", StringMember(*json, "libcurl"), StringMember(*json, "tls"))},
          CertificatesFact(StringMember(*json, "certificates"),
                           found && found->is_boolean() && found->get<bool>(), https)};
}

Facts WorkerFacts(const std::string& program, const Config& config) {
  auto answer = AskForFacts(program);
  if (!answer) {
    return {{FactKind::kMissing, "worker program", answer.error(),
             "build or install both programs together"}};
  }
  Facts facts = ReadWorkerFacts(program, *answer, AsksByHttps(config));
  if (!AnyMissing({facts.front()})) facts.push_back(ForkFact(program, config));
  return facts;
}

}  // namespace muster
