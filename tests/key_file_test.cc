#include "common/key_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/keys.h"
#include "tests/config_testing.h"

// Keys from files: which files are trusted, and what becomes of what they hold.

namespace muster {
namespace {

const std::string kKey = "sk-SECRET-0123456789";

// A config whose one step asks `provider`, whose settings are `lines`.
std::string Asking(const std::string& settings, const std::string& model = "p/m") {
  return "name: a\nitems: {range: 1..3}\nsteps:\n  - {id: a, chat: {model: \"" + model +
         "\", user: x}}\nproviders:\n  p: {api: openai-chat, base_url: \"https://h/v1\", " +
         settings + "}\n";
}

void WriteKey(const ConfigFolder& folder, const std::string& name, const std::string& text,
              mode_t mode = 0600) {
  folder.Write(name, text);
  REQUIRE(chmod((folder / name).c_str(), mode) == 0);
}

TEST_CASE("a key file is relative to the config, or at home, and its line is the key") {
  ConfigFolder folder, home;
  TestVariable at_home("HOME", home.path().c_str());
  WriteKey(folder, "keys/one", kKey + "\n");
  WriteKey(home, "two", kKey + "\r\n", 0400);
  for (const char* path : {"keys/one", "./keys/../keys/one", "~/two"}) {
    CAPTURE(path);
    auto config = folder.Load(Asking("key_file: " + std::string(path)));
    REQUIRE_MESSAGE(config.ok(), config.error());
    CHECK(config->providers.at("p").key_file.starts_with('/'));
    CHECK(config->providers.at("p").key_env.empty());
    auto keys = TakeKeys(*config);
    REQUIRE_MESSAGE(keys.ok(), keys.error());
    CHECK(*keys == Json{{"p", kKey}});
    CHECK(KeySource(config->providers.at("p")) == "the file " + config->providers.at("p").key_file);
  }
}

TEST_CASE("a key file that others may read or change is refused when the config is loaded") {
  ConfigFolder folder;
  for (mode_t mode : {0644, 0640, 0604, 0666, 0620, 0601, 0700, 04600}) {
    CAPTURE(mode);
    WriteKey(folder, "key", kKey, mode);
    std::string shown = fmt::format("{:o}", mode);
    CHECK(folder.Mistakes(Asking("key_file: key")) ==
          "c.yaml:6:61: \"providers.p.key_file\": key: its mode is " + shown +
              ", so that others may get at the key; chmod 600 it");
    CHECK_FALSE(ReadKeyFile(folder / "key"));
  }
  for (mode_t mode : {0600, 0400}) {
    WriteKey(folder, "fine", kKey, mode);
    CHECK(folder.Mistakes(Asking("key_file: fine")) == "");
    REQUIRE(unlink((folder / "fine").c_str()) == 0);
  }
  if (geteuid() != 0) return;  // only root can give files away
  WriteKey(folder, "theirs", kKey);
  REQUIRE(chown((folder / "theirs").c_str(), 12'345, 12'345) == 0);
  CHECK(folder.Mistakes(Asking("key_file: theirs")) ==
        "c.yaml:6:61: \"providers.p.key_file\": theirs: it belongs to another user");
}

TEST_CASE("a link is as good as the file behind it; what is no file is none") {
  ConfigFolder folder;
  WriteKey(folder, "good", kKey);
  WriteKey(folder, "open", kKey, 0644);
  for (const char* target : {"good", "open", "nowhere"}) {
    REQUIRE(symlink(target, (folder / ("to-" + std::string(target))).c_str()) == 0);
  }
  CHECK(folder.Mistakes(Asking("key_file: to-good")) == "");
  CHECK(*ReadKeyFile(folder / "to-good") == kKey);
  CHECK(folder.Mistakes(Asking("key_file: to-open")).find("its mode is 644") != std::string::npos);
  CHECK(folder.Mistakes(Asking("key_file: to-nowhere")) ==
        "c.yaml:6:61: \"providers.p.key_file\": to-nowhere: no such file");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(folder.Mistakes(Asking("key_file: pipe")) ==
        "c.yaml:6:61: \"providers.p.key_file\": pipe: not a file");
  CHECK_FALSE(ReadKeyFile(folder / "pipe"));
  CHECK(folder.Mistakes(Asking("key_file: .")) ==
        "c.yaml:6:61: \"providers.p.key_file\": : not a file");
}

TEST_CASE("what cannot be a key is refused without being repeated") {
  ConfigFolder folder;
  auto error_of = [&](const std::string& text) {
    WriteKey(folder, "key", text);
    auto key = ReadKeyFile(folder / "key");
    REQUIRE_FALSE(key);
    CHECK(key.error().find("SECRET") == std::string::npos);
    return key.error().substr((folder / "key").size());
  };
  CHECK(error_of("") == ": it is empty; expected the key in its one line");
  CHECK(error_of("\n") == ": it is empty; expected the key in its one line");
  const std::string kOneLine = ": expected the key in its one line, and nothing else";
  CHECK(error_of(kKey + "\n" + kKey + "\n") == kOneLine);
  CHECK(error_of(kKey + "\n\n") == kOneLine);
  CHECK(error_of("\n" + kKey) == kOneLine);
  CHECK(error_of(kKey + std::string(1, '\0')) == kOneLine);
  CHECK(error_of("\x1b[31m" + kKey) == kOneLine);
  CHECK(error_of(std::string(64 * 1024 + 1, 'x')) == ": larger than 64 KB");
  WriteKey(folder, "key", std::string(64 * 1024, 'x'));
  CHECK(ReadKeyFile(folder / "key"));
}

TEST_CASE("a missing key is told by its provider before anything is sent") {
  ConfigFolder folder;
  WriteKey(folder, "key", kKey);
  auto config = folder.Load(Asking("key_file: key"));
  REQUIRE_MESSAGE(config.ok(), config.error());
  REQUIRE(chmod((folder / "key").c_str(), 0644) == 0);
  CHECK(TakeKeys(*config).error() ==
        "provider p: " + folder / "key" +
            ": its mode is 644, so that others may get at the key; chmod 600 it");
  REQUIRE(unlink((folder / "key").c_str()) == 0);
  CHECK(TakeKeys(*config).error() == "provider p needs a key: write the file " + folder / "key");
}

TEST_CASE("a key file matters only where its provider can be asked") {
  ConfigFolder folder;
  std::string unused = Asking("key_file: nowhere", "mock/m");
  CHECK(folder.Mistakes(unused) == "");
  auto by_item = folder.Load(Asking("key_file: nowhere", "{{item.model}}"));
  REQUIRE_MESSAGE(by_item.ok(), by_item.error());
  auto keys = TakeKeys(*by_item);
  REQUIRE_MESSAGE(keys.ok(), keys.error());
  CHECK_FALSE(keys->contains("p"));
}

TEST_CASE("key_env and key_file together are a mistake") {
  ConfigFolder folder;
  WriteKey(folder, "key", kKey);
  CHECK(folder.Mistakes(Asking("key_env: K, key_file: key")) ==
        "c.yaml:6:63: \"providers.p.key_file\" says where the key is, and key_env does too; "
        "expected one of them");
}

TEST_CASE("variables of every provider are wiped, whoever is asked") {
  ConfigFolder folder;
  TestVariable openai("OPENAI_API_KEY", "a"), anthropic("ANTHROPIC_API_KEY", "b");
  TestVariable own("OWN_KEY", kKey.c_str()), other("UNNAMED", "c");
  auto config = folder.Load(Asking("key_env: OWN_KEY"));
  REQUIRE_MESSAGE(config.ok(), config.error());
  auto keys = TakeKeys(*config);
  REQUIRE_MESSAGE(keys.ok(), keys.error());
  CHECK(*keys == Json{{"p", kKey}});
  for (const char* name : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OWN_KEY"}) {
    CHECK_FALSE(std::getenv(name));
  }
  CHECK(std::getenv("UNNAMED"));
}

}  // namespace
}  // namespace muster
