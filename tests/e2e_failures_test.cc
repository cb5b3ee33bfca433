// Every error that a provider is known for, over every API, as a reply of its own and in the middle
// of a stream: what becomes of the item, and that the books hold whatever became of it.

#include <algorithm>
#include <memory>

#include "supervisor/ledger/view.h"
#include "tests/fake_provider/api.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// What becomes of an item whose first try meets an error, all others being answered.
enum class Fate {
  kPasses,  // it is tried again, and done: exit code 0
  kStops,   // no request can succeed before a person acts: exit code 5, the item stays to be done
  kFails    // no try of this request can succeed: exit code 1
};

constexpr const char* kKey = ", key_env: TEST_KEY";
constexpr const char* kAzure =
    ", key_env: TEST_KEY, key_header: api-key, query: {api-version: preview}";

// One way to reach a model of the fake provider's.
struct Way {
  std::string what;
  const char* api;    // of the config
  const char* at;     // whose address
  const char* below;  // what follows it
  const char* model;
  const char* more;                         // of the provider's settings
  const char* most = ", max_tokens: 2000";  // where the API takes it at any address
  bool streams = true;                      // false: as another way's
};

const Way kWays[] = {
    {"OpenAI, Responses", "openai-responses", "openai", "", "gpt-5.1", kKey},
    {"OpenAI, Chat Completions", "openai-chat", "openai", "", "gpt-5.1", kKey, ""},
    {"Azure, v1", "openai-responses", "azure", "", "gpt-5.1", kAzure, "", false},
    {"Azure, deployments", "openai-chat", "azure-deployments", "/{model}", "gpt-5.1", kAzure, ""},
    {"Anthropic", "anthropic", "anthropic", "", "claude-sonnet-4-5", kKey},
    {"Gemini", "gemini", "gemini", "", "gemini-2.5-pro", kKey},
    {"Ollama", "ollama", "ollama", "", "llama3", ""},
    {"OpenRouter", "openrouter", "openrouter", "", "openai/gpt-5.2", kKey},
};

// An error by its name in the fake provider's scripts.
struct Row {
  std::string_view name;
  Fate fate;
};

// Of nearly every API.
constexpr Row kFates[] = {
    {"rate_limit", Fate::kPasses},
    {"slow_down", Fate::kPasses},
    {"insufficient_quota", Fate::kStops},
    {"credit_balance_exhausted", Fate::kStops},
    {"organization_spend_limit_exceeded", Fate::kStops},
    {"project_spend_limit_exceeded", Fate::kStops},
    {"organization_usage_limit_exceeded", Fate::kStops},
    {"bad_key", Fate::kStops},
    {"forbidden", Fate::kStops},
    {"model_not_found", Fate::kStops},
    {"server_error", Fate::kPasses},
    {"overloaded", Fate::kPasses},
    {"bad_request", Fate::kFails},
    {"context_length", Fate::kFails},
    {"content_filter", Fate::kFails},
    {"html_502", Fate::kPasses},
    {"billing", Fate::kStops},
    {"enforced_spend_limit", Fate::kStops},
    {"workspace_spend_limit", Fate::kStops},
    {"quota_per_day", Fate::kPasses},
    {"quota_per_minute", Fate::kPasses},
    {"failed_precondition", Fate::kStops},
    {"in_flight_budget", Fate::kPasses},
    {"no_more_concurrent", Fate::kPasses},
    {"moderation", Fate::kFails},
    {"request_too_large", Fate::kFails},
    {"timeout", Fate::kPasses},
};
static_assert(std::size(kFates) == std::size(fake_provider::kErrorNames));

// Where an API's own error is another one, or none of it can be told.
struct Exception {
  std::string_view at;
  bool plain, in_stream;
  Fate fate;
  std::vector<std::string_view> names;
};

