// Pictures in, data out, over the API of every provider: a schema that is asked for, checked and
// taken apart by later steps; and answers that do not meet it, which are kept and never become
// data.

#include <algorithm>

#include "supervisor/ledger/sqlite.h"
#include "supervisor/ledger/view.h"
#include "tests/image_samples.h"
#include "tests/workplace.h"

namespace muster {
namespace {

constexpr const char* kKey = ", key_env: TEST_KEY";
constexpr const char* kAzure =
    ", key_env: TEST_KEY, key_header: api-key, query: {api-version: preview}";
constexpr const char* kVertex = ", key_env: TEST_KEY, key_header: Authorization";

// One way to reach a model of the fake provider's.
struct Way {
  std::string what;
  const char* api;    // of the config
  const char* at;     // whose address
  const char* below;  // what follows it
  const char* model;
  std::string more;  // of the provider's settings
};

const Way kWays[] = {
    {"OpenAI, Responses", "openai-responses", "openai", "", "gpt-5.1", kKey},
    {"OpenAI, Responses, unstreamed", "openai-responses", "openai", "", "gpt-5.1",
     kKey + std::string(", stream: never")},
    {"OpenAI, Chat Completions", "openai-chat", "openai", "", "gpt-5.1", kKey},
    {"Azure, v1", "openai-responses", "azure", "", "gpt-5.1", kAzure},
    {"Azure, deployments", "openai-chat", "azure-deployments", "/{model}", "gpt-5.1", kAzure},
    {"Anthropic", "anthropic", "anthropic", "", "claude-sonnet-4-5", kKey},
    {"Gemini", "gemini", "gemini", "", "gemini-2.5-pro", kKey},
    {"Vertex", "gemini", "gemini", "/projects/p/locations/global/publishers/google",
     "gemini-2.5-pro", kVertex},
    {"Ollama", "ollama", "ollama", "", "llama3", ""},
    {"OpenRouter", "openrouter", "openrouter", "", "openai/gpt-5.2", kKey},
};

// What a token costs, in the config's dollars per million and the fake provider's picodollars.
constexpr const char* kPrice = "{input: 1.25, output: 10}";
const Args kSamePrice{"--input-price=1250000", "--output-price=10000000", "--cached-price=1250000",
                      "--cache-write-price=1250000"};

std::string ProviderOf(const Way& way, const FakeServer& server) {
  return fmt::format("providers:\n  p: {{api: {}, base_url: \"{}{}\", prices: {{\"{}\": {}}}{}}}\n",
                     way.api, server.UrlFor(way.at), way.below, way.model, kPrice, way.more);
}

// Looks at two pictures, says what it sees in a form, and speaks of that.
constexpr const char* kSeeing = R"(
  - id: first
    ask_again: {ask_again}
    chat:
      model: "p/{model}"
      system: You describe pictures.
      user: "Look at picture {{{{item.number}}}}."
      images: ["pictures/*.png"]
      response_schema:
        type: object
        additionalProperties: false
        required: [kind, count, tags]
        properties:
          kind: {{type: string, enum: [circle, square, triangle]}}
          count: {{type: integer, minimum: 3, maximum: 9}}
          tags: {{type: array, minItems: 1, maxItems: 4, items: {{type: string}}}}
  - id: second
    chat:
      model: "p/{model}"
      user: "Tell of {{{{first.value.count}}}} times a {{{{first.value.kind}}}}."
outputs:
  - file: "said/{{{{item.id}}}}.txt"
    text: "{{{{first.value.kind}}}} {{{{first.value.count}}}} {{{{first.value.tags}}}}: {{{{second.text}}}}"
)";

std::string SeeingConfig(const Way& way, const FakeServer& server, int ask_again) {
  return "name: seeing\nitems: {range: 1..2}\nworkers: 2\nretry: {base: 5ms, most: 50ms}\n" +
         ProviderOf(way, server) + "steps:" +
         fmt::format(fmt::runtime(kSeeing), fmt::arg("model", way.model),
                     fmt::arg("ask_again", ask_again));
}

void MakePictures(const Workplace& place) {
  place.Write("pictures/a.png", BytesOf(kPng));
  place.Write("pictures/b.png", BytesOf(kPng) + "more");
}

void CheckBooksAgree(const Totals& totals, const Json& books) {
  auto same = [&](int64_t ours, const char* theirs) {
    INFO("the provider's " << theirs);
    CHECK(ours == IntMember(books, theirs));
  };
  same(totals.calls, "billed_count");
  same(totals.tries, "asked");
  same(totals.usage.input, "input");
  same(totals.usage.output, "output");
  same(totals.cost, "picodollars");
  CHECK(totals.unknown_tries == 0);
  CHECK(totals.unpriced == 0);
  CHECK(totals.unknown_usage == 0);
}

// A run, and what its ledger has.
struct Ran {
  ChildEnd end;
  Totals totals;
  std::vector<std::string> reasons;  // of the items
  struct Call {
    std::string step, answer, why_rejected;
    int64_t ask = 0;
    bool rejected = false;
  };
  std::vector<Call> calls;
};

Ran Run(Workplace& place, const std::string& config, const std::string& name) {
  place.SetVariable("TEST_KEY", FakeServer::kKey);
  place.Write("c.yaml", config);
  Ran ran;
  ran.end = RunChild(place.Muster({"run", "c.yaml"}));
  std::string path = place / ("runs/" + name + "/ledger.sqlite");
  auto view = LedgerView::Open(path);
  REQUIRE_MESSAGE(view, ran.end.out << ran.end.err);
  ran.totals = view->RunTotals();
  view->ForEachItem([&](const ItemRow& item) { ran.reasons.push_back(item.reason); });
  auto database = Database::Open(path, Database::Access::kReadOnly);
  REQUIRE(database);
  Rows rows = (*database)->Query(
      "SELECT step, ask, rejected, reject_reason, answer FROM calls ORDER BY item, step, ask");
  while (rows.Next()) {
    ran.calls.push_back({rows.Text(0), rows.Text(4), rows.Text(3), rows.Int(1), rows.Int(2) != 0});
  }
  return ran;
}

// A rule for the questions about pictures.
Json SeeingRule(const std::string& text, int times = 1000) {
  return {{"match", {{"body", "Look at picture"}}}, {"times", times}, {"action", {{"text", text}}}};
}

// What every API answers to picture 1 or 2 is an instance of the schema as it was sent; where
// bounds were left out of it, the script says something within them.
std::string ScriptFor(const Way& way, Json rules = Json::array()) {
  if (way.what == "Anthropic") {
    rules.push_back(SeeingRule(R"({"kind": "square", "count": 7, "tags": ["x"]})"));
  }
  return DumpJson({{"rules", rules}});
}

}  // namespace

