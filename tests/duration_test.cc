#include "common/duration.h"

#include <doctest/doctest.h>

#include <string>

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a duration is shown in the unit that suits it") {
  CHECK(FormatDuration(milliseconds(0)) == "0 ms");
  CHECK(FormatDuration(milliseconds(850)) == "850 ms");
  CHECK(FormatDuration(milliseconds(12'345)) == "12.3 s");
  CHECK(FormatDuration(seconds(245)) == "4m05s");
  CHECK(FormatDuration(minutes(123)) == "2h03m");
  CHECK(FormatDuration(hours(75)) == "75h00m");
  CHECK(FormatDuration(milliseconds(-12'345)) == "-12.3 s");
}

TEST_CASE("rounding carries into the next unit") {
  CHECK(FormatDuration(milliseconds(999)) == "999 ms");
  CHECK(FormatDuration(milliseconds(59'949)) == "59.9 s");
  CHECK(FormatDuration(milliseconds(59'950)) == "1m00s");
  CHECK(FormatDuration(milliseconds(119'700)) == "2m00s");
  CHECK(FormatDuration(milliseconds(3'599'700)) == "1h00m");
  CHECK(FormatDuration(seconds(7'199)) == "2h00m");
  CHECK(FormatDuration(milliseconds::min()).starts_with("-2562047788015h"));
}

TEST_CASE("durations are read with their unit") {
  struct Case {
    const char* text;
    milliseconds value;
  };
  for (const Case& each : {Case{"90s", seconds(90)},
                           {"5m", minutes(5)},
                           {"1h30m", minutes(90)},
                           {"250ms", milliseconds(250)},
                           {"2d", hours(48)},
                           {"0s", seconds(0)},
                           {"1d2h3m4s5ms", hours(26) + minutes(3) + seconds(4) + milliseconds(5)},
                           {"1.5h", minutes(90)},
                           {"0.25s", milliseconds(250)},
                           {"1.000ms", milliseconds(1)},
                           {"1.50000000000s", milliseconds(1500)},
                           {"007s", seconds(7)},
                           {"36525d", hours(876'600)}}) {
    CAPTURE(each.text);
    auto value = ParseDuration(each.text);
    REQUIRE(value.ok());
    CHECK(*value == each.value);
  }
}

TEST_CASE("what is no duration is refused with the reason") {
  struct Case {
    const char* text;
    const char* why;
  };
  for (const Case& each : {Case{"90", "90: say the unit, as in 90s"},
                           {"0", "0: say the unit, as in 0s"},
                           {"1.5", "1.5: say the unit"},
                           {"-5s", "negative"},
                           {"", "empty"},
                           {" 5s", "not a duration"},
                           {"5 s", "the unit of 5 is missing"},
                           {"1h30", "the unit of 30 is missing"},
                           {"soon", "not a duration"},
                           {"5x", "unknown unit \"x\""},
                           {"5M", "unknown unit \"M\""},
                           {"5min", "unknown unit \"min\""},
                           {"1m1h", "longer ones first"},
                           {"1s1s", "each unit once"},
                           {"1.s", "a digit is missing"},
                           {".5s", "not a duration"},
                           {"1.5ms", "finer"},
                           {"0.0001s", "finer"},
                           {"0.00000000001d", "finer"},
                           {"36526d", "100 years"},
                           {"36525d1ms", "100 years"},
                           {"99999999999999999999999999d", "100 years"},
                           {"9223372036854775807ms", "100 years"},
                           {"5s\x1b[0m", "\\x1b"}}) {
    CAPTURE(each.text);
    auto value = ParseDuration(each.text);
    REQUIRE_FALSE(value.ok());
    CHECK_MESSAGE(value.error().find(each.why) != std::string::npos, value.error());
  }
}

}  // namespace
}  // namespace muster
