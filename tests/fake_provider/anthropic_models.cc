#include "tests/fake_provider/anthropic_models.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fake_provider/anthropic_errors.h"

namespace fake_provider::anthropic {
namespace {

constexpr ModelFacts kModels[] = {
    {.prefix = "claude-3", .max_output = 4'096, .thinks = false},
    {.prefix = "claude-3-7-sonnet"},
    {.prefix = "claude-opus-4", .max_output = 32'000},
    {.prefix = "claude-sonnet-4"},
    {.prefix = "claude-haiku-4-5"},
    {.prefix = "claude-sonnet-4-5"},
    {.prefix = "claude-opus-4-5", .effort = Effort::kHigh},
    {.prefix = "claude-sonnet-4-6",
     .max_input = 1'000'000,
     .adaptive = true,
     .effort = Effort::kMax},
    {.prefix = "claude-opus-4-6",
     .max_input = 1'000'000,
     .max_output = 128'000,
     .adaptive = true,
     .effort = Effort::kMax,
     .prefill = false},
};

// Opus 4.7 and later, Sonnet 5 and all that is not in the table.
constexpr ModelFacts kNewest = {.prefix = "",
                                .max_input = 1'000'000,
                                .max_output = 128'000,
                                .adaptive = true,
                                .chooses_itself = true,
                                .effort = Effort::kXhigh,
                                .prefill = false};

const std::vector<std::string> kListed = {
    "claude-opus-5",   "claude-sonnet-5",   "claude-opus-4-8",  "claude-opus-4-7",
    "claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-5",  "claude-haiku-4-5",
    "claude-opus-4-1", "claude-sonnet-4-5", "claude-sonnet-4-0"};

// "claude-opus-4" is not the family of "claude-opus-4-7", but of "claude-opus-4-20250514".
bool IsVariant(std::string_view model, std::string_view prefix) {
  if (!model.starts_with(prefix)) return false;
  std::string_view rest = model.substr(prefix.size());
  if (prefix == "claude-3" || rest.empty()) return true;
  if (prefix != "claude-opus-4" && prefix != "claude-sonnet-4") return rest.starts_with('-');
  return rest == "-0" || rest.starts_with("-1") || rest.starts_with("-2025");
}

Json ModelObject(const std::string& id) {
  const ModelFacts& facts = FactsOf(id);
  return {{"type", "model"},
          {"id", id},
          {"display_name", id},
          {"created_at", "2026-02-05T00:00:00Z"},
          {"max_input_tokens", facts.max_input},
          {"max_tokens", facts.max_output}};
}

// The value of `name` in "a=1&b=2", or "".
std::string QueryText(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) {
      return std::string(pair.substr(equals + 1));
    }
  }
  return "";
}

}  // namespace

const ModelFacts& FactsOf(std::string_view model) {
  const ModelFacts* best = &kNewest;
  for (const ModelFacts& facts : kModels) {
    if (IsVariant(model, facts.prefix) && facts.prefix.size() > best->prefix.size()) best = &facts;
  }
  return *best;
}

bool IsModelName(std::string_view model) {
  return model.starts_with("claude-") || model.starts_with("fake-");
}

ApiReply ListModels(const Call& call, std::string_view rest) {
  std::vector<std::string> models = ModelsToList(call, kListed);
  if (!rest.empty()) {
    std::string id(rest.substr(1));
    bool known = std::find(models.begin(), models.end(), id) != models.end();
    return known ? JsonReply(200, ModelObject(id)) : ModelNotFound(call, id);
  }
  auto from = std::find(models.begin(), models.end(), QueryText(call.http.query, "after_id"));
  from = from == models.end() ? models.begin() : from + 1;
  int64_t limit = std::max<int64_t>(1, QueryNumber(call.http.query, "limit").value_or(20));
  auto to = from + std::min<int64_t>(limit, models.end() - from);
  Json data = Json::array();
  for (auto model = from; model != to; ++model) data.push_back(ModelObject(*model));
  return JsonReply(200, {{"data", data},
                         {"has_more", to != models.end()},
                         {"first_id", from == to ? Json() : Json(*from)},
                         {"last_id", from == to ? Json() : Json(*(to - 1))}});
}

}  // namespace fake_provider::anthropic
