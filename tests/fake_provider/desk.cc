#include "tests/fake_provider/desk.h"

#include <chrono>
#include <utility>

#include "tests/fake_provider/anthropic.h"
#include "tests/fake_provider/azure.h"
#include "tests/fake_provider/compat.h"
#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/gemini.h"
#include "tests/fake_provider/meshy.h"
#include "tests/fake_provider/ollama.h"
#include "tests/fake_provider/openai.h"
#include "tests/fake_provider/openrouter.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;

std::string_view NameOf(Quantity what) {
  switch (what) {
    case Quantity::kConcurrency:
      return "concurrency";
    case Quantity::kRequests:
      return "requests";
    case Quantity::kTokens:
      return "tokens";
    case Quantity::kInputTokens:
      return "input_tokens";
    case Quantity::kOutputTokens:
      return "output_tokens";
  }
  return "";
}

}  // namespace

Desk::Desk(const Settings& settings, Loop& loop, Books& books, Script script)
    : settings_(settings),
      loop_(loop),
      books_(books),
      script_(std::move(script)),
      limiter_(settings.limits.rules, settings.limits.count_max_tokens) {
  apis_.push_back(MakeOpenAi());
  apis_.push_back(MakeAzure());
  apis_.push_back(MakeOpenRouter());
  apis_.push_back(MakeOllama());
  apis_.push_back(MakeCompat());
  apis_.push_back(MakeAnthropic());
  apis_.push_back(MakeGemini());
  apis_.push_back(MakeMeshy());
}

const Api& Desk::ApiFor(std::string_view path) const {
  for (const auto& api : apis_) {
    if (api->Serves(path)) return *api;
  }
  return *apis_.front();
}

Ticket Desk::OnRequest(ConnectionId connection, int nth, Request request) {
  if (request.path.starts_with("/_")) {
    if (nth == 1) ++test_connections_;
    Parcel parcel = Pack(AnswerTest(request), Action(), request.keep_alive);
    server_->Send(connection, std::move(parcel.transmission));
    return 0;
  }
  Call call = Describe(std::move(request));
  Circumstances circumstances{.path = call.http.path,
                              .model = call.model,
                              .body = call.http.body,
                              .body_sha256 = call.body_sha256,
                              .repeat = books_.totals().TimesAsked(call.body_sha256) + 1,
                              .nth_on_connection = nth};
  call.number = Book(connection, call);
  const Action* action = outage_.OnRequest(Clock::now());
  if (!action) action = script_.Choose(circumstances);
  Begin(connection, call, action ? *action : Action());
  return call.number;
}

Call Desk::Describe(Request request) const {
  Call call;
  const Api& api = ApiFor(request.path);
  call.http = std::move(request);
  call.body_sha256 = Sha256Hex(call.http.body);
  call.body = ParseJson(call.http.body).value_or(Json());
  call.settings = &settings_.answers;
  call.model = api.ModelOf(call);
  call.key = api.KeyOf(call.http);
  return call;
}

bool Desk::IsAuthorized(const Call& call) const {
  return call.key == settings_.key || !ApiFor(call.http.path).NeedsKey(call.http);
}

uint64_t Desk::Book(ConnectionId connection, const Call& call) {
  uint64_t number = books_.WriteAsked({.connection = connection,
                                       .path = call.http.path,
                                       .model = call.model,
                                       .body_sha256 = call.body_sha256,
                                       .authorized = IsAuthorized(call)});
  recent_.Keep(number, connection, call.http);
  return number;
}

// Decides all there is to decide about a request; what is left is time.
void Desk::Begin(ConnectionId connection, const Call& call, const Action& action) {
  Exchange exchange{.connection = connection,
                    .parcel = {},
                    .bill = {},
                    .model = call.model,
                    .cancel_on_disconnect = action.cancel_on_disconnect};
  std::optional<ApiReply> fixed = FixedReply(call, action);
  ApiReply reply = fixed ? std::move(*fixed) : UsualReply(call, action, exchange);
  if (action.status && (fixed || reply.usage)) reply.status = *action.status;
  exchange.status = reply.status;
  exchange.bill = BillFor(call, action, reply);
  Shape(ApiFor(call.http.path), call, action.stream, reply);
  // Errors come at once, answers take their time.
  bool generated = reply.usage || exchange.bill;
  int64_t latency_ms = action.delay_ms.value_or(generated ? settings_.latency_ms : 0);
  AddHeaders(call, latency_ms, reply);
  exchange.parcel = Pack(reply, action, call.http.keep_alive);
  if (!fixed && reply.status == 200 && ApiFor(call.http.path).ListModels(call)) {
    exchange.parcel.when_delivered = Outcome::kListed;
  }
  if (reply.lookup && exchange.parcel.when_delivered == Outcome::kSent) {
    exchange.parcel.when_delivered = Outcome::kListed;
  }
  uint64_t number = call.number;
  open_.emplace(number, std::move(exchange));
  if (latency_ms == 0) return Deliver(number);
  loop_.After(milliseconds(latency_ms), [this, number] { Deliver(number); });
}

