// muster: runs one LLM job over many items. This file is the command line; run.cc is where a run
// begins.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <system_error>

#include "common/fd.h"
#include "common/process.h"
#include "common/protocol.h"
#include "common/text.h"
#include "supervisor/command_line.h"
#include "supervisor/control/ctl.h"
#include "supervisor/doctor/doctor_command.h"
#include "supervisor/metrics/metrics_command.h"
#include "supervisor/models/models_command.h"
#include "supervisor/outputs/clean_command.h"
#include "supervisor/outputs/export_command.h"
#include "supervisor/report/report_command.h"
#include "supervisor/run.h"
#include "supervisor/schema_page.h"
#include "supervisor/settings_page.h"
#include "supervisor/status.h"
#include "supervisor/supervisor.h"

namespace muster {
namespace {

struct Arguments {
  RunOptions run;
  SelectionOptions selection;
  int64_t workers = 0;
  int64_t pilot = 0;
  bool redo = false, keep_done = false;
  std::string status_run;
  bool status_items = false, status_json = false;
  std::vector<std::string> ctl_words;
  std::string metrics_at;
  ModelsOptions models;
  DoctorOptions doctor;
  ReportOptions report;
  ExportOptions exported;
};

int Complain(const std::string& message) {
  fmt::print(stderr, "muster: {}\n", message);
  return kBadInput;
}

void AddConfigOptions(CLI::App& app, Arguments& arguments) {
  RunOptions& run = arguments.run;
  app.add_option("CONFIG", run.config, "the run's YAML")->required();
  app.add_option("--set", run.overrides.set, "name=value of a param, or of a setting by its path")
      ->allow_extra_args(false);
  app.add_option("--profile", run.overrides.profiles,
                 "settings of the config's profiles, before --set (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--run", run.overrides.run_dir, "run directory (default: runs/NAME)");
  app.add_option("--output-dir", run.overrides.output_dir, "where outputs go");
  app.add_option(
      "--shard", run.overrides.shard,
      "only the I-th of N shares of the items, as I/N, in a folder of its own in the run "
      "directory, with an N-th of limits and budget");
  app.add_option("--max-cost", run.overrides.max_cost,
                 "US dollars that the run may cost at most, over all its sessions");
  app.add_option("--timeout", run.overrides.timeout,
                 "how long one try of a call may take: 90s, 10m");
}

void AddSelection(CLI::App& app, SelectionOptions& selection) {
  constexpr int64_t kMost = 1'000'000'000;
  app.add_option("--only", selection.only, "only this item (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--range", selection.range, "only items A..B, both included");
  app.add_option("--where", selection.where, "only items for which this is true: item.task==trend");
  auto* sample = app.add_option("--sample", selection.sample, "only N of these, by chance")
                     ->check(CLI::Range(int64_t{1}, kMost));
  app.add_option("--seed", selection.seed, "another seed, another sample")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->needs(sample);
  app.add_option("--limit", selection.limit, "only the first N of these")
      ->check(CLI::Range(int64_t{1}, kMost));
}

void AddRun(CLI::App& app, Arguments& arguments) {
  RunOptions& run = arguments.run;
  AddConfigOptions(app, arguments);
  app.add_option("-j,--workers", arguments.workers,
                 "workers (default: the config's, else the cores)")
      ->check(CLI::Range(1, 10'000));
  app.add_flag("--sequential", run.sequential, "one worker, every step shown");
  app.add_flag("--verbose", run.verbose, "show every step");
  AddSelection(app, arguments.selection);
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

void AddDoctor(CLI::App& app, Arguments& arguments) {
  ConfigOverrides& overrides = arguments.doctor.overrides;
  app.add_option("CONFIG", arguments.doctor.config, "a YAML config that is to run here");
  app.add_option("--set", overrides.set, "name=value of a param, or of a setting by its path")
      ->allow_extra_args(false);
  app.add_option("--profile", overrides.profiles,
                 "settings of the config's profiles, before --set (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--run", overrides.run_dir, "run directory (default: in runs/)");
  app.add_option("-j,--workers", arguments.workers,
                 "workers that are wanted (default: the config's, else the cores)")
      ->check(CLI::Range(1, 10'000));
  app.add_flag("--json", arguments.doctor.json, "for machines");
}

// One of some words, or the nearest of them in the error.
CLI::Validator OneOf(std::vector<std::string> words) {
  auto check = [words](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    std::string nearest = NearestName(word, words);
    return fmt::format("\"{}\"; expected one of: {}{}", word, fmt::join(words, ", "),
                       nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?");
  };
  return CLI::Validator(check, fmt::format("{}", fmt::join(words, "|")));
}

void AddReport(CLI::App& app, ReportOptions& report) {
  app.add_option("RUN", report.runs, "run directories; several are compared")->required();
  app.add_option("--format", report.format, "how it is written (default: text)")
      ->check(OneOf({"text", "md", "csv", "json", "html"}));
  app.add_option("--output", report.output, "the file it is written to (default: shown)");
}

void AddExport(CLI::App& app, ExportOptions& exported) {
  app.add_option("RUN", exported.run, "run directory")->required();
  app.add_option("--format", exported.format, "how it is written (default: jsonl)")
      ->check(OneOf({"jsonl", "csv", "text"}));
  app.add_option("--to", exported.to, "the folder it is written to (default: shown)");
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
  auto selection = MakeSelection(arguments.selection);
  if (!selection) return Complain(selection.error());
  run.selection = *std::move(selection);
  run.overrides.range = arguments.selection.range;
  if (arguments.workers > 0) run.overrides.workers = arguments.workers;
  if (arguments.pilot > 0) run.pilot = arguments.pilot;
  if (arguments.redo) run.on_change = OnChange::kRedo;
  if (arguments.keep_done) run.on_change = OnChange::kKeepDone;
  return run.dry_run ? DryRunCommand(run) : RunCommand(run);
}

int DoDoctor(Arguments& arguments) {
  if (arguments.workers > 0) arguments.doctor.overrides.workers = arguments.workers;
  return DoctorCommand(arguments.doctor);
}

int Main(int argc, char** argv) {
  OpenStandardDescriptors();
  EndWhenOutOfMemory(kLedgerFailure);
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
  auto* doctor =
      app.add_subcommand("doctor", "what this machine offers and lacks; nothing is sent");
  AddDoctor(*doctor, arguments);
  auto* report = app.add_subcommand("report", "what a run came to, or several compared");
  AddReport(*report, arguments.report);
  auto* exported = app.add_subcommand("export", "a run's results again, from its ledger");
  AddExport(*exported, arguments.exported);
  auto* clean = app.add_subcommand("clean", "removes a run's work files, keeps its results");
  clean->add_option("RUN", arguments.status_run, "run directory")->required();
  auto* schema = app.add_subcommand("schema", "a JSON Schema of configs, for editors");
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
  if (doctor->parsed()) return DoDoctor(arguments);
  if (report->parsed()) return ReportCommand(arguments.report);
  if (exported->parsed()) return ExportCommand(arguments.exported);
  if (clean->parsed()) return CleanCommand(arguments.status_run);
  if (schema->parsed()) return fmt::print("{}", SchemaPage()), kAllDone;
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
  } catch (const std::exception& e) {  // a file that is gone, a full disk, a closed pipe
    muster::TellLast(e.what());
    return muster::kLedgerFailure;
  }
}
