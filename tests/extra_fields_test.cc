#include "common/extra_fields.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace muster {
namespace {

TEST_CASE("extra fields are merged as RFC 7396 has it") {
  Json body = {{"a", 1}, {"b", {{"c", 2}, {"d", 3}}}, {"e", 4}};
  REQUIRE(MergeExtra({{"a", "x"}, {"b", {{"c", nullptr}, {"f", 5}}}, {"e", {1}}, {"g", 6}}, body));
  CHECK(body == Json{{"a", "x"}, {"b", {{"d", 3}, {"f", 5}}}, {"e", {1}}, {"g", 6}});
  CHECK(MergeExtra(Json(), body));
  CHECK(MergeExtra(Json::object(), body));
  CHECK(body.size() == 4);
}

TEST_CASE("extra that is no map is an error and changes nothing") {
  Json body = {{"a", 1}};
  for (const Json& extra : {Json(1), Json("max_tokens"), Json::array({1})}) {
    CHECK_FALSE(MergeExtra(extra, body));
    CHECK(body == Json{{"a", 1}});
  }
}

TEST_CASE("a field that changes what a call can cost, or what its reply is, is refused by name") {
  struct Row {
    const char* field;
    Json value;
    const char* hint;  // nullptr: the field is taken
  };
  for (const Row& row : std::vector<Row>{
           {"max_tokens", 100, "use the step's max_tokens"},
           {"max_tokens", nullptr, "use the step's max_tokens"},
           {"max_completion_tokens", 100, "use the step's max_tokens"},
           {"max_output_tokens", "100", "use the step's max_tokens"},
           {"n", 2, "one answer"},
           {"n", "1", "one answer"},
           {"n", true, "one answer"},
           {"n", 1, nullptr},
           {"n", nullptr, nullptr},
           {"best_of", 3, "one answer"},
           {"best_of", 1, nullptr},
           {"stream", true, "the provider's stream"},
           {"stream", 1, "the provider's stream"},
           {"stream", 0, "the provider's stream"},
           {"stream", false, nullptr},
           {"stream", nullptr, nullptr},
           {"background", true, "waited for"},
           {"background", false, nullptr},
           {"service_tier", "priority", "the step's service_tier"},
           {"service_tier", "default", "the step's service_tier"},
           {"service_tier", nullptr, "the step's service_tier"},
           {"serviceTier", 1, "the step's service_tier"},
           {"model", "gpt-5-pro", "the step's model"},
           {"options", Json{{"num_predict", 5}}, "use the step's max_tokens"},
           {"options", Json{{"num_ctx", 5}}, nullptr},
           {"generationConfig", Json{{"maxOutputTokens", nullptr}}, "use the step's max_tokens"},
           {"generationConfig", Json{{"candidateCount", 2}}, "one answer"},
           {"generationConfig", Json{{"candidateCount", 1}, {"topK", 3}}, nullptr},
           {"generation_config", Json::object(), "write it as generationConfig"},
           {"cachedContent", "cachedContents/1", "cannot be counted"},
           {"container", "c", "cannot be counted"},
           {"mcp_servers", Json::array(), "not counted"},
           {"fallbacks", Json::array(), "one model"},
           {"speed", "fast", "cost more"},
           {"stream_options", Json{{"include_usage", false}}, "the provider's stream"},
           {"num_predict", 5, nullptr},
           {"models", Json::array({"a", "b"}), "one model"},
           {"previous_response_id", "resp_1", "cannot be counted"},
           {"conversation", "conv_1", "cannot be counted"},
           {"prompt", Json{{"id", "p"}}, "cannot be counted"},
           {"tools", Json::array(), "not counted"},
           {"web_search_options", Json::object(), "not counted"},
           {"plugins", Json::array({"web"}), "not counted"},
           {"modalities", Json::array({"audio"}), "read as text"},
           {"audio", Json{{"voice", "x"}}, "read as text"},
           {"top_p", 0.5, nullptr},
           {"store", true, nullptr},
           {"metadata", Json{{"n", 5}, {"max_tokens", 7}}, nullptr},
       }) {
    CAPTURE(row.field);
    CAPTURE(DumpJson(row.value));
    Json body = {{"model", "m"}};
    auto merged = MergeExtra(Json{{"seed", 1}, {row.field, row.value}}, body);
    CHECK(merged.ok() == (row.hint == nullptr));
    if (merged) continue;
    CHECK(merged.error().starts_with("extra: " + std::string(row.field)));
    CHECK(merged.error().find(row.hint ? row.hint : "") != std::string::npos);
    CHECK(body == Json{{"model", "m"}});
  }
}

TEST_CASE("a refused field is named with the object it is in") {
  auto refused =
      FindRefusedField({{"a", 1}, {"options", {{"b", 2}, {"num_predict", 3}}}}, "ollama");
  REQUIRE(refused);
  CHECK(refused->field == "options.num_predict");
  CHECK(refused->why == "cannot be used; use the step's max_tokens");
  CHECK_FALSE(FindRefusedField(Json::object(), "claude-code"));
  REQUIRE(FindRefusedField({{"a", 1}}, "claude-code"));
  CHECK_FALSE(FindRefusedField({{"a", 1}}, "mock"));
}

}  // namespace
}  // namespace muster
