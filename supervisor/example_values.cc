#include "supervisor/example_values.h"

#include "common/parse/schema_instance.h"
#include "common/step_values.h"
#include "supervisor/examples.h"

namespace muster {
namespace {

constexpr uint64_t kSeed = 1;  // the same example each time

// The schema that a step's values meet; empty: none is given.
Json SchemaOf(const Step& step, const ParseRule& rule) {
  if (rule.json.is_null()) return Json::object();
  if (!rule.json.empty() || !step.chat) return rule.json;
  const Json& asked = step.chat->options.response_schema;
  return asked.is_null() ? Json::object() : asked;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

Json ExampleValues::ValueOf(const Step& step, size_t index) {
  auto rule = ParseRuleOf(step);
  if (!rule) return Json();
  auto [found, added] = made_.try_emplace(step.id);
  if (added && !rule->json.is_null()) {
    Json schema = SchemaOf(step, *rule);
    auto value = schema.empty() ? Fail("none") : InstanceOf(schema, kSeed);
    if (value) {
      found->second = std::move(*value);
    } else {
      shapeless_[step.id] =
          schema.empty()
              ? fmt::format("; give parse.json of step \"{}\" a schema to use its members", step.id)
              : fmt::format("; no example of the value of step \"{}\" can be made: {}", step.id,
                            value.error());
    }
  }
  return found->second.is_null() ? Json(ExampleAnswer(index)) : found->second;
}

std::string ExampleValues::Hint(const std::string& text, const std::string& error) const {
  for (const auto& [step, hint] : shapeless_) {
    bool member = Has(text, step) && Has(error, "value\" is a text");
    bool section =
        Has(text, "#" + step + ".value") || (Has(text, "#" + step) && Has(text, "#value"));
    if (member || section) return hint;
  }
  return "";
}

std::string ExampleValues::ForEachHint(const std::string& path) const {
  for (const auto& [step, hint] : shapeless_) {
    if (path.starts_with(step + ".value")) return hint;
  }
  return "";
}

}  // namespace muster
