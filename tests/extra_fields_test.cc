#include "worker/providers/extra_fields.h"

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
           {"stream", true, "read whole"},
           {"stream", 1, "read whole"},
           {"stream", 0, "read whole"},
           {"stream", false, nullptr},
           {"stream", nullptr, nullptr},
           {"background", true, "waited for"},
           {"background", false, nullptr},
           {"service_tier", "priority", "auto, default or flex"},
           {"service_tier", "fast", "auto, default or flex"},
           {"service_tier", "ultrafast", "auto, default or flex"},
           {"service_tier", "scale", "auto, default or flex"},
           {"service_tier", "Priority", "auto, default or flex"},
           {"service_tier", "", "auto, default or flex"},
           {"service_tier", 1, "auto, default or flex"},
           {"service_tier", Json::array({"default"}), "auto, default or flex"},
           {"service_tier", "default", nullptr},
           {"service_tier", "flex", nullptr},
           {"service_tier", "auto", nullptr},
           {"service_tier", nullptr, nullptr},
           {"model", "gpt-5-pro", "the step's model"},
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
    CHECK(merged.error().starts_with("extra: " + std::string(row.field) + " can"));
    CHECK(merged.error().find(row.hint ? row.hint : "") != std::string::npos);
    CHECK(body == Json{{"model", "m"}});
  }
}

}  // namespace
}  // namespace muster