TEST_CASE("e2e: every API sees the pictures and answers by the schema, and its values go on") {
  Files first;
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    FakeServer server(ScriptFor(way), kSamePrice + Args{"--answers=prompt"});
    Workplace place(0);
    MakePictures(place);
    Ran ran = Run(place, SeeingConfig(way, server, 0), "seeing");
    REQUIRE_MESSAGE(ran.end.code == 0, ran.end.out << ran.end.err);
    CheckBooksAgree(ran.totals, server.Books());
    Files said = place.FilesIn("runs/seeing/said");
    CHECK(said.size() == 2);
    for (const auto& [name, text] : said) {
      size_t shape = text.find(' '), count = text.find(' ', shape + 1);
      std::string kind = text.substr(0, shape);
      CHECK((kind == "circle" || kind == "square" || kind == "triangle"));
      CHECK(std::stoi(text.substr(shape + 1)) >= 3);
      CHECK(std::stoi(text.substr(shape + 1)) <= 9);
      CHECK(text.substr(count + 1, 2) == "[\"");
      CHECK(Has(text, "]: [prompt:"));
    }
    int shown = 0;
    for (const Json& request : server.Requests(4)) {
      std::string body = StringMember(request, "body");
      if (!Has(body, "Look at picture")) continue;
      ++shown;
      CHECK(Has(body, std::string(kPng)));
      CHECK(Has(body, EncodeBase64(BytesOf(kPng) + "more")));
      CHECK(Has(body, "triangle"));
    }
    CHECK(shown == 2);
    if (way.what == "Anthropic") continue;  // its words are the script's
    if (first.empty()) first = said;
    CHECK(said == first);
  }
}

