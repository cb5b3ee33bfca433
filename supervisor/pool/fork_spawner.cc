#include "supervisor/pool/fork_spawner.h"

#include <utility>

namespace muster {
namespace {

// The first and its replacement: what fails twice will fail again.
constexpr int kServers = 2;

}  // namespace

ForkSpawner::ForkSpawner(std::string program, Start start, Notice notice)
    : command_{program, "--fork-server"},
      start_(std::move(start)),
      notice_(std::move(notice)),
      exec_({program, "--pipe"}),
      servers_left_(kServers) {}

Result<Spawned> ForkSpawner::Spawn() {
  std::string why;
  while (server_ || servers_left_ > 0) {
    auto pipes = WorkerPipes::Make();
    if (!pipes) return Error{pipes.error()};
    auto process = Fork(pipes->theirs());
    if (process) return std::move(*pipes).SpawnedAs(*std::move(process));
    server_.reset();
    why = process.error();
  }
  if (!why.empty() && notice_) notice_(why);
  return exec_.Spawn();
}

void ForkSpawner::Prepare() { (void)BeginServer(); }

Result<void> ForkSpawner::BeginServer() {
  --servers_left_;
  auto server = ForkServer::Begin(command_, start_);
  if (!server) return Error{server.error()};
  server_.emplace(*std::move(server));
  return {};
}

Result<NewProcess> ForkSpawner::Fork(StandardFds fds) {
  if (!server_) {
    if (auto begun = BeginServer(); !begun) return Error{begun.error()};
  }
  return server_->Fork(fds);
}

}  // namespace muster
