// muster: runs one LLM job over many items. This file is the command line; run.cc is where a run
// begins.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <system_error>

#include "common/fd.h"
#include "common/protocol.h"
#include "common/text.h"
#include "supervisor/control/ctl.h"
#include "supervisor/metrics/metrics_command.h"
#include "supervisor/models/models_command.h"
#include "supervisor/run.h"
#include "supervisor/settings_page.h"
#include "supervisor/status.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

struct Arguments {
  RunOptions run;
  std::vector<std::string> only;
  std::string range;
  int64_t limit = 0;
  int64_t workers = 0;
  int64_t pilot = 0;
  bool redo = false, keep_done = false;
  std::string status_run;
  bool status_items = false, status_json = false;
  std::vector<std::string> ctl_words;
  std::string metrics_at;
  ModelsOptions models;
};

int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return kBadInput;
}

// A word as a shell would need it written.
std::string Quoted(const std::string& word) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The command line again; `resume`: without what is only meant once.
std::string CommandLine(int argc, char** argv, bool resume) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (resume && word == "--pilot") ++i;  // and its number
    bool once = word == "--fresh" || word == "--redo" || word == "--keep-done" ||
                word == "--retry-failed" || word.starts_with("--pilot");
    if (resume && once) continue;
    line += (line.empty() ? "" : " ") + Quoted(word);
  }
  return line;
}

// "3..10", "3.." is not accepted: both ends say what is meant.
std::optional<std::pair<int64_t, int64_t>> ParseRange(const std::string& text) {
  int64_t from = 0, to = 0;
  const char* end = text.data() + text.size();
  auto [dots, error] = std::from_chars(text.data(), end, from);
  if (error != std::errc() || end - dots < 3 || dots[0] != '.' || dots[1] != '.')
    return std::nullopt;
  auto [last, error2] = std::from_chars(dots + 2, end, to);
  if (error2 != std::errc() || last != end || to < from) return std::nullopt;
  return std::pair(from, to);
}

void AddConfigOptions(CLI::App& app, Arguments& arguments) {
  RunOptions& run = arguments.run;
  app.add_option("CONFIG", run.config, "the run's YAML")->required();
  app.add_option("--set", run.overrides.set, "name=value of a param, or of a setting by its path")
      ->allow_extra_args(false);
  app.add_option("--run", run.overrides.run_dir, "run directory (default: runs/NAME)");
  app.add_option("--output-dir", run.overrides.output_dir, "where outputs go");
  app.add_option("--max-cost", run.overrides.max_cost,
                 "US dollars that the run may cost at most, over all its sessions");
  app.add_option("--timeout", run.overrides.timeout,
                 "how long one try of a call may take: 90s, 10m");
}

