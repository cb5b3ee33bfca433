#include "common/json.h"
#include "common/parse/answer_parser.h"
#include "tests/fuzz/targets.h"

namespace muster::fuzz {
namespace {

ParseRule RuleOf(unsigned char choice) {
  ParseRule rule;
  if (choice % 4 == 2) {
    rule.regex = "Final answer:\\s*(\\d+)";
  } else if (choice % 4 == 3) {
    rule.line = "Answer";
  } else {
    rule.json = Json::object();
    if (choice % 4 == 1) {
      rule.json = {{"type", "array"}, {"minItems", 1}, {"items", {{"type", "object"}}}};
    }
    rule.repair = {"fences", "commas"};
    if (choice & 4) rule.repair.push_back("latex");
  }
  return rule;
}

}  // namespace

void FuzzParse(std::string_view bytes) {
  if (bytes.empty()) return;
  ParseRule rule = RuleOf(static_cast<unsigned char>(bytes[0]));
  auto value = ParseAnswer(rule, bytes.substr(1));
  if (!value) return Must(!value.error().empty(), "a misfit without a word");
  auto again = ParseJson(DumpJson(*value));
  Must(again.ok(), "a value that is no JSON");
  if (rule.json.is_null()) Must(value->is_string(), "a match that is no text");
}

}  // namespace muster::fuzz
