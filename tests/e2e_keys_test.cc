// Keys of every API, in its own header: wherever a key comes from and whatever a provider repeats
// of it, it goes to that provider's address alone and is found in no file, output or process.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "common/base64.h"
#include "tests/workplace.h"

namespace muster {
namespace {

// Bytes that look different in base64 and in URLs.
const std::string kKey = "sk-canary/9fT+Zq==Lw8x&1mNbVc7RdE";

// How one API takes its key.
struct Way {
  std::string what;
  const char* api;    // of the config
  const char* at;     // whose address
  const char* below;  // what follows it
  const char* model;
  const char* header;     // that carries the key
  const char* more = "";  // of the provider's settings
};

const Way kWays[] = {
    {"OpenAI, Responses", "openai-responses", "openai", "", "gpt-5.1", "Authorization"},
    {"OpenAI, Chat Completions", "openai-chat", "openai", "", "gpt-5.1", "Authorization"},
    {"Azure", "openai-chat", "azure-deployments", "/{model}", "gpt-5.1", "api-key",
     ", key_header: api-key, query: {api-version: preview}"},
    {"Anthropic", "anthropic", "anthropic", "", "claude-sonnet-4-5", "x-api-key"},
    {"Gemini", "gemini", "gemini", "", "gemini-2.5-pro", "x-goog-api-key"},
    {"Vertex", "gemini", "gemini", "/projects/p/locations/global/publishers/google",
     "gemini-2.5-pro", "Authorization", ", key_header: Authorization"},
    {"Ollama", "ollama", "ollama", "", "llama3", "Authorization"},
    {"OpenRouter", "openrouter", "openrouter", "", "openai/gpt-5.2", "Authorization"},
};

std::string UrlEncoded(const std::string& text) {
  std::string encoded;
  for (unsigned char c : text) {
    bool plain = std::isalnum(c) ||
                 std::string_view("-_.~").find(static_cast<char>(c)) != std::string_view::npos;
    encoded += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

// Every spelling in which a careless program would leak it.
const std::vector<std::string>& Spellings() {
  static const std::vector<std::string> kSpellings = {kKey, kKey.substr(0, 18),
                                                      kKey.substr(kKey.size() - 16),
                                                      EncodeBase64(kKey), UrlEncoded(kKey)};
  return kSpellings;
}

bool Leaks(const std::string& text) {
  return std::any_of(Spellings().begin(), Spellings().end(),
                     [&](const std::string& spelling) { return Has(text, spelling); });
}

void CheckClean(const Workplace& place, const std::string& printed) {
  CHECK_MESSAGE(!Leaks(printed), printed);
  if (!std::filesystem::exists(place / "runs")) return;
  for (const auto& [name, text] : place.FilesIn("runs")) CHECK_MESSAGE(!Leaks(text), name);
}

// A file of /proc; empty where it may not be read, which is as good.
std::string Proc(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// `source`: "key_env: CANARY" or "key_file: key".
std::string ConfigFor(const Way& way, const FakeServer& server, const std::string& source) {
  return fmt::format(
             "name: one\nitems: {{range: 1..1}}\nworkers: 1\nparams: {{n: 0}}\n"
             "retry: {{base: 5ms, most: 20ms, attempts: 2}}\nproviders:\n"
             "  p: {{api: {}, base_url: \"{}{}\", {}{}}}\n"
             "steps:\n  - {{id: ask, chat: {{model: \"p/{}\", user: \"Question "
             "{{{{params.n}}}}.\"}}}}\n",
             way.api, server.UrlFor(way.at), way.below, source, way.more, way.model) +
         "outputs:\n  - {file: one.txt, text: \"{{ask.text}} by {{ask.model}}\"}\n";
}

void WriteKeyFile(const Workplace& place, mode_t mode) {
  place.Write("key", kKey + "\n");
  REQUIRE(chmod((place / "key").c_str(), mode) == 0);
}

// Ways to repeat a key, KEY being any spelling of it.
std::vector<std::string> Echoes() {
  return {
      R"({"echo_key": true})",
      R"({"status": 400, "body": {"error": {"message": "bad key KEY", "type": "KEY", "code": "KEY"}}})",
      R"({"status": 500, "headers": {"x-request-id": "KEY", "request-id": "KEY"}})",
      R"({"status": 429, "headers": {"retry-after": "KEY"}, "body": "slow, KEY"})",
      R"({"status": 200, "body": "<html>KEY"})",
      R"({"raw": "HTTP/1.1 200 KEY"})",
      R"({"redirect": "http://127.0.0.1:9/KEY"})",
      R"({"text": "Your key is KEY, is it not?"})",
      R"({"text": "KEY", "finish": "refusal"})",
  };
}

// For the question of each echo that echo, twice, in a spelling of its own.
std::string ScriptOf(const std::vector<std::string>& echoes, size_t first_spelling) {
  const std::string kSpelled[] = {kKey, EncodeBase64(kKey), UrlEncoded(kKey)};
  std::string rules;
  for (size_t i = 0; i < echoes.size(); ++i) {
    std::string action = echoes[i];
    const std::string& spelled = kSpelled[(first_spelling + i) % std::size(kSpelled)];
    for (size_t at; (at = action.find("KEY")) != std::string::npos;) action.replace(at, 3, spelled);
    rules += fmt::format(R"({}{{"match": {{"body": "Question {}."}}, "times": 2, "action": {}}})",
                         i ? ", " : "", i, action);
  }
  return R"({"rules": [)" + rules + "]}";
}

}  // namespace

TEST_CASE(
    "e2e: every API's key goes in its own header, from a variable or a file, and nowhere else") {
  for (const Way& way : kWays) {
    for (bool from_file : {false, true}) {
      CAPTURE(way.what);
      CAPTURE(from_file);
      FakeServer server(R"({"rules": [{"action": {"delay_ms": 500}}]})", {"--key=" + kKey});
      Workplace place(0);
      if (from_file) WriteKeyFile(place, 0600);
      place.SetVariable("ANOTHER_VARIABLE", "stays-as-it-is");
      place.SetVariable("CANARY", from_file ? std::nullopt : std::optional(kKey));
      place.Write("one.yaml",
                  ConfigFor(way, server, from_file ? "key_file: key" : "key_env: CANARY"));
      Child run(place.Muster({"run", "one.yaml", "--verbose"}));
      REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 1; }));
      std::vector<pid_t> all = run.Children();
      CHECK(run.Workers().size() == 1);
      all.push_back(run.pid());
      for (pid_t pid : all) {
        CHECK(Has(Proc(pid, "cmdline"), "muster"));
        CHECK_FALSE(Leaks(Proc(pid, "cmdline")));
        CHECK_FALSE(Leaks(Proc(pid, "environ")));
      }
      // The look itself works: root sees the rest of the environment.
      if (geteuid() == 0) CHECK(Has(Proc(run.pid(), "environ"), "ANOTHER_VARIABLE=stays"));
      ChildEnd end = run.Wait();
      CHECK_MESSAGE(end.code == 0, end.out << end.err);
      CheckClean(place, end.out + end.err);
      CHECK(server.Book("unauthorized") == 0);
      for (const Json& request : server.Requests(2)) {
        std::string carriers;
        for (const Json& header : request["headers"]) {
          if (header[1] == "present") carriers += header[0].get<std::string>();
        }
        CHECK(carriers == way.header);
        CHECK_FALSE(Leaks(DumpJson(request)));
      }
    }
  }
}

TEST_CASE("e2e: whatever a provider repeats of a key, in whichever spelling, is kept nowhere") {
  const std::vector<std::string> echoes = Echoes();
  size_t spelling = 0;
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    FakeServer server(ScriptOf(echoes, spelling++), {"--key=" + kKey});
    Workplace place(0);
    place.SetVariable("CANARY", kKey);
    place.Write("one.yaml", ConfigFor(way, server, "key_env: CANARY"));
    std::vector<std::unique_ptr<Child>> runs;
    for (size_t i = 0; i < echoes.size(); ++i) {
      runs.push_back(std::make_unique<Child>(
          place.Muster({"run", "one.yaml", "--verbose", "--set", fmt::format("n={}", i), "--run",
                        fmt::format("runs/{}", i)})));
    }
    std::string printed;
    for (const auto& run : runs) {
      ChildEnd end = run->Wait();
      CHECK_FALSE(end.overdue);
      printed += end.out + end.err;
    }
    ChildEnd status = RunChild(place.Muster({"status", "runs/1", "--items", "--json"}));
    CheckClean(place, printed + status.out + status.err);
    CHECK(Has(printed, "removed]"));  // what was repeated did come here
    std::string asked = DumpJson(server.Requests(1000));
    for (size_t i = 0; i < echoes.size(); ++i) CHECK(Has(asked, fmt::format("Question {}.", i)));
  }
}

