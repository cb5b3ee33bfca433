#include "common/protocol.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <set>
#include <tuple>

namespace muster {
namespace {

// ---- messages with every field set to what is not its default ----

const std::string kText = "\u00e9 \"\\\n\t\u2028 \U0001f600 {{x}}";

Failure FilledFailure() {
  return {FailureKind::kRateLimited, kText, 429, 1'500, Billing::kUsage, true};
}

Called FilledCalled() {
  return {"i1",
          2,
          3,
          Bytes{"{\"a\":1}"},
          std::nullopt,
          Usage{10, 4, 3, 7, 5, 2},
          "m-1",
          "req",
          900,
          30,
          {{LimitUnit::kInputTokens, 1'000, -5, 60}, {LimitUnit::kRequests, 9, 8, std::nullopt}},
          "flex",
          77,
          Bytes{kText}};
}

Called FailedCall() {
  Called called = FilledCalled();
  called.answer.reset();
  called.failure = FilledFailure();
  return called;
}

std::vector<FromWorker> AllFromWorker() {
  return {
      Hello{7, "build", 4711, "host", true},
      Call{"i1", 2, 3, "chunks[1-income]", "openai", "gpt", "abcd", 10, 20, 30, 40, 50, 2, "flex",
           60, "it.poll", true},
      FilledCalled(),
      Rejected{"i1", 2, 3, kText, NextAsk{"ef01", 11, 21, 41}, true},
      Event{"i1", 2, "step-started", "chunks", kText},
      Alive{},
      Done{"i1",
           2,
           Outcome::kFailed,
           kText,
           {{1, "a/b.txt", kText}, {2, "c", "d"}},
           123'456,
           Json{{"z", {1, nullptr}}}},
      Bye{kText},
  };
}

std::vector<ToWorker> AllToWorker() {
  return {
      Start{7, "w3", Json{{"z", 1}, {"a", {1, 2}}}, Json{{"openai", "sk"}}, "runs/x", 100, 200,
            true},
      Item{"i1", 2, Json{{"text", kText}, {"n", nullptr}}},
      Go{3, 2, 4, 100, 150, 200, 300, true},
      Replay{3, 2, Bytes{std::string("\xff\x00\x80", 3)}, 99, 128},
      Kept{3, 99, 128},
      Refuse{3, true, kText},
      Defer{3},
      Alive{},
      Cancel{"i1", 2},
      Stop{},
  };
}

// ---- equality; the bindings stop compiling when a field is added and not compared ----

template <class T>
bool Same(const std::optional<T>& a, const std::optional<T>& b);
template <class T>
bool Same(const std::vector<T>& a, const std::vector<T>& b);

template <class T>
requires std::equality_comparable<T>
bool Same(const T& a, const T& b) { return a == b; }

auto Tie(const Failure& m) {
  const auto& [a, b, c, d, e, f] = m;
  return std::tie(a, b, c, d, e, f);
}
auto Tie(const LimitSeen& m) {
  const auto& [a, b, c, d] = m;
  return std::tie(a, b, c, d);
}
auto Tie(const NextAsk& m) {
  const auto& [a, b, c, d] = m;
  return std::tie(a, b, c, d);
}
auto Tie(const Hello& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto Tie(const Call& m) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r] = m;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, n, o, p, q, r);
}
auto Tie(const Called& m) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, n, o] = m;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, n, o);
}
auto Tie(const Rejected& m) {
  const auto& [a, b, c, d, e, f] = m;
  return std::tie(a, b, c, d, e, f);
}
auto Tie(const Event& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto Tie(const OutputText& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto Tie(const Done& m) {
  const auto& [a, b, c, d, e, f, g] = m;
  return std::tie(a, b, c, d, e, f, g);
}
auto Tie(const Bye& m) {
  const auto& [a] = m;
  return std::tie(a);
}
auto Tie(const Start& m) {
  const auto& [a, b, c, d, e, f, g, h, i] = m;
  return std::tie(a, b, c, d, e, f, g, h, i);
}
auto Tie(const Item& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto Tie(const Go& m) {
  const auto& [a, b, c, d, e, f, g, h] = m;
  return std::tie(a, b, c, d, e, f, g, h);
}
auto Tie(const Replay& m) {
  const auto& [a, b, c, d, e] = m;
  return std::tie(a, b, c, d, e);
}
auto Tie(const Kept& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto Tie(const Refuse& m) {
  const auto& [a, b, c] = m;
  return std::tie(a, b, c);
}
auto Tie(const Defer& m) {
  const auto& [a] = m;
  return std::tie(a);
}
auto Tie(const Cancel& m) {
  const auto& [a, b] = m;
  return std::tie(a, b);
}
template <class T>
requires std::is_empty_v<T>
auto Tie(const T&) { return std::tuple<>(); }

template <class T>
requires(!std::equality_comparable<T>) bool Same(const T& a, const T& b) {
  return std::apply(
      [&](const auto&... as) {
        return std::apply([&](const auto&... bs) { return (Same(as, bs) && ...); }, Tie(b));
      },
      Tie(a));
}

template <class T>
bool Same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || Same(*a, *b));
}

template <class T>
bool Same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Same(a[i], b[i])) return false;
  }
  return true;
}

