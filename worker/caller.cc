#include "worker/caller.h"

#include <algorithm>

#include "common/hash.h"
#include "common/json_writer.h"
#include "worker/http_message.h"
#include "worker/providers/claude_code/claude_command.h"
#include "worker/providers/mock.h"
#include "worker/waiting.h"

namespace muster {
namespace {

// Tokens are at least this many characters long on average in the texts people send.
constexpr int64_t kCharsPerToken = 4;
constexpr int64_t kOutputGuess = 1'000;  // tokens, where a step sets no maximum

// What identifies the request: not the key, the limits or the connection. It is the canonical JSON
// of its body (as given), path and provider.
std::string RequestHash(const CallSpec& spec, const std::string& body) {
  std::string identity = "{\"body\":" + body + ",\"path\":";
  AppendJsonString(spec.request.path, identity);
  identity += ",\"provider\":";
  AppendJsonString(spec.provider->name, identity);
  identity.push_back('}');
  return Sha256Hex(identity);
}

// Identity and size of the spec's request. Encoded images are no text; what is no chat has no
// tokens.
NextAsk Measure(const CallSpec& spec) {
  const ApiRequest& request = spec.request;
  std::string body = CanonicalJson(request.body);
  if (spec.work) return NextAsk{RequestHash(spec, body), 0, 0, 0};
  auto text = static_cast<int64_t>(body.size()) - request.image_bytes;
  return NextAsk{RequestHash(spec, body), text,
                 text / kCharsPerToken + 1 + request.image_tokens_likely,
                 text + request.image_tokens};
}

}  // namespace

// Lives in Make's frame, so that a verdict for a call that is gone finds nobody.
struct Caller::Exchange {
  Exchange(Caller& owner, int64_t call) : caller(owner), number(call) {
    caller.exchanges_[number] = this;
  }
  Exchange(const Exchange&) = delete;
  ~Exchange() { caller.exchanges_.erase(number); }

