#include "worker/item_run.h"

#include <filesystem>

#include "common/item_result.h"
#include "common/output_record.h"
#include "common/safe_name.h"
#include "common/score.h"
#include "worker/steps/step_run.h"

namespace muster {
namespace {

std::string WorkFolder(const std::string& run_dir, const std::string& item) {
  std::error_code error;
  auto folder = std::filesystem::absolute(run_dir, error);
  return (folder / "work" / SafeName(item)).lexically_normal().string();
}

}  // namespace

ItemRun::ItemRun(const Config& config, const std::string& run_dir, Caller& caller, Link& link,
                 Item item, bool verbose)
    : config_(config),
      caller_(caller),
      link_(link),
      item_(std::move(item)),
      verbose_(verbose),
      work_folder_(WorkFolder(run_dir, item_.item)),
      context_(ItemContext(config, item_.fields)),
      parts_{config, caller, work_folder_,
             [this](const std::string& kind, const std::string& path, std::string text) {
               Tell(kind, path, std::move(text));
             },
             [this](const CallValue& value) { Account(value); }} {
  context_["work"] = work_folder_;
  caller_.BeginAttempt(item_.item, item_.attempt);
}

Task<Done> ItemRun::Run() {
  for (const Step& step : config_.steps) {
    Json context = context_;
    Task<StepEnd> run = RunStep(parts_, step, std::move(context), nullptr);
    StepEnd end = co_await run;
    if (auto* ended = std::get_if<Ended>(&end)) co_return Finish(ended->outcome, ended->reason);
    Json& value = std::get<Json>(end);
    for (std::string& warning : WarningsOf(step, value)) warnings_.push_back(std::move(warning));
    AddStepValue(step, std::move(value), context_);
  }
  Done done = Finish(Outcome::kDone, "");
  if (auto concluded = Conclude(done); !concluded) {
    co_return Finish(Outcome::kFailed, concluded.error());
  }
  co_return done;
}

// Scores, outputs and what reports need, when all steps are done.
Result<void> ItemRun::Conclude(Done& done) {
  ItemEnd end{"", warnings_, usage_, Json::object()};
  AddItemEnd(context_, end);
  auto scores = ScoreItem(config_, context_);
  if (!scores) return Error{scores.error()};
  context_["scores"] = *std::move(scores);
  for (size_t i = 0; i < config_.outputs.size(); ++i) {
    auto output = MakeRecord(config_, i, context_);
    if (!output) return Error{output.error()};
    done.outputs.push_back(*std::move(output));
  }
  auto result = MakeItemResult(config_, context_);
  if (!result) return Error{result.error()};
  done.result = *std::move(result);
  return {};
}

void ItemRun::Account(const CallValue& value) {
  ++usage_.calls;
  if (value.usage) usage_.usage += *value.usage;
  usage_.usage_known = usage_.usage_known && value.usage.has_value();
  usage_.cost += value.cost.value_or(0);
  usage_.cost_known = usage_.cost_known && value.cost.has_value();
}

Done ItemRun::Finish(Outcome outcome, std::string reason) const {
  Done done;
  done.item = item_.item;
  done.attempt = item_.attempt;
  done.outcome = outcome;
  done.reason = caller_.redactor().Apply(std::move(reason));
  return done;
}

void ItemRun::Tell(const std::string& kind, const std::string& step, std::string text) {
  if (!verbose_ && kind != "progress") return;
  link_.Say(Event{item_.item, item_.attempt, kind, step, std::move(text)});
}

}  // namespace muster
