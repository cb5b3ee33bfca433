// The transcripts config as it is shipped, over the API of every provider: the same transcripts,
// and the provider's own tokens and picodollars.

#include "common/files.h"
#include "common/prices.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr int64_t kItems = 2, kCalls = kItems * 8;

// One way to reach a model. What `of_table` says it costs is what the fake provider takes.
struct Row {
  const char* what;
  const char* provider;
  const char* model;
  const char* key_env;  // "" for none
  const char* at;       // whose address of the fake provider's
  const char* vendor;   // of the price table; "" for a price of the config's own
  Args more = {};
};

const Row kRows[] = {
    {"OpenAI, Responses", "openai", "gpt-5.1", "OPENAI_API_KEY", "openai", "openai"},
    {"OpenAI, Responses, unstreamed",
     "openai",
     "gpt-5.1",
     "OPENAI_API_KEY",
     "openai",
     "openai",
     {"--set", "providers.openai.stream=never"}},
    {"OpenAI, Chat Completions",
     "openai",
     "gpt-5.1",
     "OPENAI_API_KEY",
     "openai",
     "openai",
     {"--set", "providers.openai.api=openai-chat"}},
    {"OpenAI, Chat Completions, streamed",
     "openai",
     "gpt-5.1",
     "OPENAI_API_KEY",
     "openai",
     "openai",
     {"--set", "providers.openai.api=openai-chat", "--set", "providers.openai.stream=always"}},
    {"Anthropic", "anthropic", "claude-sonnet-4-5", "ANTHROPIC_API_KEY", "anthropic", "anthropic"},
    {"Anthropic, unstreamed",
     "anthropic",
     "claude-sonnet-4-5",
     "ANTHROPIC_API_KEY",
     "anthropic",
     "anthropic",
     {"--set", "providers.anthropic.stream=never"}},
    {"Gemini", "gemini", "gemini-2.5-pro", "GEMINI_API_KEY", "gemini", "gemini"},
    {"Gemini, unstreamed",
     "gemini",
     "gemini-2.5-pro",
     "GEMINI_API_KEY",
     "gemini",
     "gemini",
     {"--set", "providers.gemini.stream=never"}},
    {"Ollama", "ollama", "llama3", "", "ollama", "ollama"},
    {"Ollama, unstreamed",
     "ollama",
     "llama3",
     "",
     "ollama",
     "ollama",
     {"--set", "providers.ollama.stream=never"}},
    {"OpenRouter", "openrouter", "anthropic/claude-sonnet-4.5", "OPENROUTER_API_KEY", "openrouter",
     "openrouter"},
    {"OpenRouter, unstreamed",
     "openrouter",
     "openai/gpt-5.2",
     "OPENROUTER_API_KEY",
     "openrouter",
     "openrouter",
     {"--set", "providers.openrouter.stream=never"}},
};

const PriceTable& Prices() {
  static const PriceTable kTable = *PriceTable::Load(*FindDataFile("prices.json"));
  return kTable;
}

// The fake provider's prices are those of the table's model.
std::vector<std::string> FlagsFor(const Row& row) {
  const ModelPrice* price = Prices().Find(row.vendor, row.model);
  REQUIRE_MESSAGE(price, row.vendor << " has no " << row.model);
  const TokenPrices& usual = price->usual();
  Picodollars input = usual.input.value_or(0);
  auto flag = [](const char* name, Picodollars value) {
    return fmt::format("--{}-price={}", name, value);
  };
  return {"--answers=prompt",
          "--no-fsync",
          flag("input", input),
          flag("output", usual.output.value_or(0)),
          flag("cached", usual.cached_input.value_or(input)),
          flag("cache-write", usual.cache_write.value_or(input))};
}

// What a persona's transcript says, without the header, which tells of model and tokens.
Files Said(const Workplace& place) {
  Files said = place.FilesIn("runs/transcripts/transcripts");
  for (auto& [name, text] : said) text = text.substr(text.find("=====\n"));
  return said;
}

