// muster-worker: does one item at a time, for a supervisor over its stdin and stdout (--pipe), or
// one item in the foreground; or makes workers by forking (--fork-server).

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <system_error>

#include "common/fd.h"
#include "common/files.h"
#include "common/keys.h"
#include "common/prices.h"
#include "common/process.h"
#include "common/protocol.h"
#include "common/text.h"
#include "worker/command/leftovers.h"
#include "worker/fork_server.h"
#include "worker/http_facts.h"
#include "worker/list_models.h"
#include "worker/pipe_worker.h"
#include "worker/standalone.h"

namespace muster {
namespace {

constexpr int kCannotGoOn = 3;  // exit code; a supervisor has the item done by another worker

// What libraries print must not get between the messages: 0 becomes /dev/null, 1 becomes 2.
bool KeepLibrariesOut() {
  Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return null && dup2(null.get(), 0) == 0 && dup2(2, 1) == 1;
}

// The protocol moves to descriptors of its own before any library can print.
int ServePipe() {
  Fd in(fcntl(0, F_DUPFD_CLOEXEC, 3));
  Fd out(fcntl(1, F_DUPFD_CLOEXEC, 3));
  if (!in || !out || !KeepLibrariesOut()) return kWorkerBootFailure;
  KeepSecretsOutOfCores();
  signal(SIGPIPE, SIG_IGN);
  AdoptOrphans();
  RunPipeWorker(std::move(in), std::move(out));
}

// The same for the workers that will be forked.
int ServeForks(char* shown_as) {
  Fd socket(fcntl(0, F_DUPFD_CLOEXEC, 3));
  if (!socket || !KeepLibrariesOut()) return kWorkerBootFailure;
  KeepSecretsOutOfCores();
  signal(SIGPIPE, SIG_IGN);
  return RunForkServer(std::move(socket), shown_as);
}

// The same for --list-models: one JSON object in, one out.
int ServeList() {
  Fd in(fcntl(0, F_DUPFD_CLOEXEC, 3));
  Fd out(fcntl(1, F_DUPFD_CLOEXEC, 3));
  if (!in || !out || dup2(2, 1) < 0) return kWorkerBootFailure;
  KeepSecretsOutOfCores();
  signal(SIGPIPE, SIG_IGN);
  return ServeModelList(std::move(in), std::move(out));
}

// What this program stands on, as one line of JSON.
int ShowFacts() {
  fmt::print("{}\n", DumpJson(HttpFacts()));
  return 0;
}

struct Arguments {
  std::string config;
  ConfigOverrides overrides;
  StandaloneOptions options;
  std::string max_cost;
};

int Complain(const std::string& message) {
  fmt::print(stderr, "muster-worker: {}\n", message);
  return 2;
}

int RunItem(Arguments& arguments) {
  signal(SIGPIPE, SIG_IGN);
  AdoptOrphans();
  if (!arguments.max_cost.empty()) {
    auto cap = ParseDollars(arguments.max_cost);
    if (!cap) return Complain("--max-cost: " + cap.error());
    arguments.options.max_cost = *cap;
  }
  auto config = LoadConfig(arguments.config, arguments.overrides);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error());
    return 2;
  }
  auto keys = TakeKeys(*config);
  if (!keys) return Complain(keys.error());
  auto file = FindDataFile("prices.json");
  if (!file) return Complain(file.error());
  auto prices = PriceTable::Load(*file);
  if (!prices) return Complain(prices.error());
  KeepSecretsOutOfCores();
  return RunStandalone(*config, *keys, *prices, arguments.options);
}

int Main(int argc, char** argv) {
  OpenStandardDescriptors();
  EndWhenOutOfMemory(kCannotGoOn);
  if (argc == 2 && std::strcmp(argv[1], kWorkerArgument) == 0) return ServePipe();
  if (argc == 2 && std::strcmp(argv[1], kForkServerArgument) == 0) return ServeForks(argv[1]);
  if (argc == 2 && std::strcmp(argv[1], "--list-models") == 0) return ServeList();
  if (argc == 2 && std::strcmp(argv[1], "--facts") == 0) return ShowFacts();
  CLI::App app{"Does one item of a muster run in the foreground, every step shown.",
               "muster-worker"};
  Arguments arguments;
  app.add_option("CONFIG", arguments.config, "the run's YAML")->required();
  app.add_option("--item", arguments.options.item, "id of the item")->required();
  app.add_option("--set", arguments.overrides.set, "name=value of a param or setting")
      ->allow_extra_args(false);
  app.add_option("--profile", arguments.overrides.profiles,
                 "settings of the config's profiles, before --set (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--output-dir", arguments.overrides.output_dir, "where --write puts outputs");
  app.add_flag("--json", arguments.options.json, "print one JSON object");
  app.add_flag("--write", arguments.options.write, "write the outputs");
  app.add_option("--max-cost", arguments.max_cost, "US dollars that this item may cost");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help
    return Complain(VisibleText(e.what()));
  }
  return RunItem(arguments);
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  try {
    return muster::Main(argc, argv);
  } catch (const std::exception& e) {  // a file that is gone, a full disk, a closed pipe
    muster::TellLast(e.what());
    return muster::kCannotGoOn;
  }
}
