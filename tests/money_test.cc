#include "common/money.h"

#include <doctest/doctest.h>

#include <limits>

namespace muster {
namespace {

constexpr Picodollars kMost = std::numeric_limits<Picodollars>::max();
constexpr Picodollars kLeast = std::numeric_limits<Picodollars>::min();
constexpr Picodollars kCent = kPicodollarsPerDollar / 100;

TEST_CASE("money: sums are exact up to the end and saturate there, on both sides") {
  CHECK(AddMoney(2, 3) == 5);
  CHECK(AddMoney(kMost - 1, 1) == kMost);
  CHECK(AddMoney(kMost, 1) == kMost);
  CHECK(AddMoney(kMost, kMost) == kMost);
  CHECK(AddMoney(kLeast, -1) == kLeast);
  CHECK(AddMoney(kMost, kLeast) == -1);
}

TEST_CASE("money: a price is tokens times rate and saturates") {
  CHECK(PriceOf(1'000'000, 1'250'000) == 1'250'000'000'000);
  CHECK(PriceOf(0, kMost) == 0);
  CHECK(PriceOf(2, kMost) == kMost);
  CHECK(PriceOf(kMost, kMost) == kMost);
  CHECK(PriceOf(-2, kMost) == kLeast);
  CHECK(PriceOf(-2, kLeast) == kMost);
}

TEST_CASE("money: four digits are shown below a dollar, two from there on") {
  CHECK(FormatMoney(0) == "$0.00");
  CHECK(FormatMoney(31'200'000'000) == "$0.0312");
  CHECK(FormatMoney(31'249'999'999) == "$0.0312");
  CHECK(FormatMoney(31'250'000'000) == "$0.0313");
  CHECK(FormatMoney(kPicodollarsPerDollar) == "$1.00");
  CHECK(FormatMoney(1240 * kCent) == "$12.40");
  CHECK(FormatMoney(1240 * kCent + kCent / 2) == "$12.41");
}

TEST_CASE("money: rounding up into the next form shows that form") {
  CHECK(FormatMoney(kPicodollarsPerDollar - 1) == "$1.00");
  CHECK(FormatMoney(99'999 * kCent + kCent / 2) == "$1,000.00");
}

TEST_CASE("money: thousands are separated") {
  CHECK(FormatMoney(99'999 * kCent) == "$999.99");
  CHECK(FormatMoney(123'450 * kCent) == "$1,234.50");
  CHECK(FormatMoney(1'000'000 * kPicodollarsPerDollar) == "$1,000,000.00");
  CHECK(FormatMoney(kMost) == "$9,223,372.04");
}

TEST_CASE("money: what is not zero never shows as zero") {
  CHECK(FormatMoney(1) == "<$0.0001");
  CHECK(FormatMoney(99'999'999) == "<$0.0001");
  CHECK(FormatMoney(100'000'000) == "$0.0001");
}

TEST_CASE("money: a negative amount has its sign in front") {
  CHECK(FormatMoney(-1240 * kCent) == "-$12.40");
  CHECK(FormatMoney(kLeast) == "-$9,223,372.04");
}

TEST_CASE("money: dollars are read exactly") {
  CHECK(*ParseDollars("2.50") == 250 * kCent);
  CHECK(*ParseDollars("$2.50") == 250 * kCent);
  CHECK(*ParseDollars("7") == 700 * kCent);
  CHECK(*ParseDollars("0") == 0);
  CHECK(*ParseDollars("0.000001") == 1'000'000);
  CHECK(*ParseDollars("0.000000000001") == 1);
  CHECK(*ParseDollars("9223372.036854775807") == kMost);
}

TEST_CASE("money: exact dollars are read back as the same amount") {
  CHECK(ExactDollars(0) == "0");
  CHECK(ExactDollars(250 * kCent) == "2.5");
  CHECK(ExactDollars(1) == "0.000000000001");
  CHECK(ExactDollars(1'000'000 * kPicodollarsPerDollar) == "1000000");
  CHECK(ExactDollars(-kCent) == "-0.01");
  CHECK(ExactDollars(kMost) == "9223372.036854775807");
  CHECK_MESSAGE(ExactDollars(kLeast) == "-9223372.036854775808", "the number that has no opposite");
  for (Picodollars amount : {Picodollars{0}, Picodollars{1}, Picodollars{999'999'999'999}, kCent,
                             kPicodollarsPerDollar, Picodollars{12'340'000'000'001}, kMost}) {
    auto read = ParseDollars(ExactDollars(amount));
    REQUIRE(read.ok());
    CHECK(*read == amount);
  }
}

TEST_CASE("money: what is no amount is refused, with what was read") {
  for (const char* text : {"", "$", "-1", "$-1", "+1", "1.", ".5", "1.2.3", "1,000", "1e3", " 1",
                           "1 ", "1$", "nan", "0x1"}) {
    auto amount = ParseDollars(text);
    CAPTURE(text);
    REQUIRE_FALSE(amount);
    CHECK(amount.error().starts_with(fmt::format("\"{}\" is not an amount", text)));
  }
}

TEST_CASE("money: finer than a picodollar and more than can be counted are refused") {
  auto fine = ParseDollars("0.0000000000001");
  REQUIRE_FALSE(fine);
  CHECK(fine.error().find("more than 12 digits") != std::string::npos);
  for (const char* text : {"9223372.036854775808", "9223373", "99999999999999999999"}) {
    auto much = ParseDollars(text);
    CAPTURE(text);
    REQUIRE_FALSE(much);
    CHECK(much.error().find("too much") != std::string::npos);
  }
}

}  // namespace
}  // namespace muster
