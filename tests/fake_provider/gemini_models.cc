#include "tests/fake_provider/gemini_models.h"

#include <algorithm>
#include <string>

#include "tests/fake_provider/gemini_errors.h"
#include "tests/fake_provider/gemini_target.h"

namespace fake_provider::gemini {
namespace {

// The newest first, which stands for all that are not named here.
const std::vector<ModelFacts>& Models() {
  static const std::vector<ModelFacts> kModels = {
      {.prefix = "", .stops_thinking = false, .levels = {"MINIMAL", "LOW", "MEDIUM", "HIGH"}},
      {.prefix = "gemini-1.5", .max_output = 8'192, .most_budget = 0},
      {.prefix = "gemini-2.0", .max_output = 8'192, .most_budget = 0},
      {.prefix = "gemini-2.5-flash"},
      {.prefix = "gemini-2.5-flash-lite", .least_budget = 512, .thinks_unasked = false},
      {.prefix = "gemini-2.5-pro",
       .least_budget = 128,
       .most_budget = 32'768,
       .stops_thinking = false},
      {.prefix = "gemini-3-pro",
       .most_budget = 32'768,
       .stops_thinking = false,
       .levels = {"LOW", "HIGH"}},
      {.prefix = "gemini-3.1-pro",
       .most_budget = 32'768,
       .stops_thinking = false,
       .levels = {"LOW", "MEDIUM", "HIGH"}},
  };
  return kModels;
}

const std::vector<std::string> kListed = {
    "gemini-3.6-flash", "gemini-3.5-flash",      "gemini-3.1-pro-preview", "gemini-2.5-pro",
    "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.0-flash"};

Json ModelObject(const std::string& id) {
  const ModelFacts& facts = FactsOf(id);
  Json model = {{"name", "models/" + id},
                {"version", "001"},
                {"displayName", id},
                {"inputTokenLimit", facts.max_input},
                {"outputTokenLimit", facts.max_output},
                {"supportedGenerationMethods",
                 {"generateContent", "countTokens", "createCachedContent", "batchGenerateContent"}},
                {"temperature", 1},
                {"topP", 0.95},
                {"topK", 64},
                {"maxTemperature", 2}};
  if (facts.most_budget > 0) model["thinking"] = true;
  return model;
}

}  // namespace

const ModelFacts& FactsOf(std::string_view model) {
  const ModelFacts* best = &Models().front();
  for (const ModelFacts& facts : Models()) {
    if (model.starts_with(facts.prefix) && facts.prefix.size() > best->prefix.size()) best = &facts;
  }
  return *best;
}

bool IsModelName(std::string_view model) {
  return model.starts_with("gemini-") || model.starts_with("gemma-") || model.starts_with("fake-");
}

ApiReply ListModels(const Call& call) {
  std::vector<std::string> models = ModelsToList(call, kListed);
  std::string one = ParseTarget(call.http.path).model;
  if (!one.empty()) {
    bool known = std::find(models.begin(), models.end(), one) != models.end();
    return known ? JsonReply(200, ModelObject(one), 2) : ModelNotFound(call);
  }
  int64_t count = static_cast<int64_t>(models.size());
  int64_t from = std::min(count, QueryNumber(call.http.query, "pageToken").value_or(0));
  int64_t page = std::max<int64_t>(1, QueryNumber(call.http.query, "pageSize").value_or(50));
  int64_t to = std::min(count, from + page);
  Json list = {{"models", Json::array()}};
  for (int64_t i = from; i < to; ++i) list["models"].push_back(ModelObject(models[i]));
  if (to < count) list["nextPageToken"] = std::to_string(to);
  return JsonReply(200, list, 2);
}

}  // namespace fake_provider::gemini
