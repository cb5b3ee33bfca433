// The inputs that fuzzing started from and those it found, each through its target again.

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/files.h"
#include "tests/fuzz/targets.h"

namespace muster {
namespace {

// Each input as a whole, and cut off, as connections do.
void Replay(const fuzz::Target& target) {
  std::filesystem::path folder = std::filesystem::path("tests/corpus") / target.name;
  CAPTURE(folder);
  REQUIRE(std::filesystem::is_directory(folder));
  size_t inputs = 0;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    std::string bytes = ReadBytes(each.path());
    target.run(bytes);
    for (size_t part = 1; part < 8; ++part) target.run(bytes.substr(0, bytes.size() * part / 8));
    ++inputs;
  }
  CHECK(inputs >= 10);
}

TEST_CASE("every input in tests/corpus keeps what the fuzz targets promise") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    if (!target.on_disk) Replay(target);
  }
}

TEST_CASE("on disk: every input in tests/corpus keeps what the fuzz targets promise") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    if (target.on_disk) Replay(target);
  }
}

}  // namespace
}  // namespace muster