  Caller& caller;
  int64_t number;
  Mailbox<ToWorker> verdict;
};

void Caller::SetKeys(const Json& keys) {
  for (const auto& [provider, key] : keys.items()) {
    if (!key.is_string()) continue;
    keys_[provider] = key.get<std::string>();
    redactor_.Add(keys_[provider]);
  }
}

void Caller::BeginAttempt(const std::string& item, int64_t attempt) {
  item_ = item;
  attempt_ = attempt;
  next_call_ = 1;
}

bool Caller::OnVerdict(int64_t call, ToWorker verdict) {
  auto it = exchanges_.find(call);
  if (it == exchanges_.end()) return false;
  it->second->verdict.Deliver(std::move(verdict));
  return true;
}

Call Caller::Announce(const CallSpec& spec, int64_t number) const {
  NextAsk request = Measure(spec);
  Call call;
  call.item = item_;
  call.attempt = attempt_;
  call.call = number;
  call.step = spec.step;
  call.provider = spec.provider->name;
  call.model = spec.model;
  call.request_hash = std::move(request.request_hash);
  call.request_chars = request.request_chars;
  call.input_estimate = request.input_estimate;
  call.output_estimate = std::min(spec.max_tokens.value_or(kOutputGuess), kOutputGuess);
  call.input_most = request.input_most;
  call.output_most = spec.max_tokens;
  call.ask_again = spec.ask_again;
  call.tier = spec.tier;
  call.fixed_cost = spec.fixed_cost;
  call.holds_for = spec.holds_for;
  call.goes_on = spec.goes_on;
  if (spec.work) call.output_estimate = 0, call.output_most = 0;
  return call;
}

Task<CallEnd> Caller::Make(CallSpec spec) {
  CallEnd end = co_await Converse(std::move(spec), next_call_++, std::nullopt);
  co_return end;
}

Task<CallEnd> Caller::MakeAgain(CallSpec spec, int64_t number, Unusable unusable) {
  CallEnd end = co_await Converse(std::move(spec), number, std::move(unusable));
  co_return end;
}

// From asking for it, or from rejecting its answer, to its value.
Task<CallEnd> Caller::Converse(CallSpec spec, int64_t number, std::optional<Unusable> unusable) {
  Exchange exchange(*this, number);
  Call call = Announce(spec, number);
  const int64_t input_estimate = call.input_estimate;
  if (unusable) {
    Reject(spec, number, *unusable);
  } else {
    link_.Say(std::move(call));
  }
  std::string body;  // of the last complete answer
  for (;;) {
    ToWorker verdict = co_await exchange.verdict;
    std::optional<int64_t> cost, context_window;
    bool replayed = false;
    if (auto* go = std::get_if<Go>(&verdict)) {
      Go limits = *go;
      HttpOutcome outcome = co_await Perform(spec, limits);
      Called called = Report(spec, exchange.number, outcome);
      if (called.answer) body = called.answer->data;
      link_.Say(std::move(called));
      continue;
    } else if (auto* refuse = std::get_if<Refuse>(&verdict)) {
      co_return Ended{refuse->final ? Outcome::kFailed : Outcome::kInterrupted, refuse->reason};
    } else if (auto* replay = std::get_if<Replay>(&verdict)) {
      body = std::move(replay->answer.data);
      cost = replay->cost;
      context_window = replay->context_window;
      replayed = true;
    } else if (auto* kept = std::get_if<Kept>(&verdict)) {
      cost = kept->cost;
      context_window = kept->context_window;
    } else {
      co_return Ended{Outcome::kInterrupted, "deferred"};
    }
    Judged judged = Read(spec, body);
    if (auto* value = std::get_if<CallValue>(&judged)) {
      value->cost = cost;
      value->replayed = replayed;
      value->context_window = context_window;
      value->input_estimate = input_estimate;
      value->call = number;
      co_return std::move(*value);
    }
    Reject(spec, exchange.number, std::get<Unusable>(judged));
  }
}

// Says why the answer is no use, and makes the request of the next ask, if that differs. One that
// cannot be made leaves the request as it is.
void Caller::Reject(CallSpec& spec, int64_t number, const Unusable& unusable) {
  std::string why = redactor_.Apply(unusable.why);
  Rejected rejected{item_, attempt_, number, why, std::nullopt, unusable.stale};
  if (spec.remake) {
    if (auto next = spec.remake(why)) {
      spec.request = std::move(*next);
      rejected.next = Measure(spec);
    }
  }
  link_.Say(rejected);
}

Task<HttpOutcome> Caller::Perform(const CallSpec& spec, const Go& go) {
  if (spec.work) {
    HttpOutcome outcome = co_await spec.work->Perform(go);
    co_return outcome;
  }
  if (spec.provider->api == "mock") {
    HttpOutcome outcome = co_await PerformMock(spec, go);
    co_return outcome;
  }
  if (spec.provider->api == "claude-code") {
    HttpOutcome outcome =
        co_await RunClaude(commands_, spec.request, *spec.provider, KeyFor(*spec.provider), go);
    co_return outcome;
  }
  HttpRequest request = MakeHttpRequest(*spec.api, spec.request, *spec.provider, spec.model,
                                        KeyFor(*spec.provider), go);
  HttpOutcome outcome = co_await SendAndWait(http_, std::move(request));
  co_return outcome;
}

std::string Caller::KeyFor(const Provider& provider) const {
  auto key = keys_.find(provider.name);
  return key == keys_.end() ? "" : key->second;
}

Task<HttpOutcome> Caller::PerformMock(const CallSpec& spec, const Go& go) {
  MockReply mock = AnswerMock(spec.request, spec.provider->mock, go.try_number, go.ask);
  Timers::Wait wait(timers_, std::chrono::steady_clock::now() + mock.latency);
  co_await wait;
  HttpOutcome outcome;
  outcome.reply = std::move(mock.reply);
  outcome.total_ms = outcome.first_byte_ms = mock.latency.count();
  co_return outcome;
}

// What came of an answer that is none, for people.
void Caller::SetPartial(Called& called, std::string text) const {
  if (!text.empty()) called.partial = Bytes{redactor_.Apply(std::move(text))};
}

Called Caller::Report(const CallSpec& spec, int64_t number, const HttpOutcome& outcome) const {
  Called called;
  called.item = item_;
  called.attempt = attempt_;
  called.call = number;
  called.total_ms = outcome.total_ms;
  called.first_byte_ms = outcome.first_byte_ms;
  if (outcome.reply) {
    Reading reading =
        spec.work ? spec.work->Read(*outcome.reply) : spec.api->ReadReply(*outcome.reply);
    called.usage = reading.usage;
    called.served_model = redactor_.Apply(reading.served_model);
    called.request_id = redactor_.Apply(reading.request_id);
    called.limits = std::move(reading.limits);
    called.tier = redactor_.Apply(reading.tier);
    called.own_cost = reading.own_cost;
    if (reading.answered) {
      called.answer = Bytes{redactor_.Apply(std::move(reading.body))};
    } else {
      called.failure = reading.failure;
      SetPartial(called, std::move(reading.partial));
    }
  } else {
    called.failure = outcome.failure;
    if (!spec.work && !outcome.partial.body.empty()) {
      SetPartial(called, spec.api->ReadPartial(outcome.partial));
    }
  }
  if (called.failure) called.failure->message = redactor_.Apply(called.failure->message);
  return called;
}

Caller::Judged Caller::ReadWork(const CallSpec& spec, const std::string& body) const {
  if (auto unusable = spec.work->Judge(body)) return *std::move(unusable);
  CallValue value;
  value.body = body;
  value.usage = Usage{};  // no tokens
  return value;
}

Caller::Judged Caller::Read(const CallSpec& spec, const std::string& body) const {
  if (spec.work) return ReadWork(spec, body);
  auto answer = spec.api->ReadAnswer(body);
  if (!answer) return Unusable{answer.error()};
  if (auto usable = spec.usable(*answer); !usable) return Unusable{usable.error()};
  CallValue value;
  value.answer = std::move(*answer);
  value.usage = value.answer.usage;
  return value;
}

}  // namespace muster
