#include "supervisor/doctor/doctor_command.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "common/config/complete.h"
#include "common/files.h"
#include "common/text.h"
#include "supervisor/crew/squad_plan.h"
#include "supervisor/doctor/config_facts.h"
#include "supervisor/doctor/folder_facts.h"
#include "supervisor/doctor/kernel_facts.h"
#include "supervisor/doctor/limit_facts.h"
#include "supervisor/doctor/surroundings_facts.h"
#include "supervisor/doctor/worker_facts.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

// One item, one call of the mock: what holds where no config says otherwise.
Config EmptyConfig(const ConfigOverrides& overrides) {
  Places places("");
  Problems problems(places);
  Config config;
  CompleteConfig({}, config, problems);
  config.name = "doctor";
  config.items.range = ItemSource::Range{1, 1};
  Step step;
  step.id = "ask";
  step.chat.emplace();
  step.chat->model.text = "mock/any";
  step.chat->user.text = "hello";
  config.steps.push_back(step);
  std::error_code error;
  std::string run_dir = overrides.run_dir.empty() ? "runs" : overrides.run_dir;
  config.run_dir = std::filesystem::absolute(run_dir, error).string();
  config.workers = overrides.workers.value_or(0);
  return config;
}

// Nothing that is started from here on gets a key.
void ForgetKeys(const Config& config) {
  for (const auto& [name, provider] : config.providers) {
    if (!provider.key_env.empty()) unsetenv(provider.key_env.c_str());
  }
}

void Add(Facts& facts, Facts more) { facts.insert(facts.end(), more.begin(), more.end()); }

Facts MachineFacts(const Config& config) {
  size_t workers = 0, local = 0;
  for (const SquadPlan& squad : PlanSquads(config, "", false)) {
    workers += squad.size;
    if (!squad.launched()) local += squad.size;
  }
  Facts facts = KernelFacts();
  Add(facts, LimitFacts(workers, local));
  Add(facts, WorkerFacts(ProgramFolder() + "/muster-worker", config));
  Add(facts, FolderFacts(config.run_dir));
  Add(facts, SurroundingsFacts());
  return facts;
}

Fact MistakesFact(const std::string& path, const std::string& mistakes) {
  std::string lines = mistakes;
  while (lines.ends_with('\n')) lines.pop_back();
  for (size_t at; (at = lines.find('\n')) != lines.npos;) lines.replace(at, 1, " | ");
  return {FactKind::kMissing, "config", lines.empty() ? path : lines};
}

void Print(std::string text) {
  if (isatty(STDOUT_FILENO) == 1) text = VisibleText(text, true);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int DoctorCommand(const DoctorOptions& options) {
  Config config = EmptyConfig(options.overrides);
  Facts of_config;
  if (!options.config.empty()) {
    auto loaded = LoadConfig(options.config, options.overrides);
    if (loaded) config = *std::move(loaded);
    of_config = loaded ? ConfigFacts(config) : Facts{MistakesFact(options.config, loaded.error())};
  }
  ForgetKeys(config);
  Facts facts = MachineFacts(config);
  Add(facts, std::move(of_config));
  Print(options.json ? PrettyJson(FactsJson(facts)) + "\n" : FactsPage(facts));
  return AnyMissing(facts) ? kBadInput : kAllDone;
}

}  // namespace muster
