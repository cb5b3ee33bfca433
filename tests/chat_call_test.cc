// What a chat step's call is made of: pictures, options, and what it parses.

#include "worker/chat_call.h"

#include <doctest/doctest.h>

#include "common/base64.h"
#include "common/hash.h"
#include "common/images.h"
#include "tests/config_testing.h"
#include "tests/image_samples.h"

namespace muster {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A config of one step in a folder with pictures. `more` is added to the step.
struct OneAsk {
  explicit OneAsk(const std::string& chat = "images: [item.image]", const std::string& more = "") {
    folder.Write("a.png", BytesOf(kPng));
    folder.Write("b.png", BytesOf(kJpeg));  // whatever it is called
    folder.Write("c.gif", BytesOf(kGif));
    auto loaded = folder.Load(
        "name: t\nitems: {range: 1..1}\nproviders:\n"
        "  o: {api: openai-chat, base_url: 'http://127.0.0.1:1'}\n"
        "  g: {api: gemini, base_url: 'http://127.0.0.1:1'}\n"
        "steps:\n  - id: ask\n    chat: {model: \"{{item.model}}\", user: hello, " +
        chat + "}\n" + more);
    REQUIRE_MESSAGE(loaded, loaded.error());
    config = *std::move(loaded);
  }

  Result<ChatCall> Make(const std::string& model, const Json& image = "a.png") const {
    Json context{{"item", {{"id", "1"}, {"model", model}, {"image", image}}}};
    return MakeChatCall(config, config.steps[0], "ask", context);
  }

  ConfigFolder folder;
  Config config;
};

TEST_CASE("chat call: pictures are read, and weighed as tokens and as what is sent of them") {
  OneAsk one;
  auto made = one.Make("o/gpt-4o", Json{"a.png", "b.png"});
  REQUIRE_MESSAGE(made, made.error());
  const ApiRequest& request = made->spec.request;
  CHECK(request.image_bytes == Base64Length(static_cast<int64_t>(BytesOf(kPng).size())) +
                                   Base64Length(static_cast<int64_t>(BytesOf(kJpeg).size())));
  CHECK(request.image_tokens_likely == 2 * (85 + 170));
  CHECK(request.image_tokens > request.image_tokens_likely);
  CHECK(Has(DumpJson(request.body), std::string(kPng)));
  CHECK(Has(DumpJson(request.body), "image/jpeg"));
  CHECK_FALSE(made->parser);
}

TEST_CASE(
    "chat call: the mock is told pictures by their hash, and another one is another request") {
  OneAsk one;
  auto png = one.Make("mock/m"), jpeg = one.Make("mock/m", "b.png");
  REQUIRE(png);
  REQUIRE(jpeg);
  const Json& images = png->spec.request.body["images"];
  REQUIRE(images.size() == 1);
  CHECK(images[0] == Json{{"media_type", "image/png"}, {"sha256", Sha256Hex(BytesOf(kPng))}});
  CHECK(png->spec.request.image_bytes == 0);
  CHECK(png->spec.request.image_tokens > 0);
  CHECK(png->spec.request.body != jpeg->spec.request.body);
  OneAsk without("max_tokens: 5");
  auto plain = without.Make("mock/m");
  REQUIRE(plain);
  CHECK_FALSE(plain->spec.request.body.contains("images"));
  CHECK(plain->spec.request.image_tokens == 0);
}

TEST_CASE("chat call: what says why weighs as much in pictures") {
  OneAsk one("images: [item.image]", "    ask_again: 1\n    say_why: true\n");
  auto made = one.Make("o/gpt-4o");
  REQUIRE_MESSAGE(made, made.error());
  auto again = made->spec.remake("it is too blue");
  REQUIRE(again);
  CHECK(Has(DumpJson(again->body), "it is too blue"));
  CHECK(again->image_bytes == made->spec.request.image_bytes);
  CHECK(again->image_tokens == made->spec.request.image_tokens);
  CHECK(again->image_tokens_likely == made->spec.request.image_tokens_likely);
}

TEST_CASE("chat call: what cannot be sent is an error that names it, before anything is sent") {
  struct Row {
    const char *chat, *model, *image, *message;
  };
  for (const Row& row : {
           Row{"images: [item.image]", "o/gpt-4o", "z.png", "item.image: z.png: no such file"},
           {"images: [item.image]", "g/gemini-2.5-flash", "c.gif", "gemini takes png, jpeg, webp"},
           {"verbosity: high", "g/gemini-2.5-flash", "", "verbosity: "},
           {"max_tokens: 5", "nobody/m", "", "nobody"},
       }) {
    CAPTURE(row.message);
    auto made = OneAsk(row.chat).Make(row.model, row.image);
    REQUIRE_FALSE(made);
    CHECK_MESSAGE(Has(made.error(), row.message), made.error());
  }
}

// What a step leaves of an answer, or why it cannot use it.
Result<Json> Leaves(const OneAsk& one, const ChatAnswer& answer) {
  auto made = one.Make("mock/m");
  REQUIRE_MESSAGE(made, made.error());
  if (auto usable = made->spec.usable(answer); !usable) return Error{usable.error()};
  return ValueOfAnswer(*made, "mock/m", CallValue{answer, std::nullopt, {}, false});
}

TEST_CASE(
    "chat call: an answer that does not parse or validate is no use, one that does has a "
    "value") {
  OneAsk line("max_tokens: 5", "    parse: {line: Answer}\n");
  CHECK_FALSE(Leaves(line, {"I do not know", Finish::kStop, "stop", "m"}));
  auto value = Leaves(line, {"So:\nAnswer: 42", Finish::kStop, "stop", "m"});
  REQUIRE_MESSAGE(value, value.error());
  CHECK((*value)["value"] == "42");
  CHECK((*value)["text"] == "So:\nAnswer: 42");
  CHECK((*value)["finish"] == "stop");

  const char* schema = "{type: object, required: [n], properties: {n: {type: integer}}}";
  OneAsk parsed("max_tokens: 5", fmt::format("    parse: {{json: {}}}\n", schema));
  OneAsk asked(fmt::format("max_tokens: 5, response_schema: {}", schema));
  for (const OneAsk* one : {&parsed, &asked}) {
    CHECK_FALSE(Leaves(*one, {"none", Finish::kStop, "stop", "m"}));
    CHECK_FALSE(Leaves(*one, {R"({"n": "x"})", Finish::kStop, "stop", "m"}));
    auto number = Leaves(*one, {"```json\n{\"n\": 5}\n```", Finish::kOther, "eh", "m"});
    REQUIRE_MESSAGE(number, number.error());
    CHECK((*number)["value"]["n"] == 5);
    CHECK((*number)["finish"] == "other");
  }
}

TEST_CASE("chat call: an answer that ended badly is no use, whatever it says") {
  OneAsk line("max_tokens: 5", "    parse: {line: Answer}\n");
  for (Finish finish : {Finish::kRefusal, Finish::kContentFilter, Finish::kLength}) {
    CHECK_FALSE(Leaves(line, {"Answer: 42", finish, "x", "m"}));
  }
  OneAsk kept("max_tokens: 5, keep_truncated: true", "    parse: {line: Answer}\n");
  auto value = Leaves(kept, {"Answer: 4", Finish::kLength, "length", "m"});
  REQUIRE(value);
  CHECK((*value)["value"] == "4");
  CHECK((*value)["finish"] == "length");
  auto none = Leaves(OneAsk("max_tokens: 5"), {"text", Finish::kStop, "stop", "m"});
  REQUIRE(none);
  CHECK((*none)["value"].is_null());
}

}  // namespace
}  // namespace muster
