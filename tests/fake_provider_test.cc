// What the fake provider admits, tells and counts: its log of admissions, its settings and, over
// the wire, its replies under limits and in an outage.

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "tests/fake_provider/admissions.h"
#include "tests/fake_provider/limit_settings.h"
#include "tests/fake_server.h"

namespace fake_provider {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Instant = Clock::time_point;

TEST_CASE("the most in any window is what trying every window finds") {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 engine(seed);
    auto between = [&](int64_t low, int64_t high) {
      return std::uniform_int_distribution<int64_t>(low, high)(engine);
    };
    milliseconds window(between(1, 100));
    Admissions admissions;
    std::vector<std::pair<Instant, Admissions::Most>> events;
    Instant now;
    for (int i = 0; i < 60; ++i) {
      now += milliseconds(between(0, 20));
      std::string model = between(0, 1) ? "a" : "b";
      int64_t tokens = between(0, 50);
      bool is_request = between(0, 1);
      is_request ? admissions.Admitted(model, tokens, now)
                 : admissions.Generated(model, tokens, now);
      if (model != "a") continue;
      events.push_back({now, is_request ? Admissions::Most{1, tokens, tokens, 0}
                                        : Admissions::Most{0, tokens, 0, tokens}});
    }
    Admissions::Most most;
    for (Instant begin = Instant() - window; begin <= now; begin += milliseconds(1)) {
      Admissions::Most sum;
      for (const auto& [at, event] : events) {
        if (at <= begin || at > begin + window) continue;
        sum.requests += event.requests;
        sum.tokens += event.tokens;
        sum.input_tokens += event.input_tokens;
        sum.output_tokens += event.output_tokens;
      }
      most.requests = std::max(most.requests, sum.requests);
      most.tokens = std::max(most.tokens, sum.tokens);
      most.input_tokens = std::max(most.input_tokens, sum.input_tokens);
      most.output_tokens = std::max(most.output_tokens, sum.output_tokens);
    }
    Admissions::Most found = admissions.MostInAny("a", window);
    CHECK(found.requests == most.requests);
    CHECK(found.tokens == most.tokens);
    CHECK(found.input_tokens == most.input_tokens);
    CHECK(found.output_tokens == most.output_tokens);
  }
}

TEST_CASE("limits are read from the command line and from JSON, and mistakes are told") {
  LimitRule defaults;
  defaults.window = seconds(5);
  defaults.kind = MeterKind::kBucket;
  defaults.requests = 7;  // of another rule
  auto rule = ParseLimitRule("llama3:8b:tokens=300,concurrency=2,per=1.5m", defaults);
  REQUIRE(rule.ok());
  CHECK(rule.value().model == "llama3:8b");
  CHECK(rule.value().tokens == 300);
  CHECK(rule.value().requests == 0);
  CHECK(rule.value().concurrency == 2);
  CHECK(rule.value().window == seconds(90));
  CHECK(rule.value().kind == MeterKind::kBucket);
  for (const char* wrong : {"m", ":requests=1", "m:requests", "m:requests=-1", "m:request=1",
                            "m:per=5", "m:per=0s", "m:per=nan s", "m:kind=leaky"}) {
    CHECK_MESSAGE(!ParseLimitRule(wrong, defaults).ok(), wrong);
  }
  LimitSettings current{.defaults = defaults, .rules = {defaults}};
  auto parsed = ParseLimitSettings(
      Json::parse(R"({"limits": [{"model": "m", "input_tokens": 4, "per": "1d"}, {}],
                      "headers": false})"),
      current);
  REQUIRE(parsed.ok());
  REQUIRE(parsed.value().rules.size() == 2);
  CHECK(parsed.value().rules[0].input_tokens == 4);
  CHECK(parsed.value().rules[0].window == std::chrono::hours(24));
  CHECK(parsed.value().rules[1].model == "*");
  CHECK(parsed.value().rules[1].window == seconds(5));
  CHECK(!parsed.value().headers);
  CHECK(parsed.value().retry_after);
  for (const char* wrong : {"[]", R"({"limits": {}})", R"({"limits": [1]})", R"({"headers": 1})",
                            R"({"limit": []})", R"({"limits": [{"tokens": "many"}]})"}) {
    CHECK_MESSAGE(!ParseLimitSettings(Json::parse(wrong), current).ok(), wrong);
  }
}

// ---- over the wire ----

constexpr const char* kModel = "gpt-4.1";

struct Reply {
  int status = 0;
  std::string head;  // in lower case
  Json body;
};