template <class Variant>
bool SameMessage(const Variant& a, const Variant& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&](const auto& m) { return Same(m, std::get<std::decay_t<decltype(m)>>(b)); },
                    a);
}

// Decoding by the direction of a message.
Result<FromWorker> DecodeLike(const FromWorker&, std::string_view json) {
  return DecodeFromWorker(json);
}
Result<ToWorker> DecodeLike(const ToWorker&, std::string_view json) { return DecodeToWorker(json); }

// Calls `check` with every filled message of both directions.
template <class Check>
void ForEveryMessage(Check check) {
  for (const FromWorker& message : AllFromWorker()) check(message);
  check(FromWorker(FailedCall()));
  for (const ToWorker& message : AllToWorker()) check(message);
}

Json JsonOf(const std::string& text) {
  auto json = ParseJson(text);
  REQUIRE(json.ok());
  return *json;
}

bool IsFreeJson(const std::string& key) {
  return key == "config" || key == "keys" || key == "fields" || key == "result";
}

// The answer of `called` is so too, but one of the two must be there.
bool IsOptional(const std::string& key) {
  return key == "output_most" || key == "usage" || key == "retry_after_ms" || key == "cost" ||
         key == "failure" || key == "next" || key == "own_cost" || key == "partial" ||
         key == "fixed_cost" || key == "context_window";
}

// ---- round trips ----

TEST_CASE("every kind of message is among those tested") {
  auto from = AllFromWorker();
  auto to = AllToWorker();
  REQUIRE(from.size() == std::variant_size_v<FromWorker>);
  REQUIRE(to.size() == std::variant_size_v<ToWorker>);
  for (size_t i = 0; i < from.size(); ++i) CHECK(from[i].index() == i);
  for (size_t i = 0; i < to.size(); ++i) CHECK(to[i].index() == i);
}

TEST_CASE("every message comes out of its JSON as it went in") {
  ForEveryMessage([](const auto& message) {
    std::string text = Encode(message);
    CAPTURE(text);
    auto back = DecodeLike(message, text);
    REQUIRE_MESSAGE(back.ok(), back.error());
    CHECK(SameMessage(*back, message));
    CHECK(Encode(*back) == text);
  });
}

TEST_CASE("a message with nothing set comes out as it went in") {
  auto check = [](const auto& message) {
    std::string text = Encode(message);
    CAPTURE(text);
    auto back = DecodeLike(message, text);
    REQUIRE_MESSAGE(back.ok(), back.error());
    CHECK(SameMessage(*back, message));
  };
  for (const FromWorker& message : std::initializer_list<FromWorker>{
           Hello{}, Call{}, Rejected{}, Event{}, Alive{}, Done{}, Bye{}}) {
    check(message);
  }
  for (const ToWorker& message : std::initializer_list<ToWorker>{
           Start{}, Item{}, Go{}, Replay{}, Kept{}, Refuse{}, Defer{}, Alive{}, Cancel{}, Stop{}}) {
    check(message);
  }
}

TEST_CASE("an encoded message is one line of JSON that begins with its type") {
  ForEveryMessage([](const auto& message) {
    std::string text = Encode(message);
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.starts_with("{\"type\":\""));
  });
}

TEST_CASE("every kind of failure, billing, limit and outcome survives") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(FailureKind::kInternal); ++i) {
    Called called = FailedCall();
    called.failure->kind = static_cast<FailureKind>(i);
    names.insert(Name(called.failure->kind));
    auto back = DecodeFromWorker(Encode(FromWorker(called)));
    REQUIRE(back.ok());
    CHECK(std::get<Called>(*back).failure->kind == called.failure->kind);
  }
  CHECK(names.size() == static_cast<size_t>(FailureKind::kInternal) + 1);
  CHECK(names.count("?") == 0);
  for (Billing billing : {Billing::kNo, Billing::kUsage, Billing::kUnknown}) {
    Called called = FailedCall();
    called.failure->billing = billing;
    auto back = DecodeFromWorker(Encode(FromWorker(called)));
    REQUIRE(back.ok());
    CHECK(std::get<Called>(*back).failure->billing == billing);
  }
  for (LimitUnit unit : {LimitUnit::kRequests, LimitUnit::kTokens, LimitUnit::kInputTokens,
                         LimitUnit::kOutputTokens}) {
    Called called = FilledCalled();
    called.limits = {{unit, 2, 1, std::nullopt}};
    auto back = DecodeFromWorker(Encode(FromWorker(called)));
    REQUIRE(back.ok());
    CHECK(std::get<Called>(*back).limits.at(0).unit == unit);
    CHECK(Name(unit) != "?");
  }
  for (Outcome outcome : {Outcome::kDone, Outcome::kFailed, Outcome::kInterrupted}) {
    Done done;
    done.outcome = outcome;
    auto back = DecodeFromWorker(Encode(FromWorker(done)));
    REQUIRE(back.ok());
    CHECK(std::get<Done>(*back).outcome == outcome);
  }
}