// What the script has the provider say whatever the request; nothing when it is to be answered.
std::optional<ApiReply> Desk::FixedReply(const Call& call, const Action& action) const {
  const Api& api = ApiFor(call.http.path);
  bool silent = action.close_on_reuse || (action.hang && !action.cut_at_byte);
  if (action.raw || silent) return ApiReply{.status = 0, .headers = {}, .body = "", .usage = {}};
  if (!action.redirect.empty()) {
    return ApiReply{
        .status = 307, .headers = {{"Location", action.redirect}}, .body = "", .usage = {}};
  }
  if (action.echo_key) return api.KeyError(call, /*whole=*/true);
  if (!action.error.empty()) return api.NamedError(action.error, call, action.retry_after);
  if (action.body) {
    return ApiReply{.status = 200,
                    .headers = {{"Content-Type", action.body_type}},
                    .body = *action.body,
                    .usage = {}};
  }
  if (action.status.value_or(200) >= 300) return api.StatusError(call, *action.status);
  return std::nullopt;
}

ApiReply Desk::UsualReply(const Call& call, const Action& action, Exchange& exchange) {
  const Api& api = ApiFor(call.http.path);
  if (!IsAuthorized(call)) return api.KeyError(call, /*whole=*/false);
  if (std::optional<ApiReply> list = api.ListModels(call)) return std::move(*list);
  if (std::optional<ApiReply> wrong = api.Check(call)) return std::move(*wrong);
  Limiter::Demand demand = api.DemandOf(call);
  Clock::time_point now = Clock::now();
  if (auto refusal = limiter_.Admit(call.number, demand, now)) return LimitedReply(call, *refusal);
  admissions_.Admitted(call.model, demand.input, now);
  exchange.admitted = true;
  return Answer(call, action.wishes);
}

// What the API makes of a request that is to be answered, booked where it asks for that.
ApiReply Desk::Answer(const Call& call, const AnswerWishes& wishes) {
  ApiReply reply = ApiFor(call.http.path).Respond(call, wishes);
  if (!reply.note.is_null()) books_.WriteNote(call.number, reply.note);
  return reply;
}

ApiReply Desk::LimitedReply(const Call& call, const Limiter::Refusal& refusal) {
  books_.WriteRefused(call.number, call.model, NameOf(refusal.what));
  const LimitSettings& limits = settings_.limits;
  ApiReply reply = ApiFor(call.http.path).LimitError(call, refusal, limits.try_again);
  if (!limits.retry_after) {
    RemoveHeader(reply.headers, "Retry-After");
    RemoveHeader(reply.headers, "retry-after-ms");
  }
  return reply;
}

std::optional<Usage> Desk::BillFor(const Call& call, const Action& action, const ApiReply& reply) {
  bool fails = action.stream.error_after && !reply.pieces.empty();
  if (!action.bill.value_or(reply.usage.has_value() && !fails)) return std::nullopt;
  if (reply.usage || reply.job_begun || reply.lookup) return reply.usage;
  const Api& api = ApiFor(call.http.path);
  if (api.Check(call)) return std::nullopt;
  AnswerWishes wishes = action.wishes;
  wishes.response_status.clear();
  return Answer(call, wishes).usage;
}

void Desk::AddHeaders(const Call& call, int64_t took_ms, ApiReply& reply) {
  const Api& api = ApiFor(call.http.path);
  auto add = [&reply](const Headers& headers) {
    reply.headers.insert(reply.headers.end(), headers.begin(), headers.end());
  };
  add(api.CommonHeaders(call, took_ms));
  if (!settings_.limits.headers) return;
  add(api.LimitHeaders(limiter_.StandingsAt(call.model, Clock::now())));
}

void Desk::Deliver(uint64_t number) {
  auto found = open_.find(number);
  if (found == open_.end()) return;  // cancelled
  Exchange& exchange = found->second;
  if (exchange.bill) Charge(number, exchange);
  if (exchange.client_gone) return End(number, exchange.parcel.when_client_leaves);
  exchange.delivering = true;
  server_->Send(exchange.connection, std::move(exchange.parcel.transmission));
}

// Its answer has been generated: it costs money and output tokens.
void Desk::Charge(uint64_t number, const Exchange& exchange) {
  books_.WriteBilled(number, *exchange.bill);
  if (!exchange.admitted) return;
  Clock::time_point now = Clock::now();
  limiter_.Generated(number, exchange.bill->output, now);
  admissions_.Generated(exchange.model, exchange.bill->output, now);
}

void Desk::OnDelivered(Ticket number) { End(number, open_.at(number).parcel.when_delivered); }

void Desk::OnGone(Ticket number) {
  Exchange& exchange = open_.at(number);
  exchange.client_gone = true;
  if (exchange.delivering || exchange.cancel_on_disconnect) {
    End(number, exchange.parcel.when_client_leaves);
  }
}

void Desk::End(uint64_t number, Outcome outcome) {
  auto found = open_.find(number);
  books_.WriteEnded(number, found->second.status, outcome);
  limiter_.Release(number, Clock::now());
  open_.erase(found);
}

}  // namespace fake_provider
