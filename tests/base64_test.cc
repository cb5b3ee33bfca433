#include "common/base64.h"

#include <doctest/doctest.h>

#include <string>

namespace muster {
namespace {

TEST_CASE("base64 gives the test vectors of RFC 4648 both ways") {
  struct Case {
    const char* bytes;
    const char* text;
  };
  for (const Case& each : {Case{"", ""},
                           {"f", "Zg=="},
                           {"fo", "Zm8="},
                           {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="},
                           {"fooba", "Zm9vYmE="},
                           {"foobar", "Zm9vYmFy"}}) {
    CHECK(EncodeBase64(each.bytes) == each.text);
    auto bytes = DecodeBase64(each.text);
    REQUIRE(bytes.ok());
    CHECK(*bytes == each.bytes);
  }
}

TEST_CASE("every byte at every place survives base64") {
  for (size_t before = 0; before < 3; ++before) {
    std::string bytes(before, 'x');
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    auto back = DecodeBase64(EncodeBase64(bytes));
    REQUIRE(back.ok());
    CHECK(*back == bytes);
  }
}

TEST_CASE("only the one canonical base64 text is accepted") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9vYg", "Zg==\n", "Zm9v\nZm9v",
                           " Zg=", "====", "Z===", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_",
                           "Z=g=", "Zm9v====", "\xc3\xa9g="}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64(text).ok());
  }
}

}  // namespace
}  // namespace muster
