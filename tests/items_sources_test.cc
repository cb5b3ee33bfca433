#include <doctest/doctest.h>
#include <sys/stat.h>

#include <set>
#include <vector>

#include "common/config/items.h"
#include "common/config/items/sample.h"
#include "common/config/items/seen_ids.h"
#include "tests/config_testing.h"

// Items from tables, combinations and groups of rows; trials and samples.

namespace muster {
namespace {

using Ids = std::vector<std::string>;

struct Seen {
  std::vector<Json> items;
  std::string error;  // "" when all went well

  Ids ids() const {
    Ids ids;
    for (const Json& item : items) ids.push_back(item["id"].get<std::string>());
    return ids;
  }
};

// The items of a config whose `items` are this line of YAML.
Seen ItemsOf(const ConfigFolder& folder, const std::string& items,
             const std::vector<std::string>& set = {}) {
  ConfigOverrides overrides;
  overrides.set = set;
  Seen seen;
  auto config = folder.Load("name: i\nparams: {most: 10, trials: 2, word: w}\nitems: " + items +
                                "\nsteps: [{id: a, chat: {model: mock/m, user: x}}]\n",
                            overrides);
  REQUIRE_MESSAGE(config.ok(), config.error());
  auto done = ForEachItem(*config, [&](SourceItem item) -> Result<void> {
    CHECK(item.fields["id"] == item.id);
    seen.items.push_back(std::move(item.fields));
    return {};
  });
  if (!done) seen.error = done.error();
  for (size_t at; (at = seen.error.find(folder.path() + "/")) != std::string::npos;) {
    seen.error.erase(at, folder.path().size() + 1);
  }
  return seen;
}

std::string MistakeOf(const std::string& items) {
  ConfigFolder folder;
  return folder.Mistakes("name: i\nparams: {p: 1}\nitems: " + items +
                         "\nsteps: [{id: a, chat: {model: mock/m, user: x}}]\n");
}

TEST_CASE("items: every row of a CSV file is an item, every column a field") {
  ConfigFolder folder;
  folder.Write("q.csv",
               "\xEF\xBB\xBFtopic,question text,n\r\nsea,\"Why,\nthen?\",1\r\n\r\nsky,,02\r\n");
  auto seen = ItemsOf(folder, "{csv: q.csv}");
  CHECK(seen.error == "");
  REQUIRE(seen.items.size() == 2);
  CHECK(DumpJson(seen.items[0]) ==
        R"({"id":"1","topic":"sea","question text":"Why,\nthen?","n":"1"})");
  CHECK(DumpJson(seen.items[1]) == R"({"id":"2","topic":"sky","question text":"","n":"02"})");

  folder.Write("own.csv", "n;id\n1;a\n2;b\n");
  auto own = ItemsOf(folder, "{csv: own.csv, delimiter: ;}");
  CHECK(DumpJson(own.items.at(1)) == R"({"n":"2","id":"b"})");
  folder.Write("none.csv", "a,b\n");
  CHECK(ItemsOf(folder, "{csv: none.csv}").error == "");
  CHECK(ItemsOf(folder, "{csv: none.csv}").items.empty());
}

TEST_CASE("items: what is wrong with a CSV file is told with file and line") {
  ConfigFolder folder;
  auto error_of = [&](const std::string& text, const std::string& more = "") {
    folder.Write("q.csv", text);
    return ItemsOf(folder, "{csv: q.csv" + more + "}").error;
  };
  CHECK(error_of("id,a\n1,x\n2,y\n\n1,z\n") ==
        "items.csv: q.csv:5: the id \"1\" is also that of q.csv:2");
  CHECK(error_of("id,a\n,x\n") == "items.csv: q.csv:2: the item's id is empty");
  CHECK(error_of("id,a\n\x1b[1m,x\n").starts_with("items.csv: q.csv:2: the item's id has bytes"));
  CHECK(error_of("id\n" + std::string(201, 'x') + "\n").find("201 bytes; at most 200") !=
        std::string::npos);
  for (const char* ragged : {"a,b\n1,2\n3\n", "a,b\n1,2\n3,4,5\n"}) {
    std::string error = error_of(ragged);
    CAPTURE(error);
    CHECK(error.starts_with("items.csv: q.csv"));
    CHECK(error.find('3') != std::string::npos);
  }
  CHECK(error_of("a,a\n1,2\n").starts_with("items.csv: q.csv"));
  CHECK(ItemsOf(folder, "{csv: nothing.csv}").error.starts_with("items.csv: nothing.csv"));
  REQUIRE(mkfifo((folder / "pipe.csv").c_str(), 0600) == 0);
  CHECK(ItemsOf(folder, "{csv: pipe.csv}").error.starts_with("items.csv: pipe.csv"));
}

TEST_CASE("items: every line of a JSONL file is an item, its values as they are") {
  ConfigFolder folder;
  folder.Write("q.jsonl",
               "{\"n\": 1, \"raw\": [1, 2]}\n\n{\"id\": 7, \"n\": null}\n{\"id\": \"x\"}");
  auto seen = ItemsOf(folder, "{jsonl: q.jsonl}");
  CHECK(seen.error == "");
  CHECK(seen.ids() == Ids{"1", "7", "x"});
  CHECK(DumpJson(seen.items.at(0)) == R"({"id":"1","n":1,"raw":[1,2]})");
  CHECK(DumpJson(seen.items.at(1)) == R"({"id":"7","n":null})");
  folder.Write("q.jsonl", "{\"id\": \"2\"}\n{\"n\": 1}\n");
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl}").error ==
        "items.jsonl: q.jsonl:2: the id \"2\" is also that of q.jsonl:1");
  folder.Write("q.jsonl", "{\"id\": \"2\"}\n{\"id\": [1]}\n");
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl}").error ==
        "items.jsonl: q.jsonl:2: \"id\" is a list; expected text or a number");
  folder.Write("q.jsonl", "{\"id\": \"2\"}\n{\"id\": \n");
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl}").error.starts_with("items.jsonl: q.jsonl:2"));
}