void AddRun(CLI::App& app, Arguments& arguments) {
  RunOptions& run = arguments.run;
  AddConfigOptions(app, arguments);
  app.add_option("-j,--workers", arguments.workers,
                 "workers (default: the config's, else the cores)")
      ->check(CLI::Range(1, 10'000));
  app.add_flag("--sequential", run.sequential, "one worker, every step shown");
  app.add_flag("--verbose", run.verbose, "show every step");
  app.add_option("--only", arguments.only, "only this item (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--range", arguments.range, "only items A..B, both included");
  app.add_option("--limit", arguments.limit, "only the first N items")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
  app.add_flag("--fresh", run.fresh, "begin anew; an older run is set aside, not deleted");
  app.add_flag("--retry-failed", run.retry_failed, "failed items again");
  auto* dry = app.add_flag("--dry-run", run.dry_run, "print what is left to do, and its cost");
  app.add_option("--pilot", arguments.pilot, "do N items, then say what the rest will cost and ask")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->excludes(dry);
  app.add_flag("--yes", run.yes, "go on after the pilot without asking");
  auto* redo = app.add_flag("--redo", arguments.redo,
                            "after a change: all items again, unchanged requests from the ledger");
  app.add_flag("--keep-done", arguments.keep_done, "after a change: keep what is done")
      ->excludes(redo);
}

void AddModels(CLI::App& app, ModelsOptions& models) {
  app.add_option("PROVIDER", models.provider,
                 "a provider, or a vendor of the price table (default: a line for each vendor)");
  app.add_option("--config", models.config, "a YAML config whose providers are meant");
  app.add_option("--filter", models.filter, "only models whose name contains this");
  app.add_flag("--live", models.live, "fail when the server cannot be asked for its models");
  app.add_flag("--json", models.json, "for machines");
}

// The first word that nobody expected, and what was probably meant.
int ComplainOfExtra(const CLI::App& app) {
  std::vector<std::string> extras = app.remaining(true), names;
  auto option = std::find_if(extras.begin(), extras.end(),
                             [](const std::string& word) { return word.starts_with("-"); });
  std::string word = option != extras.end() ? *option : extras.front();
  const CLI::App* sub = app.get_subcommands().empty() ? &app : app.get_subcommands().front();
  for (const CLI::Option* each : sub->get_options()) {
    for (const std::string& name : each->get_lnames()) names.push_back("--" + name);
  }
  if (sub == &app) {
    for (const CLI::App* each : app.get_subcommands({})) names.push_back(each->get_name());
  }
  std::string nearest = NearestName(word, names);
  return Complain(fmt::format("\"{}\" was not expected{}; muster {}--help says what is",
                              VisibleText(word),
                              nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?",
                              sub == &app ? "" : sub->get_name() + " "));
}

int DoRun(Arguments& arguments) {
  RunOptions& run = arguments.run;
  run.selection.only.insert(arguments.only.begin(), arguments.only.end());
  if (arguments.limit > 0) run.selection.limit = arguments.limit;
  if (arguments.workers > 0) run.overrides.workers = arguments.workers;
  if (arguments.pilot > 0) run.pilot = arguments.pilot;
  if (!arguments.range.empty()) {
    run.selection.range = ParseRange(arguments.range);
    if (!run.selection.range) {
      return Complain("--range: \"" + VisibleText(arguments.range) +
                      "\"; expected A..B, as in 1..10");
    }
  }
  if (arguments.redo) run.on_change = OnChange::kRedo;
  if (arguments.keep_done) run.on_change = OnChange::kKeepDone;
  return run.dry_run ? DryRunCommand(run) : RunCommand(run);
}

int Main(int argc, char** argv) {
  OpenStandardDescriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error like a full disk
  CLI::App app{"Runs one LLM job over many items and keeps the books.", "muster"};
  app.set_version_flag("--version",
                       fmt::format("muster (protocol {}, build {})", kProtocolVersion, BuildId()));
  Arguments arguments;
  arguments.run.command = CommandLine(argc, argv, false);
  arguments.run.resume_command = CommandLine(argc, argv, true);
  auto* run = app.add_subcommand("run", "run, or go on where a run was stopped");
  AddRun(*run, arguments);
  auto* check =
      app.add_subcommand("check", "validate a config and print the plan; nothing is sent");
  AddConfigOptions(*check, arguments);
  auto* status = app.add_subcommand("status", "where a live or finished run stands");
  status->add_option("RUN", arguments.status_run, "run directory (default: the latest in runs/)");
  status->add_flag("--items", arguments.status_items, "a line for every item");
  status->add_flag("--json", arguments.status_json, "for machines");
  auto* ctl = app.add_subcommand("ctl", "tells a live run what to do");
  ctl->add_option("RUN", arguments.status_run, "run directory")->required();
  ctl->add_option("COMMAND", arguments.ctl_words, "what to do")->required();
  ctl->footer(kCtlHelp);
  auto* metrics = app.add_subcommand("metrics", "serves a run's numbers to Prometheus");
  metrics->add_option("RUN", arguments.status_run, "run directory")->required();
  metrics->add_option("ADDRESS", arguments.metrics_at, "host:port, such as 127.0.0.1:9464")
      ->required();
  auto* models = app.add_subcommand("models", "models and their prices, as far as they are known");
  AddModels(*models, arguments.models);
  auto* settings = app.add_subcommand("settings", "every setting of a config, as Markdown");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return ComplainOfExtra(app);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return Complain(VisibleText(e.what()));
  }
  if (app.get_subcommands().empty()) return fmt::print("{}", app.help()), kBadInput;
  if (run->parsed()) return DoRun(arguments);
  if (check->parsed()) return CheckCommand(arguments.run.config, arguments.run.overrides);
  if (ctl->parsed()) return CtlCommand(arguments.status_run, arguments.ctl_words);
  if (metrics->parsed()) return MetricsCommand(arguments.status_run, arguments.metrics_at);
  if (models->parsed()) return ModelsCommand(arguments.models);
  if (settings->parsed()) return fmt::print("{}", SettingsPage()), kAllDone;
  if (arguments.status_run.empty()) {
    auto latest = LatestRun("runs");
    if (!latest) return Complain(latest.error());
    arguments.status_run = *latest;
  }
  return PrintStatus(arguments.status_run, arguments.status_items, arguments.status_json);
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  try {
    return muster::Main(argc, argv);
  } catch (const std::system_error&) {  // nobody can be told: a full disk, a closed pipe
    return muster::kLedgerFailure;
  }
}
