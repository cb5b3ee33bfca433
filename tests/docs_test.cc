// What the pages say is what is there: the table of settings, the files the README names.

#include <doctest/doctest.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/fd.h"
#include "supervisor/settings_page.h"
#include "tests/files.h"

namespace muster {
namespace {

std::string Read(const std::string& path) {
  auto text = ReadFile(path, 4 << 20);
  REQUIRE_MESSAGE(text.ok(), path);
  return *text;
}

TEST_CASE("the config reference holds the table of settings as the program has it") {
  std::string page = Read("configs/README.md");
  CHECK_MESSAGE(page.ends_with(SettingsPage()), "run scripts/update-reference");
}

const std::vector<std::string> kPages{"README.md",
                                      "configs/README.md",
                                      "configs/benchmark/README.md",
                                      "configs/experiments/README.md",
                                      "configs/math-tasks/README.md",
                                      "configs/spatial/README.md",
                                      "configs/transcripts/README.md"};

TEST_CASE("every file the pages link to is there") {
  for (const std::string& page : kPages) {
    std::string text = Read(page);
    std::regex link(R"(\]\(([^)#:]+)[)#])");
    auto folder = std::filesystem::path(page).parent_path();
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      auto target = folder / (*it)[1].str();
      CHECK_MESSAGE(std::filesystem::exists(target), page, " links to ", target.string());
    }
  }
}

TEST_CASE("every config that the reference shows as a whole loads") {
  std::string page = Read("configs/README.md");
  TempDir folder;
  constexpr std::string_view kBegin = "\n```yaml\n";
  int whole = 0;
  for (size_t at = page.find(kBegin); at != page.npos; at = page.find(kBegin, at)) {
    at += kBegin.size();
    std::string example = page.substr(at, page.find("\n```", at) + 1 - at);
    if (!example.starts_with("name:")) continue;  // a part of one
    std::string path = folder / "example.yaml";
    WriteBytes(path, example);
    auto config = LoadConfig(path, {});
    CHECK_MESSAGE(config.ok(), (config ? "" : config.error()), "\n", example);
    ++whole;
  }
  CHECK(whole >= 4);
}

}  // namespace
}  // namespace muster
