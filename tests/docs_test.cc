// What the pages say is what is there: the table of settings, the files the README names.

#include <doctest/doctest.h>

#include <filesystem>
#include <regex>

#include "common/fd.h"
#include "supervisor/settings_page.h"

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

TEST_CASE("every file the pages link to is there") {
  for (std::string page : {"README.md", "configs/README.md", "configs/transcripts/README.md"}) {
    std::string text = Read(page);
    std::regex link(R"(\]\(([^)#:]+)\))");
    auto folder = std::filesystem::path(page).parent_path();
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it) {
      auto target = folder / (*it)[1].str();
      CHECK_MESSAGE(std::filesystem::exists(target), page, " links to ", target.string());
    }
  }
}

}  // namespace
}  // namespace muster