TEST_CASE("items: a JSON file is a list of items, or a map of items by id") {
  ConfigFolder folder;
  folder.Write("list.json", R"([{"a": 1}, {"id": "b", "a": 2}])");
  CHECK(ItemsOf(folder, "{json: list.json}").ids() == Ids{"1", "b"});
  folder.Write("map.json", R"({"y": {"a": 1}, "x": {"a": 2, "id": "x"}})");
  auto map = ItemsOf(folder, "{json: map.json}");
  CHECK(map.ids() == Ids{"y", "x"});
  CHECK(DumpJson(map.items.at(0)) == R"({"id":"y","a":1})");
  auto error_of = [&](const std::string& text) {
    folder.Write("bad.json", text);
    return ItemsOf(folder, "{json: bad.json}").error;
  };
  CHECK(error_of("[]") == "");
  CHECK(error_of("[{}, 3]") == "items.json: bad.json: element 2 is no map of fields");
  CHECK(error_of(R"({"a": {"id": "b"}})") ==
        "items.json: bad.json: \"a\" has another \"id\" in it; rename that field");
  CHECK(error_of("3") ==
        "items.json: bad.json: expected a list of objects, or an object of objects by id");
  CHECK(error_of(R"([{"id": "a"}, {"id": "a"}])") ==
        "items.json: bad.json: element 2: the id \"a\" is also that of bad.json: element 1");
}

TEST_CASE("items: a matrix gives every combination in the order it is written") {
  ConfigFolder folder;
  auto seen = ItemsOf(folder, "{matrix: {model: [m/b, m/a], t: [0, 0.5], on: [true]}}");
  CHECK(seen.error == "");
  CHECK(seen.ids() == Ids{"m/b-0-true", "m/b-0.5-true", "m/a-0-true", "m/a-0.5-true"});
  CHECK(DumpJson(seen.items.at(1)) == R"({"id":"m/b-0.5-true","model":"m/b","t":0.5,"on":true})");
  CHECK(ItemsOf(folder, "{matrix: {a: [1, 2], b: []}}").items.empty());
  CHECK(ItemsOf(folder, "{matrix: {a: [x-y, x], b: [z, y-z]}}").error ==
        "items.matrix: combination 4: the id \"x-y-z\" is also that of combination 1");
  CHECK(
      ItemsOf(folder, "{matrix: {a: [x-y, x], b: [z, y-z]}, id: '{{item.a}}+{{item.b}}'}").ids() ==
      Ids{"x-y+z", "x-y+y-z", "x+z", "x+y-z"});
}

TEST_CASE("items: id is a template over the other fields and params") {
  ConfigFolder folder;
  folder.Write("q.csv", "topic,id\nsea,1\nsky,1\n");
  auto seen = ItemsOf(folder, "{csv: q.csv, id: '{{item.topic}}-{{item.id}}-{{params.word}}'}");
  CHECK(seen.ids() == Ids{"sea-1-w", "sky-1-w"});
  CHECK(ItemsOf(folder, "{csv: q.csv, id: 'x{{item.id}}'}").error ==
        "items.id: q.csv:3: the id \"x1\" is also that of q.csv:2");
  CHECK(ItemsOf(folder, "{csv: q.csv, id: '{{item.topc}}'}").error ==
        "items.id of q.csv:2: unknown name \"item.topc\"; did you mean \"item.topic\"?");
  CHECK(ItemsOf(folder, "{range: 3..4, id: 'n{{item.number}}'}").ids() == Ids{"n3", "n4"});
}