void CheckBooksAgree(const Json& status, const Json& books) {
  const std::pair<const char*, const char*> kSame[] = {{"calls", "billed_count"},
                                                       {"tries", "asked"},
                                                       {"input_tokens", "input"},
                                                       {"cached_tokens", "cached"},
                                                       {"cache_write_tokens", "cache_write"},
                                                       {"output_tokens", "output"},
                                                       {"reasoning_tokens", "reasoning"},
                                                       {"cost_picodollars", "picodollars"}};
  for (auto [ours, theirs] : kSame) {
    INFO(ours << " and the provider's " << theirs);
    CHECK(CountIn(status, "totals", ours) == IntMember(books, theirs));
  }
  CHECK(CountIn(status, "totals", "unknown_tries") == 0);
  CHECK(CountIn(status, "totals", "unpriced_calls") == 0);
}

// Runs the config over the row's API; what was said.
Files RunOver(const Row& row, const std::string& script = "") {
  FakeServer server(script, FlagsFor(row));
  Workplace place(kItems);
  if (*row.key_env) place.SetVariable(row.key_env, FakeServer::kKey);
  Args args{"run",   kTranscripts,
            "--set", fmt::format("model={}/{}", row.provider, row.model),
            "--set", fmt::format("providers.{}.base_url={}", row.provider, server.UrlFor(row.at)),
            "--set", "retry.base=20ms"};
  ChildEnd end = RunChild(place.Muster(args + row.more));
  REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
  CheckBooksAgree(place.Status(), server.Books());
  CHECK(server.Book("billed_count") == kCalls);
  return Said(place);
}

}  // namespace

TEST_CASE("e2e: every provider's API gives the same transcripts, with its own tokens and cost") {
  Files first;
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    Files said = RunOver(row);
    CHECK(said.size() == kItems);
    if (first.empty()) first = said;
    CHECK(said == first);
  }
}

TEST_CASE("e2e: errors that pass, at every provider's, change nothing but the tries") {
  const std::string kScript = R"({"rules": [
      {"match": {"nth": 2}, "action": {"error": "rate_limit", "retry_after": "0.05"}},
      {"match": {"nth": 5}, "action": {"error": "overloaded"}},
      {"match": {"nth": 8}, "action": {"error": "server_error"}}]})";
  Files first;
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    Files said = RunOver(row, kScript);
    if (first.empty()) first = said;
    CHECK(said == first);
  }
}

TEST_CASE("e2e: a stream that breaks off is asked for again, and its cost stands as unknown") {
  for (const Row& row : kRows) {
    if (Has(row.what, "unstreamed") || std::string(row.what) == "OpenAI, Chat Completions")
      continue;
    CAPTURE(row.what);
    FakeServer server(R"({"rules": [
        {"match": {"nth": 3}, "action": {"stream_cut_after": 3}},
        {"match": {"nth": 6}, "action": {"stream_cut_after": 3, "stream_end": true}},
        {"match": {"nth": 9}, "action": {"stream_error_after": 3}},
        {"match": {"from": 10}, "action": {"stream_junk": true, "stream_split": 7}}]})",
                      FlagsFor(row));
    Workplace place(kItems);
    if (*row.key_env) place.SetVariable(row.key_env, FakeServer::kKey);
    Args args{"run",   kTranscripts,
              "--set", fmt::format("model={}/{}", row.provider, row.model),
              "--set", fmt::format("providers.{}.base_url={}", row.provider, server.UrlFor(row.at)),
              "--set", "retry.base=20ms"};
    ChildEnd end = RunChild(place.Muster(args + row.more));
    REQUIRE_MESSAGE(end.code == 0, end.out << end.err);
    Json status = place.Status(), books = server.Books();
    CHECK(place.FilesIn("runs/transcripts/transcripts").size() == kItems);
    CHECK(CountIn(status, "totals", "tries") == IntMember(books, "asked"));
    int64_t spent = CountIn(status, "totals", "cost_picodollars");
    int64_t unknown = CountIn(status, "totals", "unknown_cost_picodollars");
    int64_t bill = IntMember(books, "picodollars").value_or(0);
    CHECK(spent <= bill);
    CHECK(bill <= spent + unknown);
  }
}

}  // namespace muster