// Asks for one answer. The status is 0 when the connection ended without a reply.
Reply Ask(const muster::FakeServer& server, const std::string& model, int max_output_tokens) {
  Json body = {{"model", model}, {"input", "four"}, {"max_output_tokens", max_output_tokens}};
  std::string bytes = server.Post("/v1/responses", ToText(body));
  size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  Reply reply;
  reply.status = std::stoi(bytes.substr(bytes.find(' ')));
  reply.head = bytes.substr(0, end + 2);
  std::transform(reply.head.begin(), reply.head.end(), reply.head.begin(), ::tolower);
  reply.body = ParseJson(bytes.substr(end + 4)).value_or(Json());
  return reply;
}

std::string MessageOf(const Reply& reply) {
  return StringMember(MemberOf(reply.body, "error"), "message");
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("replies tell of limits in OpenAI's words, and a refusal when to come back") {
  muster::FakeServer server(
      "", {"--limit=gpt-4.1:requests=2,tokens=10000,per=1d", "--count-max-tokens"});
  Reply first = Ask(server, kModel, 9000);
  CHECK(first.status == 200);
  CHECK(Has(first.head, "\r\nx-ratelimit-limit-requests: 2\r\n"));
  CHECK(Has(first.head, "\r\nx-ratelimit-remaining-requests: 1\r\n"));
  // A slow machine may have let some of it pass.
  CHECK((Has(first.head, "\r\nx-ratelimit-reset-requests: 24h0m0s\r\n") ||
         Has(first.head, "\r\nx-ratelimit-reset-requests: 23h59m")));
  CHECK(Has(first.head, "\r\nx-ratelimit-limit-tokens: 10000\r\n"));
  CHECK(Has(first.head, "\r\nx-ratelimit-remaining-tokens: 999\r\n"));
  Reply second = Ask(server, kModel, 9000);  // the first took far fewer in the end
  CHECK(second.status == 200);
  Reply third = Ask(server, kModel, 9000);
  CHECK(third.status == 429);
  CHECK(MemberOf(third.body, "error").at("code") == "rate_limit_exceeded");
  CHECK(Has(MessageOf(third), "requests per day (RPD): Limit 2, Used 2, Requested 1. Please try"));
  CHECK(Has(third.head, "\r\nretry-after: 86"));
  CHECK(Has(third.head, "\r\nretry-after-ms: 86"));
  Reply large = Ask(server, kModel, 10'000);
  CHECK(large.status == 429);
  CHECK(Has(MessageOf(large), "Request too large for gpt-4.1"));
  CHECK(!Has(large.head, "retry-after"));
  CHECK(Ask(server, "gpt-4.1-mini", 9000).status == 200);
  CHECK(muster::IntMember(server.Books()["refused_by_model"], kModel) == 2);
}

TEST_CASE("limits change at run time, and what they tell can be switched off") {
  muster::FakeServer server;
  server.SetLimits(R"({"limits": [{"requests": 1, "per": "10m"}], "headers": false,
                       "retry_after": false, "try_again": false})");
  Reply first = Ask(server, kModel, 16);
  CHECK(first.status == 200);
  CHECK(!Has(first.head, "x-ratelimit"));
  Reply second = Ask(server, kModel, 16);
  CHECK(second.status == 429);
  CHECK(!Has(second.head, "retry-after"));
  CHECK(!Has(MessageOf(second), "try again"));
  auto windows = server.Windows(600'000);
  CHECK(muster::IntMember(windows[kModel], "most_requests") == 1);
  CHECK(muster::IntMember(windows["*"], "limit_requests") == 1);
  server.SetLimits(R"({"limits": []})");
  CHECK(Ask(server, kModel, 16).status == 200);
}

TEST_CASE("in an outage every request fails as asked, is booked and billed nothing") {
  muster::FakeServer server;
  for (int status : {500, 503, 529}) {
    server.BeginOutage(std::to_string(status), 60'000);
    CHECK(Ask(server, kModel, 16).status == status);
  }
  server.BeginOutage("refuse", 60'000);
  CHECK(Ask(server, kModel, 16).status == 0);
  CHECK(Ask(server, kModel, 16).status == 0);
  muster::Json books = server.Books();
  int64_t in_outage = 0;
  for (const auto& asked : books["outage_asked_by_second"]) in_outage += asked.get<int64_t>();
  CHECK(in_outage == 2);
  CHECK(muster::IntMember(books, "asked") == 5);
  CHECK(muster::IntMember(books, "picodollars") == 0);
  server.BeginOutage("none", 0);
  CHECK(Ask(server, kModel, 16).status == 200);
}

}  // namespace
}  // namespace fake_provider