TEST_CASE("e2e: a key file that others can read is refused before anything is sent") {
  FakeServer server("", {"--key=" + kKey});
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    Workplace place(0);
    WriteKeyFile(place, 0644);
    place.Write("one.yaml", ConfigFor(way, server, "key_file: key"));
    ChildEnd end = RunChild(place.Muster({"run", "one.yaml"}));
    CHECK(end.code == 2);
    CHECK(Has(end.err, "its mode is 644"));
    CheckClean(place, end.out + end.err);
  }
  CHECK(server.Book("connections") == 0);
}

TEST_CASE("e2e: a redirect takes neither key nor prompt to another server") {
  FakeServer other;
  FakeServer server("", {"--key=" + kKey});
  for (const Way& way : kWays) {
    CAPTURE(way.what);
    server.SetScript(R"({"rules": [{"action": {"redirect": ")" + other.UrlFor(way.at) + "\"}}]}");
    Workplace place(0);
    place.SetVariable("CANARY", kKey);
    place.Write("one.yaml", ConfigFor(way, server, "key_env: CANARY"));
    ChildEnd end = RunChild(place.Muster({"run", "one.yaml"}));
    CHECK(end.code == 1);
    CHECK(Has(end.out, "which is not followed"));
    CheckClean(place, end.out + end.err);
  }
  CHECK(server.Book("asked") >= static_cast<int64_t>(std::size(kWays)));
  CHECK(other.Book("connections") == 0);
}

}  // namespace muster