TEST_CASE("items: where takes the rows for which it is true") {
  ConfigFolder folder;
  folder.Write("q.jsonl", "{\"points\": 5}\n{\"points\": 50}\n{\"points\": 10}\n");
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl, where: item.points <= params.most}").ids() ==
        Ids{"1", "3"});
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl, where: item.points <= params.most}", {"most=50"}).ids() ==
        Ids{"1", "2", "3"});
  CHECK(ItemsOf(folder, "{jsonl: q.jsonl, where: item.id == \"2\"}").ids() == Ids{"2"});
  std::string error = ItemsOf(folder, "{jsonl: q.jsonl, where: item.point < 3}").error;
  CAPTURE(error);
  CHECK(error.starts_with("items.where: q.jsonl:1: "));
  CHECK(error.find("item.points") != std::string::npos);
}

TEST_CASE("items: rows left out by where may have the id of others") {
  ConfigFolder folder;
  folder.Write("q.csv", "id,use\na,no\na,yes\n");
  CHECK(ItemsOf(folder, "{csv: q.csv, where: item.use == \"yes\"}").error == "");
}

TEST_CASE("items: group_by makes one item of the rows with the same value") {
  ConfigFolder folder;
  folder.Write("q.csv", "skill,n,id\nlines,1,a\nangles,2,b\nlines,3,c\n");
  auto seen = ItemsOf(folder, "{csv: q.csv, group_by: skill}");
  CHECK(seen.error == "");
  CHECK(seen.ids() == Ids{"lines", "angles"});
  CHECK(DumpJson(seen.items.at(0)) == R"({"id":"lines","rows":[{"skill":"lines","n":"1","id":"a"},)"
                                      R"({"skill":"lines","n":"3","id":"c"}],"skill":"lines"})");
  CHECK(ItemsOf(folder, "{csv: q.csv, group_by: skill, where: item.n == \"2\"}").ids() ==
        Ids{"angles"});
  CHECK_MESSAGE(ItemsOf(folder, "{csv: q.csv, group_by: n}").items.at(0)["rows"][0].contains("id"),
                "a column of the rows");
  folder.Write("plain.csv", "skill\nx\nx\n");
  CHECK_MESSAGE(
      DumpJson(ItemsOf(folder, "{csv: plain.csv, group_by: skill}").items.at(0)["rows"]) ==
          R"([{"skill":"x"},{"skill":"x"}])",
      "a number that was counted is no field of a row");
  CHECK(ItemsOf(folder, "{csv: q.csv, group_by: skil}").error ==
        "items.group_by: q.csv:2: \"skil\" is missing (the nearest is \"skill\"); expected text or "
        "a number");
  CHECK(ItemsOf(folder, "{csv: q.csv, group_by: skill, id: '{{item.rows.count}}'}").error != "");
  folder.Write("empty.csv", "skill\n\"\"\n");
  CHECK(ItemsOf(folder, "{csv: empty.csv, group_by: skill}").error ==
        "items.csv: empty.csv:2: the item's id is empty");
}

TEST_CASE("items: repeat gives trials, those of one row one after another") {
  ConfigFolder folder;
  folder.Write("q.csv", "id\na\nb\n");
  auto seen = ItemsOf(folder, "{csv: q.csv, repeat: params.trials, fields: {f: '{{item.trial}}'}}");
  CHECK(seen.ids() == Ids{"a#1", "a#2", "b#1", "b#2"});
  CHECK(DumpJson(seen.items.at(3)) == R"({"id":"b#2","trial":2,"f":"2"})");
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: params.trials}", {"trials=1"}).ids() ==
        Ids{"a#1", "b#1"});
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: params.trials}", {"trials=0"}).items.empty());
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: 3}").items.size() == 6);
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: params.word}").error.starts_with("items.repeat: "));
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: 1000001}").error ==
        "items.repeat: 1000001 items of each; at most 1000000 are possible");
  folder.Write("q.csv", "id,trial\na,1\n");
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: 2}").error ==
        "items.repeat: q.csv:2: it has a field \"trial\" already; rename it");
  folder.Write("q.csv", "id\n" + std::string(199, 'x') + "\n");
  CHECK(ItemsOf(folder, "{csv: q.csv, repeat: 2}").error.find("has 201 bytes") !=
        std::string::npos);
}

