#include "supervisor/books.h"

#include "common/pricing.h"

namespace muster {
namespace {

using record::TryOutcome;

// What of a try's worst case is counted as unknown: all of it unless its cost is known.
Picodollars UnknownPart(const record::TryEnded& ended, std::optional<Picodollars> worst) {
  bool known = ended.outcome != TryOutcome::kUnknown && ended.cost;
  return known ? 0 : worst.value_or(0);
}

// As the ledger's own sums count (view_tries.cc).
void Sum(Totals& totals, const record::TryEnded& ended, std::optional<Picodollars> worst) {
  bool unknown = ended.outcome == TryOutcome::kUnknown;
  bool costless = !unknown && !ended.cost;
  ++totals.tries;
  totals.calls += ended.outcome == TryOutcome::kAnswered;
  totals.failed_tries += ended.outcome == TryOutcome::kFailed;
  totals.unknown_tries += unknown;
  totals.unpriced += costless && !worst;
  totals.unknown_usage += costless && worst;
  totals.unknown_unbounded += unknown && !worst;
  totals.unknown_cost = AddMoney(totals.unknown_cost, UnknownPart(ended, worst));
  if (ended.usage) totals.usage += *ended.usage;
  totals.cost = AddMoney(totals.cost, ended.cost.value_or(0));
  totals.cache_saving = AddMoney(totals.cache_saving, ended.cache_saving.value_or(0));
  if (!ended.own_cost) return;
  ++totals.own_costs;
  totals.own_cost = AddMoney(totals.own_cost, *ended.own_cost);
  totals.cost_beside_own = AddMoney(totals.cost_beside_own, ended.cost.value_or(0));
}

}  // namespace

Books::Books(Ledger& ledger, const Config& config, const PriceTable& prices, const Clock& clock)
    : ledger_(ledger), config_(config), prices_(prices), clock_(clock) {
  run_ = ledger.view().RunTotals();
}

int64_t Books::BeginAttempt(ItemRow& row, const std::string& worker, const std::string& node) {
  --counts_[static_cast<size_t>(row.status)];
  row.status = ItemStatus::kRunning;
  ++counts_[static_cast<size_t>(row.status)];
  ++row.attempts;
  ledger_.Add(record::AttemptStarted{row.id, row.attempts, worker, clock_.WallMs(), node});
  return row.attempts;
}

void Books::EndAttempt(const ItemRow& row, const std::string& outcome,
                       const std::string& evidence) {
  ledger_.Add(record::AttemptEnded{row.id, row.attempts, outcome, evidence, clock_.WallMs()});
}

void Books::SetStatus(ItemRow& row, ItemStatus status, const std::string& reason, int64_t work_ms) {
  --counts_[static_cast<size_t>(row.status)];
  row.status = status;
  ++counts_[static_cast<size_t>(row.status)];
  row.reason = reason;
  ledger_.Add(record::Status{row.id, status, reason, row.worker_deaths, work_ms});
}

void Books::Reopen(ItemRow& row) {
  --counts_[static_cast<size_t>(row.status)];
  row.status = ItemStatus::kPending;
  ++counts_[static_cast<size_t>(row.status)];
  row.reason.clear();
  row.worker_deaths = 0;
  ++row.extra_asks;
  ledger_.Add(record::Reopen{row.id, true});
}

void Books::AddOutput(const std::string& item, const OutputText& output) {
  ledger_.Add(record::Output{item, output.output, output.path, output.text});
}

void Books::MarkWritten(const std::string& item, int64_t output) {
  ledger_.Add(record::OutputWritten{item, output});
}

std::optional<ModelPrice> Books::PriceFor(const Call& call) const {
  auto provider = config_.providers.find(call.provider);
  if (provider == config_.providers.end()) return std::nullopt;
  return FindPrice(prices_, provider->second, call.model);
}

bool Books::Simulated(const Call& call) const {
  auto provider = config_.providers.find(call.provider);
  return provider != config_.providers.end() && provider->second.api == "mock";
}

std::optional<Picodollars> Books::WorstOf(const Call& call) const {
  auto provider = config_.providers.find(call.provider);
  if (provider == config_.providers.end()) return std::nullopt;
  return WorstOfCall(prices_, provider->second, call);
}

std::optional<int64_t> Books::ContextWindowOf(const Call& call) const {
  auto price = PriceFor(call);
  return price && !call.fixed_cost ? price->max_input : std::nullopt;
}

Books::Try Books::BeginTry(const Call& call, int64_t ask, int64_t ledger_call, int64_t tries_so_far,
                           const std::string& worker, int64_t input_reserved,
                           int64_t output_reserved) {
  Try sent;
  sent.call = ledger_call != 0 ? ledger_call : ledger_.TakeCallId();
  sent.number = tries_so_far + 1;
  sent.worst = WorstOf(call);
  record::TryStarted started;
  started.call = sent.call;
  started.number = sent.number;
  started.item = call.item;
  started.step = call.step;
  started.ask = ask;
  started.request_hash = call.request_hash;
  started.provider = call.provider;
  started.model = call.model;
  started.attempt = call.attempt;
  started.worker = worker;
  started.input_estimate = input_reserved;
  started.output_estimate = output_reserved;
  started.worst = sent.worst;
  started.simulated = Simulated(call);
  started.time_ms = clock_.WallMs();
  run_.simulated |= started.simulated;
  session_.simulated |= started.simulated;
  ledger_.Add(std::move(started));
  return sent;
}

record::TryEnded Books::Describe(const Try& sent, const Called& called) const {
  record::TryEnded ended;
  ended.call = sent.call;
  ended.number = sent.number;
  ended.usage = called.usage;
  ended.own_cost = called.own_cost;
  ended.tier = TierOf(called.tier);
  if (called.partial) ended.partial = called.partial->data;
  ended.served_model = called.served_model;
  ended.request_id = called.request_id;
  ended.total_ms = called.total_ms;
  ended.first_byte_ms = called.first_byte_ms;
  ended.time_ms = clock_.WallMs();
  if (called.failure) {
    ended.kind = Name(called.failure->kind);
    ended.message = called.failure->message;
    ended.http_status = called.failure->status;
  }
  return ended;
}

Books::Booked Books::EndTry(const Try& sent, const Call& call, const Called& called, Totals* also) {
  record::TryEnded ended = Describe(sent, called);
  auto price = PriceFor(call);
  auto provider = config_.providers.find(call.provider);
  if (provider != config_.providers.end())
    ended.cost = CostOfCall(prices_, provider->second, call, called);
  if (called.usage && price) ended.cache_saving = CacheSaving(*price, *called.usage, called.tier);
  if (called.answer) {
    ended.outcome = TryOutcome::kAnswered;
    ended.answer = called.answer->data;
  } else if (called.failure->billing == Billing::kNo) {
    ended.outcome = TryOutcome::kFailed;
  } else if (called.failure->billing == Billing::kUsage && (called.usage || ended.cost)) {
    ended.outcome = TryOutcome::kFailed;
  } else {
    ended.outcome = TryOutcome::kUnknown;
    ended.cost.reset();
  }
  auto cost = ended.cost;
  bool unknown = ended.outcome == TryOutcome::kUnknown;
  if (also) also->simulated |= Simulated(call);
  return {cost, Book(std::move(ended), sent, also), unknown};
}

Picodollars Books::LoseTry(const Try& sent, const std::string& why) {
  record::TryEnded ended;
  ended.call = sent.call;
  ended.number = sent.number;
  ended.outcome = TryOutcome::kUnknown;
  ended.kind = "worker-lost";
  ended.message = why;
  ended.time_ms = clock_.WallMs();
  return Book(std::move(ended), sent);
}

Picodollars Books::Book(record::TryEnded ended, const Try& sent, Totals* also) {
  for (Totals* totals : {&run_, &session_, also}) {
    if (totals) Sum(*totals, ended, sent.worst);
  }
  Picodollars counted = AddMoney(ended.cost.value_or(0), UnknownPart(ended, sent.worst));
  ledger_.Add(std::move(ended));
  return counted;
}

void Books::Reject(int64_t ledger_call, const std::string& reason) {
  ledger_.Add(record::Rejected{ledger_call, reason});
}

void Books::Note(const std::string& text) { ledger_.Add(record::Note{text, clock_.WallMs()}); }

}  // namespace muster
