#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/protocol.h"
#include "supervisor/pool/fork_server.h"
#include "supervisor/pool/spawner.h"

namespace muster {

// Workers forked from one warmed process, which is started with the first of them or before. Where
// that does not work, workers by exec: slower to start and larger, else the same; what is wrong
// with the program or the config they tell themselves.
class ForkSpawner : public Spawner {
 public:
  // Told once, when it gives up forking, what stood in the way.
  using Notice = std::function<void(const std::string& why)>;

  // `program` is muster-worker. `start` is what every worker would be told: the server keeps its
  // config and keys for all of them.
  ForkSpawner(std::string program, Start start, Notice notice = {});

  Result<Spawned> Spawn() override;

  // Starts the process that workers will be forked from, which makes itself ready while we do
  // something else. Should it fail, the first worker tries again.
  void Prepare();

  // Of the server; 0: there is none.
  pid_t server_pid() const { return server_ ? server_->pid() : 0; }

 private:
  Result<void> BeginServer();
  Result<NewProcess> Fork(StandardFds fds);

  std::vector<std::string> command_;
  Start start_;
  Notice notice_;
  ExecSpawner exec_;
  std::optional<ForkServer> server_;
  int servers_left_;  // that may be begun; 0 and none there: by exec from now on
};

}  // namespace muster
