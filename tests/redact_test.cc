#include "common/redact.h"

#include <doctest/doctest.h>

#include "common/base64.h"
#include "common/json.h"

namespace muster {
namespace {

// As awkward as keys can be: quotes, slashes, characters that URLs and base64 spell differently.
const std::string kKey = "sk-\"4f\\T9/qL?w+Z8~1mNbV\xC3\xBF>";

std::string Redacted(const std::string& text) {
  Redactor redactor;
  redactor.Add(kKey);
  return redactor.Apply(text);
}

TEST_CASE("a key is taken out however it is spelt, and what stands around it stays") {
  CHECK(Redacted("a " + kKey + " b " + kKey) == "a [key removed] b [key removed]");
  CHECK(Redacted(DumpJson(Json{{"k", "x" + kKey + "y"}})) == R"({"k":"x[key removed]y"})");
  CHECK(Redacted("?k=sk-%224f%5CT9%2FqL%3Fw%2BZ8~1mNbV%C3%BF%3E&") == "?k=[key removed]&");
  CHECK(Redacted("?k=sk-%224f%5cT9%2fqL%3fw%2bZ8~1mNbV%c3%bf%3e&") == "?k=[key removed]&");
  CHECK(Redacted(R"(sk-\"4f\\T9\/qL?w+Z8~1mNbV)"
                 "\xC3\xBF>") == "[key removed]");
  CHECK(Redacted("nothing of it") == "nothing of it");
}

TEST_CASE("a key is taken out of base64 that it is only a part of") {
  for (const std::string before : {"", "u", "us", "user:", "me@example.org:", "x:"}) {
    for (const std::string behind : {"", "\n", ":x", "and more"}) {
      CAPTURE(before);
      CAPTURE(behind);
      std::string encoded = EncodeBase64(before + kKey + behind);
      std::string urls = encoded;
      for (char& c : urls) c = c == '+' ? '-' : c == '/' ? '_' : c;
      for (const std::string& text : {encoded, urls}) {
        std::string left = Redacted("Basic " + text);
        CHECK(left.starts_with("Basic "));
        size_t mark = left.find("[key removed]");
        REQUIRE(mark != std::string::npos);
        // Of the key's bytes no more than a part of the first and the last can still be read.
        CHECK(mark <= 6 + (before.size() * 8 + 5) / 6);
        CHECK(left.size() - mark - 13 <= (behind.size() + 1) * 8 / 6 + 4);
      }
    }
  }
}

TEST_CASE("what is too short to be a key is left alone") {
  Redactor redactor;
  redactor.Add("abc");
  redactor.Add("");
  CHECK(redactor.Apply("abc YWJj") == "abc YWJj");
}

}  // namespace
}  // namespace muster
