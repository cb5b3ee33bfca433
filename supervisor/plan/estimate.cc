#include "supervisor/plan/estimate.h"

#include <algorithm>
#include <cmath>

#include "common/pricing.h"

namespace muster {
namespace {

// A next ask that says why is longer by the reason and the words around it, in bytes of JSON.
constexpr int64_t kSayWhyBytes = 2'500;

// What a program, a POST, and a job that is waited for are taken to last, in milliseconds.
constexpr int64_t kCommandMs = 1'000, kPostMs = 2'000, kJobMs = 60'000;

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

CostCases Times(int64_t times, CostCases cost) {
  for (Money* each : {&cost.low, &cost.expected, &cost.worst, &cost.asked_again}) {
    if (*each) *each = PriceOf(times, **each);
  }
  return cost;
}

// Where the ledger keeps what a call's answer came to.
std::string AnswerPathOf(const RehearsedCall& call) {
  return call.kind == CallKind::kRequest ? call.step + ".post" : call.step;
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
      working_(WorkingSteps(config)),
      prices_(prices),
      measured_(std::move(measured)),
      workers_(std::max<int64_t>(workers, 1)) {}

Estimator::Row& Estimator::RowOf(const RehearsedCall& call) {
  auto [found, added] = rows_.try_emplace({call.step_index, call.provider, call.model});
  Row& row = found->second;
  if (!added) return row;
  row.step = working_[call.step_index];
  row.provider = &config_.providers.at(call.provider);
  row.sum.step_index = call.step_index;
  row.sum.what = {row.step->id, call.provider, call.model};
  row.sum.kind = call.kind;
  row.sum.left_out = call.left_out;
  row.options = call.options;
  row.tier = TierOf(row.options.service_tier);
  if (call.kind == CallKind::kChat) {
    row.price = FindPrice(prices_, *row.provider, call.model);
    row.sum.priced = CostOfGuess(row, 0, 0, 0).has_value();
  } else {
    row.sum.priced = call.fixed_cost.has_value();
  }
  if (row.price) {
    row.sum.window = row.price->max_input;
    row.sum.max_output = row.price->max_output;
    const auto& takes = row.price->supports;
    row.sum.blind =
        !takes.empty() && std::find(takes.begin(), takes.end(), "vision") == takes.end();
  }
  row.sum.answer = GuessAnswer(row.options, row.price ? &*row.price : nullptr);
  row.expected_text = row.sum.answer.expected_text;
  Measure(row);
  return row;
}

// Of an HTTP job, which is several calls, the POST counts and the time of all.
void Estimator::Measure(Row& row) const {
  StepModel what = row.sum.what;
  if (row.sum.kind == CallKind::kRequest) what.step += ".post";
  auto measured = measured_.steps.find(what);
  if (measured == measured_.steps.end()) return;
  row.measured = measured->second;
  row.sum.measured_calls = row.measured->calls;
  if (row.sum.kind == CallKind::kRequest) {
    for (const char* part : {".poll", ".download"}) {
      what.step = row.sum.what.step + part;
      auto found = measured_.steps.find(what);
      if (found != measured_.steps.end()) row.measured->total_ms += found->second.total_ms;
    }
  }
  // Not of all its asks: one answer stands in later prompts.
  if (row.sum.kind == CallKind::kChat && row.measured->with_usage > 0) {
    const Usage& usage = row.measured->usage;
    row.expected_text = (usage.output - usage.reasoning) / row.measured->with_usage;
  }
}

// `before`: the rows of the item's calls so far, by their index.
Estimator::Input Estimator::InputOf(const RehearsedCall& call,
                                    const std::vector<Row*>& before) const {
  int64_t low = call.text_bytes, expected = call.text_bytes, likely = call.most_bytes;
  std::optional<int64_t> most = call.most_bytes;
  if (call.more_images || call.more_text) most.reset();
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

CostCases Estimator::CostOfChat(const Row& row, const RehearsedCall& call,
                                const Input& input) const {
  CostCases cost{std::nullopt, std::nullopt, std::nullopt, std::nullopt};
  if (!row.sum.priced) return cost;
  const AnswerGuess& answer = row.sum.answer;
  cost.low = CostOfGuess(row, input.low, answer.low, answer.low);
  cost.expected = CostOfGuess(row, input.expected, answer.expected, answer.expected_text);
  if (input.most) cost.worst = WorstOf(row, *input.most);
  if (cost.worst) {
    int64_t again = *input.most + (row.step->say_why ? kSayWhyBytes : 0);
    Money each = WorstOf(row, again);
    cost.asked_again = AddMoney(*cost.worst, PriceOf(row.step->ask_again, each.value_or(0)));
  }
  if (call.maybe) cost.low = 0;
  return cost;
}

void Estimator::AddCall(Row& row, const RehearsedCall& call, const Input& input) {
  StepEstimate& sum = row.sum;
  CostCases cost;
  if (call.kind == CallKind::kChat) {
    cost = CostOfChat(row, call, input);
  } else {
    cost = {call.fixed_cost, call.fixed_cost, call.fixed_cost, call.fixed_cost};
    if (call.maybe && cost.low) cost.low = 0;
  }
  Money reserve = call.kind == CallKind::kChat ? WorstOf(row, input.likely_most) : call.fixed_cost;
  bool known = sum.reserve && reserve;
  sum.reserve = known ? Money(std::max(*sum.reserve, *reserve)) : std::nullopt;
  if (call.spare) {
    sum.spare += call.times;
    if (cost.low) cost.low = cost.expected = 0;
    sum.cost += Times(call.times, cost);
    return;
  }
  sum.calls += call.times;
  sum.maybe += call.maybe ? call.times : 0;
  sum.ms += call.times * MsOf(row);
  sum.cost += Times(call.times, cost);
  sum.images += call.times * static_cast<int64_t>(call.images.size());
  sum.more_images = sum.more_images || call.more_images;
  sum.more_text = sum.more_text || call.more_text;
  if (call.kind != CallKind::kChat) return;
  sum.input += call.times * input.expected;
  sum.output += call.times * sum.answer.expected;
}

int64_t Estimator::MsOf(const Row& row) const {
  if (row.measured) return row.measured->MsOf(1);
  if (row.sum.kind == CallKind::kCommand) return kCommandMs;
  if (row.sum.kind == CallKind::kRequest) return row.step->request->poll ? kJobMs : kPostMs;
  if (row.provider->api == "mock") {
    return (row.provider->mock.latency_min + row.provider->mock.latency_max).count() / 2;
  }
  return GuessLatency(row.sum.answer.expected).count();
}

// Counts an item once, with whichever of its calls comes first.
void Estimator::LookAtWindow(Row& row, const Input& input, const std::string& id) const {
  StepEstimate& sum = row.sum;
  if (!sum.window || input.expected <= *sum.window) return;
  sum.longest_over = std::max(sum.longest_over, input.expected);
  if (row.last_over == items_) return;
  row.last_over = items_;
  if (sum.over_window++ == 0) sum.first_over = id;
}

void Estimator::Add(const Rehearsal& item, const std::set<std::string>& answered,
                    const std::string& id) {
  ++items_;
  std::vector<Row*> before;
  ItemTime time(config_);
  for (const RehearsedCall& call : item.calls) {
    Row& row = RowOf(call);
    before.push_back(&row);
    if (answered.contains(AnswerPathOf(call))) {
      ++replayed_;
      continue;
    }
    Input input = InputOf(call, before);
    AddCall(row, call, input);
    if (call.spare) continue;
    for (int64_t i = 0; i < call.times; ++i) time.Add(call.step_index, MsOf(row));
    LookAtWindow(row, input, id);
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
    if (row.sum.calls == 0 && row.sum.spare == 0) continue;
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
