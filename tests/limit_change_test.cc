#include "supervisor/governor/limit_change.h"

#include <doctest/doctest.h>

#include <string>

namespace muster {
namespace {

TEST_CASE("limit change: every limit by its setting's name, and what it was") {
  struct Row {
    const char* name;
    std::optional<int64_t> Limits::*member;
  };
  for (Row row : {Row{"concurrency", &Limits::concurrency},
                  {"requests_per_minute", &Limits::requests_per_minute},
                  {"tokens_per_minute", &Limits::tokens_per_minute},
                  {"input_tokens_per_minute", &Limits::input_tokens_per_minute},
                  {"output_tokens_per_minute", &Limits::output_tokens_per_minute}}) {
    CAPTURE(row.name);
    Limits limits;
    auto first = ChangeLimit(limits, row.name, "8");
    REQUIRE(first);
    CHECK(*first == "none");
    Limits expected;
    expected.*row.member = 8;
    CHECK(limits == expected);
    CHECK(*ChangeLimit(limits, row.name, "1000000000000") == "8");
    CHECK(limits.*row.member == 1'000'000'000'000);
    CHECK(*ChangeLimit(limits, row.name, "") == "1000000000000");
    CHECK(limits == Limits());
  }
}

TEST_CASE("limit change: the pause between calls is a duration") {
  Limits limits;
  CHECK(ChangeLimit(limits, "min_delay", "1500ms"));
  CHECK(limits.min_delay == Milliseconds(1'500));
  CHECK(*ChangeLimit(limits, "min_delay", "2s") == "1500ms");
  CHECK(limits.min_delay == Milliseconds(2'000));
  CHECK(*ChangeLimit(limits, "min_delay", "") == "2s");
  CHECK(limits.min_delay == Milliseconds(0));
  CHECK_FALSE(ChangeLimit(limits, "min_delay", "2"));
  CHECK_FALSE(ChangeLimit(limits, "min_delay", "-1s"));
}

TEST_CASE("limit change: what is no limit is refused, and nothing changes") {
  Limits limits;
  limits.concurrency = 4;
  Limits before = limits;
  for (const char* value :
       {"0", "-1", "1.5", "8x", " 8", "8 ", "+8", "0x10", "eight", "1e3", "99999999999999999999"}) {
    CAPTURE(value);
    auto changed = ChangeLimit(limits, "concurrency", value);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().find("expected a whole number from 1 on") != std::string::npos);
    CHECK(limits == before);
  }
}

TEST_CASE("limit change: what hides in a value is made visible") {
  Limits limits;
  auto changed = ChangeLimit(limits, "concurrency", "\x1b[2J");
  REQUIRE_FALSE(changed);
  CHECK(changed.error().find('\x1b') == std::string::npos);
}

TEST_CASE("limit change: another name is refused, and so is no name") {
  Limits limits;
  for (const char* name : {"", "speed", "Concurrency", "rates", "learn"}) {
    CAPTURE(name);
    auto changed = ChangeLimit(limits, name, "8");
    REQUIRE_FALSE(changed);
    CHECK(changed.error().find("no limit called \"" + std::string(name) + "\"") !=
          std::string::npos);
  }
  CHECK(limits == Limits());
}

}  // namespace
}  // namespace muster
