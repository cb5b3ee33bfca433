// What goes together in a step, what its texts and expressions can name, and what is made of it.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "common/json.h"
#include "tests/config_testing.h"

namespace muster {
namespace {

// Steps (from line 4 on) or what stands behind them, and what is said of it.
struct Row {
  const char* lines;
  const char* expected;
};

std::string MistakesOf(const ConfigFolder& folder, const std::string& lines) {
  return folder.Mistakes(
      "name: a\nitems: {range: 1..3, fields: {list: x}}\nsteps:\n" + lines +
      "\nparams: {n: 3, yes: true, mode: one}\nproviders: {jobs: {api: http, base_url: "
      "'http://127.0.0.1:1'}}\n");
}

constexpr Row kStepRows[] = {
    // ---- one thing each ----
    {"  - {id: a}",
     "c.yaml:4:5: step \"a\" does nothing; expected chat, command, request or branches in it"},
    {"  - {id: a, chat: {model: mock/m, user: x}, command: {run: [ls]}}",
     "c.yaml:4:45: step \"a\" has chat and command; expected one of them"},
    {"  - {id: a, parallel: false, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].parallel\" needs branches, which it is about"},
    {"  - {id: a, branches: [{id: b, branches: [{id: c, command: {run: ls}}]}]}",
     "c.yaml:4:32: a branch cannot have branches"},
    {"  - {id: a, branches: [{id: b}]}",
     "c.yaml:4:24: step \"b\" does nothing; expected chat, command or request in it"},
    {"  - {id: a, branches: [{id: a, command: {run: ls}}]}",
     "c.yaml:4:29: two steps are called \"a\"; the first is in line 4"},
    {"  - {id: a, repeat: {most: 2}, branches: [{id: b, command: {run: ls}}]}",
     "c.yaml:4:13: \"steps[0].repeat\" is not for a step with branches; write it into the "
     "branches"},
    {"  - {id: a, for_each: item.list, repeat: {most: 2}, command: {run: ls}}",
     "c.yaml:4:34: step \"a\" has repeat and for_each; expected one of them"},
    {"  - {id: a, ask_again: 1, command: {run: ls}}",
     "c.yaml:4:13: \"steps[0].ask_again\" needs chat, which can be asked"},
    {"  - {id: a, mock: x, command: {run: ls}}",
     "c.yaml:4:13: \"steps[0].mock\" needs chat, which the mock provider answers"},
    {"  - {id: a, parse: {line: x}, request: {provider: jobs, post: /x}}",
     "c.yaml:4:13: \"steps[0].parse\" needs chat or command, whose text is parsed"},
    {"  - {id: a, reuse: {file: x}, chat: {model: mock/m, user: x}}",
     "c.yaml:4:13: \"steps[0].reuse\" needs command or request, which a file can make needless"},
    {"  - {id: a, chat: {model: mock/m, user: x}, mock_instead: [{share: 0.7, text: a}, {share: "
     "0.4, text: b}]}",
     "c.yaml:4:45: the shares of \"steps[0].mock_instead\" come to 1.1; expected at most 1"},
    // ---- names ----
    {"  - {id: round, command: {run: ls}}",
     "c.yaml:4:10: no step can be called \"round\": templates have another meaning for it"},
    {"  - {id: a, when: params.moed == \"one\", command: {run: ls}}",
     "c.yaml:4:19: unknown name \"params.moed\"; did you mean \"params.mode\"?"},
    {"  - {id: a, when: params.mode == single, command: {run: ls}}",
     "c.yaml:4:19: unknown name \"single\"; known here: item, params, run, work; a text stands in "
     "quotes"},
    {"  - {id: a, when: b.value > 1, command: {run: ls}}\n  - {id: b, command: {run: ls}}",
     "c.yaml:4:19: \"b.value\" is the answer of a step that comes later"},
    {"  - {id: a, command: {run: [ls, '{{round.number}}']}}",
     "c.yaml:4:33: \"round.number\" is known in a step with repeat only"},
    {"  - {id: a, command: {run: [ls, '{{usage.cost}}']}}",
     "c.yaml:4:33: \"usage.cost\" is known in outputs only"},
    {"  - {id: a, repeat: {until: a.value == \"x\", total: a.count}, command: {run: ls}}",
     "c.yaml:4:52: \"a\" is the answer of a step that comes later"},
    {"  - {id: a, branches: [{id: b, command: {run: ls}}, {id: c, command: {run: [ls, "
     "'{{b.text}}']}}]}",
     "c.yaml:4:81: \"b.text\" is the answer of a branch beside this one; branches do not see each "
     "other"},
    {"  - {id: a, chat: {model: mock/m, user: {file: 'p/{{itme.id}}.md'}}}",
     "c.yaml:4:41: unknown name \"itme.id\"; did you mean \"item.id\"?"},
    {"  - {id: a, chat: {model: mock/m, user: x, context: ['{{itme.id}}.txt']}}",
     "c.yaml:4:54: unknown name \"itme.id\"; did you mean \"item.id\"?"},
    {"  - {id: a, reuse: {file: 'x/{{itme.id}}', only: params.yse}, command: {run: ls}}",
     "c.yaml:4:27: unknown name \"itme.id\"; did you mean \"item.id\"?\n"
     "c.yaml:4:50: unknown name \"params.yse\"; did you mean \"params.yes\"?"},
    // ---- commands ----
    {"  - {id: a, command: {run: []}}",
     "c.yaml:4:23: \"steps[0].command.run\" is empty; expected a program and its arguments"},
    {"  - {id: a, command: {run: [./nowhere, x]}}",
     "c.yaml:4:29: ./nowhere: no such file; expected a program beside the config"},
    {"  - {id: a, command: {run: [./text, x]}}",
     "c.yaml:4:29: ./text: not a program; chmod +x makes it one"},
    {"  - {id: a, command: {run: ls, env: [PATH, sk-secret]}}",
     "c.yaml:4:44: \"steps[0].command.env[1]\" is not the name of an environment variable; its "
     "value has no place here"},
    // ---- requests ----
    {"  - {id: a, request: {provider: job, post: /x}}",
     "c.yaml:4:33: there is no provider \"job\"; did you mean \"jobs\"?"},
    {"  - {id: a, request: {provider: mock, post: /x}}",
     "c.yaml:4:33: provider \"mock\" has api: mock; expected one with api: http"},
    {"  - {id: a, chat: {model: jobs/x, user: x}}",
     "c.yaml:4:27: provider \"jobs\" has api: http, which has no models to chat with"},
    {"  - {id: a, request: {provider: jobs, post: 'https://elsewhere/x'}}",
     "c.yaml:4:45: \"steps[0].request.post\" is \"https://elsewhere/x\"; expected a path that "
     "begins with /, behind the provider's base_url"},
    {"  - {id: a, request: {provider: jobs, post: /x, body: {a: ['{{itme.id}}', '{{#item}}']}}}",
     "c.yaml:4:60: unknown name \"itme.id\"; did you mean \"item.id\"?\n"
     "c.yaml:4:75: the section \"item\" is never closed"},
    {"  - {id: a, request: {provider: jobs, post: /x, poll: {get: '/x/{{job}}', done: ok}}}",
     "c.yaml:4:61: \"job\" is known in poll.get of a request only"},
    {"  - {id: a, request: {provider: jobs, post: /x, find: {get: /l, match: each.n == item.id, "
     "job: id}}}",
     "c.yaml:4:49: \"steps[0].request.find\" needs \"steps[0].request.job\", which says what the "
     "reply to post calls the job"},
    {"  - {id: a, request: {provider: jobs, post: /x, job: id, poll: {get: '/x/{{job}}', every: "
     "9s, limit: 2s, done: ok}}}",
     "c.yaml:4:84: \"steps[0].request.poll.every\" is 9s, longer than \"steps[0].request.poll."
     "limit\" (2s)"},
};

TEST_CASE("steps: what does not go together is told where it stands") {
  ConfigFolder folder;
  folder.Write("text", "no program");
  for (const Row& row : kStepRows) {
    CAPTURE(row.lines);
    CHECK(MistakesOf(folder, row.lines) == row.expected);
  }
}

TEST_CASE("steps: every kind of step, with all that may stand around it, is taken") {
  ConfigFolder folder;
  folder.Write("make", "#!/bin/sh\n");
  REQUIRE(chmod((folder / "make").c_str(), 0755) == 0);
  const char* const fine[] = {
      "  - {id: a, when: params.mode == \"one\" and item.number > 1, command: {run: [./make, "
      "'{{work}}'], produces: 'x/*', stdin: '{{item.id}}', inputs: ['*.txt'], env: LANG}, parse: "
      "{json: true}}\n"
      "  - {id: b, when: a.value != null, for_each: a.files, command: {run: [cat, '{{each}}']}}",
      "  - {id: a, repeat: {until: a.count > params.n, total: params.n, batch: 2}, chat: {model: "
      "mock/m, user: '{{round.number}} {{#a.values}}{{x}}{{/a.values}}'}, parse: {line: x}}",
      "  - id: both\n    parallel: params.yes\n    when: item.number > 2\n    branches:\n"
      "      - {id: a, when: item.number > 3, chat: {model: mock/m, user: x, context: "
      "['{{item.id}}.txt']}}\n"
      "      - {id: b, for_each: item.list, command: {run: [ls, '{{each}}']}}\n"
      "  - {id: c, when: a == null, command: {run: [ls, '{{#both}}{{a}}{{/both}}{{b}}']}}",
      "  - {id: a, reuse: {file: 'x/{{item.id}}.glb', only: params.yes}, request: {provider: jobs, "
      "post: '/x/{{item.id}}', body: {n: 1, t: '{{item.id}}', f: {data_uri: '{{item.list}}'}}, "
      "job: id, find: {get: /l, list: jobs, match: each.name == item.id, job: id}, poll: {get: "
      "'/x/{{job}}', done: status == \"ok\", failed: 'status in [\"bad\"]', error: e.m, progress: "
      "p}, download: [{file: 'x/{{item.id}}.glb', from: urls.glb}]}}",
      "  - {id: a, chat: {model: mock/m, user: x}, mock_instead: [{share: 0.7, text: a}, {share: "
      "0.2, text: b}, {share: 0.1, text: c, finish: length}]}"};
  for (const char* lines : fine) {
    CAPTURE(lines);
    CHECK(MistakesOf(folder, lines) == "");
  }
}

// Behind one step "ask" in line 4.
constexpr Row kOutputRows[] = {
    {"outputs: [{text: x}]",
     "c.yaml:5:11: \"outputs[0]\" says no file; expected one of: file, "
     "append, csv, jsonl"},
    {"outputs: [{file: x, csv: y, text: x}]",
     "c.yaml:5:11: \"outputs[0]\" has file and csv; expected one of: file, append, csv, jsonl"},
    {"outputs: [{file: x}]",
     "c.yaml:5:11: \"outputs[0].text\" is missing; expected what the file is to hold"},
    {"outputs: [{append: x}]",
     "c.yaml:5:11: \"outputs[0].record\" is missing; expected what an item adds to the file"},
    {"outputs: [{csv: x}]",
     "c.yaml:5:11: \"outputs[0].columns\" is missing; expected a list of columns, or flatten"},
    {"outputs: [{file: x, text: x, columns: [a]}]",
     "c.yaml:5:30: \"outputs[0].columns\" is for csv or jsonl; this output has file"},
    {"outputs: [{file: x, text: x, order: item}]",
     "c.yaml:5:30: \"outputs[0].order\" is for what grows: append, csv or jsonl; this output has "
     "file"},
    {"outputs: [{jsonl: x, columns: status, spreadsheet_safe: true}]",
     "c.yaml:5:39: \"outputs[0].spreadsheet_safe\" is for csv; this output has jsonl"},
    {"outputs: [{csv: ../x, columns: status}]",
     "c.yaml:5:17: output path \"../x\" is not a file inside the output folder"},
    {"outputs: [{csv: x, columns: status}, {append: x, record: y}]",
     "c.yaml:5:47: two outputs write \"x\"; the first is in line 5"},
    {"outputs: [{csv: x, columns: status, skip_existing: true}]",
     "c.yaml:5:37: \"x\" is the file of every item, so that all would be skipped; expected a path "
     "with {{item.id}} or the like"},
    {"outputs: [{append: x, record: y, header: '{{item.id}}'}]",
     "c.yaml:5:42: unknown name \"item.id\"; known here: params, run"},
    {"outputs: [{csv: x, columns: [status, itme.id, {cost: usge.cost}, 'itm.*']}]",
     "c.yaml:5:38: unknown name \"itme.id\"; did you mean \"item.id\"?\n"
     "c.yaml:5:54: unknown name \"usge.cost\"; did you mean \"usage.cost\"?\n"
     "c.yaml:5:66: unknown name \"itm\"; did you mean \"item\"?"},
    {"outputs: [{csv: x, columns: [status, {status: error}]}]",
     "c.yaml:5:38: two columns are called \"status\""},
    {"outputs: [{csv: x, rows: ask.value, columns: [question, {n: itme.id}]}]",
     "c.yaml:5:61: unknown name \"itme.id\"; did you mean \"item.id\"?"},
    {"score: {right: {got: ask.value, expect: item.answer, by: exatc}}", nullptr},
    {"score: {right: {got: aks.value, expect: scores.x}}",
     "c.yaml:5:22: unknown name \"aks.value\"; did you mean \"ask.value\"?\n"
     "c.yaml:5:41: \"scores.x\" is known in outputs only"},
    {"score: {right: {got: ask.value, expect: item.answer}}\nreport: {compare: [rihgt]}",
     "c.yaml:6:20: there is no score \"rihgt\"; did you mean \"right\"?"},
    {"report: {against_when: item.number > 1}",
     "c.yaml:5:10: \"report.against_when\" needs against, whose items it names"},
    {"report: {group_by: itme.task}",
     "c.yaml:5:20: unknown name \"itme.task\"; did you mean \"item.task\"?"},
};

std::string WithAsk(const std::string& lines) {
  return "name: a\nitems: {range: 1..3}\nsteps:\n  - {id: ask, chat: {model: mock/m, user: x}, "
         "parse: {json: true}}\n" +
         lines + "\n";
}

TEST_CASE("outputs, scores and reports: what does not go together is told where it stands") {
  ConfigFolder folder;
  for (const Row& row : kOutputRows) {
    CAPTURE(row.lines);
    std::string mistakes = folder.Mistakes(WithAsk(row.lines));
    if (row.expected) CHECK(mistakes == row.expected);
    if (!row.expected) CHECK(mistakes.starts_with("c.yaml:5:58: \"score.right.by\": "));
  }
}

TEST_CASE("outputs, scores and reports: all that they may name is taken") {
  ConfigFolder folder;
  CHECK(folder.Mistakes(WithAsk(
            "outputs:\n"
            "  - {file: '{{item.id}}/{{ask.text}}', text: '{{usage.cost}} {{status}} {{error}}', "
            "skip_existing: true}\n"
            "  - {append: all.txt, header: '{{run.name}}', record: '{{item.id}}', order: item, "
            "errors: true}\n"
            "  - {csv: '{{item.task}}.csv', columns: ['item.*', status, {c: usage.cost}, {s: "
            "scores.right.value}], errors: true, spreadsheet_safe: true}\n"
            "  - {jsonl: rows.jsonl, rows: ask.value, columns: [question, {id: item.id}, {x: "
            "each.a.b}], flatten: meta}\n"
            "score: {right: {got: ask.value.n, expect: item.answer, by: number 5%}, by_row: {got: "
            "ask.text, expect: item.answer, by: item.by}}\n"
            "report: {compare: [right, by_row], group_by: item.task, plots: [accuracy], against: "
            "item.points, against_when: item.task == \"x\"}")) == "");
}

// ---- fingerprint ----

TEST_CASE("fingerprint: what decides an answer is in it, what does not is not") {
  ConfigFolder folder;
  auto print = [&](const std::string& lines) {
    auto config = folder.Load(
        "name: a\nitems: {range: 1..3}\nproviders: {jobs: {api: http, "
        "base_url: 'http://127.0.0.1:1'}}\nsteps:\n" +
        lines + "\n");
    REQUIRE_MESSAGE(config, config.error());
    return CanonicalJson(FingerprintOf(*config));
  };
  struct Pair {
    const char *one, *other;
    bool same;
  };
  for (const Pair& pair : {
           Pair{"{run: [ls, a]}", "{run: [ls, b]}", false},
           {"{run: ls, stdin: a}", "{run: ls, stdin: b}", false},
           {"{run: ls, produces: a}", "{run: ls, produces: b}", false},
           {"{run: ls, inputs: a}", "{run: ls, inputs: b}", false},
           {"{run: ls, limit: 1s}", "{run: ls, limit: 2s}", true},
           {"{run: ls}", "{run: ls, cost_per_call: 1}", true},
           {"{run: ls}, when: item.number > 1", "{run: ls}, when: item.number > 2", false},
           {"{run: ls}, repeat: {most: 1}", "{run: ls}, repeat: {most: 2}", false},
           {"{run: ls}, reuse: {file: a}", "{run: ls}, reuse: {file: b}", false},
           {"{run: ls}, parse: {line: a}", "{run: ls}, parse: {line: b}", true},
       }) {
    CAPTURE(pair.one);
    std::string one = print("  - {id: a, command: " + std::string(pair.one) + "}");
    CHECK((one == print("  - {id: a, command: " + std::string(pair.other) + "}")) == pair.same);
  }
  auto request = [&](const std::string& more) {
    return print("  - {id: a, request: {provider: jobs, post: /x, job: id" + more + "}}");
  };
  std::string poll = ", poll: {get: '/{{job}}', done: ok";
  CHECK(request("") != request(", body: {a: 1}"));
  CHECK(request(poll + "}") != request(""));
  CHECK(request(poll + "}") == request(poll + ", every: 1s}"));
  CHECK(request("") == request(", cost_per_call: 1"));
  CHECK(request("") != request(", download: [{file: a, from: b}]"));
  auto branches = [&](const std::string& more) {
    return print("  - {id: a" + more + ", branches: [{id: b, command: {run: ls}}]}");
  };
  CHECK(branches("") == branches(", parallel: false"));
  CHECK(branches("") != print("  - {id: a, branches: [{id: b, command: {run: cat}}]}"));
  std::string chat = "  - {id: a, chat: {model: mock/m, user: x";
  CHECK(print(chat + "}}") != print(chat + ", context: [a.txt]}}"));
  CHECK(print(chat + "}}") == print(chat + "}}\noutputs: [{csv: x, columns: status}]\n"
                                           "score: {s: {got: a.text, expect: item.id}}"));
}

}  // namespace
}  // namespace muster