const Exception kExceptions[] = {
    // A gateway's page, which no stream can hold: the stream has the API's "internal error".
    {"anthropic", false, true, Fate::kPasses, {"request_too_large"}},
    {"gemini", false, true, Fate::kPasses, {"request_too_large"}},
    // A prompt is blocked before there is a stream, or in an answer that is no error.
    {"gemini", false, true, Fate::kPasses, {"content_filter", "moderation"}},
    // Of this day, and the wait it names is not until tomorrow.
    {"gemini", true, true, Fate::kStops, {"quota_per_day"}},
    // No wait is named, so it is a minute: more than these runs' max_wait.
    {"gemini", false, true, Fate::kStops, {"quota_per_minute"}},
    // Too little memory is a 500 like any other, and a 403 is one of the account.
    {"ollama", true, false, Fate::kPasses, {"failed_precondition"}},
    {"ollama", true, false, Fate::kStops, {"moderation"}},
    // Inside its streams errors are words without a status.
    {"ollama",
     false,
     true,
     Fate::kPasses,
     {"insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
      "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "bad_key", "forbidden",
      "bad_request", "context_length", "content_filter", "billing", "enforced_spend_limit",
      "workspace_spend_limit", "failed_precondition", "moderation", "request_too_large"}},
};

const Row& RowOf(std::string_view name) {
  auto row = std::find_if(std::begin(kFates), std::end(kFates),
                          [&](const Row& each) { return each.name == name; });
  REQUIRE_MESSAGE(row != std::end(kFates), name << " has no fate");
  return *row;
}

Fate FateOf(const Way& way, std::string_view name, bool in_stream) {
  for (const Exception& exception : kExceptions) {
    bool form = in_stream ? exception.in_stream : exception.plain;
    const auto& names = exception.names;
    if (form && exception.at == way.at &&
        std::find(names.begin(), names.end(), name) != names.end())
      return exception.fate;
  }
  return RowOf(name).fate;
}

std::string WordFor(Fate fate) {
  return fate == Fate::kPasses ? "passes" : fate == Fate::kStops ? "stops" : "fails";
}

// The question of a run says which error it is to meet.
std::string QuestionFor(std::string_view name) { return fmt::format("Question {}.", name); }

// Every question meets its error once.
std::string ScriptOfAll(bool in_stream) {
  Json rules = Json::array();
  for (std::string_view name : fake_provider::kErrorNames) {
    Json action = {{"error", name}};
    // What passes says when.
    if (RowOf(name).fate == Fate::kPasses) action["retry_after"] = "0.05";
    // The provider charges for what it broke off: the worst that can be.
    if (in_stream) action = {{"stream_error_after", 2}, {"stream_error", name}, {"bill", true}};
    rules.push_back({{"match", {{"body", QuestionFor(name)}}}, {"times", 1}, {"action", action}});
  }
  return DumpJson({{"rules", rules}});
}

// What a token costs, in the config's dollars per million and the fake provider's picodollars.
constexpr const char* kPrice = "{input: 1.25, output: 10}";
const Args kSamePrice{"--input-price=1250000", "--output-price=10000000", "--cached-price=1250000",
                      "--cache-write-price=1250000"};

std::string ConfigFor(const Way& way, const FakeServer& server, bool streamed) {
  std::string text =
      "name: one\nitems: {range: 1..1}\nworkers: 1\nparams: {question: none}\n"
      "retry: {base: 5ms, most: 50ms, attempts: 3, max_wait: 5s}\nproviders:\n";
  text += fmt::format(
      "  p: {{api: {}, base_url: \"{}{}\", stream: {}, prices: {{\"{}\": {}}}{}}}\n", way.api,
      server.UrlFor(way.at), way.below, streamed ? "always" : "never", way.model, kPrice, way.more);
  text += fmt::format(
      "steps:\n  - id: ask\n    chat: {{model: \"p/{}\", user: \"Question "
      "{{{{params.question}}}}.\"{}}}\n",
      way.model, way.most);
  return text + "outputs:\n  - {file: said.txt, text: \"{{ask.text}}\"}\n";
}

// What a run came to.
struct Ran {
  std::string name;
  ChildEnd end;
  ItemStatus status = ItemStatus::kPending;
  std::string reason;
  Totals totals;
  std::string said;  // its output; "" without one
};

