// The pages of the Desk that are the tests' own.

#include <chrono>
#include <utility>

#include "tests/fake_provider/desk.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMostWindowMs = 600'000;  // longer ones would miss what is forgotten

ApiReply WrongReply(const std::string& why) { return JsonReply(400, {{"error", why}}); }

Json NullIfNone(int64_t limit) { return limit == 0 ? Json() : Json(limit); }

}  // namespace

ApiReply Desk::AnswerTest(const Request& request) {
  struct Page {
    std::string_view method;
    std::string_view path;
    ApiReply (Desk::*answer)(const Request&);
  };
  static constexpr Page kPages[] = {
      {"GET", "/_books", &Desk::ShowBooks},
      {"GET", "/_requests", &Desk::ShowRequests},
      {"GET", "/_windows", &Desk::ShowWindows},
      {"POST", "/_script", &Desk::ReplaceScript},
      {"POST", "/_limits", &Desk::ReplaceLimits},
      {"POST", "/_outage", &Desk::BeginOutage},
      {"POST", "/_stop", &Desk::Stop},
  };
  for (const Page& page : kPages) {
    if (request.method == page.method && request.path == page.path) {
      return (this->*page.answer)(request);
    }
  }
  return JsonReply(404, {{"error", "no such page"}});
}

ApiReply Desk::ShowBooks(const Request& request) {
  Json totals = books_.totals().ToJson();
  totals["connections"] = server_->accepted() - test_connections_;
  Json since = Json::object();
  for (int64_t ms : {int64_t{1'000}, int64_t{10'000}, int64_t{60'000},
                     QueryNumber(request.query, "within_ms").value_or(60'000)}) {
    since[std::to_string(ms)] = books_.totals().AskedSince(UnixTimeMs() - ms);
  }
  totals["asked_since_ms"] = since;
  totals["outage_asked_by_second"] = outage_.AskedBySecond(Clock::now());
  return JsonReply(200, totals);
}

ApiReply Desk::ShowRequests(const Request& request) {
  return JsonReply(200, recent_.ToJson(QueryNumber(request.query, "last").value_or(20)));
}

ApiReply Desk::ShowWindows(const Request& request) {
  int64_t window_ms = QueryNumber(request.query, "window_ms").value_or(60'000);
  if (window_ms < 1 || window_ms > kMostWindowMs) return WrongReply("window_ms: out of range");
  milliseconds window(window_ms);
  Json windows = Json::object();
  for (const std::string& model : admissions_.Models()) {
    Admissions::Most most = admissions_.MostInAny(model, window);
    auto limit = [&](Quantity what) {
      return NullIfNone(limiter_.LowestLimit(model, what, window));
    };
    windows[model] = {{"most_requests", most.requests},
                      {"most_tokens", most.tokens},
                      {"most_input_tokens", most.input_tokens},
                      {"most_output_tokens", most.output_tokens},
                      {"limit_requests", limit(Quantity::kRequests)},
                      {"limit_tokens", limit(Quantity::kTokens)}};
  }
  return JsonReply(200, windows);
}

ApiReply Desk::ReplaceScript(const Request& request) {
  Result<Script> script = Script::Parse(request.body);
  if (!script.ok()) return WrongReply(script.error());
  script_ = std::move(script.value());
  return JsonReply(200, {{"rules", script_.size()}});
}

ApiReply Desk::ReplaceLimits(const Request& request) {
  Json json = ParseJson(request.body).value_or(Json());
  Result<LimitSettings> limits = ParseLimitSettings(json, settings_.limits);
  if (!limits.ok()) return WrongReply(limits.error());
  settings_.limits = std::move(limits.value());
  limiter_.Replace(settings_.limits.rules, settings_.limits.count_max_tokens, Clock::now());
  return JsonReply(200, {{"limits", settings_.limits.rules.size()}});
}

ApiReply Desk::BeginOutage(const Request& request) {
  Json json = ParseJson(request.body).value_or(Json());
  Clock::time_point now = Clock::now();
  if (StringMember(json, "kind") == "none") {
    outage_.End(now);
    return JsonReply(200, {{"outage", false}});
  }
  Result<Outage> outage = Outage::Parse(json, now);
  if (!outage.ok()) return WrongReply(outage.error());
  outage_ = std::move(outage.value());
  return JsonReply(200, {{"outage", true}});
}

ApiReply Desk::Stop(const Request&) {
  loop_.Stop();
  return JsonReply(200, {{"stopping", true}});
}

}  // namespace fake_provider