TEST_CASE("an answer survives whatever its bytes are") {
  std::string every;
  for (int i = 0; i < 256; ++i) every.push_back(static_cast<char>(i));
  for (const std::string& data :
       {std::string(), std::string("text"), std::string("\0", 1), std::string("\xff"),
        std::string("\xed\xa0\x80"), every, kText, std::string("{\"base64\":\"AA==\"}")}) {
    auto back = DecodeToWorker(Encode(ToWorker(Replay{1, 1, Bytes{data}, {}})));
    REQUIRE(back.ok());
    CHECK(std::get<Replay>(*back).answer.data == data);
  }
}

TEST_CASE("text that is not UTF-8 does not stop a message") {
  auto back = DecodeFromWorker(Encode(FromWorker(Rejected{"i", 1, 2, "bad \xff byte", {}})));
  REQUIRE(back.ok());
  CHECK(std::get<Rejected>(*back).reason == "bad \ufffd byte");
}

TEST_CASE("the largest and smallest numbers survive") {
  for (int64_t number : {INT64_MAX, INT64_MIN, int64_t{-1}}) {
    auto back = DecodeToWorker(Encode(ToWorker(Kept{number, {}})));
    REQUIRE(back.ok());
    CHECK(std::get<Kept>(*back).call == number);
  }
}

// ---- strictness ----

TEST_CASE("every field but the optional ones must be there") {
  ForEveryMessage([](const auto& message) {
    Json whole = JsonOf(Encode(message));
    for (const auto& field : whole.items()) {
      if (field.key() == "type" || IsOptional(field.key())) continue;
      if (field.key() == "answer" && whole["type"] == "called") continue;
      CAPTURE(whole["type"]);
      CAPTURE(field.key());
      Json less = whole;
      less.erase(field.key());
      auto back = DecodeLike(message, DumpJson(less));
      REQUIRE_FALSE(back.ok());
      CHECK(back.error() == fmt::format("message \"{}\": no \"{}\"",
                                        whole["type"].template get<std::string>(), field.key()));
    }
  });
}

TEST_CASE("every field must be of its type, the optional ones too") {
  ForEveryMessage([](const auto& message) {
    Json whole = JsonOf(Encode(message));
    for (const auto& field : whole.items()) {
      if (field.key() == "type" || IsFreeJson(field.key())) continue;
      for (const Json& wrong : {Json(), Json(1.5), Json::array({1}), Json{{"x", 1}}, Json("?"),
                                Json(1), Json(true), Json(uint64_t{INT64_MAX} + 1)}) {
        bool number = wrong.is_number_integer() && wrong != Json(uint64_t{INT64_MAX} + 1);
        bool is_text = field.value().is_string() && field.key() != "outcome";
        if (is_text && wrong.is_string()) continue;
        if (field.value().is_number() && number) continue;
        if (field.value().is_boolean() && wrong.is_boolean()) continue;
        if (field.key() == "answer" && wrong.is_string()) continue;
        CAPTURE(whole["type"]);
        CAPTURE(field.key());
        CAPTURE(wrong);
        Json bad = whole;
        bad[field.key()] = wrong;
        auto back = DecodeLike(message, DumpJson(bad));
        REQUIRE_FALSE(back.ok());
        CHECK(back.error() == fmt::format("message \"{}\": bad \"{}\"",
                                          whole["type"].template get<std::string>(), field.key()));
      }
    }
  });
}