TEST_CASE("items: a sample is some rows by chance, always the same, in their order") {
  ConfigFolder folder;
  std::string rows = "skill,n\n";
  for (int i = 0; i < 40; ++i) rows += (i % 2 ? "odd," : "even,") + std::to_string(i) + "\n";
  folder.Write("q.csv", rows);
  const std::string source = "{csv: q.csv, group_by: skill, sample: {examples: {of: item.rows, n: ";
  auto first = ItemsOf(folder, source + "5}}}");
  REQUIRE(first.items.size() == 2);
  Json even = first.items[0]["examples"], odd = first.items[1]["examples"];
  CHECK(even.size() == 5);
  for (size_t i = 1; i < even.size(); ++i) {
    CHECK(std::stoi(even[i - 1]["n"].get<std::string>()) <
          std::stoi(even[i]["n"].get<std::string>()));
  }
  CHECK(ItemsOf(folder, source + "5}}}").items[0]["examples"] == even);
  CHECK(ItemsOf(folder, source + "5, seed: 2}}}").items[0]["examples"] != even);
  CHECK_MESSAGE(
      std::stoi(odd[0]["n"].get<std::string>()) != std::stoi(even[0]["n"].get<std::string>()) + 1,
      "another item, other places");
  CHECK(ItemsOf(folder, source + "99}}}").items[0]["examples"].size() == 20);
  CHECK(ItemsOf(folder, "{csv: q.csv, sample: {x: {of: item.n, n: 1}}}").error ==
        "items.sample.x: item 1: \"item.n\" is no list");
  CHECK(ItemsOf(folder, "{csv: q.csv, sample: {x: {of: item.rows, n: 1}}}")
            .error.starts_with("items.sample.x: item 1: unknown name \"item.rows\""));
}

