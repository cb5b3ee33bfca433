#include "common/text_source.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/config_testing.h"

namespace muster {
namespace {

Json Item(const std::string& topic) { return {{"item", {{"topic", topic}, {"n", 7}}}}; }

struct Folder : ConfigFolder {
  Folder() {
    Write("prompts/cubes.txt", "\xEF\xBB\xBFHow many, {{item.n}}?\n");
    Write("prompts/wrong.txt", "one\n{{item.topik}}\n");
    Write("prompts/latin.txt", "gr\xFC\xDF");
    Write("secret.txt", "secret");
    std::filesystem::create_directories(*this / "prompts/folder.txt");
  }

  std::string Rendered(const TextSource& source, const std::string& topic = "cubes") const {
    auto text = RenderSource(source, path(), Item(topic));
    return text ? *text : text.error();
  }
  std::string OfFile(const std::string& file, const std::string& topic) const {
    return Rendered({"", "c.yaml:9:13", file}, topic);
  }
};

TEST_CASE("a text of its own is rendered as it is, without a look at files") {
  Folder folder;
  CHECK(folder.Rendered({"{{item.topic}}!", "c.yaml:1:1"}) == "cubes!");
  CHECK(folder.Rendered({"{{item.tpic}}", "c.yaml:1:1"}) ==
        "c.yaml:1:1: unknown name \"item.tpic\"; did you mean \"item.topic\"?");
}

TEST_CASE("a file that depends on the item is read and rendered") {
  Folder folder;
  CHECK(folder.OfFile("prompts/{{item.topic}}.txt", "cubes") == "How many, 7?\n");
  CHECK(folder.OfFile("{{item.topic}}", "prompts/cubes.txt") == "How many, 7?\n");
  CHECK(folder.OfFile("./prompts/{{item.topic}}.txt", "cubes") == "How many, 7?\n");
}

TEST_CASE("a file read once gives the template and where it stands") {
  Folder folder;
  auto read =
      ReadSource({"", "c.yaml:9:13", "prompts/{{item.topic}}.txt"}, folder.path(), Item("cubes"));
  REQUIRE(read.ok());
  CHECK(*read == TextSource{"How many, {{item.n}}?\n", "prompts/cubes.txt"});
  TextSource own{"as {{it}} is", "c.yaml:1:1"};
  auto same = ReadSource(own, folder.path(), Item("cubes"));
  REQUIRE(same.ok());
  CHECK(*same == own);
}

TEST_CASE("what is missing or cannot be read names the file and who asks for it") {
  Folder folder;
  const std::string file = "prompts/{{item.topic}}.txt";
  CHECK(folder.OfFile(file, "none") == "c.yaml:9:13: prompts/none.txt: no such file");
  CHECK(folder.OfFile(file, "") == "c.yaml:9:13: prompts/.txt: no such file");
  CHECK(folder.OfFile(file, "folder") == "c.yaml:9:13: prompts/folder.txt: not a file");
  CHECK(folder.OfFile(file, "latin") ==
        "c.yaml:9:13: prompts/latin.txt: line 1 is not UTF-8; save the file as UTF-8");
  CHECK(folder.OfFile("prompts/{{item.tpic}}.txt", "cubes") ==
        "c.yaml:9:13: unknown name \"item.tpic\"; did you mean \"item.topic\"?");
  CHECK(folder.OfFile(file, "wrong") ==
        "prompts/wrong.txt:2: unknown name \"item.topik\"; did you mean \"item.topic\"?");
  REQUIRE(mkfifo((folder / "prompts/pipe.txt").c_str(), 0600) == 0);
  CHECK(folder.OfFile(file, "pipe") == "c.yaml:9:13: prompts/pipe.txt: not a file");
}

TEST_CASE("a path that leaves the folder of the config is refused, also when it comes back") {
  Folder folder;
  auto refused = [&](const std::string& file, const std::string& topic) {
    CAPTURE(file);
    CAPTURE(topic);
    std::string error = folder.OfFile(file, topic);
    CAPTURE(error);
    CHECK(error.starts_with("c.yaml:9:13: \""));
    CHECK(error.ends_with("\" is not the path of a file in the folder of the config"));
  };
  refused("prompts/{{item.topic}}", "../../etc/passwd");
  refused("prompts/{{item.topic}}", "../secret.txt");
  refused("prompts/{{item.topic}}", "..");
  refused("{{item.topic}}", "/etc/passwd");
  refused("{{item.topic}}", folder / "secret.txt");
  refused("{{item.topic}}", "");
  refused("{{item.topic}}", ".");
  refused("{{item.topic}}", "prompts/");
  refused("prompts/{{item.topic}}.txt", std::string("cubes\0", 6));
  CHECK(folder.OfFile("{{item.topic}}", "../a\nb").find("\"../a\\nb\"") != std::string::npos);
}

}  // namespace
}  // namespace muster