TEST_CASE("a misfit inside of a message is one of the field it is in") {
  auto error_of = [](const FromWorker& message, const std::function<void(Json&)>& spoil) {
    Json json = JsonOf(Encode(message));
    spoil(json);
    auto back = DecodeFromWorker(DumpJson(json));
    REQUIRE_FALSE(back.ok());
    return back.error();
  };
  Done done{"i", 1, Outcome::kDone, "", {{0, "a", "b"}}, 1};
  CHECK(error_of(FailedCall(), [](Json& j) { j["failure"]["kind"] = "bad luck"; }) ==
        "message \"called\": bad \"failure\"");
  CHECK(error_of(FailedCall(), [](Json& j) { j["failure"].erase("message"); }) ==
        "message \"called\": bad \"failure\"");
  CHECK(error_of(FilledCalled(), [](Json& j) { j["usage"]["input"] = "10"; }) ==
        "message \"called\": bad \"usage\"");
  CHECK(error_of(FilledCalled(), [](Json& j) { j["limits"][0]["unit"] = "bytes"; }) ==
        "message \"called\": bad \"limits\"");
  CHECK(error_of(FilledCalled(), [](Json& j) { j["limits"][1].erase("remaining"); }) ==
        "message \"called\": bad \"limits\"");
  CHECK(error_of(Rejected{"i", 1, 2, "", NextAsk{}}, [](Json& j) {
          j["next"].erase("input_most");
        }) == "message \"rejected\": bad \"next\"");
  CHECK(error_of(done, [](Json& j) { j["outputs"][0].erase("path"); }) ==
        "message \"done\": bad \"outputs\"");
  CHECK(error_of(done, [](Json& j) { j["outputs"].push_back(nullptr); }) ==
        "message \"done\": bad \"outputs\"");
  CHECK(error_of(done, [](Json& j) { j["outputs"] = Json::object(); }) ==
        "message \"done\": bad \"outputs\"");
}

TEST_CASE("bytes are a text or strict base64, nothing else") {
  for (const char* answer : {"null", "1", "[]", "{}", R"({"base64":1})", R"({"base64":"AA"})",
                             R"({"base64":"A A="})", R"({"base46":"AA=="})"}) {
    CAPTURE(answer);
    auto back =
        DecodeToWorker(fmt::format(R"({{"type":"replay","call":1,"ask":1,"answer":{}}})", answer));
    REQUIRE_FALSE(back.ok());
    CHECK(back.error() == "message \"replay\": bad \"answer\"");
  }
}

TEST_CASE("what came of a call is an answer or a failure, never both, never neither") {
  Called both = FilledCalled();
  both.failure = FilledFailure();
  Called neither = FilledCalled();
  neither.answer.reset();
  for (const Called& called : {both, neither}) {
    auto back = DecodeFromWorker(Encode(FromWorker(called)));
    REQUIRE_FALSE(back.ok());
    CHECK(back.error() == "message \"called\": needs one of \"answer\" and \"failure\"");
  }
}

TEST_CASE("an unknown type, none and that of the other direction are refused") {
  CHECK(DecodeFromWorker(R"({"type":"hallo"})").error() == "unknown message type \"hallo\"");
  CHECK(DecodeFromWorker(R"({})").error() == "unknown message type \"\"");
  CHECK(DecodeFromWorker(R"({"type":1})").error() == "unknown message type \"\"");
  CHECK(DecodeFromWorker(R"({"type":"Alive"})").error() == "unknown message type \"Alive\"");
  for (const ToWorker& message : AllToWorker()) {
    if (!std::holds_alternative<Alive>(message))
      CHECK_FALSE(DecodeFromWorker(Encode(message)).ok());
  }
  for (const FromWorker& message : AllFromWorker()) {
    if (!std::holds_alternative<Alive>(message)) CHECK_FALSE(DecodeToWorker(Encode(message)).ok());
  }
}

TEST_CASE("a hostile type is shown short and made visible") {
  auto back = DecodeFromWorker(DumpJson(Json{{"type", "\x1b[2J" + std::string(100'000, 'x')}}));
  REQUIRE_FALSE(back.ok());
  CHECK(back.error().find('\x1b') == std::string::npos);
  CHECK(back.error().size() < 200);
}

TEST_CASE("what is no object is no message") {
  for (const char* text : {"", "null", "[]", "\"alive\"", "1", "{", R"({"type":"alive"} x)",
                           R"({"type":"alive","type":"stop"})"}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeFromWorker(text).ok());
    CHECK_FALSE(DecodeToWorker(text).ok());
  }
}

TEST_CASE("a message that was damaged is refused or still a message, and does no harm") {
  std::mt19937 random(3);
  int refused = 0;
  ForEveryMessage([&](const auto& message) {
    std::string whole = Encode(message);
    for (int round = 0; round < 300; ++round) {
      std::string text = whole;
      text[random() % text.size()] = static_cast<char>(random());
      if (round % 3 == 0) text.erase(random() % text.size(), 1 + random() % 8);
      auto back = DecodeLike(message, text);
      refused += !back.ok();
      if (!back.ok()) continue;
      auto again = DecodeLike(message, Encode(*back));
      REQUIRE(again.ok());
      CHECK(SameMessage(*again, *back));
    }
  });
  CHECK(refused > 0);
}

}  // namespace
}  // namespace muster
