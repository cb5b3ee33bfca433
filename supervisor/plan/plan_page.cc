#include "supervisor/plan/plan_page.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "common/config/url.h"
#include "common/expression.h"
#include "common/key_file.h"
#include "common/keys.h"
#include "common/step_values.h"
#include "common/template.h"
#include "common/text.h"
#include "supervisor/plan/budget_check.h"
#include "supervisor/plan/estimate_page.h"
#include "supervisor/plan/limit_text.h"

namespace muster {
namespace {

std::string KeyText(const Provider& provider) {
  if (!provider.key_file.empty()) {
    auto there = KeyFileExists(provider.key_file);
    const char* state = !there ? "cannot be used" : *there ? "set" : "missing";
    return fmt::format("key from {} ({})", VisibleText(provider.key_file), state);
  }
  if (!provider.key_env.empty()) {
    bool set = std::getenv(provider.key_env.c_str()) != nullptr;
    return fmt::format("key from {} ({})", provider.key_env, set ? "set" : "not set");
  }
  return provider.api == "claude-code" ? "key of the program's own" : "no key needed";
}

std::string EndpointText(const Provider& provider) {
  std::string key = KeyText(provider);
  if (provider.api == "mock") {
    return fmt::format("{} · embedded mock, costs are simulated · {}", provider.name, key);
  }
  std::string text = fmt::format("{} · {} · {}", provider.name, provider.api, key);
  if (provider.stream != "auto") text += fmt::format(" · stream: {}", provider.stream);
  if (provider.api == "claude-code") {
    text += "\nprogram " + VisibleText(provider.program.empty() ? "claude" : provider.program);
  }
  if (!provider.base_url.empty()) {
    text += fmt::format("\n{} ({})", VisibleText(provider.base_url), provider.base_url_from);
  }
  if (IsReadableOnTheWay(provider.base_url)) {
    text += "\nnote: plain http: prompts and keys can be read on the way";
  }
  return text;
}

// Where a program will be found that is looked for on $PATH; "": nowhere.
std::string OnPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty()) {
    size_t end = std::min(folders.find(':'), folders.size());
    std::string full = std::string(folders.substr(0, end)) + "/" + program;
    if (access(full.c_str(), X_OK) == 0) return full;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return "";
}

// A text as it is for every item; else its template.
std::string FixedText(const Config& config, const TextSource& text) {
  auto rendered = Render(text.text, text.origin, FixedNames(config));
  return rendered ? *std::move(rendered) : text.text;
}

// What a step will run, word by word, before any item fills in its names.
std::string CommandText(const Config& config, const Step& step) {
  std::vector<std::string> words;
  for (const TextSource& each : step.command->run) {
    std::string word = FixedText(config, each);
    bool plain = !word.empty() && word.find_first_of(" \t\n'\"") == std::string::npos;
    words.push_back(plain ? VisibleText(word) : "'" + VisibleText(word) + "'");
  }
  std::string text = fmt::format("{}: {}", step.id, fmt::join(words, " "));
  std::string program = FixedText(config, step.command->run.front());
  bool named = program.find('/') == std::string::npos && program.find("{{") == std::string::npos;
  if (named && OnPath(program).empty()) text += "\nnote: it is not on $PATH here";
  if (!step.command->env.empty()) {
    text += fmt::format("\nsees {}", fmt::join(step.command->env, ", "));
  }
  return text;
}

std::string RequestText(const Config& config, const Step& step) {
  const RequestStep& request = *step.request;
  std::string url =
      config.providers.at(request.provider).base_url + FixedText(config, request.post);
  std::string text = fmt::format("{}: POST {}", step.id, VisibleText(url));
  for (const Download& each : request.download) {
    text += "\nand fetches what the reply names into " + VisibleText(each.file.text);
  }
  return text;
}

// What a config has done beside its chats: a label and a text each.
std::vector<std::pair<std::string, std::string>> WorkOf(const Config& config) {
  Json context = FixedNames(config);
  std::vector<std::pair<std::string, std::string>> work;
  for (const Step* step : WorkingSteps(config)) {
    auto wanted = IsTrue(step->when, context, true);
    if (wanted && !*wanted) continue;  // of no item
    if (step->command) work.emplace_back("runs", CommandText(config, *step));
    if (step->request) work.emplace_back("sends", RequestText(config, *step));
  }
  return work;
}

// Programs that will be run and requests that will be sent: nothing of it comes as a surprise.
std::string WorkText(const Config& config) {
  std::string page;
  for (const auto& [label, text] : WorkOf(config)) page += LabelledText(label, text);
  return page;
}

// The lanes that calls of the plan obey and that have limits of ours.
std::string LanesText(const Config& config, const Estimate& estimate) {
  std::string text;
  for (const LaneLimits& lane : LanesOf(config)) {
    bool used =
        std::any_of(estimate.steps.begin(), estimate.steps.end(), [&](const StepEstimate& step) {
          return Holds(lane, config.providers.at(step.what.provider), step.what.model);
        });
    std::string limits = LimitsText(*lane.limits);
    if (!used || (limits.empty() && lane.limits->learn)) continue;
    if (!lane.limits->learn) limits += limits.empty() ? "learns none" : ", learns no others";
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", VisibleText(lane.name), limits);
  }
  return text.empty() ? "none of ours; those of the providers are learned from their replies"
                      : text;
}

std::string BudgetText(const Config& config) {
  const BudgetLimits& budget = config.budget;
  std::vector<std::string> parts;
  if (budget.max_cost) {
    parts.push_back(fmt::format("at most {}, a warning at {:.0f} %", FormatMoney(*budget.max_cost),
                                budget.warn_at * 100));
  }
  if (budget.max_cost_per_item) {
    parts.push_back(fmt::format("at most {} an item", FormatMoney(*budget.max_cost_per_item)));
  }
  for (const auto& [name, provider] : config.providers) {
    if (!provider.max_cost) continue;
    parts.push_back(fmt::format("at most {} for {}", FormatMoney(*provider.max_cost), name));
  }
  if (parts.empty()) return "none; --max-cost or budget.max_cost sets one";
  return fmt::format("{}", fmt::join(parts, ", "));
}

// The lowest ceiling over a call of that provider, if its worst case does not fit under it.
std::optional<Picodollars> CeilingBelow(const Config& config, const StepEstimate& step) {
  std::optional<Picodollars> lowest;
  for (const auto& cap : {config.budget.max_cost, config.budget.max_cost_per_item,
                          config.providers.at(step.what.provider).max_cost}) {
    if (cap && (!lowest || *cap < *lowest)) lowest = cap;
  }
  bool fits = !lowest || !step.reserve || *step.reserve <= *lowest;
  return fits ? std::nullopt : lowest;
}

std::string BudgetNotes(const Config& config, const Estimate& estimate, Picodollars spent) {
  std::string page;
  for (const StepEstimate& step : estimate.steps) {
    auto ceiling = CeilingBelow(config, step);
    if (!ceiling) continue;
    page += LabelledText(
        "note", fmt::format("{}: a call reserves up to {}, more than the budget of {}: it would "
                            "never be sent",
                            step.what.step, FormatMoney(*step.reserve), FormatMoney(*ceiling)));
  }
  const auto& cap = config.budget.max_cost;
  if (cap && estimate.cost.expected && AddMoney(spent, *estimate.cost.expected) > *cap) {
    page += LabelledText("note",
                         "the expected cost is more than is left of the budget: the run "
                         "would stop before its end");
  }
  return page;
}

bool IsLoopback(const std::string& host_port) {
  std::string host = host_port.substr(0, host_port.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

std::string MetricsNote(const Config& config) {
  if (config.metrics.empty()) return "";
  std::string text = "served at " + VisibleText(config.metrics);
  if (!IsLoopback(config.metrics)) {
    text += "; other machines can read them too: numbers and names, no key";
  }
  return LabelledText("metrics", text);
}

std::string SizeText(int64_t bytes) {
  if (bytes < 1'000) return fmt::format("{} bytes", bytes);
  return bytes < 1'000'000 ? fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1e3)
                           : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// The pictures of a prompt, a line each, below their sum.
std::string ImagesText(const RehearsedCall& call) {
  std::string lines;
  int64_t bytes = 0;
  ImageTokens sum;
  for (const auto& [file, tokens] : call.images) {
    lines += fmt::format("{}: {}, {} × {}, {}, about {} tokens\n", VisibleText(file.path),
                         file.media_type, file.width, file.height, SizeText(file.bytes),
                         FormatCount(tokens.likely));
    bytes += file.bytes;
    sum.likely += tokens.likely;
    sum.most += tokens.most;
  }
  std::string more = call.more_images ? "and those that an earlier step will name\n" : "";
  if (call.images.empty()) return more.empty() ? "" : "--- images\n" + more;
  return fmt::format("--- images: {}, {}, about {} tokens, at most {}\n{}{}", call.images.size(),
                     SizeText(bytes), FormatCount(sum.likely), FormatCount(sum.most), lines, more);
}

}  // namespace

std::string PlanPage(const Config& config, const PriceTable& prices, const Plan& plan,
                     int64_t workers) {
  const Estimate& estimate = plan.estimate;
  std::string page;
  for (const Provider* provider : ProvidersInUse(config)) {
    page += LabelledText("provider", EndpointText(*provider));
  }
  page += WorkText(config);
  page += LabelledText("limits", LanesText(config, estimate));
  page += LabelledText("budget", BudgetText(config));
  page += LabelledText("workers", FormatCount(workers));
  page += MetricsNote(config);
  page += LabelledText("run", VisibleText(config.run_dir));
  page += LabelledText("outputs", VisibleText(config.output_dir));
  if (!estimate.steps.empty()) page += "\n" + EstimateTable(estimate);
  return page + "\n" + EstimateNotes(config, prices, estimate) +
         BudgetNotes(config, estimate, plan.spent);
}

std::vector<std::string> WorkLines(const Config& config) {
  std::vector<std::string> lines;
  for (const auto& [label, text] : WorkOf(config)) {
    std::string line = label + " " + text;
    for (size_t at; (at = line.find('\n')) != std::string::npos;) line.replace(at, 1, "; ");
    lines.push_back(std::move(line));
  }
  for (const Provider* provider : ProvidersInUse(config)) {
    if (provider->api != "claude-code") continue;
    lines.push_back("runs " +
                    VisibleText(provider->program.empty() ? "claude" : provider->program) +
                    " for the calls of " + VisibleText(provider->name));
  }
  return lines;
}

std::string FirstPromptPage(const Plan& plan) {
  if (!plan.first) return "";
  const auto& calls = plan.first->calls;
  auto first = std::find_if(calls.begin(), calls.end(),
                            [](const auto& call) { return call.kind == CallKind::kChat; });
  if (first == calls.end()) return "";
  const RehearsedCall& call = *first;
  std::string page =
      fmt::format("\nfirst prompt (item {}, step {}, {}/{}):\n", VisibleText(plan.first_id),
                  VisibleText(call.step), call.provider, VisibleText(call.model));
  if (!call.system.empty()) {
    page += fmt::format("--- system\n{}\n", VisibleText(call.system, true));
  }
  return page +
         fmt::format("--- user\n{}\n{}---\n", VisibleText(call.user, true), ImagesText(call));
}

std::string MistakesOf(const Config& config, const PriceTable& prices, const Plan& plan) {
  std::string text;
  for (const PlanMistake& each : plan.mistakes) {
    std::string more = each.items == 1 ? "" : fmt::format(" and {} more", each.items - 1);
    std::string where = fmt::format(" (item {}{})", VisibleText(each.first_item), more);
    text += each.text + (each.first_item.empty() ? "" : where) + "\n";
  }
  if (!HasBudget(config)) return text;
  for (const StepEstimate& each : plan.estimate.steps) {
    std::string why = WhyUnbounded(config, prices, each.step_index, each.what);
    if (!why.empty()) text += "budget: " + why + "\n";
  }
  return text;
}

}  // namespace muster