TEST_CASE("e2e: an answer that is no JSON, or not by the schema, is kept raw and never data") {
  struct Bad {
    const char* text;
    const char* part;  // of it, as it stands in the raw reply too
    const char* why;
  };
  const Bad kBad[] = {
      {"There are seven of them.", "There are seven of them.", "JSON"},
      {R"({"kind": "hexagon", "count": 7, "tags": ["x"]})", "hexagon", "kind"},
      {R"({"kind": "circle", "count": 77, "tags": ["x"]})", "77", "count"},
      {R"({"kind": "circle", "count": 7, "tags": []})", "circle", "tags"},
  };
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    FakeServer server("", kSamePrice + Args{"--answers=prompt"});
    for (const Bad& bad : kBad) {
      CAPTURE(bad.text);
      // Half of them over each API: what is made of its text is the same.
      if ((&way - kWays) % 2 != (&bad - kBad) % 2) continue;
      server.SetScript(DumpJson({{"rules", Json::array({SeeingRule(bad.text)})}}));
      Workplace place(0);
      MakePictures(place);
      Ran ran = Run(place, SeeingConfig(way, server, 0), "seeing");
      CHECK(ran.end.code == 1);
      CHECK(ran.reasons.size() == 2);
      for (const std::string& reason : ran.reasons) CHECK(Has(reason, bad.why));
      CHECK(Has(ran.end.out, bad.why));
      CHECK_FALSE(std::filesystem::exists(place / "runs/seeing/said"));
      REQUIRE(ran.calls.size() == 2);  // none of the second step
      for (const Ran::Call& call : ran.calls) {
        CHECK(call.step == "first");
        CHECK(call.rejected);
        CHECK(Has(call.why_rejected, bad.why));
        CHECK(Has(call.answer, bad.part));
      }
    }
  }
}

TEST_CASE("e2e: ask_again asks until an answer can be used, and keeps and pays those before") {
  Files first;
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    // Each item is asked twice in vain.
    Json rules = Json::array();
    for (int item : {1, 2}) {
      std::string of_item = fmt::format("Look at picture {}.", item);
      rules.push_back({{"match", {{"body", of_item}}},
                       {"times", 1},
                       {"action", {{"text", "There are seven of them."}}}});
      rules.push_back(
          {{"match", {{"body", of_item}}},
           {"times", 1},
           {"action", {{"text", R"({"kind": "hexagon", "count": 7, "tags": ["x"]})"}}}});
    }
    FakeServer server(ScriptFor(way, rules), kSamePrice + Args{"--answers=prompt"});
    Workplace place(0);
    MakePictures(place);
    Ran ran = Run(place, SeeingConfig(way, server, 2), "seeing");
    REQUIRE_MESSAGE(ran.end.code == 0, ran.end.out << ran.end.err);
    REQUIRE(ran.calls.size() == 8);
    for (size_t i = 0; i < ran.calls.size(); ++i) {
      const Ran::Call& call = ran.calls[i];
      CHECK(call.step == (i % 4 == 3 ? "second" : "first"));
      CHECK(call.ask == (i % 4 == 3 ? 1 : static_cast<int64_t>(i % 4) + 1));
      CHECK(call.rejected == (i % 4 < 2));
    }
    CHECK(Has(ran.calls[0].answer, "There are seven of them."));
    CHECK(Has(ran.calls[1].answer, "hexagon"));
    CheckBooksAgree(ran.totals, server.Books());
    Files said = place.FilesIn("runs/seeing/said");
    for (const auto& [name, text] : said) CHECK_FALSE(Has(text, "hexagon"));
    if (way.what == "Anthropic") continue;
    if (first.empty()) first = said;
    CHECK(said == first);
  }
}

