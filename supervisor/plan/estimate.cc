#include "supervisor/plan/estimate.h"

#include <algorithm>
#include <cmath>

#include "common/pricing.h"

namespace muster {
namespace {

// A next ask that says why is longer by the reason and the words around it, in bytes of JSON.
constexpr int64_t kSayWhyBytes = 2'500;

using Money = std::optional<Picodollars>;

void Add(Money& sum, const Money& amount) {
  sum = sum && amount ? Money(AddMoney(*sum, *amount)) : std::nullopt;
}

int64_t TokensOf(int64_t bytes) { return (bytes + kCharsPerToken - 1) / kCharsPerToken; }

// The bytes that answers of `tokens` come to in a prompt.
int64_t Share(const AnswerUse& use, int64_t tokens) {
  return std::llround(use.share * static_cast<double>(tokens * kCharsPerToken));
}

ImageTokens SumOf(const std::vector<RehearsedImage>& images) {
  ImageTokens sum;
  for (const RehearsedImage& image : images) {
    sum.likely += image.tokens.likely;
    sum.most += image.tokens.most;
  }
  return sum;
}

}  // namespace

CostCases& CostCases::operator+=(const CostCases& other) {
  muster::Add(low, other.low);
  muster::Add(expected, other.expected);
  muster::Add(worst, other.worst);
  muster::Add(asked_again, other.asked_again);
  return *this;
}

Estimator::Estimator(const Config& config, const PriceTable& prices, Measurements measured,
                     int64_t workers)
    : config_(config),
      prices_(prices),
      measured_(std::move(measured)),
      workers_(std::max<int64_t>(workers, 1)) {}

Estimator::Row& Estimator::RowOf(const RehearsedCall& call) {
  auto [found, added] = rows_.try_emplace({call.step_index, call.provider, call.model});
  Row& row = found->second;
  if (!added) return row;
  row.step = &config_.steps[call.step_index];
  row.price = FindPrice(prices_, config_.providers.at(call.provider), call.model);
  row.sum.step_index = call.step_index;
  row.sum.what = {row.step->id, call.provider, call.model};
  row.provider = &config_.providers.at(call.provider);
  row.options = call.options;
  row.sum.left_out = call.left_out;
  row.tier = TierOf(row.options.service_tier);
  row.sum.priced = CostOfGuess(row, 0, 0, 0).has_value();
  row.sum.answer = GuessAnswer(row.options, row.price ? &*row.price : nullptr);
  row.expected_text = row.sum.answer.expected_text;
  auto measured = measured_.steps.find(row.sum.what);
  if (measured == measured_.steps.end()) return row;
  row.measured = &measured->second;
  row.sum.measured_calls = row.measured->calls;
  // Not of all its asks: one answer stands in later prompts.
  if (row.measured->with_usage > 0) {
    const Usage& usage = row.measured->usage;
    row.expected_text = (usage.output - usage.reasoning) / row.measured->with_usage;
  }
  return row;
}

// `before`: the rows of the item's calls so far, by their index.
Estimator::Input Estimator::InputOf(const RehearsedCall& call,
                                    const std::vector<Row*>& before) const {
  int64_t low = call.text_bytes, expected = call.text_bytes, likely = call.most_bytes;
  std::optional<int64_t> most = call.more_images ? std::nullopt : std::optional(call.most_bytes);
  for (const AnswerUse& use : call.answers) {
    const Row& made = *before[use.call];
    low += Share(use, made.sum.answer.low);
    expected += Share(use, made.expected_text);
    likely += use.times * made.expected_text * kCharsPerToken;
    auto longest = made.sum.answer.most;
    most = most && longest ? std::optional(*most + use.times * *longest * kCharsPerToken)
                           : std::nullopt;
  }
  ImageTokens images = SumOf(call.images);
  if (most) *most += images.most;
  return {TokensOf(low) + images.likely, TokensOf(expected) + images.likely, likely + images.most,
          most};
}

// Where the provider may choose the tier, it is expected to be the usual one.
Money Estimator::CostOfGuess(const Row& row, int64_t input, int64_t output, int64_t text) const {
  if (!row.price) return std::nullopt;
  Usage usage{.input = input, .output = output, .reasoning = output - text};
  return CostOf(*row.price, usage, row.tier == "auto" ? "" : row.tier);
}

Money Estimator::WorstOf(const Row& row, int64_t input) const {
  if (!row.price) return std::nullopt;
  return WorstOfTry(*row.price, *row.provider, input, row.options.max_tokens, row.tier);
}

void Estimator::AddCall(Row& row, const RehearsedCall& call, const Input& input) {
  StepEstimate& sum = row.sum;
  const AnswerGuess& answer = sum.answer;
  ++sum.calls;
  sum.input += input.expected;
  sum.output += answer.expected;
  sum.ms += MsOf(row);
  sum.images += static_cast<int64_t>(call.images.size());
  sum.more_images = sum.more_images || call.more_images;
  CostCases cost{std::nullopt, std::nullopt, std::nullopt, std::nullopt};
  if (sum.priced) {
    cost.low = CostOfGuess(row, input.low, answer.low, answer.low);
    cost.expected = CostOfGuess(row, input.expected, answer.expected, answer.expected_text);
    if (input.most) cost.worst = WorstOf(row, *input.most);
    if (cost.worst) {
      int64_t again = *input.most + (row.step->say_why ? kSayWhyBytes : 0);
      Money each = WorstOf(row, again);
      cost.asked_again = AddMoney(*cost.worst, PriceOf(row.step->ask_again, each.value_or(0)));
    }
  }
  sum.cost += cost;
  Money reserve = WorstOf(row, input.likely_most);
  bool known = sum.reserve && reserve;
  sum.reserve = known ? Money(std::max(*sum.reserve, *reserve)) : std::nullopt;
}

int64_t Estimator::MsOf(const Row& row) const {
  if (row.measured) return row.measured->MsOf(1);
  const Provider& provider = config_.providers.at(row.sum.what.provider);
  if (provider.api == "mock") {
    return (provider.mock.latency_min + provider.mock.latency_max).count() / 2;
  }
  return GuessLatency(row.sum.answer.expected).count();
}

void Estimator::Add(const Rehearsal& item, const std::set<std::string>& answered) {
  ++items_;
  std::vector<Row*> before;
  ItemTime time(config_);
  for (const RehearsedCall& call : item.calls) {
    Row& row = RowOf(call);
    if (answered.contains(call.step)) {
      ++replayed_;
    } else {
      AddCall(row, call, InputOf(call, before));
      time.Add(call.step_index, MsOf(row));
    }
    before.push_back(&row);
  }
  work_.Add(time.ms());
}

// What was measured comes in the place of what was guessed.
StepEstimate Estimator::Settled(const Row& row) const {
  StepEstimate sum = row.sum;
  if (!row.measured) return sum;
  if (auto usage = row.measured->UsageOf(sum.calls)) {
    sum.input = usage->input;
    sum.output = usage->output;
  }
  sum.ms = row.measured->MsOf(sum.calls);
  if (Money cost = row.measured->CostOf(sum.calls)) {
    sum.cost.expected = cost;
    if (sum.cost.low) sum.cost.low = std::min(*sum.cost.low, *cost);
  }
  return sum;
}

Estimate Estimator::Finish() const {
  Estimate all;
  all.items = items_;
  all.replayed = replayed_;
  for (const auto& [key, row] : rows_) {
    if (row.sum.calls == 0) continue;
    all.steps.push_back(Settled(row));
    const StepEstimate& sum = all.steps.back();
    all.calls += sum.calls;
    all.input += sum.input;
    all.output += sum.output;
    all.cost += sum.cost;
    if (sum.measured_calls > 0) all.measured_items = measured_.items;
  }
  std::vector<CallLoad> loads;
  for (const StepEstimate& sum : all.steps) {
    loads.push_back({sum.what.provider, sum.what.model, sum.calls, sum.input, sum.output, sum.ms});
  }
  all.time = TimeUnderLimits(config_, loads, work_, workers_);
  return all;
}

}  // namespace muster