std::vector<Ran> RunAll(const Workplace& place) {
  constexpr size_t kAtOnce = 14;
  std::vector<Ran> all;
  for (std::string_view name : fake_provider::kErrorNames) all.emplace_back().name = name;
  for (size_t from = 0; from < all.size(); from += kAtOnce) {
    size_t to = std::min(all.size(), from + kAtOnce);
    std::vector<std::unique_ptr<Child>> children;
    for (size_t i = from; i < to; ++i) {
      children.push_back(std::make_unique<Child>(
          place.Muster({"run", "one.yaml", "--set", "question=" + all[i].name, "--run",
                        "runs/" + all[i].name})));
    }
    for (size_t i = from; i < to; ++i) all[i].end = children[i - from]->Wait();
  }
  for (Ran& ran : all) {
    std::string folder = "runs/" + ran.name;
    auto ledger = LedgerView::Open(place / folder + "/ledger.sqlite");
    REQUIRE_MESSAGE(ledger, ran.end.out << ran.end.err);
    auto item = ledger->FindItem("1");
    REQUIRE(item);
    ran.status = item->status;
    ran.reason = item->reason;
    ran.totals = ledger->RunTotals();
    Files files = place.FilesIn(folder);
    if (auto said = files.find("said.txt"); said != files.end()) ran.said = said->second;
  }
  return all;
}

// What the provider took for each question, by its own books.
std::map<std::string, Picodollars> BillsOf(const FakeServer& server, const std::string& books) {
  std::map<int64_t, std::string> asked;
  for (const Json& request : server.Requests(1000)) {
    for (std::string_view name : fake_provider::kErrorNames) {
      if (Has(StringMember(request, "body"), QuestionFor(name))) {
        asked[*IntMember(request, "n")] = name;
      }
    }
  }
  std::map<std::string, Picodollars> bills;
  for (const std::string& line : LinesOf(books)) {
    auto event = ParseJson(line);
    if (!event || StringMember(*event, "event") != "billed") continue;
    bills[asked.at(*IntMember(*event, "n"))] += *IntMember(*event, "picodollars");
  }
  return bills;
}

void CheckBooksHold(const Ran& ran, Picodollars bill) {
  CHECK(ran.totals.unpriced == 0);
  CHECK(ran.totals.unknown_unbounded == 0);
  CHECK(ran.totals.cost <= bill);
  CHECK(bill <= ran.totals.cost + ran.totals.unknown_cost);
}

std::string FateWas(const Ran& ran) {
  if (ran.end.code == 0 && ran.status == ItemStatus::kDone) return "passes";
  if (ran.end.code == 5 && ran.status == ItemStatus::kPending) return "stops";
  if (ran.end.code == 1 && ran.status == ItemStatus::kFailed) return "fails";
  return fmt::format("exit code {}, status {}", ran.end.code, static_cast<int>(ran.status));
}

// An error never becomes an answer: a done item has the words that every API has for its question,
// another one has none and tells why.
void CheckSaid(const Ran& ran, std::string& expected) {
  if (ran.status != ItemStatus::kDone) {
    CHECK(ran.said == "");
    CHECK_FALSE(ran.end.out.empty());
    if (ran.status == ItemStatus::kFailed) CHECK_FALSE(ran.reason.empty());
    return;
  }
  CHECK(ran.totals.calls == 1);
  CHECK(ran.totals.tries == 2);
  CHECK(ran.said.starts_with("[prompt:"));
  if (expected.empty()) expected = ran.said;
  CHECK(ran.said == expected);
}

}  // namespace

TEST_CASE("e2e: every error of every API has the fate that fits it, and the books hold") {
  std::map<std::string, std::string> said;  // to each question, over whichever API
  for (const Way& way : kWays) {
    for (bool in_stream : {false, true}) {
      if (in_stream && !way.streams) continue;
      CAPTURE(way.what);
      CAPTURE(in_stream);
      Workplace place(0);
      FakeServer server(
          ScriptOfAll(in_stream),
          kSamePrice + Args{"--answers=prompt", "--books=" + (place / "books.jsonl")});
      place.SetVariable("TEST_KEY", FakeServer::kKey);
      place.Write("one.yaml", ConfigFor(way, server, in_stream));
      std::vector<Ran> all = RunAll(place);
      auto bills = BillsOf(server, place.Read("books.jsonl"));
      for (const Ran& ran : all) {
        CAPTURE(ran.name);
        Fate fate = FateOf(way, ran.name, in_stream);
        CHECK_MESSAGE(FateWas(ran) == WordFor(fate), ran.end.out);
        CheckBooksHold(ran, bills[ran.name]);
        CheckSaid(ran, said[ran.name]);
      }
    }
  }
}

}  // namespace muster
