#include "tests/fake_provider/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/fake_provider/digest.h"
#include "tests/fake_provider/openai.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;

ApiReply JsonReply(int status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = ToText(body) + "\n",
          .usage = {}};
}

}  // namespace

Desk::Desk(const Settings& settings, Loop& loop, Books& books, Script script)
    : settings_(settings),
      loop_(loop),
      books_(books),
      script_(std::move(script)),
      limiter_(settings.limits) {
  apis_.push_back(MakeOpenAi());
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
  const Action* action = script_.Choose(circumstances);
  Begin(connection, call, action ? *action : Action());
  return call.number;
}

Call Desk::Describe(Request request) const {
  Call call;
  const Api& api = ApiFor(request.path);
  call.http = std::move(request);
  call.body_sha256 = Sha256Hex(call.http.body);
  call.body = ParseJson(call.http.body).value_or(Json());
  call.model = api.ModelOf(call);
  call.key = api.KeyOf(call.http);
  return call;
}

uint64_t Desk::Book(ConnectionId connection, const Call& call) {
  uint64_t number = books_.WriteAsked({.connection = connection,
                                       .path = call.http.path,
                                       .model = call.model,
                                       .body_sha256 = call.body_sha256,
                                       .authorized = call.key == settings_.key});
  recent_.Keep(number, connection, call.http);
  return number;
}

// Decides all there is to decide about a request; what is left is time.
void Desk::Begin(ConnectionId connection, const Call& call, const Action& action) {
  Exchange exchange{.connection = connection,
                    .parcel = {},
                    .bill = {},
                    .cancel_on_disconnect = action.cancel_on_disconnect};
  std::optional<ApiReply> fixed = FixedReply(call, action);
  ApiReply reply = fixed ? std::move(*fixed) : UsualReply(call, action, exchange);
  if (action.status && (fixed || reply.usage)) reply.status = *action.status;
  exchange.status = reply.status;
  exchange.bill = BillFor(call, action, reply);
  // Errors come at once, answers take their time.
  bool generated = reply.usage || exchange.bill;
  int64_t latency_ms = action.delay_ms.value_or(generated ? settings_.latency_ms : 0);
  AddHeaders(call, latency_ms, reply);
  exchange.parcel = Pack(reply, action, call.http.keep_alive);
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
  if (action.status.value_or(200) >= 300) return api.StatusError(*action.status);
  return std::nullopt;
}

ApiReply Desk::UsualReply(const Call& call, const Action& action, Exchange& exchange) {
  const Api& api = ApiFor(call.http.path);
  if (call.key != settings_.key) return api.KeyError(call, /*whole=*/false);
  if (std::optional<ApiReply> wrong = api.Check(call)) return std::move(*wrong);
  if (auto refusal = limiter_.Admit(Clock::now())) return LimitedReply(call, *refusal);
  exchange.holds_place = true;
  return api.Respond(call, action.wishes);
}

ApiReply Desk::LimitedReply(const Call& call, const Limiter::Refusal& refusal) {
  ApiReply reply = ApiFor(call.http.path).LimitError(call, refusal);
  bool short_window = limiter_.window() < std::chrono::seconds(60);
  if (short_window && !refusal.concurrency) {
    int64_t ms = std::chrono::ceil<milliseconds>(refusal.wait).count();
    reply.headers.emplace_back("retry-after-ms", std::to_string(ms));
  }
  return reply;
}

std::optional<Usage> Desk::BillFor(const Call& call, const Action& action,
                                   const ApiReply& reply) const {
  if (!action.bill.value_or(reply.usage.has_value())) return std::nullopt;
  if (reply.usage) return reply.usage;
  const Api& api = ApiFor(call.http.path);
  if (api.Check(call)) return std::nullopt;
  AnswerWishes wishes = action.wishes;
  wishes.response_status.clear();
  return api.Respond(call, wishes).usage;
}

void Desk::AddHeaders(const Call& call, int64_t took_ms, ApiReply& reply) {
  const Api& api = ApiFor(call.http.path);
  auto add = [&reply](const Headers& headers) {
    reply.headers.insert(reply.headers.end(), headers.begin(), headers.end());
  };
  add(api.CommonHeaders(call, took_ms));
  if (auto standing = limiter_.StandingAt(Clock::now())) add(api.LimitHeaders(*standing));
}

void Desk::Deliver(uint64_t number) {
  auto found = open_.find(number);
  if (found == open_.end()) return;  // cancelled
  Exchange& exchange = found->second;
  if (exchange.bill) books_.WriteBilled(number, *exchange.bill);
  if (exchange.client_gone) return End(number, exchange.parcel.when_client_leaves);
  exchange.delivering = true;
  server_->Send(exchange.connection, std::move(exchange.parcel.transmission));
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
  if (found->second.holds_place) limiter_.Release();
  open_.erase(found);
}

ApiReply Desk::AnswerTest(const Request& request) {
  if (request.method == "GET" && request.path == "/_books") return ShowBooks(request);
  if (request.method == "GET" && request.path == "/_requests") {
    return JsonReply(200, recent_.ToJson(QueryNumber(request.query, "last").value_or(20)));
  }
  if (request.method == "POST" && request.path == "/_script") return ReplaceScript(request);
  if (request.method == "POST" && request.path == "/_stop") {
    loop_.Stop();
    return JsonReply(200, {{"stopping", true}});
  }
  return JsonReply(404, {{"error", "no such page"}});
}

ApiReply Desk::ShowBooks(const Request& request) const {
  Json totals = books_.totals().ToJson();
  totals["connections"] = server_->accepted() - test_connections_;
  Json since = Json::object();
  for (int64_t ms : {int64_t{1'000}, int64_t{10'000}, int64_t{60'000},
                     QueryNumber(request.query, "within_ms").value_or(60'000)}) {
    since[std::to_string(ms)] = books_.totals().AskedSince(UnixTimeMs() - ms);
  }
  totals["asked_since_ms"] = since;
  return JsonReply(200, totals);
}

ApiReply Desk::ReplaceScript(const Request& request) {
  Result<Script> script = Script::Parse(request.body);
  if (!script.ok()) return JsonReply(400, {{"error", script.error()}});
  script_ = std::move(script.value());
  return JsonReply(200, {{"rules", script_.size()}});
}

}  // namespace fake_provider
