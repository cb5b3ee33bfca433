#include <doctest/doctest.h>
#include <sys/stat.h>

#include "common/config/url.h"
#include "tests/config_testing.h"

// Messages are read here as a new user reads them: each must say where, what, and what to do.

namespace muster {
namespace {

// Lines added to a config without mistakes, from its line 6 on, and what is said of them.
struct Mistake {
  const char* lines;
  const char* expected;
};

constexpr Mistake kMistakes[] = {
    {"wrokers: 4", "c.yaml:6:1: unknown key \"wrokers\"; did you mean \"workers\"?"},
    {"limits: {foo: 1}",
     "c.yaml:6:10: unknown key \"foo\" in \"limits\"; known here: concurrency, "
     "requests_per_minute, tokens_per_minute, input_tokens_per_minute, output_tokens_per_minute, "
     "rates, min_delay, learn, warmup, time"},
    {"workers: four",
     "c.yaml:6:10: \"workers\" is \"four\"; expected a whole number from 1 to 10000"},
    {"workers: '4'",
     "c.yaml:6:10: \"workers\" is \"4\"; expected a whole number from 1 to 10000, without quotes"},
    {"workers: 0", "c.yaml:6:10: \"workers\" is 0; expected a whole number from 1 to 10000"},
    {"workers: 2.0", "c.yaml:6:10: \"workers\" is 2.0; expected a whole number from 1 to 10000"},
    {"workers:", "c.yaml:6:1: \"workers\" is empty; expected a whole number from 1 to 10000"},
    {"about: 5",
     "c.yaml:6:8: \"about\" is 5; expected text; put it in quotes if it is meant as text"},
    {"limits: [1]",
     "c.yaml:6:9: \"limits\" is a list; expected a map of settings (lines of \"name: value\"), or "
     "auto"},
    {"outputs: {file: a}",
     "c.yaml:6:10: \"outputs\" is a map; expected a list (entries that begin with \"- \")"},
    {"limits: {time: {base: 90}}",
     "c.yaml:6:23: \"limits.time.base\" is 90; expected a duration with its unit, such as 90s, "
     "from "
     "1ms to 1d"},
    {"retry:\n  base: 2h",
     "c.yaml:7:9: \"retry.base\" is \"2h\"; expected a duration with its unit, such as 90s, from "
     "1ms "
     "to 1h"},
    {"limits: {time: {base: 2h}}",
     "c.yaml:6:23: \"limits.time.base\" is 2h, longer than \"limits.time.most\" (30m)"},
    {"params: {a-b: 1}",
     "c.yaml:6:10: the name \"a-b\" is not allowed here; expected letters, digits and _"},
    {"params: {a: [1]}",
     "c.yaml:6:13: \"params.a\" is a list; expected text, a number, true or false"},
    {"params: {a: {defualt: 1}}",
     "c.yaml:6:14: unknown key \"defualt\" in \"params.a\"; did you mean \"default\"?"},
    {"params: {a: {help: x}}",
     "c.yaml:6:13: \"params.a.default\" is missing; expected text, a number, true or false"},
    {"params: {a: {default: z, choices: [x, 1]}}",
     "c.yaml:6:23: \"params.a\" is \"z\"; expected one of: \"x\", 1"},
    {"run: '{{params.x}}'", "c.yaml:6:6: unknown name \"params.x\"; \"params\" has no names"},
    {"output_dir: '{{nmae}}'", "c.yaml:6:13: unknown name \"nmae\"; did you mean \"name\"?"},
    {"providers: {a/b: {api: mock}}",
     "c.yaml:6:13: the name \"a/b\" is not allowed here; expected letters, digits, _ and -"},
    {"providers: {x: {}}",
     "c.yaml:6:13: \"providers.x.api\" is missing; expected one of: openai-responses, openai-chat, "
     "anthropic, gemini, ollama, openrouter, claude-code, mock, http, command"},
    {"providers: {x: {api: opanai-chat}}",
     "c.yaml:6:22: \"providers.x.api\" is \"opanai-chat\"; expected one of: openai-responses, "
     "openai-chat, anthropic, gemini, ollama, openrouter, claude-code, mock, http, command; did "
     "you mean "
     "\"openai-chat\"?"},
    {"providers: {openai: {mock: {seed: 1}}}",
     "c.yaml:6:22: \"providers.openai.mock\" is for api: mock; this provider has api: "
     "openai-responses"},
    {"providers: {openai: {insecure_http: yes}}",
     "c.yaml:6:37: \"providers.openai.insecure_http\" is \"yes\"; expected true or false"},
    {"providers: {mock: {mock: {latency: 9ms..1ms}}}",
     "c.yaml:6:36: \"providers.mock.mock.latency\" is \"9ms..1ms\"; expected a duration such as "
     "50ms, "
     "or two such as 20ms..80ms, up to 1h"},
    {"providers: {mock: {mock: {fail: 1.5}}}",
     "c.yaml:6:33: \"providers.mock.mock.fail\" is 1.5; expected a number from 0 to 1"},
    {"providers: {mock: {prices: {m.1: {input: 0.0000001, output: 1}}}}",
     "c.yaml:6:42: \"providers.mock.prices[\"m.1\"].input\" is 0.0000001; expected US dollars per "
     "million tokens, such as 1.25, with at most 6 decimals"},
    {"providers: {mock: {prices: {m: {input: -1, output: 1}}}}",
     "c.yaml:6:40: \"providers.mock.prices.m.input\" is -1; expected US dollars per million "
     "tokens, "
     "such as 1.25, with at most 6 decimals"},
    {"providers: {openai: {key_header: X-Key, key_env: ''}}",
     "c.yaml:6:22: \"providers.openai.key_header\" needs key_env, which names the environment "
     "variable that holds the key, or key_file"},
    {"providers: {openai: {program: claude}}",
     "c.yaml:6:22: \"providers.openai.program\" is for api: claude-code; this provider has api: "
     "openai-responses"},
    {"providers: {claude-code: {stream: never}}",
     "c.yaml:6:27: \"providers.claude-code.stream\" is for chat APIs that are reached by HTTP; "
     "this provider has api: claude-code"},
    {"providers: {claude-code: {key_env: K, key_header: X-K}}",
     "c.yaml:6:39: \"providers.claude-code.key_header\" is for APIs that are reached by HTTP; this "
     "provider has api: claude-code"},
    {"providers: {mock: {query: {a: b}}}",
     "c.yaml:6:20: \"providers.mock.query\" is for APIs that are reached by HTTP; this provider "
     "has "
     "api: mock"},
    {"providers: {openai: {stream: sometimes}}",
     "c.yaml:6:30: \"providers.openai.stream\" is \"sometimes\"; expected one of: auto, always, "
     "never"},
    {"providers: {openai: {query: {api version: x}}}",
     "c.yaml:6:30: the name \"api version\" is not allowed here; expected letters, digits, _ - . "
     "and $"},
    {"providers: {openai: {query: {api-version: ''}}}",
     "c.yaml:6:43: \"providers.openai.query.api-version\" is not 1 to 1000 bytes of text without "
     "control characters"},
    {"providers: {openai: {query: {v: \"a\\r\\nb\"}}}",
     "c.yaml:6:33: \"providers.openai.query.v\" is not 1 to 1000 bytes of text without control "
     "characters"},
    {"providers: {openai: {base_url: 'https://h/{modle}'}}",
     "c.yaml:6:32: \"providers.openai.base_url\": braces in a URL's path stand for nothing but "
     "{model}, the model's name"},
    {"providers: {openai: {base_url: 'https://h/v1?api-version=1'}}",
     "c.yaml:6:32: \"providers.openai.base_url\": a base URL has no query (?) or fragment (#); "
     "what "
     "follows a ? goes into query"},
    {"providers: {openai: {headers: {X-A: \"a\\r\\nB: c\"}}}",
     "c.yaml:6:37: \"providers.openai.headers.X-A\" is \"a\\x0d\\nB: c\"; expected text without "
     "line "
     "breaks or other control characters"},
    {"providers: {openai: {headers: {\"a b\": x}}}",
     "c.yaml:6:32: the name \"a b\" is not allowed here; expected the name of an HTTP header"},
    {"outputs:\n  - {file: ../x, text: x}",
     "c.yaml:7:12: output path \"../x\" is not a file inside the output folder"},
    {"outputs:\n  - {file: x, text: x}\n  - {file: x, text: y}",
     "c.yaml:8:12: two outputs write \"x\"; the first is in line 7"},
    {"outputs:\n  - {file: {file: x}, text: y}",
     "c.yaml:7:12: \"outputs[0].file\" is a map; expected text"},
    {"outputs:\n  - {file: x, text: '{{asks.text}}'}",
     "c.yaml:7:21: unknown name \"asks.text\"; did you mean \"ask.text\"?"},
    {"outputs:\n  - file: x\n    text: |\n      one\n      {{#ask}}\n",
     "c.yaml:8:11: line 2 of the text: the section \"ask\" is never closed"},
    {"\"\\e[31mred\": 1",
     "c.yaml:6:1: unknown key \"\\x1b[31mred\"; known here: name, params, about, run, output_dir, "
     "items, providers, keys, workers, pools, limits, retry, guard, budget, metrics, steps, "
     "outputs, "
     "score, report, profiles"},
};

TEST_CASE("a mistake is told with its place, what was expected and the nearest name") {
  TestVariable none("OPENAI_BASE_URL", nullptr);
  ConfigFolder folder;
  for (const Mistake& mistake : kMistakes) {
    CAPTURE(mistake.lines);
    CHECK(folder.Mistakes(kLeastConfig + std::string(mistake.lines) + "\n") == mistake.expected);
  }
}

// What is said of a list of steps, of which the first line is line 4.
constexpr Mistake kStepMistakes[] = {
    {"  - {id: a}",
     "c.yaml:4:5: step \"a\" does nothing; expected chat, command, request or branches "
     "in it"},
    {"  []", "c.yaml:3:1: \"steps\" is empty; expected a list with a step at least"},
    {"  - chat: {model: mock/m, user: x}",
     "c.yaml:4:5: \"steps[0].id\" is missing; expected a name of lower-case letters, digits and _ "
     "that begins with a letter"},
    {"  - {id: A, chat: {model: mock/m, user: x}}",
     "c.yaml:4:10: \"steps[0].id\" is \"A\"; expected a name of lower-case letters, digits and _ "
     "that "
     "begins with a letter"},
    {"  - {id: item, chat: {model: mock/m, user: x}}",
     "c.yaml:4:10: no step can be called \"item\": templates have another meaning for it"},
    {"  - {id: a, chat: {model: mock/m, user: x}}\n  - {id: a, chat: {model: mock/m, user: x}}",
     "c.yaml:5:10: two steps are called \"a\"; the first is in line 4"},
    {"  - {id: a, concurrency: 2, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].concurrency\" needs for_each: without it a step makes one call"},
    {"  - {id: a, for_each: itme.files, chat: {model: mock/m, user: x}}",
     "c.yaml:4:23: unknown name \"itme.files\"; did you mean \"item.files\"?"},
    {"  - {id: a, ask_again: 21, chat: {model: mock/m, user: x}}",
     "c.yaml:4:24: \"steps[0].ask_again\" is 21; expected a whole number from 0 to 20"},
    {"  - {id: a, say_why: true, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].say_why\" needs ask_again: without it there is no next ask to say it "
     "in"},
    {"  - {id: a, chat: {model: gpt-5.1, user: x}}",
     "c.yaml:4:27: the model is \"gpt-5.1\"; expected provider/name, as in openai/gpt-5.1"},
    {"  - {id: a, chat: {model: mokc/m, user: x}}",
     "c.yaml:4:27: the model \"mokc/m\" names an unknown provider \"mokc\"; did you mean "
     "\"mock\"?"},
    {"  - {id: a, chat: {model: '{{params.model}}', user: x}}",
     "c.yaml:4:27: unknown name \"params.model\"; \"params\" has no names"},
    {"  - {id: a, chat: {model: mock/m, user: '{{each.text}}'}}",
     "c.yaml:4:41: \"each.text\" is known in a step with for_each only"},
    {"  - {id: a, chat: {model: mock/m, user: '{{b.text}}'}}\n"
     "  - {id: b, chat: {model: mock/m, user: x}}",
     "c.yaml:4:41: \"b.text\" is the answer of a step that comes later"},
    {"  - {id: a, chat: {model: mock/m, user: {file: nowhere.md}}}",
     "c.yaml:4:48: nowhere.md: no such file"},
    {"  - {id: a, chat: {model: mock/m, user: {file: pipe}}}", "c.yaml:4:48: pipe: not a file"},
    {"  - {id: a, chat: {model: mock/m, user: {file: latin.md}}}",
     "c.yaml:4:48: latin.md: line 2 is not UTF-8; save the file as UTF-8"},
    {"  - {id: a, chat: {model: mock/m, user: {file: large.md}}}",
     "c.yaml:4:48: large.md: larger than 4 MB"},
    {"  - {id: a, chat: {model: mock/m, user: {file: open.md}}}",
     "c.yaml:4:41: open.md:3: the section \"item\" is never closed"},
    {"  - {id: a, chat: {model: mock/m, user: {flie: x}}}",
     "c.yaml:4:42: unknown key \"flie\" in \"steps[0].chat.user\"; did you mean \"file\"?"},
    {"  - {id: a, mock: 42, chat: {model: mock/m, user: x}}",
     "c.yaml:4:19: \"steps[0].mock\" is 42; expected text, or {file: path}; put it in quotes if it "
     "is "
     "meant as text"},
    {"  - {id: a, chat: {model: mock/m, user: x, verbosity: hihg}}",
     "c.yaml:4:55: \"steps[0].chat.verbosity\" is \"hihg\"; expected one of: low, medium, high; "
     "did "
     "you mean \"high\"?"},
    {"  - {id: a, chat: {model: mock/m, user: x, images: params.a}}",
     "c.yaml:4:52: unknown name \"params.a\"; \"params\" has no names"},
    {"  - {id: a, chat: {model: mock/m, user: x, images: [a.png, each.image]}}",
     "c.yaml:4:60: \"each.image\" is known in a step with for_each only"},
    {"  - {id: a, chat: {model: mock/m, user: x, images: ['{{itme.id}}.png']}}",
     "c.yaml:4:53: unknown name \"itme.id\"; did you mean \"item.id\"?"},
    {"  - {id: a, parse: {}, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].parse\" says nothing; expected one of: json, regex, line"},
    {"  - {id: a, parse: {json: true, line: x}, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].parse\" says several things; expected one of: json, regex, line"},
    {"  - {id: a, parse: {line: x, repair: latex}, chat: {model: mock/m, user: x}}",
     "c.yaml:4:30: \"steps[0].parse.repair\" needs json: it is JSON that is mended"},
    {"  - {id: a, chat: {model: mock/m, user: x, response_schema: {type: array}}}",
     "c.yaml:4:44: \"steps[0].chat.response_schema\" must describe an object; expected \"type\": "
     "\"object\" in it"},
    {"  - {id: a, chat: {model: mock/m, user: x, response_strict: false}}",
     "c.yaml:4:44: \"steps[0].chat.response_strict\" needs response_schema, which answers are to "
     "meet"},
    {"  - {id: a, chat: {model: openai/gpt-5.1, user: x, temperature: 0.5, seed: 1}}",
     "c.yaml:4:52: \"steps[0].chat.temperature\": provider openai: model gpt-5.1 does not take it; "
     "leave it out\n"
     "c.yaml:4:70: \"steps[0].chat.seed\": provider openai: the openai-responses API has no seed"},
    {"  - {id: a, chat: {model: claude-code/opus, user: x, extra: {a: 1}}}",
     "c.yaml:4:62: \"steps[0].chat.extra.a\" cannot be used; the claude-code API has no request to "
     "add it to"},
    {"  - {id: a, chat: {model: '{{item.m}}', user: x, extra: {options: {num_predict: 9}}}}",
     "c.yaml:4:68: \"steps[0].chat.extra.options.num_predict\" cannot be used; use the step's "
     "max_tokens"},
    {"  - {id: a, chat: {model: mock/m, user: x, extra: {n: 2}}}",
     "c.yaml:4:52: \"steps[0].chat.extra.n\" cannot be used; a call has one answer"},
    {"  - {id: a, chat: {model: mock/m, user: x, temperature: 2.1}}",
     "c.yaml:4:57: \"steps[0].chat.temperature\" is 2.1; expected a number from 0 to 2"},
};

TEST_CASE("what cannot be judged before an item is there is not judged, and paths stay paths") {
  ConfigFolder folder;
  for (const char* fine :
       {"{model: '{{item.m}}', user: x, temperature: 0.5, seed: 1, top_k: 3}",
        "{model: mock/m, user: x, images: [a.png, 'b/*.png', item.image, '{{item.id}}.png', each]}",
        "{model: anthropic/claude-sonnet-4-5, user: x, extra: {metadata: {user_id: a}}}",
        "{model: openai/gpt-5.1, user: x, response_schema: {type: object}, reasoning_effort: "
        "low}"}) {
    CAPTURE(fine);
    CHECK(folder.Mistakes("name: a\nitems: {range: 1..3}\nsteps:\n  - {id: a, for_each: item.l, "
                          "chat: " +
                          std::string(fine) + "}\n  - {id: b, chat: {model: mock/m, user: x}}\n") ==
          "");
  }
}

TEST_CASE("a pattern or schema that cannot be used is told where it stands") {
  ConfigFolder folder;
  auto mistakes = [&](const std::string& step) {
    return folder.Mistakes("name: a\nitems: {range: 1..3}\nsteps:\n  - {id: a, " + step + "}\n");
  };
  std::string regex = mistakes("parse: {regex: 'a(b'}, chat: {model: mock/m, user: x}");
  CHECK(regex.starts_with("c.yaml:4:28: \"steps[0].parse.regex\": "));
  std::string json = mistakes("parse: {json: {type: objcet}}, chat: {model: mock/m, user: x}");
  CHECK(json.starts_with("c.yaml:4:27: \"steps[0].parse.json\": "));
  std::string schema =
      mistakes("chat: {model: mock/m, user: x, response_schema: {type: object, properties: 5}}");
  CHECK(schema.starts_with("c.yaml:4:61: \"steps[0].chat.response_schema\": "));
  for (const std::string& each : {regex, json, schema}) {
    CHECK(std::count(each.begin(), each.end(), '\n') == 0);
  }
}

TEST_CASE("mistakes in steps are told with the step they are in") {
  ConfigFolder folder;
  folder.Write("latin.md", "one\nna\xefve\n");
  folder.Write("large.md", std::string(4 * 1024 * 1024 + 1, 'x'));
  folder.Write("open.md", "one\ntwo\n{{#item}}three\n");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const Mistake& mistake : kStepMistakes) {
    CAPTURE(mistake.lines);
    std::string yaml =
        "name: a\nitems: {range: 1..3}\nsteps:\n" + std::string(mistake.lines) + "\n";
    CHECK(folder.Mistakes(yaml) == mistake.expected);
  }
}

constexpr Mistake kItemMistakes[] = {
    {"items:",
     "c.yaml:3:1: \"items\" says no source; expected directories, csv, jsonl, json, range "
     "or matrix in it"},
    {"about: x",
     "c.yaml:1:1: \"items\" is missing; expected directories, csv, jsonl, json, range or "
     "matrix in it"},
    {"items: {directores: a}",
     "c.yaml:3:9: unknown key \"directores\" in \"items\"; did you mean \"directories\"?"},
    {"items: {directories: a, range: 1..2}",
     "c.yaml:3:25: \"items\" has directories and range; expected one of them"},
    {"items: {range: 1..2, files: a}",
     "c.yaml:3:22: \"items.files\" needs \"items.directories\" to look in"},
    {"items: {range: 5..1}",
     "c.yaml:3:16: \"items.range\" goes from 5 to 1; expected the smaller number first"},
    {"items: {range: all}",
     "c.yaml:3:16: \"items.range\" is \"all\"; expected {from: 1, to: 29} or 1..29"},
    {"items: {range: {from: 1}}",
     "c.yaml:3:16: \"items.range.to\" is missing; expected a whole number from -1000000000000 to "
     "1000000000000"},
    {"items: {range: 1..2, fields: {id: x}}",
     "c.yaml:3:31: \"id\" is a field that the source gives; choose another name"},
    {"items: {range: 1..2, fields: {a: '{{itm.id}}'}}",
     "c.yaml:3:34: unknown name \"itm.id\"; did you mean \"item.id\"?"},
    {"items: {range: 1..2, join: {on: id}}",
     "c.yaml:3:28: \"items.join\" has neither json nor csv; expected one of them"},
};

TEST_CASE("mistakes in items are told") {
  ConfigFolder folder;
  for (const Mistake& mistake : kItemMistakes) {
    CAPTURE(mistake.lines);
    std::string yaml = "name: a\nsteps: [{id: a, chat: {model: mock/m, user: x}}]\n";
    CHECK(folder.Mistakes(yaml + mistake.lines + "\n") == mistake.expected);
  }
}

TEST_CASE("all mistakes are told at once, in the order of the file, options last") {
  ConfigFolder folder;
  ConfigOverrides overrides;
  overrides.set = {"workers=0", "retyr.base=1s"};
  CHECK(
      folder.Mistakes("steps:\n  - {id: A, chat: {model: m, user: x}}\nabuot: x\n"
                      "items: {range: 1..2}\n",
                      overrides) ==
      "c.yaml:1:1: \"name\" is missing; expected letters, digits, _ . and -\n"
      "c.yaml:2:10: \"steps[0].id\" is \"A\"; expected a name of lower-case letters, digits and _ "
      "that begins with a letter\n"
      "c.yaml:2:27: the model is \"m\"; expected provider/name, as in openai/gpt-5.1\n"
      "c.yaml:3:1: unknown key \"abuot\"; did you mean \"about\"?\n"
      "--set retyr.base: \"retyr\" is neither a param nor a setting; did you mean \"retry\"?\n"
      "--set workers: \"workers\" is 0; expected a whole number from 1 to 10000");
}

TEST_CASE("a file that is no config at all gets a short answer") {
  ConfigFolder folder;
  CHECK(folder.Mistakes("") ==
        "c.yaml:1:1: the config is empty; expected a map of settings (lines of \"name: value\")");
  CHECK(folder.Mistakes("- a\n") ==
        "c.yaml:1:1: the config is a list; expected a map of settings (lines of \"name: value\")");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += fmt::format("k{}: 1\n", i);
  std::string mistakes = folder.Mistakes(many);
  CHECK(std::count(mistakes.begin(), mistakes.end(), '\n') == 100);
  CHECK(mistakes.ends_with("\nand 903 more mistakes"));
}

TEST_CASE("a key written into a config is refused and never repeated") {
  ConfigFolder folder;
  for (const char* lines :
       {"  key: sk-SECRET", "  api_key: sk-SECRET", "  apiKey: sk-SECRET", "  token: sk-SECRET",
        "  key_env: sk-SECRET", "  headers: {Authorization: Bearer sk-SECRET}",
        "  headers: {x-api-key: sk-SECRET}", "  query: {api-key: sk-SECRET}",
        "  base_url: https://me:sk-SECRET@h/v1"}) {
    CAPTURE(lines);
    std::string yaml = std::string(kLeastConfig) + "providers:\n  openai:\n  " + lines + "\n";
    std::string mistakes = folder.Mistakes(yaml);
    CHECK(mistakes.starts_with("c.yaml:8:"));
    CHECK(mistakes.find("environment variable") != std::string::npos);
    CHECK(mistakes.find("SECRET") == std::string::npos);
  }
}

TEST_CASE("base URLs: https anywhere, http on this machine only") {
  for (const char* fine : {"https://h", "https://h:8443/a/b", "http://localhost:1/v1",
                           "http://127.0.0.1", "http://127.255.0.9:80", "http://[::1]:5/x"}) {
    CAPTURE(fine);
    CHECK(CheckBaseUrl(fine, false).ok());
  }
  CHECK(*CheckBaseUrl("https://h/v1//", false) == "https://h/v1");
  CHECK(*CheckBaseUrl("http://h/v1", true) == "http://h/v1");
  for (const char* bad : {"http://h",
                          "http://127.0.0.1.evil.example",
                          "http://127.1",
                          "http://127.0.0.256",
                          "http://localhost.evil.example",
                          "http://127.0.0.1@evil.example",
                          "http://0.0.0.0",
                          "https://u:p@h",
                          "https://h/?q",
                          "https://h/#f",
                          "https://",
                          "https:///v1",
                          "https://:80",
                          "https://h:0",
                          "https://h:65536",
                          "https://h:",
                          "https://h:8o",
                          "https://[::1",
                          "https://[]",
                          "https://a b",
                          "https://h/\r\nX: y",
                          "ftp://h",
                          "h/v1",
                          "",
                          "file:///etc/passwd"}) {
    CAPTURE(bad);
    CHECK_FALSE(CheckBaseUrl(bad, false).ok());
  }
}

}  // namespace
}  // namespace muster