TEST_CASE("items: samples draw every element equally often") {
  Json list = Json::array();
  for (int i = 0; i < 10; ++i) list.push_back(i);
  std::vector<int> drawn(10);
  for (int whose = 0; whose < 5'000; ++whose) {
    for (const Json& each : SampleOf(list, 3, 1, std::to_string(whose))) {
      ++drawn[each.get<size_t>()];
    }
  }
  for (int times : drawn) {  // 1500 each; its deviation is 32
    CHECK(times > 1'340);
    CHECK(times < 1'660);
  }
  CHECK_MESSAGE(DumpJson(SampleOf(list, 4, 7, "here")) == DumpJson(SampleOf(list, 4, 7, "here")),
                "the same everywhere");
  CHECK(DumpJson(SampleOf(list, 4, 1, "pinned\nexamples")) == "[1,3,5,9]");
}

TEST_CASE("items: a join takes a CSV file, too") {
  ConfigFolder folder;
  folder.Write("answers.csv", "problem,answer\n1,C\n2,\"D, or E\"\n");
  auto seen = ItemsOf(folder, "{range: 1..2, join: {csv: answers.csv, on: problem}}");
  CHECK(seen.error == "");
  CHECK(DumpJson(seen.items.at(1)) == R"({"id":"2","number":2,"problem":"2","answer":"D, or E"})");
  CHECK(ItemsOf(folder, "{range: 1..2, join: {csv: answers.csv, on: problm}}").error ==
        "items.join: answers.csv: no column is called \"problm\"; did you mean \"problem\"?");
  CHECK(ItemsOf(folder, "{range: 1..3, join: {csv: answers.csv, on: problem}}")
            .error.starts_with("items.join: answers.csv has no row for item \"3\""));
  folder.Write("answers.csv", "id,answer\n1,C\n1,D\n");
  CHECK(ItemsOf(folder, "{range: 1..2, join: {csv: answers.csv}}").error ==
        "items.join: answers.csv: row 2 (line 3) has \"1\" in \"id\", which another row has too");
  folder.Write("t.csv", "id,answer\na,A\n");
  folder.Write("q.csv", "id\na\n");
  auto trials = ItemsOf(folder, "{csv: q.csv, join: {csv: t.csv}, repeat: 2}");
  CHECK_MESSAGE(trials.items.at(1)["answer"] == "A", "by the row's id, not the trial's");
}

TEST_CASE("items: columns that no template can name stay in the item") {
  ConfigFolder folder;
  folder.Write("q.csv", "a.b,{c},d e\n1,2,3\n");
  CHECK(DumpJson(ItemsOf(folder, "{csv: q.csv}").items.at(0)) ==
        R"({"id":"1","a.b":"1","{c}":"2","d e":"3"})");
}

TEST_CASE("items: made fields never take the place of those of a row") {
  ConfigFolder folder;
  folder.Write("q.csv", "f\nx\n");
  CHECK(ItemsOf(folder, "{csv: q.csv, fields: {f: y}}").error ==
        "items.fields.f: item 1 has a field of this name already");
}

TEST_CASE("items: equal hashes of different ids are no duplicates, equal ids are") {
  Ids added;
  auto id_of = [&](int64_t ordinal) -> Result<std::string> {
    return added.at(static_cast<size_t>(ordinal - 1));
  };
  for (SeenIds::Hash hash :
       {SeenIds::Hash(StableHash),
        SeenIds::Hash([](std::string_view id) -> uint64_t { return id.size() % 3; })}) {
    SeenIds seen(hash);
    added.clear();
    for (int i = 0; i < 300; ++i) {
      std::string id = std::to_string(i * i);
      added.push_back(id);
      auto first = seen.Add(id, id_of);
      REQUIRE(first.ok());
      CHECK(*first == 0);
    }
    CHECK(seen.count() == 300);
    for (int64_t ordinal : {1, 2, 17, 300}) {
      added.push_back(added[static_cast<size_t>(ordinal - 1)]);
      CHECK(*seen.Add(added.back(), id_of) == ordinal);
    }
  }
}

TEST_CASE("items: a large file is read as a stream, its ids all told apart") {
  ConfigFolder folder;
  std::string rows = "id,text\n";
  for (int i = 0; i < 30'000; ++i) rows += std::to_string(i) + ",x\n";
  folder.Write("q.csv", rows);
  CHECK(ItemsOf(folder, "{csv: q.csv}").items.size() == 30'000);
  folder.Write("q.csv", rows + "17,y\n");
  CHECK(ItemsOf(folder, "{csv: q.csv}").error ==
        "items.csv: q.csv:30002: the id \"17\" is also that of q.csv:19");
}

TEST_CASE("items: mistakes in the settings of a source are told at their place") {
  CHECK(MistakeOf("{csv: a, jsonl: b}") ==
        "c.yaml:3:17: \"items\" has csv and jsonl; expected one of them");
  CHECK(MistakeOf("{matrix: {}}") ==
        "c.yaml:3:9: \"items.matrix\" is empty; expected names and lists of values");
  CHECK(MistakeOf("{matrix: {a: 1}}") ==
        "c.yaml:3:21: \"items.matrix.a\" is no list of values; expected one, such as [1, 2, 3]");
  CHECK(MistakeOf("{matrix: {a: [[1]]}}").find("is no list of values") != std::string::npos);
  CHECK(MistakeOf("{matrix: {id: [1]}}").find("cannot be a field here") != std::string::npos);
  CHECK(MistakeOf("{range: 1..2, delimiter: ;}") ==
        "c.yaml:3:22: \"items.delimiter\" is about CSV files, and there is none");
  CHECK(MistakeOf("{csv: a, delimiter: ab}").find("expected one character") != std::string::npos);
  CHECK(MistakeOf("{csv: a, group_by: rows}").find("cannot be \"rows\"") != std::string::npos);
  CHECK(MistakeOf("{range: 1..2, join: {json: a, csv: b}}") ==
        "c.yaml:3:28: \"items.join\" has json and csv; expected one of them");
  CHECK(MistakeOf("{csv: a, repeat: 2, fields: {trial: x}}") ==
        "c.yaml:3:37: \"trial\" is a field that the source gives; choose another name");
  CHECK(MistakeOf("{csv: a, sample: {s: {of: item.r, n: 1}}, fields: {s: x}}")
            .find("\"s\" is a field that items.sample gives") != std::string::npos);
  CHECK(MistakeOf("{csv: a, sample: {s: {of: itm.r, n: 1}}}") ==
        "c.yaml:3:34: unknown name \"itm.r\"; did you mean \"item.r\"?");
  CHECK(MistakeOf("{csv: a, where: itm.x == 1}").find("unknown name \"itm.x\"") !=
        std::string::npos);
  CHECK(MistakeOf("{csv: a, where: item.x == params.q}").find("params.q") != std::string::npos);
  CHECK(MistakeOf("{csv: a, where: 'item.x =='}") != "");
  CHECK(MistakeOf("{csv: a, repeat: item.n}").find("item.n") != std::string::npos);
  CHECK(MistakeOf("{csv: a, id: '{{each.n}}'}").find("each") != std::string::npos);
}

}  // namespace
}  // namespace muster
