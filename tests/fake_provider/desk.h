#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/fake_provider/admissions.h"
#include "tests/fake_provider/api.h"
#include "tests/fake_provider/books.h"
#include "tests/fake_provider/delivery.h"
#include "tests/fake_provider/limit_settings.h"
#include "tests/fake_provider/limiter.h"
#include "tests/fake_provider/loop.h"
#include "tests/fake_provider/outage.h"
#include "tests/fake_provider/recent.h"
#include "tests/fake_provider/script.h"
#include "tests/fake_provider/server.h"

namespace fake_provider {

// Where requests are decided: books each as asked, picks its fault, checks and limits it, lets its
// latency pass, bills it, hands the reply to the Server and books how it ended. Requests under /_
// are the tests' own and never booked:
//
//   GET /_books[?within_ms=N]   the totals; "asked_since_ms" counts what was asked in the last N ms
//   GET /_requests[?last=N]     the last N (20) requests as they came
//   POST /_script               the body replaces the script, its counts start anew
//   POST /_limits               other limits from now on: see ParseLimitSettings()
//   GET /_windows[?window_ms=N] by model, "*" for all: the most that was admitted in any window of
//                               N ms (60000) of the last ten minutes, and the limits on it (or
//                               null): most_requests, most_tokens, most_input_tokens,
//                               most_output_tokens, limit_requests, limit_tokens
//   POST /_outage               {"kind": "500", "for_ms": 60000}: see Outage; "none" ends it. The
//                               totals tell of the latest: outage_asked_by_second
//   POST /_stop                 end the program
class Desk : public RequestSink {
 public:
  struct Settings {
    std::string key;
    int64_t latency_ms = 0;
    LimitSettings limits;
    AnswerSettings answers;
  };

  // `loop` and `books` must outlive the desk; `server` is set before the first turn.
  Desk(const Settings& settings, Loop& loop, Books& books, Script script);
  void Serve(Server& server) { server_ = &server; }

  Ticket OnRequest(ConnectionId connection, int nth, Request request) override;
  void OnDelivered(Ticket number) override;
  void OnGone(Ticket number) override;

 private:
  // One request from its asking to its end; its number is its ticket. It outlives its client: an
  // answer is generated and billed all the same.
  struct Exchange {
    ConnectionId connection = 0;
    int status = 0;
    Parcel parcel;
    std::optional<Usage> bill;
    std::string model;
    bool admitted = false;  // by the limiter
    bool cancel_on_disconnect = false;
    bool delivering = false;  // its latency has passed
    bool client_gone = false;
  };

  Call Describe(Request request) const;
  bool IsAuthorized(const Call& call) const;
  uint64_t Book(ConnectionId connection, const Call& call);
  void Begin(ConnectionId connection, const Call& call, const Action& action);
  std::optional<ApiReply> FixedReply(const Call& call, const Action& action) const;
  ApiReply UsualReply(const Call& call, const Action& action, Exchange& exchange);
  ApiReply LimitedReply(const Call& call, const Limiter::Refusal& refusal);
  void Charge(uint64_t number, const Exchange& exchange);
  ApiReply Answer(const Call& call, const AnswerWishes& wishes);
  std::optional<Usage> BillFor(const Call& call, const Action& action, const ApiReply& reply);
  void AddHeaders(const Call& call, int64_t took_ms, ApiReply& reply);
  void Deliver(uint64_t number);
  void End(uint64_t number, Outcome outcome);

  ApiReply AnswerTest(const Request& request);
  ApiReply ShowBooks(const Request& request);
  ApiReply ShowRequests(const Request& request);
  ApiReply ShowWindows(const Request& request);
  ApiReply ReplaceScript(const Request& request);
  ApiReply ReplaceLimits(const Request& request);
  ApiReply BeginOutage(const Request& request);
  ApiReply Stop(const Request& request);

  const Api& ApiFor(std::string_view path) const;

  Settings settings_;
  Loop& loop_;
  Books& books_;
  Script script_;
  Server* server_ = nullptr;
  std::vector<std::unique_ptr<Api>> apis_;  // the first also answers for unknown paths
  Limiter limiter_;
  Admissions admissions_;
  Outage outage_;
  RecentRequests recent_;
  std::unordered_map<uint64_t, Exchange> open_;
  uint64_t test_connections_ = 0;  // whose first request was a test's own
};

}  // namespace fake_provider