namespace {

struct Mending {
  const char* text;
  const char* task;  // "": rejected
};

// By what a step's `repair` says.
const std::pair<std::string, std::vector<Mending>> kMendings[] = {
    {"[fences, latex]",
     {{"Here:\n```json\n{\"task\": \"Solve \\frac{1}{2} \\times x\"}\n```",
       "Solve \\frac{1}{2} \\times x"},
      {"{\"task\": \"Solve \\\\frac{1}{2}\"}", "Solve \\frac{1}{2}"},
      {"{\"task\": \"one\",}", ""}}},
    {"[commas]", {{"{\"task\": \"one\",}", "one"}, {"```json\n{\"task\": \"one\"}\n```", ""}}},
    {"[]", {{"{\"task\": \"one\"}", "one"}, {"{\"task\": \"\\alpha\"}", ""}}},
    {"[fences, commas, latex]",
     {{"```\n{\"task\": \"\\alpha\",}\n```", "\\alpha"},
      {"{\"task\": \"one", ""},
      {"{\"tasks\": \"one\"}", ""}}},
};

// So many items, one question each.
std::string MendingConfig(const Way& way, const FakeServer& server, const std::string& repair,
                          size_t items) {
  return fmt::format("name: mend\nitems: {{range: 1..{}}}\n", items) + ProviderOf(way, server) +
         fmt::format(
             "steps:\n  - id: ask\n    chat: {{model: \"p/{}\", user: \"Question "
             "{{{{item.id}}}}.\"}}\n    parse:\n      repair: {}\n      json: {{type: object, "
             "required: [task], properties: {{task: {{type: string}}}}}}\n",
             way.model, repair) +
         "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.value.task}}\"}\n";
}

}  // namespace

TEST_CASE("e2e: fences, commas and LaTeX are mended as the step says, and nothing else is") {
  for (const Way& way : kWays) {
    // Other ways have no other texts than these.
    bool one_of_a_kind = way.what == "OpenAI, Responses" || way.what == "Anthropic" ||
                         way.what == "Gemini" || way.what == "Ollama";
    if (!one_of_a_kind) continue;
    CAPTURE(way.what);
    FakeServer server("", kSamePrice + Args{"--answers=prompt"});
    for (const auto& [repair, mendings] : kMendings) {
      CAPTURE(repair);
      Json rules = Json::array();
      for (size_t i = 0; i < mendings.size(); ++i) {
        rules.push_back({{"match", {{"body", fmt::format("Question {}.", i + 1)}}},
                         {"action", {{"text", mendings[i].text}}}});
      }
      server.SetScript(DumpJson({{"rules", rules}}));
      Workplace place(0);
      Ran ran = Run(place, MendingConfig(way, server, repair, mendings.size()), "mend");
      CHECK(ran.end.code == 1);
      CHECK(ran.totals.calls == static_cast<int64_t>(mendings.size()));
      for (size_t i = 0; i < mendings.size(); ++i) {
        CAPTURE(mendings[i].text);
        std::string path = fmt::format("runs/mend/{}.txt", i + 1), task = mendings[i].task;
        bool there = std::filesystem::exists(place / path);
        CHECK(there == !task.empty());
        if (there) CHECK(place.Read(path) == task);
        CHECK(ran.reasons.at(i).empty() == there);
      }
    }
  }
}

}  // namespace muster
